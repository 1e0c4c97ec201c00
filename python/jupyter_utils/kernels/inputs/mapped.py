"""Files that this process has mapped or holds open at the moment: some were opened where nothing else tells."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ (?P<mode>\S+) [0-9a-f]+ (?P<device>\S+) \d+ +(?P<path>/.*)$", re.MULTILINE)
_DELETED = b" (deleted)"
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def mapped_files() -> Iterator[str]:
    """Yield the files that are mapped for reading and hold no program; links are resolved.

    Raises:
        OSError: the system does not tell.
    """
    programs: set[bytes] = set()
    found: dict[bytes, None] = {}
    for line in _LINE.finditer(Path("/proc/self/maps").read_bytes()):
        path = line["path"]
        if b"x" in line["mode"]:
            programs.add(path)
        found[path] = None
    for path in found:
        if path not in programs and not path.endswith(_DELETED) and not path.startswith((b"/dev/", b"/memfd:")):
            yield os.fsdecode(_ESCAPED.sub(lambda sign: bytes([int(sign[1], 8)]), path))


def open_files() -> Iterator[str]:
    """Yield the files that are open for reading, as a redirected standard input is; links are resolved.

    Raises:
        OSError: the system does not tell.
    """
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError, ValueError, IndexError):  # closed meanwhile, among them the one that lists
            path = os.readlink(f"/proc/self/fd/{number}")
            if path.startswith("/") and not path.startswith("/dev/") and os.path.isfile(path):
                told = Path(f"/proc/self/fdinfo/{number}").read_text(encoding="ascii")
                flags = int(told.partition("flags:")[2].split()[0], 8)
                if flags & os.O_ACCMODE == os.O_RDONLY and not flags & os.O_DIRECTORY:
                    yield path
