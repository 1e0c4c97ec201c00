"""Names that a disk may not tell apart (`A` and `a`, one character composed or not), or cannot hold; and asking it.

File systems differ: exFAT and NTFS know no case, nor do Apple's; some fold accents. So the disk itself is asked, with
the very names, and only where there is something to ask.
"""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What exFAT, FAT and NTFS refuse in names; '/', '?' and control characters are refused everywhere.
_REFUSED = set('"*:<>|')


def doubtful(names: Iterable[str]) -> list[str]:
    """Return the names about which a disk has to be asked: those that are alike, and those that some cannot hold.

    >>> doubtful(["A.csv", "b.csv", "a.csv", "x/1", "X/2"])
    ['A.csv', 'a.csv', 'x/1', 'X/2']
    >>> doubtful(["train.csv", "fold 1/a.csv"])
    []
    """
    spellings: dict[str, set[str]] = defaultdict(set)
    names = list(names)
    for name in names:
        for part in _prefixes(name):
            spellings[_folded(part)].add(part)
    return [
        name
        for name in names
        if any(len(spellings[_folded(part)]) > 1 for part in _prefixes(name)) or any(map(_is_rare, name.split("/")))
    ]


def _prefixes(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _folded(name: str) -> str:
    """Return what is equal for all names that any disk might take for one."""
    # Upper case first: tables of file systems map each character by itself.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", name.upper()).casefold())


def _is_rare(part: str) -> bool:
    return part.endswith((".", " ")) or not _REFUSED.isdisjoint(part)


def confused(folder: Path, names: Sequence[str]) -> list[tuple[str, str | None]]:
    """Ask the disk of a folder: give each name that it takes for an earlier one, with that, or cannot hold, with None.

    Empty folders of these names are made for a moment in one of their own.

    Raises:
        OSError: nothing can be made there.
    """
    place = Path(tempfile.mkdtemp(dir=folder, prefix=".names-"))
    try:
        return list(_confused(place, names))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _confused(place: Path, names: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    made: dict[str, None] = {}
    for name in names:
        for part in _prefixes(name):
            if part in made:
                continue
            path = place / part
            try:
                path.mkdir()
            except FileExistsError:
                # Which of them it is, inodes do not tell: exfat makes them up for each path.
                yield part, next((one for one in made if _folded(one) == _folded(part)), None)
                break
            except OSError:
                yield part, None
                break
            if path.name not in {one.name for one in path.parent.iterdir()}:
                yield part, None  # it is there under another name
                break
            made[part] = None
