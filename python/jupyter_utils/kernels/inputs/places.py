"""Where inputs do not lie: the system, the environment, caches, folders of programs, and the user's own exceptions."""

from __future__ import annotations

import os
import re
import site
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import platformdirs

from jupyter_utils.machine.variables import given
from jupyter_utils.notebook import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

WITHOUT = "JUPYTER_UTILS_INPUTS_WITHOUT"
_SYSTEM = ("/usr", "/proc", "/sys", "/dev", "/nix/store", "/etc", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108 - a disk in memory, on which data sets lie
_OWN = str(Path(__file__).parents[2])
# Folders of programs, wherever they are: Git's, the overlay's and the spool's, Jupyter's, Python's.
_PROGRAMS = re.compile(r"/(\.git|\.jupyter-utils|\.jupyter-utils-[^/]*|\.ipynb_checkpoints|__pycache__)/")
_HUB = re.compile(r"/(?P<kind>models|datasets)--(?P<name>[^/]+)/(?:snapshots/(?P<revision>[^/]+)/|[^/]+)")
_HUB_KINDS = {"models": "model", "datasets": "dataset"}
_HUB_ADDRESS = re.compile(r"^hf://datasets/(?P<name>[^/@]+/[^/@]+|[^/@]+)@(?P<revision>[^/]+)/")


class Hub(NamedTuple):
    """A model or a data set of a hub; `revision` is None where the path does not tell it."""

    kind: str
    repository: str
    revision: str | None


def hub(path: str) -> Hub | None:
    """Return what of a hub a path of its cache belongs to, or an address of a data set's file; None for any other.

    >>> hub("/c/hub/models--org--name/snapshots/0a1b/config.json")
    Hub(kind='model', repository='org/name', revision='0a1b')
    >>> hub("hf://datasets/org/name@0a1b/data/train.parquet")
    Hub(kind='dataset', repository='org/name', revision='0a1b')
    >>> hub("/data/models--a.txt") is None
    True
    """
    if found := _HUB.search(path):
        return Hub(_HUB_KINDS[found["kind"]], found["name"].replace("--", "/"), found["revision"])
    if found := _HUB_ADDRESS.match(path):
        return Hub("dataset", found["name"], found["revision"])
    return None


def environment() -> tuple[str, ...]:
    """Return the folders of system and environment, with a slash at the end; cheap, since every opening is compared."""
    packages = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    with suppress(Exception):  # no site module, or no home
        packages += [*site.getsitepackages(), site.getusersitepackages()]
    return slashed([*_SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix, *packages, _OWN])


def is_below(path: str, folders: tuple[str, ...]) -> bool:
    """Tell whether a file lies in one of these folders."""
    return path.startswith(folders) and not path.startswith(_SHARED_MEMORY)


def slashed(folders: Iterable[str]) -> tuple[str, ...]:
    """Return absolute folders with a slash at the end, each once, and never the root."""
    return tuple(dict.fromkeys(f"{folder.rstrip('/')}/" for folder in folders if folder.strip("/")))


def without() -> tuple[str, ...]:
    """Return the folders that the user wants left out, as they are named and as they are on disk."""
    named = [os.path.abspath(Path(one.strip()).expanduser()) for one in given(WITHOUT).split(",") if one.strip()]
    return slashed([*named, *map(os.path.realpath, named)])


def as_it_lay(path: str) -> str:
    """Return where a file lay when the run was made that is reproduced here; elsewhere the path itself.

    The work folder of a reproduction lies in a cache, and holds inputs at the paths at which they lay, below `root`.
    """
    spool = given("JUPYTER_UTILS_SPOOL_DIR") if given("JUPYTER_UTILS_REPRODUCES") else ""
    for folder in dict.fromkeys((os.path.dirname(spool), os.path.realpath(os.path.dirname(spool)))) if spool else ():
        if path.startswith(f"{folder}/root/"):
            return path.removeprefix(f"{folder}/root")
    return path


class Places:
    """What is no input at the time of saving, when it is known which programs and caches there are."""

    def __init__(self, others: Iterable[str] = (), root: str | None = None) -> None:
        """Take further folders and files that hold no inputs, and the repository, in which hidden folders count."""
        found = [*_caches(), *others]
        self._folders = environment() + slashed([*found, *map(os.path.realpath, found)])
        self._files = {os.path.realpath(one) for one in found}
        self._home = slashed([os.path.realpath(Path.home())] if _has_home() else [])
        self._root = slashed([as_it_lay(root)] if root else [])
        self.without = without()

    def is_program(self, path: str, real: str) -> bool:
        """Tell whether a file is a program's own: by its name as it was opened, and by where it lies."""
        path, real = as_it_lay(path), as_it_lay(real)
        slash_path = f"{path}/"
        if _PROGRAMS.search(slash_path) or _PROGRAMS.search(f"{real}/") or real in self._files:
            return True
        if is_below(path, self._folders):
            return True
        inside = bool(self._root) and path.startswith(self._root)
        return not inside and (
            is_below(real, self._folders) or self._is_hidden_at_home(path) or self._is_hidden_at_home(real)
        )

    def is_left_out(self, path: str, real: str) -> bool:
        """Tell whether the user wants a file left out."""
        return bool(self.without) and (path.startswith(self.without) or real.startswith(self.without))

    def _is_hidden_at_home(self, path: str) -> bool:
        """Tell whether a path lies in a hidden folder of the home folder, or is a hidden file there: settings, keys."""
        return any(path.startswith(f"{home}.") for home in self._home)


def _has_home() -> bool:
    with suppress(RuntimeError):
        return Path.home() != Path("/")
    return False


def _caches() -> list[str]:
    """Return folders of libraries that are loaded, wherever their settings have put them; nothing is imported."""
    asked = (
        ("matplotlib", "get_cachedir"),
        ("matplotlib", "get_configdir"),
        ("torch.hub", "get_dir"),
        ("jupyter_core.paths", "jupyter_data_dir"),
        ("jupyter_core.paths", "jupyter_config_dir"),
        ("jupyter_core.paths", "jupyter_runtime_dir"),
        ("huggingface_hub.constants", "HF_HOME"),
        ("huggingface_hub.constants", "HF_HUB_CACHE"),
        ("huggingface_hub.constants", "HF_XET_CACHE"),
        ("datasets.config", "HF_CACHE_HOME"),
        ("datasets.config", "HF_DATASETS_CACHE"),
        ("datasets.config", "HF_MODULES_CACHE"),
    )
    running = kernel.shell()
    found = [platformdirs.user_cache_dir(), *([running.ipython_dir] if running else [])]
    for module, name in asked:
        with suppress(Exception):  # another release may know it by another name, or be half imported
            value = getattr(sys.modules[module], name)
            found.append(str(value() if callable(value) else value))
    return found
