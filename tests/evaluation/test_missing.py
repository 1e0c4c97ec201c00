"""What is in the store is not fetched: neither a result whose sources are gone, nor sources that it does not need."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from commands import built, nix
from fetching.nix import Output
from roots import run_in_own_store

if TYPE_CHECKING:
    from pathlib import Path

FETCH = ["python3", "-B", "nix/debian/fetch.py"]
IMPORT = 'nix-store --import <"$1" >/dev/null && shift && exec "$@"'


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an output with all that it needs, as `nix-store --export` writes it."""
    folder = tmp_path_factory.mktemp("exported")
    path = built("jupyter-utils", folder / "result")
    closure = subprocess.run(["nix-store", "-qR", path], check=True, capture_output=True, text=True).stdout.split()
    with (folder / "closure").open("wb") as file:
        subprocess.run(["nix-store", "--export", *closure], check=True, stdout=file)
    return folder / "closure"


def with_import(store: Path, exported: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where that output was imported into an empty store, without a network."""
    return run_in_own_store(store, "sh", "-c", IMPORT, "sh", str(exported), *words)


def test_empty_store_lacks_both_kinds(tmp_path: Path) -> None:
    """--missing names what mmdebstrap and what pip would bring, and needs no network for it."""
    result = run_in_own_store(tmp_path / "nix", *FETCH, "--missing", "lab")
    assert (result.returncode, result.stdout) == (0, "system\nwheels\n"), result.stderr


def test_imported_result_needs_nothing(tmp_path: Path, exported: Path) -> None:
    """Where an output was imported, without any source, --missing is silent and the fetch step works offline."""
    result = with_import(tmp_path / "nix", exported, *FETCH, "--missing", "jupyter-utils")
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    result = with_import(tmp_path / "nix", exported, *FETCH, "jupyter-utils")
    assert (result.returncode, result.stderr) == (0, "")
    result = with_import(tmp_path / "nix", exported, *FETCH, "--missing", "lab")
    assert result.stdout == "system\nwheels\n"


def test_garbage_collection_leaves_nothing_to_fetch(tmp_path: Path, exported: Path) -> None:
    """After nix-collect-garbage, which took all sources, a result with a root is whole."""
    script = (
        "out=$(nix-store --import <$1 | tail -n 1) && nix-store --realise $out --add-root /nix/kept --indirect &&"
        "nix-collect-garbage 2>/dev/null && exec python3 -B nix/debian/fetch.py --missing jupyter-utils"
    )
    result = run_in_own_store(tmp_path / "nix", "sh", "-c", script, "sh", str(exported))
    assert result.returncode == 0, result.stderr
    assert "system" not in result.stdout
    assert "wheels" not in result.stdout


def test_removed_behind_nix_is_missing_again(tmp_path: Path, exported: Path) -> None:
    """A result that somebody removed from the disk is not taken for whole because Nix has it in its list."""
    script = (
        'out=$(nix-store --import <"$1" | tail -n 1) && chmod -R u+w $out && rm -r $out &&'
        "exec python3 -B nix/debian/fetch.py --missing jupyter-utils"
    )
    result = run_in_own_store(tmp_path / "nix", "sh", "-c", script, "sh", str(exported))
    assert (result.returncode, result.stdout) == (0, "system\nwheels\n"), result.stderr


def test_only_what_the_output_needs_is_missing(tmp_path: Path) -> None:
    """For our own package two tools are fetched, not the wheels of the lab."""
    script = (
        "import sys; sys.path.insert(0, 'nix/debian'); from fetching.nix import Output;"
        "print(*sorted(entry['name'] for entry in Output('jupyter-utils').missing()[1]))"
    )
    result = run_in_own_store(tmp_path / "nix", "python3", "-B", "-c", script)
    assert result.stdout == "installer poetry-core\n", result.stderr


def test_everything_there_is_the_lab_of_this_machine() -> None:
    """On the machine that has built the environment, nothing of it is missing."""
    assert nix("build", "--no-link", "-f", "nix/debian", "environment-all").returncode == 0
    assert Output("environment-all").missing() == ([], [])
