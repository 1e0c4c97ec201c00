"""What the formatters, the linters and the type checker say is nothing."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "nix" / "development" / "style.py"
PARTS = runpy.run_path(str(STYLE))["PARTS"]
# One test a file where the tool looks at each file by itself.
ALONE = ["format-nix", "shell"]
CASES = [(name, []) for name in PARTS if name not in ALONE]
CASES += [(name, [file]) for name in ALONE for file in PARTS[name].files(ROOT)]


def style(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, STYLE, *words], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("part", "files"), CASES, ids=[" ".join([part, *files]) for part, files in CASES])
def test_there_is_nothing_to_say(part: str, files: list[str]) -> None:
    """Every file is formatted, has no finding and is typed."""
    if shutil.which(PARTS[part].tool) is None:
        pytest.skip(f"no {PARTS[part].tool} on this machine: nix develop brings it")
    result = style(part, *files)
    assert result.returncode == 0, (result.stdout + result.stderr)[-6000:]


def test_every_script_is_looked_at() -> None:
    """A script is found wherever it lies and whether or not its name says what it is."""
    found = set(PARTS["shell"].files(ROOT))
    assert {"quickstart", "check", ".ci/run", "nix/debian/docker-build-step", "nix/setup/all.sh"} <= found
    assert {"flake.nix", "nix/nixpkgs/default.nix"} <= set(PARTS["format-nix"].files(ROOT))


def test_a_finding_is_an_exit_code(tmp_path: Path) -> None:
    """Each part that complains is heard, and does not keep the others from being run; --fix mends what it can."""
    (tmp_path / "python").mkdir()
    shutil.copy(ROOT / "python" / "pyproject.toml", tmp_path / "python")
    bad = tmp_path / "bad.py"
    bad.write_text("import os\nx = {  }\n")
    result = style("format", "lint", folder=tmp_path)
    assert result.returncode == 1
    assert "would be reformatted" in result.stdout
    assert "F401" in result.stdout
    assert style("--fix", "format", folder=tmp_path).returncode == 0
    assert bad.read_text().endswith("x = {}\n")


def test_it_says_where_it_must_be_run(tmp_path: Path) -> None:
    """Elsewhere than in a checkout, and with files of no part, it says what it wants."""
    assert "run this in the folder of the checkout" in style(folder=tmp_path).stderr
    assert "name one part (format, format-nix" in style("quickstart").stderr
