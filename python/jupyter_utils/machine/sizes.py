"""Numbers of bytes for people."""

from __future__ import annotations


def size(count: float) -> str:
    """Return a number of bytes in the unit that fits it.

    >>> size(2_500_000)
    '2.4 MiB'
    """
    import humanize  # most processes show no size

    return humanize.naturalsize(count, binary=True)
