"""Which of the runs that an execution has saved is held against the original."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_utils.entries.entry import Entry
from jupyter_utils.reproduction import saved as saved_module
from jupyter_utils.reproduction.original import find_original
from jupyter_utils.reproduction.saved import matching
from recorded_runs import notebook, recorded

if TYPE_CHECKING:
    from pathlib import Path

CELLS = {"cells": [{"number": 7, "position": 1}, {"number": 9, "position": 2}]}


@dataclass
class Made:
    entry: Entry
    records: dict[str, Any] = field(default_factory=dict)

    def record(self, name: str) -> dict[str, Any]:
        return self.records.get(name, {})


def made(run_name: str, cell: int, in_cell: int = 1, number: int = 1, experiment: str = "exp") -> Any:
    call = {"cell": {"number": cell}, "number_in_cell": in_cell, "number": number}
    cells = {"cells": [{"number": 2, "position": 1}, {"number": 3, "position": 2}]}
    return Made(Entry(experiment, 1, run_name), {"call.json": call, "cells.json": cells})


def original(tmp_path: Path, cell: int | None, in_cell: int = 1, number: int = 1) -> Any:
    call = {"number": number} | ({"cell": {"number": cell}, "number_in_cell": in_cell} if cell else {})
    files = {"one.ipynb": notebook("1")}
    return find_original(recorded(tmp_path, tmp_path, files, records={"call.json": call, "cells.json": CELLS}))


def test_the_cell_decides(tmp_path: Path) -> None:
    """By its place in the notebook: execution numbers are others in another kernel, and names may be the same."""
    saved = [made("one", 2), made("one", 3, 1), made("one", 3, 2)]
    assert matching(original(tmp_path, 9, 2), saved) is saved[2]


def test_then_the_names(tmp_path: Path) -> None:
    saved = [made("other", 2), made("one", 2, 5), made("other", 3)]
    assert matching(original(tmp_path, 9, 7), saved) is saved[1]


def test_then_the_order(tmp_path: Path) -> None:
    saved = [made("a", 2, number=1), made("b", 2, 2, number=2), made("c", 2, 3, number=3)]
    assert matching(original(tmp_path, None, number=2), saved) is saved[1]


def test_a_script_that_saves_under_one_name(tmp_path: Path) -> None:
    saved = [made("one", 2, number=1), made("one", 2, 2, number=2)]
    assert matching(original(tmp_path, None, number=2), saved) is saved[1]


@pytest.mark.parametrize("saved", [[], [made("x", 2, experiment="elsewhere")]])
def test_none_or_one(tmp_path: Path, saved: list[Any]) -> None:
    """Nothing saved is nothing; the only one is it, whatever it is called."""
    assert matching(original(tmp_path, 9), saved) is (saved[0] if saved else None)


def test_an_input_has_one_name(tmp_path: Path) -> None:
    """In a sandbox a file is seen in the work folder and at its old place; names may hold bytes that are no text."""
    files = [
        {"path": "data/x.csv", "sha256": "1", "cells": [2]},
        {"path": "/old/repo/data/x.csv", "sha256": "1", "cells": [1]},
        {"path": "/elsewhere/\udce9.csv", "sha256": "2", "cells": []},
    ]
    (tmp_path / "code.json").write_text(json.dumps({"root": "/old/repo"}))
    (tmp_path / "inputs.json").write_text(json.dumps({"format": 1, "complete": True, "files": files}))
    saved_module._tell_inputs_once(tmp_path)
    found = json.loads((tmp_path / "inputs.json").read_text())
    assert [(row["path"], row["cells"]) for row in found["files"]] == [
        ("data/x.csv", [1, 2]),
        ("/elsewhere/\udce9.csv", []),
    ]
    assert found["complete"] is True
