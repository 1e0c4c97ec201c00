"""Which Python runs a run again: that of its own environment where it is on this machine, else the present one."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.environments.record import built_environment

if TYPE_CHECKING:
    from .original import Original

# What lies in the store was built or copied there by Nix, whoever has written the tag.
_STORE_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]+")


@dataclass(frozen=True)
class Interpreter:
    """A Python; `is_recorded` where it is that of the run's own environment."""

    path: str
    is_recorded: bool
    is_here: bool


def interpreter(original: Original) -> Interpreter:
    """Choose the present one if it is the same environment, else the one of the store, else the present one."""
    wanted, here = original.tag("store_path"), built_environment()
    if here and here.store_path and here.store_path == wanted:
        return Interpreter(sys.executable, is_recorded=True, is_here=True)
    found = Path(wanted) / "bin" / "python" if _STORE_PATH.fullmatch(wanted) else None
    if found is not None and found.is_file():
        return Interpreter(str(found), is_recorded=True, is_here=False)
    return Interpreter(sys.executable, is_recorded=False, is_here=True)
