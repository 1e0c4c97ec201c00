"""What a cell prints, as a page shows it: carriage returns obeyed, and of very much only the beginning and the end."""

from __future__ import annotations

import re
from collections import deque

KEPT_CHARACTERS = 500_000
"""How much of the beginning is kept, and how much of the end."""
# A line as long as this is no progress bar any more: nothing goes back in it.
_LINE_CHARACTERS = 8192
_GOES_BACK = re.compile(r"[\r\b]")
_PIECES = re.compile(r"[\r\b\n]|[^\r\b\n]+")


class Text:
    r"""Text that grows, at its end only.

    >>> text = Text()
    >>> text.write("10 %\r20 %\r")
    >>> text.write("done\nnext")
    >>> text.value()
    'done\nnext'
    """

    def __init__(self) -> None:
        self._head: list[str] = []
        self._head_room = KEPT_CHARACTERS
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._left_out = 0
        self._line = ""
        self._column = 0

    @property
    def size(self) -> int:
        """Characters that are held."""
        return KEPT_CHARACTERS - self._head_room + self._tail_size + len(self._line)

    def write(self, text: str) -> None:
        r"""Add text; after `\r` the line is overwritten from its beginning, and `\b` removes characters.

        As JupyterLab's page does: `\b` removes the character before, and the one that stands there, if any.
        """
        text = text.replace("\r\n", "\n")
        if self._column == len(self._line) and not _GOES_BACK.search(text):
            lines, newline, rest = text.rpartition("\n")
            if newline:
                self._keep(f"{self._line}{lines}\n")
                self._line = rest
            else:
                self._line += rest
            self._column = len(self._line)
        else:
            for piece in _PIECES.findall(text):
                self._write_piece(piece)
        if len(self._line) > _LINE_CHARACTERS:
            self._keep(self._line)
            self._line, self._column = "", 0

    def _write_piece(self, piece: str) -> None:
        if piece == "\r":
            self._column = 0
        elif piece == "\b":
            if self._column:
                self._column -= 1
                self._line = self._line[: self._column] + self._line[self._column + 2 :]
        elif piece == "\n":
            self._keep(f"{self._line}\n")
            self._line, self._column = "", 0
        else:
            end = self._column + len(piece)
            self._line = self._line[: self._column] + piece + self._line[end:]
            self._column = end

    def _keep(self, text: str) -> None:
        if self._head_room:
            head, text = text[: self._head_room], text[self._head_room :]
            self._head.append(head)
            self._head_room -= len(head)
        if not text:
            return
        self._tail.append(text)
        self._tail_size += len(text)
        while (too_much := self._tail_size - KEPT_CHARACTERS) > 0:
            first = self._tail.popleft()
            if len(first) > too_much:
                self._tail.appendleft(first[too_much:])
                first = first[:too_much]
            self._tail_size -= len(first)
            self._left_out += len(first)

    def value(self) -> str:
        """Return the text; where some was left out, a sentence says so in its place."""
        told = f"\n[... {self._left_out:,} characters are not kept here ...]\n" if self._left_out else ""
        return "".join([*self._head, told, *self._tail, self._line])
