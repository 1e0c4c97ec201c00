"""./quickstart refuses what cannot work with the reason and the remedy, before it changes anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETUP = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "nix" / "setup").glob("*.sh"))


def quickstart(*words: str, tools: Path | None = None, folder: Path = ROOT, **env: str) -> tuple[int, str]:
    """Return exit code and messages; what stands in `tools` comes before the machine's own programs."""
    path = f"{tools}:{os.environ['PATH']}" if tools else os.environ["PATH"]
    result = subprocess.run(
        [folder / "quickstart", "--build-only", *words],
        env={**os.environ, "PATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stderr


@pytest.fixture
def machine(tmp_path: Path):
    """Return a function that puts a program of another machine first on the path."""

    def put(name: str, script: str) -> Path:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return tmp_path

    return put


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what ./quickstart needs, in which nothing was built."""
    for name in ("quickstart", *SETUP):
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


def test_unknown_option() -> None:
    """A typing error is named, with the way to the list."""
    assert quickstart("--gpus") == (1, "quickstart: unknown option '--gpus'; ./quickstart --help lists them\n")


def test_unknown_base() -> None:
    """--base names its two values."""
    code, said = quickstart("--base", "ubuntu")
    assert code == 1
    assert "--base takes debian or nixpkgs, not 'ubuntu'" in said


def test_wheels_folder_must_exist() -> None:
    """--wheels is checked before anything is fetched."""
    code, said = quickstart("--wheels", "/does/not/exist")
    assert code == 1
    assert "'/does/not/exist' is none" in said


def test_unsupported_processor(machine) -> None:
    """On another architecture the first words are the last."""
    tools = machine("uname", '[ "$1" = -s ] && echo Linux || echo aarch64')
    code, said = quickstart(tools=tools)
    assert code == 1
    assert said == (
        "quickstart: this needs an x86_64 processor, since the locked wheels are built for it; this is aarch64\n"
    )


def test_full_disk(machine, checkout: Path) -> None:
    """A file system of /nix that is too small is named with what it has and what is needed."""
    tools = machine("df", "echo Avail; echo 3G")
    code, said = quickstart("--base", "debian", "--cpu", tools=tools, folder=checkout)
    assert code == 1
    assert "has 3 GiB free, lab needs 7 GiB" in said
    assert [path.name for path in checkout.glob(".cache/*")] == ["turn"]


def test_missing_certificates_file() -> None:
    """A company's certificates that cannot be read are named with their setting."""
    code, said = quickstart(EXTRA_CA_CERTS="/does/not/exist.pem")
    assert code == 1
    assert "EXTRA_CA_CERTS names /does/not/exist.pem, which cannot be read" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("JUPYTER_PORT=1\n".encode("utf-16"), "quickstart: .env is in UTF-16"),
        (b"A=b\nJUPYTER_TOKEN=geheim$word\n", "quickstart: .env, line 2: JUPYTER_TOKEN has a $ before a letter"),
    ],
)
def test_dotenv_that_cannot_be_read(checkout: Path, content: bytes, said: str) -> None:
    """Before anything is built, though only the program needs the setting."""
    (checkout / ".env").write_bytes(content)
    code, words = quickstart("--base", "debian", folder=checkout)
    assert (code, words.count("\n")) == (1, 1)
    assert words.startswith(said)
    assert "geheim" not in words


@pytest.mark.parametrize(("option", "variant"), [("--gpu", "lab-gpu"), ("--cpu", "lab")])
def test_it_says_what_it_takes_and_why(machine, checkout: Path, option: str, variant: str) -> None:
    """The base and the variant are said with their reasons."""
    tools = machine("df", "echo Avail; echo 3G")
    _, said = quickstart("--base", "debian", option, tools=tools, folder=checkout)
    assert f"debian base, {option[2:]} (asked for by --base; {option[2:]}: asked for by {option})" in said
    assert f"{variant} needs" in said


def test_what_follows_the_dashes_is_for_jupyterlab(checkout: Path) -> None:
    """The launcher gets it behind dashes of its own, since it refuses options that it does not know."""
    steps = ("check_machine", "check_checkout", "take_turn", "use_network_settings", "build_debian", "end_turn")
    with (checkout / "nix" / "setup" / "all.sh").open("a") as file:
        file.writelines(f"{step}() {{ :; }}\n" for step in (*steps, "restore_no_proxy"))
    lab = checkout / ".cache" / "lab" / "bin" / "lab"
    lab.parent.mkdir(parents=True)
    lab.write_text('#!/bin/sh\necho "$@"\n')
    lab.chmod(0o755)
    words = [checkout / "quickstart", "--base", "debian", "--cpu", "--verbose", "--", "--ServerApp.x=1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "--verbose -- --ServerApp.x=1\n"), done.stderr
