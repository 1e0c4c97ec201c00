"""Displays that are updated later, and what widgets take: each output stands where a page would show it."""

from __future__ import annotations

import gc
from typing import Any

from jupyter_utils.servers.jupyter_app.outputs.executions import SEEN_SECONDS, Executions


class Told:
    """Executions of one kernel whose page is away while `away` says so, told by hand."""

    def __init__(self) -> None:
        self.away = False
        self.now = 0.0
        self.all = Executions(lambda _: self.away)

    def begin(self, name: str) -> None:
        self.all.begin(name, name, f"source of {name}", "page")
        self.say(name, "execute_input", execution_count=1)

    def say(self, name: str, kind: str, /, **content: Any) -> None:
        self.now += 1
        self.all.handle(kind, name, content, self.now)

    def print(self, name: str, text: str) -> None:
        self.say(name, "stream", name="stdout", text=text)

    def show(self, name: str, text: str, display: str, kind: str = "display_data") -> None:
        self.say(name, kind, data={"text/plain": text}, metadata={}, transient={"display_id": display})

    def take(self, name: str, widget: str, msg_id: str) -> None:
        """Have a widget take the outputs of a request, or, with "", no longer."""
        self.say(name, "comm_msg", comm_id=widget, data={"method": "update", "state": {"msg_id": msg_id}})

    def end(self, name: str) -> None:
        self.say(name, "status", execution_state="idle")

    def outputs(self, name: str) -> list[str]:
        one = self.all.get(name)
        assert one is not None
        return [output.get("text") or output["data"]["text/plain"] for output in one.as_nbformat()]


def test_a_widget_that_takes_outputs() -> None:
    """What it clears is its own: the cell's outputs stay, and the widget's last ones follow them, with a word."""
    told = Told()
    told.begin("a")
    told.print("a", "training\n")
    for step in range(3):
        told.take("a", "out", "a")
        told.say("a", "clear_output", wait=True)
        told.print("a", f"step {step}\n")
        told.take("a", "out", "")
    told.print("a", "end\n")
    cell, sentence, widget = told.outputs("a")
    assert (cell, widget) == ("training\nend\n", "step 2\n")
    assert sentence.startswith("[A widget took the outputs that follow.")


def test_widgets_in_one_another() -> None:
    """The one that began last takes them; one that is closed takes nothing, and a cleared cell keeps nothing."""
    told = Told()
    told.begin("a")
    told.take("a", "outer", "a")
    told.print("a", "1")
    told.take("a", "inner", "a")
    told.print("a", "2")
    told.say("a", "comm_close", comm_id="inner")
    told.print("a", "3")
    told.take("a", "outer", "")
    assert [one for one in told.outputs("a") if len(one) < 5] == ["13", "2"]
    told.say("a", "clear_output", wait=False)
    assert told.outputs("a") == []


def test_only_what_changed_is_told_of_widgets() -> None:
    """A page that shows the cell's own outputs gets those of the widget, after them."""
    told = Told()
    told.begin("a")
    told.print("a", "own")
    one = told.all.get("a")
    assert one is not None
    known = one.version
    told.take("a", "out", "a")
    told.print("a", "taken")
    start, outputs = one.since(known)
    assert start == 1
    assert outputs[-1]["text"] == "taken"


def test_a_display_of_an_old_cell() -> None:
    """However long ago it ran: a later cell may update it while its page is away, and only that counts as unseen."""
    told = Told()
    told.begin("shows")
    told.show("shows", "0 %", "bar")
    told.end("shows")
    told.begin("shows nothing")
    told.end("shows nothing")
    told.now += 2 * SEEN_SECONDS
    told.all.forget_old(told.now)
    assert [one.id for one in told.all] == ["shows"]
    told.away = True
    told.begin("updates")
    told.show("updates", "100 %", "bar", "update_display_data")
    assert told.outputs("shows") == ["100 %"]
    one = told.all.get("shows")
    assert one is not None
    assert one.unseen
    assert one.last > one.ended


def test_displays_that_were_cleared_are_forgotten() -> None:
    """A figure that is shown anew ten thousand times is held once."""
    told = Told()
    told.begin("a")
    for number in range(1000):
        told.say("a", "clear_output", wait=True)
        told.show("a", f"figure {number}", f"display {number}")
    gc.collect()
    told.all.forget_old(told.now)
    assert told.outputs("a") == ["figure 999"]
    assert len(told.all._displays) == 1
