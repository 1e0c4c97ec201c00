"""Which cell each message of a kernel belongs to, and what has come of each: what is known of one kernel's cells."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from .collected import Collected, sentence
from .widgets import TOLD, Takers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .collected import Output

SEEN_SECONDS = 180.0
"""How long an execution is remembered that its page has seen: so long may it last until a dead page is found out."""
SEEN_BYTES = 64 << 20
"""How much of such outputs is remembered at most."""
JUST_SECONDS = 10.0
"""How long it takes at most from a kernel's interrupt to its end."""
WRITTEN_BYTES = 128 << 20
"""How much of outputs that no page has seen is remembered once they are in a file."""


@dataclass(eq=False)
class Execution:
    """One execution of a cell.

    `id` is that of the request; `cell` nbformat's id of the cell, as the page has it; `client` the session of the page
    that asked for it; `count` the kernel's number; `asked` when it was asked for (seconds of the caller's clock);
    `taken` what widgets took of its outputs, by the widget;
    `last` when its last message came and `ended` when it ended (seconds of the caller's clock), after which another
    cell may have updated what it shows; `unseen` whether something of it came while its page was away; `version` grows
    with each change, `in_file` is the one that was written and `placed` the one that is in the notebook; `waits` is
    the kernel's question (a message) where the cell waits for input.
    """

    id: str
    cell: str
    source: str
    client: str
    state: Literal["queued", "running", "done"] = "queued"
    count: int | None = None
    asked: float = 0.0
    outputs: Collected = field(default_factory=Collected)
    taken: dict[str, Collected] = field(default_factory=dict)
    last: float = 0.0
    ended: float = math.inf
    unseen: bool = False
    version: int = 0
    in_file: int = -1
    placed: int = -1
    waits: dict[str, Any] | None = None

    @property
    def has_run(self) -> bool:
        """Whether it ever began; what an error before it aborted never did."""
        return self.state == "running" or self.count is not None

    @property
    def size(self) -> int:
        """Bytes of outputs that are held, about."""
        return sum(one.size for one in (self.outputs, *self.taken.values()))

    def into(self, widget: str | None) -> Collected:
        """Return where outputs go that this widget takes, or that the cell shows itself."""
        return self.outputs if widget is None else self.taken.setdefault(widget, Collected())

    def since(self, version: int) -> tuple[int, list[dict[str, Any]]]:
        """Return what a page is to show that knows a version, as `Collected.since` does."""
        same, outputs = self.outputs.since(version)
        return same, outputs + self._of_widgets()

    def as_nbformat(self) -> list[dict[str, Any]]:
        """Return the outputs for a file, which also says what the cell waits for."""
        outputs = self.outputs.as_nbformat() + self._of_widgets()
        if self.waits and self.state != "done":
            prompt = self.waits["content"].get("prompt", "")
            outputs.append(sentence(f"[This cell waits for input. Open the notebook to answer: {prompt!r}]"))
        return outputs

    def _of_widgets(self) -> list[dict[str, Any]]:
        # A widget that took nothing since the cell's outputs were cleared went with them.
        taken = (one.as_nbformat() for one in self.taken.values() if one.changed > self.outputs.taken)
        return [output for outputs in taken if outputs for output in (sentence(TOLD), *outputs)]


class Executions:
    """The executions of one kernel, oldest first.

    Args:
        is_away: tells of a page's session whether that page is not connected.
    """

    def __init__(self, is_away: Callable[[str], bool]) -> None:
        self._is_away = is_away
        self._all: dict[str, Execution] = {}
        self._displays: dict[str, WeakKeyDictionary[Output, Execution]] = {}
        self._takers = Takers()
        self._version = 0

    def __iter__(self) -> Iterator[Execution]:
        return iter(list(self._all.values()))

    def get(self, msg_id: str | None) -> Execution | None:
        return self._all.get(msg_id) if msg_id else None

    def begin(self, msg_id: str, cell: str, source: str, client: str, now: float = 0.0) -> None:
        """Note a request of a page's."""
        self._all[msg_id] = Execution(msg_id, cell, source, client, asked=now)

    def latest(self) -> list[Execution]:
        """Return the last execution of each cell that has begun, or else is still to come."""
        found: dict[str, Execution] = {}
        for one in self:
            if one.has_run or one.cell not in found:
                found[one.cell] = one
        return list(found.values())

    # ---- what the kernel says ----

    def handle(self, kind: str, parent: str | None, content: dict[str, Any], now: float) -> None:
        """Take a message of the kernel's, by its type and the id of the request that it answers."""
        if kind.startswith("comm_"):
            self._takers.take(kind, content)
            return
        one = self.get(parent)
        if kind == "update_display_data":
            self._update(one, content, now)
        if one is None:
            return
        self._touch(one, now)
        match kind:
            case "stream":
                one.into(self._takers.of(one.id)).write(content["name"], content["text"], one.version)
            case "display_data" | "execute_result" | "error":
                self._show(one, kind, content)
            case "clear_output":
                one.into(self._takers.of(one.id)).clear(bool(content.get("wait")), one.version)
            case "execute_input":
                one.state, one.count = "running", content.get("execution_count")
            case "status" if content.get("execution_state") == "idle":
                one.state, one.waits, one.ended = "done", None, now

    def ask(self, parent: str | None, message: dict[str, Any], now: float) -> None:
        """Note that a cell waits for input."""
        if one := self.get(parent):
            one.waits = message
            self._touch(one, now)

    def answered(self, value: str) -> None:
        """Note that the cell that waited has its input, which it shows, as a page does, unless it is a password."""
        for one in self:
            if one.waits and one.state != "done":
                asked = one.waits["content"]
                shown = "·" * 8 if asked.get("password") else value
                one.waits = None
                self._touch(one, one.last)
                one.outputs.write("stdin", f"{asked.get('prompt', '')} {shown}\n", one.version)

    def end(self, told: str, now: float) -> bool:
        """End all that has not ended: the kernel is another one now, and the cell that ran says why."""
        self._takers.forget()
        # Whoever restarts a kernel or shuts it down has interrupted it first, which ends the cell that ran.
        just = [one for one in self if now - one.ended < JUST_SECONDS and one.outputs.was_interrupted]
        open_ones = [one for one in self if one.state != "done"]
        for one in (*just, *open_ones):
            self._touch(one, now)
            if one.state == "running" or one in just:
                one.outputs.write("stderr", told, one.version)
            one.state, one.waits, one.ended = "done", None, now
        return bool(open_ones)

    def _touch(self, one: Execution, now: float) -> None:
        self._version += 1
        one.version, one.last = self._version, now
        if not one.unseen and self._is_away(one.client):
            one.unseen = True

    def _show(self, one: Execution, kind: str, content: dict[str, Any]) -> None:
        names = {"display_data": ("data", "metadata"), "execute_result": ("data", "metadata", "execution_count")}
        kept = names.get(kind, ("ename", "evalue", "traceback"))
        output = {"output_type": kind, **{name: content.get(name) for name in kept}}
        shown = one.into(self._takers.of(one.id)).add(output, one.version)
        if display := (content.get("transient") or {}).get("display_id"):
            self._displays.setdefault(display, WeakKeyDictionary())[shown] = one

    def _update(self, by: Execution | None, content: dict[str, Any], now: float) -> None:
        for shown, one in self._shown_as((content.get("transient") or {}).get("display_id", "")):
            was_unseen = one.unseen
            self._touch(one, now)
            # Its own page may be there and show it: what counts is who sees the message.
            one.unseen = was_unseen or one.unseen or bool(by and self._is_away(by.client))
            shown.show(content.get("data") or {}, content.get("metadata") or {}, one.version)

    def _shown_as(self, display: str) -> list[tuple[Output, Execution]]:
        return list(self._displays[display].items()) if display in self._displays else []

    # ---- pages ----

    def left(self, client: str, alive_until: float, saved_at: float | None = None) -> None:
        """Note that a page is away, which got nothing that came after `alive_until`.

        What was saved is in the file, and does not count. If cells of it still run, what ended before them, but after
        the page saved the notebook last, is not in the file either, and counts as unseen: else the file would have the
        outputs of the later cells alone.
        """
        mine = [one for one in self if one.client == client]
        if all(one.state == "done" for one in mine):
            since = max(alive_until, saved_at or 0.0)
        else:
            since = alive_until if saved_at is None else min(alive_until, saved_at)
        for one in mine:
            if one.state != "done" or one.last > since:
                one.unseen = True

    def forget_old(self, now: float) -> None:
        """Forget what is shown or written, the oldest first, where it is too old or too much."""
        self._displays = {name: shown for name, shown in self._displays.items() if shown}
        # A later cell may update what they show.
        shown = {one for outputs in self._displays.values() for one in outputs.values()}
        busy = {one.client for one in self if one.state != "done"}
        done = [one for one in self if one.state == "done"]
        seen = [one for one in done if not one.unseen and one.client not in busy and one not in shown]
        self._forget(one for one in seen if now - one.last > SEEN_SECONDS)
        self._forget(_beyond(SEEN_BYTES, (one for one in done if not one.unseen)))
        self._forget(_beyond(WRITTEN_BYTES, (one for one in done if one.unseen and one.in_file == one.version)))

    def _forget(self, those: Iterable[Execution]) -> None:
        gone = set(those)
        if not gone:
            return
        self._all = {name: one for name, one in self._all.items() if one not in gone}
        for outputs in self._displays.values():
            for shown in [shown for shown, one in outputs.items() if one in gone]:
                del outputs[shown]


def _beyond(size: int, those: Iterable[Execution]) -> Iterator[Execution]:
    for one in reversed(list(those)):
        size -= one.size
        if size < 0:
            yield one
