"""The file that runs where no notebook does: the user's own, never one of a library that starts it."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

from .kernel import shell

_PACKAGES = ("site-packages", "dist-packages")
# A process's start is known to some hundredths of a second by another clock than the one of files.
_CLOCKS_SECONDS = 2.0


def executing_file() -> Path | None:
    """Return the user's file that runs as `__main__`: a script, or what `%run` runs in a notebook; None without one."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    # A worker process (loky, multiprocessing) is started by a library, but is told its parent's arguments.
    for name in (main, *sys.argv[:1]):
        path = Path(name) if name else None
        if path is not None and path.is_file() and not _is_library(path):
            return path
    return None


def changed_since_start(script: Path) -> bool:
    """Tell whether a script's file is younger than the process that runs it; `%run` reads it anew each time."""
    import psutil

    if shell() is not None:
        return False
    with suppress(psutil.Error, OSError):
        changed = script.stat().st_mtime
        return bool(psutil.Process().create_time() + _CLOCKS_SECONDS < changed <= time.time())
    return False


def script_name() -> str:
    """Return the name of what runs: the script, the module after `python -m`, the program, else `python`."""
    file = executing_file()
    if file is not None:
        return str(file)
    module = getattr(getattr(sys.modules.get("__main__"), "__spec__", None), "name", "").removesuffix(".__main__")
    if module and sys.argv[:1] == [getattr(sys.modules["__main__"], "__file__", None)]:
        return f"python -m {module}"
    program = Path(sys.argv[0]).name if sys.argv else ""
    return program if program and not program.startswith("-") and not program.endswith(".py") else "python"


def _is_library(path: Path) -> bool:
    """Tell whether a file belongs to the environment: a package, a program that pip has written, Python's own."""
    path = path.absolute()
    inside = [Path(prefix, part) for prefix in (sys.prefix, sys.base_prefix) for part in ("lib", "bin")]
    return any(part in _PACKAGES for part in path.parts) or any(path.is_relative_to(folder) for folder in inside)
