"""What a terminal of JupyterLab runs: the user's own shell, such that the environment's programs come first.

A login shell, which Jupyter starts, begins with a PATH of its own, and the user's files change it: then none of the
environment's programs is found, or another one of the same name (`conda activate` in ~/.bashrc). All of these files are
read here, too; after them the environment's folders come first again.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from jupyter_utils.machine.variables import given

PATH_VARIABLE = "JUPYTER_UTILS_PATH"
"""The folders that come first, as the lab tells them."""
_SHELLS = Path(__file__).parent
_OF_POSIX = ("sh", "dash", "ksh", "ksh93", "mksh", "ash")
_NONE = ("nologin", "false", "sync")


def shell_command() -> list[str]:
    """Return what a terminal runs: the user's shell, set up so that the environment comes first."""
    shell = _users_shell()
    name = Path(shell).name.lstrip("-")
    env = shutil.which("env") or "/usr/bin/env"
    if name in {"bash", "rbash"}:
        return [shell, "--rcfile", str(_SHELLS / "bashrc"), "-i"]
    if name == "zsh":
        return [env, f"ZDOTDIR={_SHELLS / 'zsh'}", f"JUPYTER_UTILS_ZDOTDIR={given('ZDOTDIR')}", shell, "-l"]
    if name == "fish":
        path = f"JUPYTER_UTILS_PATH_WHOLE={given('PATH')}"
        return [env, path, shell, "-l", "-C", f"source '{_SHELLS / 'path.fish'}'"]
    if name in _OF_POSIX:
        own = [f"ENV={_SHELLS / 'shrc'}", f"JUPYTER_UTILS_ENV={given('ENV')}", f"JUPYTER_UTILS_SHELLS={_SHELLS}"]
        return [env, *own, shell, "-i"]
    return [shell, "-l"]  # csh and others, which nobody has taught this


def _users_shell() -> str:
    """Return the first of these that can be run: what SHELL names, what the user has, bash, sh."""
    named = given("SHELL")
    try:
        own = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:  # a container with any uid
        own = ""
    for shell in (named, own, "bash"):
        found = shutil.which(shell) if shell and Path(shell).name not in _NONE else None
        if found:
            return found
    return shutil.which("sh") or "/bin/sh"
