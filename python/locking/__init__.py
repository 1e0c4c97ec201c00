"""The parts of lock.py."""

from __future__ import annotations

import re
import sys


class LockError(Exception):
    """What the user must know and do; shown without a traceback."""


def say(text: str) -> None:
    """Tell the user what happens, at once."""
    sys.stderr.write(f"lock.py: {masked(text)}\n")
    sys.stderr.flush()


def masked(text: str) -> str:
    """Return `text` without the credentials of any address in it."""
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)


def normalized(name: str) -> str:
    """Return a package's name as the index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
