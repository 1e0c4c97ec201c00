"""Numbers for people."""

from __future__ import annotations


def size(count: float) -> str:
    """Return a number of bytes in the unit that fits it.

    >>> size(2_500_000)
    '2.4 MiB'
    """
    import humanize  # most processes show no size

    return humanize.naturalsize(count, binary=True)


def counted(count: int, what: str) -> str:
    """Return a number with the word for what is counted.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"
