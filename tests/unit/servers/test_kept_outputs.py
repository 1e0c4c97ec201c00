"""Outputs that are kept for a page: by nbformat's rules, as the page would show them, and within bounds."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from jupyter_utils.servers.jupyter_app.outputs import collected, executions, text
from jupyter_utils.servers.jupyter_app.outputs.collected import Collected
from jupyter_utils.servers.jupyter_app.outputs.executions import Executions
from jupyter_utils.servers.jupyter_app.outputs.placing import place
from jupyter_utils.servers.jupyter_app.outputs.text import Text

PNG = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}


class Cells:
    """Executions of one kernel, told by hand; a page is away while its session is in `away`."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.now = 0.0
        self.all = Executions(self.away.__contains__)

    def begin(self, name: str, *, cell: str | None = None, client: str = "page") -> None:
        self.all.begin(name, cell or name, f"source of {cell or name}", client)

    def say(self, name: str, kind: str, /, **content: Any) -> None:
        self.now += 1
        self.all.handle(kind, name, content, self.now)

    def run(self, name: str, *printed: str, count: int = 1, **begin: Any) -> None:
        self.begin(name, **begin)
        self.say(name, "execute_input", execution_count=count)
        for one in printed:
            self.say(name, "stream", name="stdout", text=one)
        self.say(name, "status", execution_state="idle")

    def outputs(self, name: str) -> list[dict[str, Any]]:
        one = self.all.get(name)
        assert one is not None
        return one.as_nbformat()

    def unseen(self) -> list[str]:
        return [one.id for one in self.all if one.unseen]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (["a\n", "b"], "a\nb"),
        ([f"\r{n} %" for n in range(101)] + ["\n"], "100 %\n"),
        (["10 % left\r", "5"], "50 % left"),
        (["abc\b\bX"], "aX"),
        (["100 % of all", "\rback\b\b", "X"], "baXf all"),  # as JupyterLab does, which takes the next one, too
        (["line\r", "\nnext"], "line\nnext"),
        (["one\r\ntwo"], "one\ntwo"),
        (["先頭\r末"], "末頭"),
    ],
)
def test_text(written: list[str], shown: str) -> None:
    """A carriage return goes back in its line, as progress bars use it."""
    printed = Text()
    for one in written:
        printed.write(one)
    assert printed.value() == shown


@pytest.mark.parametrize("piece", ["x" * 99 + "\n", "y" * 3000, "z", "0123456789\r"])
def test_very_much_text(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning and the end are kept, and a sentence says how much is not."""
    monkeypatch.setattr(text, "KEPT_CHARACTERS", 10_000)
    printed = Text()
    total = 200_000 // len(piece)
    for _ in range(total):
        printed.write(piece)
    printed.write("the end")
    shown = printed.value()
    assert len(shown) < 31_000
    if "\r" in piece:
        assert shown == "the end789"
    else:
        assert shown.endswith("the end")
        assert shown.startswith(piece[:50])
        assert "characters are not kept here" in shown
        assert printed.size <= 20_000 + text._LINE_CHARACTERS + len(piece)


def test_rules_of_nbformat() -> None:
    """Streams are joined, results and errors have what nbformat wants, and a cleared output is gone."""
    cells = Cells()
    cells.run("a", "one\n", "two\n")
    cells.say("a", "stream", name="stderr", text="warned\n")
    cells.say("a", "stream", name="stdout", text="three\n")
    cells.say("a", "display_data", data=PNG, metadata={}, transient={})
    cells.say("a", "execute_result", data={"text/plain": "42"}, metadata={}, execution_count=1)
    cells.say("a", "error", ename="ValueError", evalue="no", traceback=["ValueError: no"])
    outputs = cells.outputs("a")
    assert [one.get("text") for one in outputs[:3]] == ["one\ntwo\n", "warned\n", "three\n"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=nbformat.from_dict(outputs))])
    nbformat.validate(made)

    cells.say("a", "clear_output", wait=True)
    assert len(cells.outputs("a")) == 6
    cells.say("a", "stream", name="stdout", text="new")
    assert [one["text"] for one in cells.outputs("a")] == ["new"]
    cells.say("a", "clear_output", wait=False)
    assert cells.outputs("a") == []


def test_updated_displays() -> None:
    """A display is updated wherever it stands, also in a cell that ended before."""
    cells = Cells()
    cells.begin("a")
    for _ in range(2):
        cells.say("a", "display_data", data={"text/plain": "0 %"}, metadata={}, transient={"display_id": "bar"})
    cells.say("a", "status", execution_state="idle")
    cells.begin("b")
    cells.away.add("page")
    cells.say("b", "update_display_data", data={"text/plain": "100 %"}, metadata={}, transient={"display_id": "bar"})
    assert [one["data"]["text/plain"] for one in cells.outputs("a")] == ["100 %", "100 %"]
    assert cells.outputs("b") == []
    assert "a" in cells.unseen()


def test_only_what_changed_is_told() -> None:
    """A page that knows a version gets what is after it, and all of it once something was taken away."""
    kept = Collected()
    kept.write("stdout", "a", 1)
    kept.add({"output_type": "display_data", "data": PNG, "metadata": {}}, 2)
    kept.write("stdout", "b", 3)
    assert kept.since(3) == (3, [])
    kept.write("stdout", "c", 4)
    assert kept.since(3) == (2, [{"output_type": "stream", "name": "stdout", "text": "bc"}])
    kept.clear(wait=False, version=5)
    assert kept.since(4) == (0, [])
    kept.write("stdout", "d", 6)
    assert kept.since(5)[0] == 0


def test_very_many_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and the last ones are kept, and a sentence says how many are not."""
    monkeypatch.setattr(collected, "KEPT_BYTES", 20_000)
    kept = Collected()
    for number in range(5000):
        kept.write("stdout" if number % 2 else "stderr", f"{number}\n", number)
    outputs = kept.as_nbformat()
    assert (outputs[0]["text"], outputs[-1]["text"]) == ("0\n", "4999\n")
    assert kept.size < 45_000
    told = [one["data"]["text/plain"] for one in outputs if one["output_type"] == "display_data"]
    assert ["outputs are not kept here" in one for one in told] == [True]
    start, rest = kept.since(4998)
    assert outputs[start:] == rest


def test_who_has_seen_what() -> None:
    """Unseen is what came while its own page was away, or after a dead page's last sign of life; queued cells are."""
    cells = Cells()
    cells.run("early", "seen")
    cells.run("late", "lost in the line")
    cells.begin("running")
    cells.begin("queued")
    cells.run("other", "seen elsewhere", client="other page")
    cells.all.left("page", alive_until=cells.now - 5)
    assert cells.unseen() == ["late", "running", "queued"]


def test_what_a_page_has_not_saved() -> None:
    """If it leaves while a cell runs, what ended since it saved last counts, too; if none runs, it has had its say."""
    for ends in (True, False):
        cells = Cells()
        cells.run("saved", "x")
        saved_at = cells.now
        cells.run("not saved", "y")
        cells.begin("running")
        if ends:
            cells.say("running", "status", execution_state="idle")
        cells.all.left("page", cells.now, saved_at)
        assert cells.unseen() == ([] if ends else ["not saved", "running"])


def test_what_was_on_its_way() -> None:
    """What came just before a page was gone counts, unless the page saved it."""
    for saved in (False, True):
        cells = Cells()
        cells.run("old", "x")
        cells.run("late", "y")
        cells.all.left("page", cells.now - 2, cells.now if saved else 0.0)
        assert cells.unseen() == ([] if saved else ["late"])


def test_a_cell_that_runs_again() -> None:
    """Of each cell the last execution counts that began; one that an error before it aborted never did."""
    cells = Cells()
    cells.run("1", "first", cell="a")
    cells.begin("2", cell="a")
    assert [one.id for one in cells.all.latest()] == ["1"]
    cells.say("2", "status", execution_state="idle")
    assert [one.id for one in cells.all.latest()] == ["1"]
    cells.run("3", "third", cell="a", count=3)
    assert [one.id for one in cells.all.latest()] == ["3"]


def test_a_kernel_that_dies() -> None:
    """The cell that ran says so; those that waited do not begin any more."""
    cells = Cells()
    cells.begin("a")
    cells.say("a", "execute_input", execution_count=1)
    cells.begin("b")
    assert cells.all.end("The kernel died.", 9.0)
    assert cells.outputs("a")[-1]["text"] == "The kernel died."
    assert cells.outputs("b") == []
    assert not cells.all.end("again", 10.0)


def test_a_cell_that_waits_for_input() -> None:
    """The file says that it waits, until it has its answer; a password is not shown."""
    cells = Cells()
    cells.begin("a")
    cells.say("a", "execute_input", execution_count=1)
    cells.all.ask("a", {"header": {}, "content": {"prompt": "Name: ", "password": False}}, 5.0)
    assert "waits for input" in cells.outputs("a")[-1]["data"]["text/plain"]
    cells.all.answered("Hanako")
    assert [one["text"] for one in cells.outputs("a")] == ["Name:  Hanako\n"]
    cells.all.ask("a", {"header": {}, "content": {"prompt": "", "password": True}}, 6.0)
    cells.all.answered("secret")
    assert "secret" not in str(cells.outputs("a"))


def test_what_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page has seen goes after a while; what none has seen stays until it is written and too much."""
    monkeypatch.setattr(executions, "WRITTEN_BYTES", 1000)
    cells = Cells()
    cells.run("seen", "x")
    cells.away.add("page")
    for name in "abc":
        cells.run(name, "y" * 400)
    cells.all.forget_old(executions.SEEN_SECONDS + 100)
    assert [one.id for one in cells.all] == ["a", "b", "c"]
    for one in cells.all:
        one.in_file = one.version
    cells.all.forget_old(executions.SEEN_SECONDS + 100)
    assert [one.id for one in cells.all] == ["c"]


def test_where_outputs_go() -> None:
    """Into the cell with the id and the text that ran, or the only one with that text; else nowhere."""
    cells = Cells()
    for number, name in enumerate(["same", "moved", "edited", "gone", "twice"], 1):
        cells.run(name, "out", count=number)
    found = [
        nbformat.v4.new_code_cell("source of same", id="same"),
        nbformat.v4.new_code_cell("source of moved  \n", id="another"),
        nbformat.v4.new_code_cell("something else", id="edited", outputs=[], execution_count=7),
        nbformat.v4.new_code_cell("source of twice", id="x"),
        nbformat.v4.new_code_cell("source of twice", id="y"),
        nbformat.v4.new_markdown_cell("source of gone"),
    ]
    changed, refused = place(found, cells.all, lambda _: True)
    assert changed
    assert [one["execution_count"] for one in found[:5]] == [1, 2, 7, None, None]
    assert {one.id: why for one, why in refused.items()} == {
        "edited": "has another text there than the one that ran",
        "gone": "is not there any more",
        "twice": "stands there more than once, without an id that tells which one ran",
    }
    assert place(found, [one for one in cells.all if one.id == "same"], lambda _: True) == (False, {})


def test_another_file_in_its_place() -> None:
    """There the same text says nothing: the cell must be the same one."""
    cells = Cells()
    for name in ("same", "moved"):
        cells.run(name, "out")
    found = [
        nbformat.v4.new_code_cell("source of same", id="same"),
        nbformat.v4.new_code_cell("source of moved", id="another"),
    ]
    _, refused = place(found, cells.all, lambda _: False)
    assert [one["execution_count"] for one in found] == [1, None]
    assert [one.id for one in refused] == ["moved"]
