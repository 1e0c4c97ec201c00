"""The user's own Python files that this process has executed, each with the text that ran.

Python tells of each code object that it executes (`exec`) and each file that it opens (`open`): PEP 578. So it is seen
whether a file was imported, run by `%run` or `runpy`, loaded by importlib, or read and handed to `exec`; the text is
read at that moment, since the file may be edited a second later.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import sysconfig
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.machine.variables import given

# What is larger is no source that somebody has written: it is named, not kept.
LARGEST_BYTES = 20 * 2**20
_NOTEBOOKS = (".ipynb", ".ipy")
_TEXTS = (".py", ".pyw", ".pyx", *_NOTEBOOKS)
_LIBRARIES = ("site-packages", "dist-packages")
_CELL = f"{os.sep}ipykernel_"
_OWN = str(Path(__file__).parents[1])

if TYPE_CHECKING:
    from types import FrameType


@dataclass(frozen=True)
class Source:
    """A file as it was executed.

    Attributes:
        path: absolute, links not followed.
        sha256: of its bytes, in hex.
        content: the bytes; None for a compiled module, and for one of more than `LARGEST_BYTES`.
        seen: when it was read, in seconds since the epoch.
        executed: whether Python ran it as a file; else a cell only opened it, perhaps for `exec`.
        late: whether it was read after it had run: before this module was loaded, so that the text may be another.
        earlier: SHA-256 of other texts of the same file that ran before this one in this process.
    """

    path: Path
    sha256: str
    content: bytes | None
    seen: float
    executed: bool = True
    late: bool = False
    earlier: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the file is another by now, or gone."""
        try:
            return _digest(self.path.read_bytes()) != self.sha256
        except OSError:
            return True


def executed_sources() -> tuple[Source, ...]:
    """Return the user's files that ran in this process, in the order of their first run; never one of a library."""
    watch()
    for module in list(sys.modules.values()):
        # Not by getattr: there are modules that import others when they are asked for anything.
        _WATCH.note(getattr(module, "__dict__", {}).get("__file__"), late=True)
    return tuple(_WATCH.sources.values())


def watched_since() -> str:
    """Return from when on it is noted what runs: "the kernel's start", "import jupyter_utils" or "save_mlflow"."""
    return _WATCH.since


def watch_script() -> None:
    """Note from now on what runs, if it is a script of the user's that runs here."""
    if not is_foreign(os.path.abspath(sys.modules["__main__"].__file__ or "")):  # noqa: PTH100 - as in `_look`
        watch("import jupyter_utils")


def watch(since: str = "save_mlflow") -> None:
    """Note from now on what runs, unless a setting forbids it; once for a process: nothing takes such a hook away."""
    if is_recording() and not getattr(sys, "_jupyter_utils_sources", None):
        sys._jupyter_utils_sources = _WATCH  # type: ignore[attr-defined]  # noqa: SLF001 - outlives a reload of this module
        _WATCH.since = since
        sys.addaudithook(_WATCH.hook)


def is_recording() -> bool:
    """Tell whether runs keep the code that ran (`JUPYTER_UTILS_RECORD_CODE`)."""
    return given("JUPYTER_UTILS_RECORD_CODE") != "off"


class _Watch:
    """Listens to Python's audit events; whatever fails in it must never reach the user's code."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.since = ""
        self._stamps: dict[str, tuple[int, int]] = {}
        self._foreign: set[str] = set()
        self._busy = threading.local()

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "exec":
            self.note(getattr(args[0], "co_filename", None))
        elif event == "open":
            if isinstance(args[0], str) and args[0].endswith(_TEXTS) and _reads(args[1]):
                self.opened(args[0], sys._getframe(1))  # noqa: SLF001 - as `inspect` does, which takes longer
        elif event == "compile":
            self.compiled(args[0])
        elif event == "import" and args[1]:
            self.note(args[1])

    def compiled(self, text: Any) -> None:
        """Find out whether a text that `exec` was handed is that of a file that was opened before."""
        for path, one in list(self.sources.items()):
            if not one.executed and one.content and one.content.replace(b"\r\n", b"\n") == text:
                self.sources[path] = replace(one, executed=True)

    def opened(self, name: str, frame: FrameType | None) -> None:
        """Keep the text of a file that the user's code opens; front ends and this package open some as well."""
        if getattr(self._busy, "now", False):
            return
        if name.endswith(_NOTEBOOKS):
            if _is_run_by_magic(frame):
                self.note(name)
        elif _is_for_user(frame):
            self.note(name, executed=False)

    def note(self, name: Any, *, executed: bool = True, late: bool = False) -> None:
        """Keep a file's text, unless it is a library's or is known."""
        if not isinstance(name, str) or name in self._foreign or getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            self._look(name, executed=executed, late=late)
        except Exception:  # noqa: BLE001, S110 - the user's code goes on; at the latest a save reads the file
            pass
        finally:
            self._busy.now = False

    def _look(self, name: str, *, executed: bool, late: bool) -> None:
        path = os.path.abspath(name)  # noqa: PTH100 - of links the name is what Python knows; and this must be fast
        if name.startswith("<") or is_foreign(path):
            if name.startswith(("<", os.sep)):
                self._foreign.add(name)
            return
        known = self.sources.get(path)
        if known and (late or not executed):
            return
        found = Path(path).stat()
        stamp = (found.st_mtime_ns, found.st_size)
        if known and self._stamps[path] == stamp:
            if not known.executed:
                self.sources[path] = replace(known, executed=True)
        elif stat.S_ISREG(found.st_mode):
            self._stamps[path] = stamp
            self.sources[path] = _read(Path(path), known, executed=executed, late=late)


def _read(path: Path, before: Source | None, *, executed: bool, late: bool) -> Source:
    large = path.suffix not in _TEXTS or path.stat().st_size > LARGEST_BYTES
    content = path.read_bytes()
    digest = _digest(content)
    earlier = before.earlier if before else ()
    if before and before.sha256 != digest:
        earlier = (*earlier, before.sha256)
    return Source(path, digest, None if large else content, time.time(), executed, late, earlier)


def is_foreign(path: str) -> bool:
    """Tell whether a file belongs to Python, to a library, or to a kernel's own cells, and not to the user."""
    return path.startswith(_PLACES) or any(f"{os.sep}{name}{os.sep}" in path for name in _LIBRARIES) or _CELL in path


def _is_for_user(frame: FrameType | None) -> bool:
    """Tell whether a frame lies within the user's code, and not within a call of this package's."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_OWN):
            return False
        if not file.startswith("<frozen") and (_CELL in file or not is_foreign(file)):
            return True
        frame = frame.f_back
    return False


def _is_run_by_magic(frame: FrameType | None) -> bool:
    """Tell whether IPython's `%run` opens a notebook, which it runs cell by cell."""
    while frame is not None and frame.f_code.co_name != "safe_execfile_ipy":
        frame = frame.f_back
    return frame is not None


def _places() -> tuple[str, ...]:
    """Return the folders of Python, of the environment and of this package, also by their real names."""
    scheme = sysconfig.get_paths()
    named = [scheme["stdlib"], scheme["platstdlib"], str(Path(os.__file__).parent), _OWN]
    named += [f"{prefix}{os.sep}{part}" for prefix in (sys.prefix, sys.base_prefix) for part in ("lib", "bin")]
    both = dict.fromkeys([*named, *map(os.path.realpath, named), "/nix/store", "/proc", "/dev"])
    return tuple(name + os.sep for name in both)


def _reads(mode: Any) -> bool:
    return mode is None or not set(str(mode)) & set("wax+")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_PLACES = _places()
_WATCH = getattr(sys, "_jupyter_utils_sources", None) or _Watch()
