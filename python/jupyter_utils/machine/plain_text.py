"""Texts of others for a terminal, which obeys control characters."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    r"""Return a text on one line, without control characters (a terminal obeys them) and lone surrogates.

    >>> plain("a\x1b[31m\nb")
    'a�[31m b'
    """
    return harmless(" ".join(text.split()))


def harmless(line: str) -> str:
    """Return a line without these characters, its spaces as they are."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in {"Cc", "Cs", "Cf"} else one for one in line
    )


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: Japanese characters take two.

    >>> columns("f1"), columns("精度")
    (2, 4)
    """
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
