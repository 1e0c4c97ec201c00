"""What servers and notebooks do not inherit from the shell that started them, since it would change what they run.

The one table of that. Looked at, and handed on:

- PATH: the programs of a person's machine; the environment's come first. PYTHONHASHSEED, PYTHONWARNINGS, PYTHONUTF8 and
  the like: they load nothing.
- JUPYTER_PATH: further kernels, such as R's; the environment's own `python3` comes first. JUPYTER_CONFIG_DIR and _PATH,
  IPYTHONDIR, MPLCONFIGDIR, MATPLOTLIBRC: where a person keeps settings, as HOME does.
- BASH_ENV: clusters load their modules by it, and it reaches only shells. CUDA_HOME, HF_HOME and the like: places of
  tools and data, no code of Python's.
- GIT_CONFIG_COUNT and the like, GIT_SSH_COMMAND, GIT_AUTHOR_*: settings of Git's, and no other repository.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jupyter_utils.errors import SettingsError

from .variables import given

if TYPE_CHECKING:
    from collections.abc import Callable

KEEP = "JUPYTER_UTILS_KEEP"
"""The setting that names what is handed on all the same."""
_BEFORE = "JUPYTER_UTILS_SHELL_"
"""What the programs in front of `jupyter-utils` took out before they started Python (nix/shared/path.nix)."""
_PLACE = Path(__file__).absolute().parents[2]


def _own_package(folder: str) -> bool:
    """Tell whether this package was imported from there: a development shell's working tree, with the lock in it."""
    return bool(folder) and Path(folder).resolve() == _PLACE.resolve() and Path(folder, "poetry.lock").exists()


def _own(folder: str) -> bool:
    """Tell whether a folder holds nothing but this environment: its own modules, or the package's working tree."""
    return _own_package(folder) or (bool(folder) and Path(folder).absolute().is_relative_to(sys.prefix))


def _driver(folder: str) -> bool:
    """Tell whether a folder is the NVIDIA driver's alone, as WSL's and a container's are."""
    return Path(folder, "libcuda.so.1").exists() and not Path(folder, "libc.so.6").exists()


def _nothing(_entry: str) -> bool:
    return False


class Rule(NamedTuple):
    """Why a variable is left out; `stays` says which entries of a list stay; `code` that it brings code into Python."""

    why: str
    code: bool = False
    stays: Callable[[str], bool] = _nothing


REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
)
"""Set by Git for its hooks, and by some editors: they would send our commands to another repository."""

LEFT_OUT = {
    "PYTHONPATH": Rule("its modules come before the locked ones", code=True, stays=_own),
    "PYTHONSTARTUP": Rule("it runs in every kernel", code=True),
    "PYTHONHOME": Rule("it is another Python's standard library", code=True),
    "PYTHONPLATLIBDIR": Rule("it is another Python's standard library", code=True),
    "PYTHONCASEOK": Rule("it lets other files be taken for a module", code=True),
    "PYTHONOPTIMIZE": Rule("it takes every assert out", code=True),
    "PYTHONUSERBASE": Rule("what is installed there is no part of the environment", code=True),
    "LD_PRELOAD": Rule("it puts libraries of this machine before the locked ones", code=True),
    "LD_AUDIT": Rule("it puts libraries of this machine before the locked ones", code=True),
    "GCONV_PATH": Rule("its libraries are another C library's", code=True),
    "LD_LIBRARY_PATH": Rule(
        "but for the driver's own folders its libraries come before the locked ones", code=True, stays=_driver
    ),
    "MPLBACKEND": Rule("figures are to stand in the notebook"),
    "VIRTUAL_ENV": Rule("tools would install into it"),
    **dict.fromkeys(
        ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"),
        Rule("%pip installs into the overlay"),
    ),
    **dict.fromkeys(REPOSITORY, Rule("it is one repository, and notebooks lie in several")),
}
"""Variable -> why nobody below the launchers inherits it."""


class Inherited(NamedTuple):
    """What is handed on, and what is not: variable -> the value, or the part of it, that was left out."""

    variables: dict[str, str]
    left_out: dict[str, str]

    def told(self) -> str | None:
        """Say what was left out, why, and how it is had all the same; None where nothing was."""
        if not self.left_out:
            return None
        lines = [f"    {name}={value}: {LEFT_OUT[name].why}" for name, value in self.left_out.items()]
        return "\n".join(
            [
                "Left out of what this shell hands on, so that servers and notebooks have the locked environment:",
                *lines,
                f"Notebooks have it all the same with {KEEP}={','.join(self.left_out)}; their runs then say so.",
            ]
        )


def inherited(keep: frozenset[str] = frozenset()) -> Inherited:
    """Return this process's environment without what must not get in; `keep` names what is handed on all the same."""
    handed, left_out = {}, {}
    for name, value in _of_caller().items():
        rule = LEFT_OUT.get(name)
        kept = value if rule is None or name in keep else _staying(rule, value)
        if kept or rule is None:
            handed[name] = kept
        if rule and value and kept != value:
            left_out[name] = _without(kept, value)
    return Inherited(handed, left_out)


def kept_names(text: str | None) -> frozenset[str]:
    """Read the setting.

    Raises:
        SettingsError: a name in it is none that would be left out.

    """
    names = frozenset(filter(None, (name.strip() for name in (text or "").split(","))))
    if unknown := sorted(names - set(LEFT_OUT)):
        raise SettingsError(
            f"{KEEP} names {', '.join(unknown)}, which is handed on anyway: take it out. Names that mean something "
            f"there: {', '.join(LEFT_OUT)}."
        )
    return names


def leave_callers_modules() -> None:
    """Take what PYTHONPATH has brought out of this process's own path, before it imports a package from there.

    The programs in front of `jupyter-utils` have done so already; an image and a development shell have none.
    """
    named = {Path(entry).absolute() for entry in given("PYTHONPATH").split(os.pathsep) if entry}
    foreign = {entry for entry in named if not _own(str(entry))}
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).absolute() not in foreign]


def brought() -> dict[str, str]:
    """Return variable -> value of what brings code into this very process that is not the environment's."""
    here = inherited()
    return {name: value for name, value in here.left_out.items() if LEFT_OUT[name].code}


def working_tree() -> str | None:
    """Return the folder of PYTHONPATH from which this package was imported, in place of the environment's own."""
    return next(filter(_own_package, given("PYTHONPATH").split(os.pathsep)), None)


def _of_caller() -> dict[str, str]:
    """Return the environment as the shell gave it to the program that became this process."""
    before = {name.removeprefix(_BEFORE): value for name, value in os.environ.items() if name.startswith(_BEFORE)}
    return {name: value for name, value in os.environ.items() if not name.startswith(_BEFORE)} | before


def _staying(rule: Rule, value: str) -> str:
    return os.pathsep.join(filter(rule.stays, value.split(os.pathsep)))


def _without(kept: str, value: str) -> str:
    staying = set(kept.split(os.pathsep)) if kept else set()
    return os.pathsep.join(entry for entry in value.split(os.pathsep) if entry not in staying)
