"""Terminals of the lab: in each shell the user's own files take effect, and the environment's programs come first."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.servers.jupyter_app.shells import shell_command
from ptyprocess import PtyProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

# What people have there: a path of their own, another Python in front, and things that are to go on working.
PROFILE = 'PATH="$HOME/conda/bin:/usr/bin:/bin"; export PATH FROM_PROFILE=yes\n'
RC = 'PATH="$HOME/late/bin:$PATH"; alias ours="echo alias works"; FROM_RC=yes; export FROM_RC PATH\n'
FISH = (
    "set -gx PATH ~/late/bin ~/conda/bin /usr/bin /bin\n"
    "set -gx FROM_PROFILE yes\nset -gx FROM_RC yes\nalias ours 'echo alias works'\n"
)
FILES = {
    "bash": {".profile": PROFILE + '[ -r "$HOME/.bashrc" ] && . "$HOME/.bashrc"\n', ".bashrc": RC},
    "zsh": {".zprofile": PROFILE, ".zshrc": RC},
    "fish": {".config/fish/config.fish": FISH},
    "dash": {".profile": PROFILE + 'ENV="$HOME/.shrc"; export ENV\n', ".shrc": RC},
}
ASK = 'command -v jupyter-utils python tool git-kept; ours; echo profile=$FROM_PROFILE rc=$FROM_RC zdotdir="$ZDOTDIR".'


def program(folder: Path, name: str) -> Path:
    """Write a program that says where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {file}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def said(shell: str, home: Path, files: Mapping[str, str], asked: str) -> list[str]:
    """Start a terminal's shell as the lab does, in a home with these files, and return what a line typed there says."""
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    for folder, name in {"env": "jupyter-utils", "pip": "tool", "tools": "git-kept"}.items():
        program(home / folder / "bin", name)
    for folder in ("env", "conda", "late"):
        program(home / folder / "bin", "python")
    own = f"{home}/pip/bin:{home}/env/bin"
    variables = {
        "HOME": str(home),
        "SHELL": shell,
        "TERM": "dumb",
        "JUPYTER_UTILS_PATH": own,
        "PATH": f"{own}:/usr/bin:/bin:{home}/tools/bin",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("ZDOTDIR", "ENV", "BASH_ENV", "XDG_", "VIRTUAL_ENV")):
                patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        process = PtyProcess.spawn(shell_command(), cwd=str(home), env=dict(os.environ), dimensions=(50, 250))
    (home / "asked").write_text(asked.replace("; ", "\n") + "\n", encoding="utf-8")
    # What is typed waits for the shell. A file that is read knows no prompts, and no colours.
    process.write(b". ./asked >said 2>&1; exit\n")
    try:
        while True:
            process.read()
    except EOFError:
        process.close(force=True)
    return (home / "said").read_text(encoding="utf-8").splitlines()


def installed(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine")
    return found


@pytest.mark.parametrize("shell", list(FILES))
def test_the_environment_comes_first(shell: str, tmp_path: Path) -> None:
    """Before what a profile and a `conda activate` put there; what the user's files say otherwise holds."""
    lines = said(installed(shell), tmp_path, FILES[shell], ASK)
    found = [line for line in lines if line.startswith(str(tmp_path))]
    if shell == "dash":  # its `command -v` takes one name
        assert found == [f"{tmp_path}/env/bin/jupyter-utils"]
        lines_of_rest = said(installed(shell), tmp_path, {}, "command -v python; command -v tool; command -v git-kept")
        found += [line for line in lines_of_rest if line.startswith(str(tmp_path))]
    assert found == [
        f"{tmp_path}/{name}"
        for name in ("env/bin/jupyter-utils", "env/bin/python", "pip/bin/tool", "tools/bin/git-kept")
    ]
    assert "alias works" in lines
    assert "profile=yes rc=yes zdotdir=." in lines


@pytest.mark.parametrize("shell", list(FILES))
def test_a_home_without_any_files(shell: str, tmp_path: Path) -> None:
    """As in a container that has just been made; a first start of zsh asks nothing."""
    lines = said(installed(shell), tmp_path, {}, "command -v python; command -v ls")
    assert lines[-2:] == [f"{tmp_path}/env/bin/python", "/usr/bin/ls"]


def test_bash_reads_what_a_login_shell_reads(tmp_path: Path) -> None:
    """The first of its three files; `.bashrc` alone where there is none of them, and never twice."""
    count = 'READ="${{READ}}{}"; export READ\n'
    bash = installed("bash")
    files = {".bashrc": count.format("r")}
    assert said(bash, tmp_path, files, "echo read $READ") == ["read r"]
    files |= {".profile": count.format("p") + ". ~/.bashrc\n"}
    assert said(bash, tmp_path, files, "echo read $READ") == ["read pr"]
    files |= {".bash_profile": count.format("b")}
    assert said(bash, tmp_path, files, "echo read $READ") == ["read b"]


def test_zsh_with_a_folder_of_its_own(tmp_path: Path) -> None:
    """Files of a ZDOTDIR that `.zshenv` names are read, and shells below see it, not ours."""
    zsh = installed("zsh")
    files = {".zshenv": "ZDOTDIR=$HOME/dots\n", "dots/.zshrc": 'export RC="$ZDOTDIR"\n', ".zshrc": "export RC=wrong\n"}
    asked = "echo rc $RC $ZDOTDIR; zsh -ic 'echo below $ZDOTDIR'; command -v python"
    assert said(zsh, tmp_path, files, asked) == [
        f"rc {tmp_path}/dots {tmp_path}/dots",
        f"below {tmp_path}/dots",
        f"{tmp_path}/env/bin/python",
    ]


def test_another_shell_that_a_file_starts(tmp_path: Path) -> None:
    """`exec` in a profile, where one may not change one's shell: it has the environment first as well."""
    bash = installed("bash")
    files = {".profile": 'PATH="$PATH:$HOME/conda/bin"\n[ -z "$SECOND" ] && SECOND=1 exec sh -i\n'}
    assert said(bash, tmp_path, files, "command -v python; command -v jupyter-utils") == [
        f"{tmp_path}/env/bin/python",
        f"{tmp_path}/env/bin/jupyter-utils",
    ]


def test_which_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What SHELL names, if it can be run; of a user who may not log in, bash; one that is not known here, as it is."""
    for named in ("/nowhere/zsh", "/usr/sbin/nologin", ""):
        monkeypatch.setenv("SHELL", named)
        assert Path(shell_command()[0]).name in {"bash", "sh", "env"}
    monkeypatch.setenv("SHELL", "/bin/true")
    assert shell_command() == ["/bin/true", "-l"]
