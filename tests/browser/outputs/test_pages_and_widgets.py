"""What is shown when a page comes back: widgets, displays, several pages, laptops that slept. No output is doubled."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from desk import READY, shows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk import Desk
    from notebook_tab import Notebook

pytestmark = pytest.mark.full

BAR = "from tqdm.notebook import tqdm\nprint('before')\nfor i in tqdm(range(40)):\n    if i == 20:\n        "
WIDGET = """import ipywidgets, pathlib, time
from IPython.display import clear_output, display
print('before')
out = ipywidgets.Output()
display(out)
for i in range(5):
    with out:
        clear_output(wait=True)
        print('step', i)
    while i == 2 and not pathlib.Path({go!r}).exists(): time.sleep(0.05)
print('end')"""
DISPLAYS = """import matplotlib.pyplot as plt, pathlib, time
from IPython.display import clear_output, display
handle = display('state', display_id='later')
print('before')
while not pathlib.Path({go!r}).exists(): time.sleep(0.05)
for i in range(3):
    clear_output(wait=True)
    fig, ax = plt.subplots(figsize=(1, 1)); ax.plot([i, 1]); plt.show()
    print('epoch', i)
handle = display('state 0', display_id='later')
print('end')"""
COUNTS = """import pathlib, time
n = 0
while not pathlib.Path({go!r}).exists():
    print('line', n, flush=True)
    n += 1
    time.sleep(0.2)
print('all', n)"""


def text(notebook: Notebook, number: int) -> str:
    found: list[str] = notebook.cell(number).locator(".jp-OutputArea-child > .jp-OutputArea-output").all_inner_texts()
    return "".join(found)


def test_progress_widget(desk: Desk) -> None:
    """It goes on where it is when the page comes back, once, and ends at its end."""
    desk.write(f"{BAR}{desk.wait.replace(chr(10), chr(10) + ' ' * 8)}\nprint('end')")
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    shows(notebook, 0, "before")
    desk.leave(notebook)
    desk.until(lambda: "before" in desk.stored_text(0))
    again = desk.open(ready=None)
    shows(again, 0, "before")
    desk.go.touch()
    shows(again, 0, "end")
    shows(again, 0, "40/40")
    shown = text(again, 0)
    assert [shown.count(one) for one in ("before", "40/40", "end")] == [1, 1, 1]


def test_output_widget(desk: Desk) -> None:
    """What it clears is its own: the cell's outputs are in the file, and the widget's last ones, named so."""
    desk.write(WIDGET.format(go=desk.go.name))
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    shows(notebook, 0, "step 2")
    desk.leave(notebook)
    desk.go.touch()
    desk.until(lambda: "step 4" in desk.stored_text(0))
    outputs = desk.stored(0)["outputs"]
    assert [outputs[at]["text"] for at in (0, 2, 4)] == [["before\n"], ["end\n"], ["step 4\n"]]
    assert "A widget took the outputs that follow" in str(outputs[3])
    again = desk.open()
    shows(again, 0, "step 4")
    assert "A widget took the outputs that follow" in text(again, 0)


def test_figures_and_updated_displays(desk: Desk) -> None:
    """Cleared, shown again, updated by a later cell: the page and the file have the last of each."""
    desk.write(DISPLAYS.format(go=desk.go.name), "handle.update('state 1')")
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    notebook.start(1)
    shows(notebook, 0, "before")
    desk.leave(notebook)
    again = desk.open(ready=None)
    shows(again, 0, "before")
    desk.go.touch()
    shows(again, 0, "state 1")
    assert again.output(1, "2") == ""
    assert re.fullmatch(r"\s*epoch 2\s*'state 1'\s*end\s*", text(again, 0)), text(again, 0)
    assert again.cell(0).locator("img").count() == 1
    again.cell(0).locator(".cm-content").click()
    again.page.keyboard.press("Control+s")
    desk.until(lambda: "state 1" in desk.stored_text(0))
    assert [one["output_type"] for one in desk.stored(0)["outputs"]] == [
        "display_data",
        "stream",
        "display_data",
        "stream",
    ]


def test_text_after_what_was_cleared(desk: Desk) -> None:
    """Text, then only a figure, then text again, each seen by the page: nothing of it is doubled or lost."""
    gate = "while not pathlib.Path({!r} + {!r}).exists(): time.sleep(0.05)\n"
    source = "import pathlib, time\nfrom IPython.display import clear_output, display\nprint('loading')\n"
    source += gate.format(desk.go.name, "1") + "clear_output(wait=True)\ndisplay('figure')\n"
    source += gate.format(desk.go.name, "2") + "print('after')\n" + gate.format(desk.go.name, "3") + "print('end')"
    desk.write(source)
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    shows(notebook, 0, "loading")
    desk.leave(notebook)
    again = desk.open(ready=None)
    for number, shown in enumerate(["loading", "figure", "after", "end"]):
        if number:
            desk.go.with_name(f"{desk.go.name}{number}").touch()
        shows(again, 0, shown)
    assert again.output(0, "1").split() == ["'figure'", "after", "end"]


def test_two_pages(desk: Desk) -> None:
    """The one that stays shows what the closed one ran, though it had it open before; its own edit is not lost."""
    desk.write(f"print('before')\n{desk.wait}print('end')", "x = 1")
    one = desk.open()
    desk.save(one)
    other = desk.open()
    other.type(1, "x = 'typed'")
    one.start(0)
    shows(one, 0, "before")
    desk.leave(one)
    desk.go.touch()
    shows(other, 0, "end")
    other.cell(1).locator(".cm-content").click()
    other.page.keyboard.press("Control+s")
    desk.until(lambda: "typed" in "".join(desk.stored(1)["source"]))
    assert other.page.locator(".jp-Dialog").count() == 0
    assert desk.stored_text(0) == "before\nend\n"


def test_what_was_cleared_stays_cleared(desk: Desk) -> None:
    """Seen, cleared, saved: neither the file nor the next page has it again."""
    desk.write(f"print('before')\n{desk.wait}print('end')")
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    shows(notebook, 0, "before")
    desk.leave(notebook)
    desk.go.touch()
    again = desk.open()
    shows(again, 0, "end")
    again.page.wait_for_timeout(2000)
    again.page.locator(".lm-MenuBar-item", has_text="Edit").click()
    again.page.locator(".lm-Menu-itemLabel", has_text="Clear Outputs of All Cells").click()
    again.cell(0).locator(".cm-content").click()
    again.page.keyboard.press("Control+s")
    desk.until(lambda: desk.stored(0)["outputs"] == [])
    desk.leave(again)
    last = desk.open()
    last.page.wait_for_timeout(6000)
    assert (desk.stored(0)["outputs"], text(last, 0)) == ([], "")


@pytest.fixture
def own_context(desk: Desk) -> Iterator[Any]:
    context = desk.browser.new_context()
    desk.browser = context
    yield context
    desk.go.touch()
    context.close()


@pytest.mark.parametrize("ends", [False, True], ids=["goes on", "ends meanwhile"])
@pytest.mark.parametrize("how", ["offline", "frozen"])
def test_a_laptop_that_sleeps(desk: Desk, own_context: Any, how: str, ends: bool) -> None:
    """The line is cut, or the page frozen, for a while: no line is doubled and none is lost."""
    desk.write(COUNTS.format(go=desk.go.name), "print('queued')")
    notebook = desk.open()
    desk.save(notebook)
    notebook.start(0)
    notebook.start(1)
    shows(notebook, 0, "line 3")
    tools = own_context.new_cdp_session(notebook.page)

    def sleep(yes: bool) -> None:
        if how == "offline":
            own_context.set_offline(yes)
        else:
            tools.send("Page.setWebLifecycleState", {"state": "frozen" if yes else "active"})

    sleep(True)
    if ends:
        desk.go.touch()
    time.sleep(10)  # not the page's own waiting: it is frozen
    sleep(False)
    notebook.page.wait_for_timeout(3000)
    desk.go.touch()
    assert notebook.output(1, "2") == "queued\n"
    shows(notebook, 0, "all")
    while (dialogs := notebook.page.locator(".jp-Dialog-button")).count():  # of JupyterLab's own: there is no line
        dialogs.first.click()
    lines = text(notebook, 0).split("\n")
    count = int(lines[-2].removeprefix("all "))
    assert lines == [*(f"line {n}" for n in range(count)), f"all {count}", ""]
    notebook.cell(1).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+s")
    desk.until(lambda: desk.stored_text(0) == "\n".join(lines))
    assert notebook.page.locator(".jp-Dialog").count() == 0


def test_notebook7(desk: Desk) -> None:
    """Its page, too."""
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    desk.write(f"print('before')\n{desk.wait}print('end')")
    notebook = desk.open(tree="notebooks")
    desk.save(notebook)
    notebook.start(0)
    shows(notebook, 0, "before")
    desk.leave(notebook)
    desk.until(lambda: desk.stored_text(0) == "before\n")
    again = desk.open(tree="notebooks", ready=None)
    shows(again, 0, "before")
    desk.go.touch()
    assert again.output(0, "1") == "before\nend\n"


def test_another_jupyterlab(desk: Desk, own_context: Any) -> None:
    """Without what it builds on the page says so in its console, keeps nothing, and saves as ever."""
    said: list[str] = []
    own_context.on("console", lambda message: said.append(message.text))

    def other(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("_updateContentsModel", "_nothingOfTheKind"))

    own_context.route("**/outputs.js*", other)
    desk.write("x = 1")
    notebook = desk.open(ready=READY)
    notebook.type(0, "x = 2")
    notebook.page.keyboard.press("Control+s")
    desk.until(lambda: "x = 2" in "".join(desk.stored(0)["source"]))
    assert any("are not kept: this JupyterLab is another one" in one for one in said)
