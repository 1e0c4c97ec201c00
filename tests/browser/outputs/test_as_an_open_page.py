"""What a closed page has missed is what an open one shows: two pages run the same cells, and one of them leaves."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from desk import shows

if TYPE_CHECKING:
    from desk import Desk
    from notebook_tab import Notebook

pytestmark = pytest.mark.full

BARS = """import sys
from tqdm import tqdm
how = {'ncols': 60, 'bar_format': '{desc}|{bar}|{n_fmt}/{total_fmt}', 'mininterval': 0}
for i in tqdm(range(20), desc='one', colour='green', **how): pass
for i in tqdm(range(3), desc='outer', position=0, **how):
    for j in tqdm(range(4), desc='inner', position=1, leave=False, **how): pass
sys.stderr.flush()
for i in range(101): print(f'\\r\\x1b[32m{i:3} %\\x1b[0m of 漢字', end='', flush=True)
print('\\rshort', 'back\\b\\b\\bX', end='', flush=True)
print('\\x1b[1;31mred\\x1b[0m', file=sys.stderr)"""
CLEARS = """from IPython.display import clear_output, display
for i in range(5):
    print('step', i)
    display({'text/html': f'<b>{i}</b>', 'text/plain': str(i)}, raw=True)
    clear_output(wait=True)
print('last')
clear_output(wait=True)"""
PICTURE = """import base64, io, random
from IPython.display import Image, display
from PIL import Image as Pixels
made = io.BytesIO()
Pixels.frombytes('RGB', (2300, 2300), random.Random(0).randbytes(2300 * 2300 * 3)).save(made, 'PNG')
display(Image(made.getvalue(), width=50))
print(len(made.getvalue()))"""
FAILS = "def f(x):\n    return 1 / x\nprint('so far')\nf(0)"
ASKS = "name = input('Name: ')\nprint('Hello', name)"


def stored(desk: Desk) -> list[Any]:
    try:
        cells = json.loads(desk.file.read_text())["cells"]
    except json.JSONDecodeError:  # the server is writing it
        return []
    return [(cell["execution_count"], cell["outputs"]) for cell in cells[:-1]]


def html(notebook: Notebook, number: int) -> list[str]:
    found = notebook.cell(number).locator(".jp-OutputArea-child > .jp-OutputArea-output")
    shown: list[str] = found.evaluate_all("all => all.map((one) => one.innerHTML.slice(0, 100_000))")
    return shown


def save(notebook: Notebook) -> None:
    notebook.cell(0).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+s")


def answer(notebook: Notebook, number: int) -> None:
    box = notebook.cell(number).locator(".jp-Stdin-input")
    box.fill("Hanako")
    box.press("Enter")


@pytest.mark.parametrize("cells", [[BARS, CLEARS, PICTURE, FAILS], [ASKS]], ids=["shown", "asked"])
def test_as_an_open_page(desk: Desk, cells: list[str]) -> None:
    """Both files have the same outputs, and both pages show the same, before and after the second one saves."""
    away = replace(desk, name=f"n-{uuid.uuid4().hex[:8]}.ipynb", pages=desk.pages)
    all_cells = ["print('before')\n" + desk.wait, *cells]
    tabs = []
    for one in (desk, away):
        one.write(*all_cells, "")  # a page adds one by itself where the last cell was run
        tabs.append(one.open())
        one.save(tabs[-1])
        for number in range(len(all_cells)):
            tabs[-1].start(number)
        shows(tabs[-1], 0, "before")
    stays, leaves = tabs
    last = len(all_cells) - 1
    away.leave(leaves)
    desk.go.touch()
    if cells == [ASKS]:
        answer(stays, last)
        away.until(lambda: "waits for input" in away.file.read_text())
        back = away.open(ready=None)
        answer(back, last)
        back.output(last)
        save(back)
    stays.output(last)
    save(stays)
    desk.until(lambda: bool(stored(desk)) and all(count for count, _ in stored(desk)) and bool(stored(desk)[last][1]))
    away.until(lambda: stored(away) == stored(desk))
    if cells != [ASKS]:
        back = away.open(ready=None)
        back.output(last)
    for number in range(len(all_cells)):
        assert html(back, number) == html(stays, number), number
    save(back)
    back.page.wait_for_timeout(2000)
    assert stored(away) == stored(desk)
    assert back.page.locator(".jp-Dialog").count() == 0
