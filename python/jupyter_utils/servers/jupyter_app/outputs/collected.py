"""The outputs of one execution of a cell, by the rules of nbformat and as JupyterLab shows them."""

from __future__ import annotations

from collections import deque
from typing import Any

from .text import Text

KEPT_BYTES = 32 << 20
"""How much of a cell's first outputs is kept, and how much of its last ones."""
_EACH = 200
"""Bytes that count for an output beside what it shows."""


class Output:
    """One output; `version` grows with each change of anything that is collected."""

    __slots__ = ("__weakref__", "_output", "_text", "version")

    def __init__(self, output: dict[str, Any], version: int) -> None:
        self._output, self.version = output, version
        self._text: Text | None = None
        if output["output_type"] == "stream":
            self._text = Text()
            self._text.write(output["text"])

    @property
    def size(self) -> int:
        return _EACH + (self._text.size if self._text else _size(self._output))

    def continues(self, name: str) -> bool:
        """Tell whether text of this stream belongs to this output."""
        return self._text is not None and self._output["name"] == name

    def write(self, text: str, version: int) -> None:
        """Add text to a stream."""
        if self._text is not None:
            self._text.write(text)
            self.version = version

    def show(self, data: dict[str, Any], metadata: dict[str, Any], version: int) -> None:
        """Show something else in its place, as `update_display` does."""
        self._output = {**self._output, "data": data, "metadata": metadata}
        self.version = version

    def as_nbformat(self) -> dict[str, Any]:
        return {**self._output, "text": self._text.value()} if self._text else self._output


class Collected:
    """All outputs of one execution, oldest first."""

    def __init__(self) -> None:
        self._head: list[Output] = []
        self._head_full = False
        self._head_size = 0
        self._tail: deque[Output] = deque()
        self._tail_size = 0
        self._left_out = 0
        self._clear_before_next = False
        self.changed = 0
        # When outputs were last taken away; whoever knows an older version must be told all.
        self.taken = 0

    @property
    def size(self) -> int:
        """Bytes that are held, about."""
        last = self._last
        return self._head_size + self._tail_size + (last.size if last else 0)

    @property
    def _last(self) -> Output | None:
        return self._tail[-1] if self._tail else self._head[-1] if self._head else None

    @property
    def was_interrupted(self) -> bool:
        """Whether the last output is the error of an interrupt."""
        last = self._last
        return last is not None and last.as_nbformat().get("ename") == "KeyboardInterrupt"

    def write(self, name: str, text: str, version: int) -> None:
        """Add what was printed."""
        self._clear_if_due(version)
        self.changed = version
        last = self._last
        if last and last.continues(name):
            last.write(text, version)
        else:
            self.add({"output_type": "stream", "name": name, "text": text}, version)

    def add(self, output: dict[str, Any], version: int) -> Output:
        """Add an output of nbformat."""
        self._clear_if_due(version)
        self.changed = version
        if last := self._last:  # it grows no more
            self._count(last)
        added = Output(output, version)
        if self._head_full:
            self._tail.append(added)
        else:
            self._head.append(added)
        self._leave_out(version)
        return added

    def clear(self, wait: bool, version: int) -> None:
        """Take all away, now or when the next output comes."""
        if wait:
            self._clear_before_next = True
        else:
            self._forget(version)

    def since(self, version: int) -> tuple[int, list[dict[str, Any]]]:
        """Return what has changed since a version: how many of the first outputs are the same, and all after them."""
        same = 0
        if version >= self.taken:
            known = (one.version <= version for one in (*self._head, *self._tail))
            same = next((at for at, is_known in enumerate(known) if not is_known), len(self._head) + len(self._tail))
            if self._left_out:
                same = min(same, len(self._head))
        return same, self.as_nbformat()[same:]

    def as_nbformat(self) -> list[dict[str, Any]]:
        outputs = [one.as_nbformat() for one in self._head]
        if self._left_out:
            outputs.append(sentence(f"[... {self._left_out:,} outputs are not kept here ...]"))
        return outputs + [one.as_nbformat() for one in self._tail]

    def _clear_if_due(self, version: int) -> None:
        if self._clear_before_next:
            self._forget(version)

    def _forget(self, version: int) -> None:
        self.__init__()  # type: ignore[misc]  # as new
        self.changed = self.taken = version

    def _count(self, output: Output) -> None:
        if self._tail:
            self._tail_size += output.size
        else:
            self._head_size += output.size
            self._head_full = self._head_size > KEPT_BYTES

    def _leave_out(self, version: int) -> None:
        while self._tail_size > KEPT_BYTES and len(self._tail) > 1:
            self._tail_size -= self._tail.popleft().size
            self._left_out += 1
            self.taken = version


def sentence(told: str) -> dict[str, Any]:
    """Return an output that says something of the others; no text of a stream, with which a page would join others."""
    return {"output_type": "display_data", "data": {"text/plain": told}, "metadata": {}}


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(name) + _size(one) for name, one in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return 8
