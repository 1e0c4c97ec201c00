"""Code and outputs of two runs: cells, scripts, modules, and what the cells have shown."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from jupyter_utils.comparisons.notebooks import paired, read_notebook
from jupyter_utils.comparisons.shown_text import lasting, lasting_outputs
from jupyter_utils.comparisons.sides import Side, folder_side

if TYPE_CHECKING:
    from pathlib import Path

STREAM = {"output_type": "stream", "name": "stdout"}


def cell(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "execution_count": 1, "outputs": list(outputs)}


def printed(text: str) -> dict[str, Any]:
    return STREAM | {"text": text}


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def run(folder: Path, files: dict[str, str], **records: Any) -> Side:
    """Make a side that holds its code, as `jupyter_utils/code.json` lists it."""
    rows = []
    for path, text in files.items():
        place = folder / "jupyter_utils" / "code" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        role = "notebook" if path.endswith(".ipynb") else "module"
        digest = hashlib.sha256(text.encode()).hexdigest()
        rows.append({"path": path, "role": role, "sha256": digest, "state": "committed", "kept": True})
    for name, data in {"code": {"format": 1, "root": "/x", "files": rows}, **records}.items():
        (folder / "jupyter_utils" / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    return folder_side(folder)


def compared(folder: Path, a: dict[str, str], b: dict[str, str]) -> jupyter_utils.Comparison:
    return jupyter_utils.compare(run(folder / "a", a), run(folder / "b", b))


def test_cells_are_brought_together(tmp_path: Path) -> None:
    """A cell that came in between moves the others, and only it is new."""
    a = notebook(cell("import x"), cell("lr = 0.1\nfit(lr)"), cell("score()"))
    b = notebook(cell("import x"), cell("print('new')"), cell("lr = 0.2\nfit(lr)"), cell("score()"))
    row = compared(tmp_path, {"nb.ipynb": a}, {"nb.ipynb": b})["code"].rows[0]
    assert row.difference == "cells: 1 only in B, 1 changed (of 3 and 4)"
    lines = row.details[0].lines
    assert "@@ cell - / 2 (code) @@" in lines
    assert {"-lr = 0.1", "+lr = 0.2", " fit(lr)"} <= set(lines)


def test_without_nbdime_cells_are_still_brought_together() -> None:
    """Only the group lab brings it."""
    code = (
        "import sys; sys.modules['nbdime'] = None\n"
        "from jupyter_utils.comparisons.notebooks import Cell, paired\n"
        "a, b = [Cell(i, 'code', s) for i, s in enumerate('abc')], [Cell(i, 'code', s) for i, s in enumerate('axbC')]\n"
        "print([(x and x.source, y and y.source) for x, y in paired(a, b)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[('a', 'a'), (None, 'x'), ('b', 'b'), ('c', 'C')]"


@pytest.mark.parametrize(("a", "b"), [("", "abc"), ("abc", ""), ("abcd", "dcba"), ("aab", "aba"), ("abc", "abc")])
def test_every_cell_is_in_one_pair(a: str, b: str) -> None:
    """In its order, whatever was moved, doubled or removed."""
    cells = [read_notebook(notebook(*(cell(f"value = {letter!r}  # a cell") for letter in text))) for text in (a, b)]
    pairs = paired(*cells)
    assert [one for one, _ in pairs if one] == cells[0]
    assert [other for _, other in pairs if other] == cells[1]


def test_scripts_modules_and_what_only_one_has(tmp_path: Path) -> None:
    """By lines; the same by digest."""
    found = compared(
        tmp_path,
        {"train.py": "a = 1\n", "lib/同じ.py": "x\n", "old.py": ""},
        {"train.py": "a = 2\n", "lib/同じ.py": "x\n", "new.py": "y"},
    )
    rows = {row.name: row for row in found["code"].rows}
    assert {name: row.verdict.value for name, row in rows.items()} == {
        **dict.fromkeys(("train.py", "old.py", "new.py"), "differs"),
        "lib/同じ.py": "same",
    }
    assert rows["train.py"].details[0].lines[-2:] == ("-a = 1", "+a = 2")
    assert (rows["old.py"].note, rows["new.py"].note) == ("only in A", "only in B")


def test_a_notebook_that_was_renamed(tmp_path: Path) -> None:
    """Is the same notebook, if each run has one."""
    text = notebook(cell("1", printed("1")))
    found = compared(tmp_path, {"a.ipynb": text}, {"b.ipynb": text})
    assert [(row.name, row.verdict.value) for row in found["code"].rows] == [("a.ipynb → b.ipynb", "same")]
    assert found["outputs"].verdict == "same"


def test_code_of_which_only_a_digest_is_kept(tmp_path: Path) -> None:
    """Git ignores the file, or it was too large."""
    a, b = run(tmp_path / "a", {"x.py": "1"}), run(tmp_path / "b", {"x.py": "2"})
    b.record("code.json")["files"][0]["kept"] = False
    assert "by digest alone" in jupyter_utils.compare(a, b)["code"].rows[0].difference


def test_the_order_of_cells_and_the_arguments(tmp_path: Path) -> None:
    """As `cells.json` and `call.json` have them; a place and a number are no difference."""
    records = [
        {
            "cells": {"format": 1, "order": order, "cells": [{"number": n, "source": s} for n, s in cells]},
            "call": {"format": 1, "number": n, "directory": f"/{n}", "papermill": {"parameters": {"lr": n}}},
        }
        for n, (order, cells) in enumerate([("linear", [(1, "a"), (2, "b")]), ("out of order", [(5, "b"), (6, "a")])])
    ]
    sides = [run(tmp_path / str(n), {"x.py": ""}, **one) for n, one in enumerate(records)]
    rows = {row.name: (row.verdict.value, row.a, row.b) for row in jupyter_utils.compare(*sides)["code"].rows}
    assert rows["cells in the order in which they ran"] == ("differs", "linear", "out of order")
    assert rows["papermill.lr"] == ("differs", "0", "1")
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<A object at 0x7f0011223344>", "<A object at 0x7f5566778899>"),
        ("took 1.5 s, 12.3it/s", "took 20 s, 1.1it/s"),
        ("2026-11-28 10:00:00 start", "2027-01-01T23:59:59.123 start"),
        (
            "CPU times: user 1.2 s, sys: 3 ms\nWall time: 1min 3s",
            "CPU times: user 9.2 s, sys: 13 µs\nWall time: 2min 9s",
        ),
        ("  0%|          | 0/10 [00:00<?, ?it/s]\rdone", " 50%|#####     | 5/10 [00:01<00:01, 4.9it/s]\rdone"),
        ("a\r\nb", "a\nb"),
        ("\x1b[31mred\x1b[0m", "red"),
        (
            "{'train_runtime': 3.21, 'train_samples_per_second': 12.3}",
            "{'train_runtime': 4, 'train_samples_per_second': 1}",
        ),
        ("id 0123456789abcdef0123456789abcdef", "id ffffffffffffffffffffffffffffffff"),
        ("/tmp/ipykernel_123/456.py:3: UserWarning", "/tmp/ipykernel_9/1.py:3: UserWarning"),
        ("学習 3.2 秒", "学習 10 秒"),
        ("http://127.0.0.1:15000/#/experiments", "http://127.0.0.1:15001/#/experiments"),
    ],
)
def test_what_is_another_each_time_is_left_out(one: str, other: str) -> None:
    """Addresses, times, rates, progress bars, ids, places of a cell."""
    assert lasting(one) == lasting(other)


@pytest.mark.parametrize(("one", "other"), [("f1 0.91", "f1 0.92"), ("3 sets", "4 sets"), ("0.5 hits", "0.6 hits")])
def test_results_are_not_left_out(one: str, other: str) -> None:
    """Numbers without a unit of time are what a comparison is for."""
    assert lasting(one) != lasting(other)


def test_outputs_of_cells(tmp_path: Path) -> None:
    """Of those whose text is the same; streams whole, pictures by their content, our own card not at all."""
    card = {
        "output_type": "execute_result",
        "data": {"text/plain": "Run 0123456789abcdef0123456789abcdef is stored: x"},
    }
    picture = {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}, "metadata": {}}
    bar = STREAM | {"name": "stderr", "text": " 50%|##  | 1/2 [00:00<00:00]\n"}
    a = notebook(
        cell("print(1)", printed("f1 "), bar, printed("0.9\n")),
        cell("same", printed("x at 0x7f0000000000\n"), card),
        cell("plot()", picture),
        cell("changed = 1", printed("1")),
    )
    other_picture = {**picture, "data": {"image/png": "BBBB", "text/plain": "<Figure>"}}
    b = notebook(
        cell("print(1)", printed("f1 0.8\n")),
        cell("same", printed("x at 0x7f9999999999\n")),
        cell("plot()", other_picture),
        cell("changed = 2", printed("2")),
    )
    found = compared(tmp_path, {"nb.ipynb": a}, {"nb.ipynb": b})["outputs"]
    assert [(row.name, row.a) for row in found.rows] == [
        ("nb.ipynb, cell 1", "f1 0.9"),
        ("nb.ipynb, cell 3", "[image/png, 4 characters]"),
    ]
    assert found.rows[1].details[-1].a == "data:image/png;base64,AAAA"
    assert found.counts["same"] == 1
    assert "1 cell whose text differs" in found.notes[-1]
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": ["long"]}
    assert lasting_outputs((error,)) == [("error", "ValueError: x")]


@pytest.mark.parametrize(("traceback", "shown"), [("File jupyter_utils/saving.py", 0), ("File sqlalchemy/url.py", 1)])
def test_a_save_that_was_refused_is_no_difference(traceback: str, shown: int) -> None:
    """Called in vain, mended, called again in another cell: the run is the same. Errors of others are not left out."""
    error = {"output_type": "error", "ename": "ArgumentError", "evalue": "x", "traceback": ["Cell In[1]", traceback]}
    assert len(lasting_outputs((error,))) == shown


def test_only_outputs_of_the_run_are_compared(tmp_path: Path) -> None:
    """The calling cell's output is not complete in the file, and what stands below it is of an earlier time."""
    texts = [
        notebook(
            cell("above()", printed("1")),
            cell("jupyter_utils.save_mlflow('x')", printed(f"{number}")),
            cell("below()", printed(f"{number}")),
        )
        for number in range(2)
    ]
    sides = [run(tmp_path / str(number), {"nb.ipynb": text}) for number, text in enumerate(texts)]
    found = jupyter_utils.compare(*sides)["outputs"]
    assert (found.verdict.value, found.counts["same"]) == ("same", 1)
    assert found.notes[-1] == "not compared: 2 cells that called save_mlflow, or ran after it"
    ran = [{"position": at, "place": "in the notebook", "source": ""} for at in (2, 0, 1)]
    for number, text in enumerate(texts):
        folder = tmp_path / f"known {number}"
        sides.append(run(folder, {"nb.ipynb": text}, cells={"format": 1, "order": "out of order", "cells": ran}))
    assert [row.name for row in jupyter_utils.compare(*sides[2:])["outputs"].rows] == ["nb.ipynb, cell 3"]


def test_a_notebook_that_a_reproduction_has_run_to_its_end(tmp_path: Path) -> None:
    """Its outputs are held against those of the run, under whatever name it lies in a folder."""
    old = run(tmp_path / "old", {"work/nb.ipynb": notebook(cell("score()", printed("0.9")), cell("save_mlflow()"))})
    new = tmp_path / "executed.ipynb"
    new.write_text(notebook(cell("score()", printed("0.8")), cell("save_mlflow()", printed("saved"))))
    (tmp_path / "new").mkdir()
    found = jupyter_utils.compare(old, folder_side(tmp_path / "new", executed=new))["outputs"]
    assert [(row.name, row.a, row.b) for row in found.rows] == [("work/nb.ipynb, cell 1", "0.9", "0.8")]


def test_the_notebook_of_a_commit_that_is_at_hand(tmp_path: Path) -> None:
    """A run made before runs held their code names a commit, and its repository is perhaps still there."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "init", "-q"], check=True)
    sides = []
    for number in range(2):
        (tmp_path / "nb.ipynb").write_text(notebook(cell(f"x = {number}")))
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "x"], check=True)
        commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        tags = {"mlflow.source.git.commit": commit, "jupyter_utils.notebook.path": str(tmp_path / "nb.ipynb")}
        (tmp_path / "empty").mkdir(exist_ok=True)
        sides.append(folder_side(tmp_path / "empty", tags=tags))
    found = jupyter_utils.compare(*sides)["code"]
    assert [(row.name, row.verdict.value) for row in found.rows] == [("commit", "differs"), ("nb.ipynb", "differs")]
    assert "+x = 1" in found.rows[1].details[0].lines
    sides[0].tags["mlflow.source.git.commit"] = "0" * 40
    found = jupyter_utils.compare(*sides)["code"]
    assert "is not in" in found.notes[0]
