"""The text of a text notebook: UTF-8, or what its byte order mark says, and nothing else is guessed."""

from __future__ import annotations

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# How a file of Python names its encoding, in one of its first two lines (PEP 263).
_NAMED = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*(?P<name>[-\w.]+)")


def decoded(content: bytes) -> str:
    """Decode a text notebook.

    >>> decoded(codecs.BOM_UTF8 + b"a = 1"), decoded("a = 1".encode("utf-16"))
    ('a = 1', 'a = 1')

    Raises:
        UnicodeDecodeError: it is in another encoding than UTF-8, or UTF-16 with a byte order mark.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if marked:
        return content.decode(marked)
    text = content.decode("utf-8")
    # A few words in EUC-JP can be valid UTF-8 as well.
    named = _named(content)
    if named and not text.isascii() and named not in {"utf-8", "ascii"}:
        raise UnicodeDecodeError("utf-8", content, 0, len(content), f"it says that it is {named}")
    return text


def _named(content: bytes) -> str | None:
    found = next(filter(None, map(_NAMED.match, content.splitlines()[:2])), None)
    try:
        return codecs.lookup(found["name"].decode("ascii")).name if found else None
    except (LookupError, UnicodeDecodeError):
        return None
