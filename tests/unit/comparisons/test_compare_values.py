"""Values of two runs, looked into by what they are."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch
from jupyter_utils.comparisons.looking import compare_values, look_into
from jupyter_utils.comparisons.tables import compare_tables
from jupyter_utils.comparisons.texts import compare_texts
from jupyter_utils.comparisons.tolerance import Tolerance
from jupyter_utils.comparisons.trees import compare_trees

if TYPE_CHECKING:
    from pathlib import Path

NEAR = Tolerance("*", "abs", 0.01)


def test_the_same_table_whatever_stands_for_missing() -> None:
    """NaN is the same as NaN, in every type of column."""
    frame = pd.DataFrame(
        {
            "f": [1.0, np.nan],
            "t": ["猫", None],
            "d": pd.to_datetime(["2026-01-01", None]),
            "i": pd.array([1, None], dtype="Int64"),
            "c": pd.Categorical(["a", None]),
            "l": [[1, 2], None],
            "big": [2**60, 1],
        }
    )
    assert compare_tables(frame, frame.copy()).verdict == "same"


def test_cells_that_differ_are_counted_and_named() -> None:
    """By column, with the first cells, and where they stand."""
    one = pd.DataFrame({"text": ["猫", "犬", "鳥"], "p": [0.1, 0.2, 0.3], "big": [2**60, 2**60, 2**60]})
    other = one.assign(text=["猫", "魚", "鳥"], p=[0.1, 0.2, 0.35], big=[2**60, 2**60, 2**60 + 1])
    found = compare_tables(one, other)
    assert found.said == "3 of 9 cells differ, in 3 of 3 columns; rows by their numbers, from 0"
    by_column, cells = found.details
    assert [row[:2] for row in by_column.rows] == [("text", "1"), ("p", "1"), ("big", "1")]
    assert ("1", "text", "犬", "魚") in cells.rows
    assert ("2", "big", str(2**60), str(2**60 + 1)) in cells.rows


def test_rows_belong_together_by_their_key() -> None:
    """A row that came in between moves all others, and only it is new."""
    one = pd.DataFrame({"doc_id": [1, 2, 3], "label": list("abc")})
    other = pd.DataFrame({"doc_id": [3, 9, 2, 1], "label": list("cxba")})
    found = compare_tables(one, other)
    assert found.said == "1 row only in B; rows in another order"
    by_index = [frame.set_index("doc_id") for frame in (one, other.assign(label=list("cxBa")))]
    assert "1 of 3 cells differ" in compare_tables(*by_index).said


def test_columns_that_came_went_moved_or_changed_their_type() -> None:
    """Each is said; the cells of those that stayed are compared."""
    one = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    found = compare_tables(one, pd.DataFrame({"c": [3], "b": [2.5], "new": [0]}))
    for words in (
        "columns only in A: a",
        "columns only in B: new",
        "another order",
        "b (int64, float64)",
        "1 of 2 cells",
    ):
        assert words in found.said
    assert compare_tables(one, one.astype({"a": float})).verdict == "differs"
    doubled = pd.DataFrame([[1, 2]], columns=["x", "x"])
    assert "x (2)" in compare_tables(doubled, pd.DataFrame([[1, 3]], columns=["x", "x"])).details[0].rows[0]


def test_tolerance_is_for_numbers_alone() -> None:
    """A text is not near another, nor is a row that is not there."""
    one = pd.DataFrame({"p": [0.5, np.inf], "t": ["a", "b"]})
    assert compare_tables(one, one.assign(p=[0.505, np.inf]), NEAR).verdict == "approximate"
    assert compare_tables(one, one.assign(p=[0.505, 1.0]), NEAR).verdict == "differs"
    assert compare_tables(one, one.assign(p=[0.505, np.inf], t=["a", "c"]), NEAR).verdict == "differs"
    assert compare_tables(one, one.iloc[:1], NEAR).verdict == "differs"


def test_a_million_rows_take_seconds_and_little_room() -> None:
    """Every cell is looked at, and a few are shown."""
    numbers = np.arange(1_000_000)
    one = pd.DataFrame({"id": numbers, "x": numbers / 7, "t": np.array(["猫", "犬"])[numbers % 2]})
    other = one.assign(x=one["x"] + 1e-9, t=np.array(["犬", "猫"])[numbers % 2])
    started = time.monotonic()
    found = compare_tables(one, other.sample(frac=1, random_state=0))
    assert time.monotonic() - started < 30
    assert "1000000 rows" not in found.said
    assert "cells differ" in found.said
    assert len(repr(found)) < 10_000


@pytest.mark.parametrize("make", [np.asarray, torch.tensor], ids=["numpy", "torch"])
def test_the_largest_difference_of_arrays(make: Any) -> None:
    """Absolute, relative, and where."""
    one = make([[0.5, float("nan")], [2.0, 4.0]])
    other = make([[0.5, float("nan")], [2.0, 4.5]])
    assert compare_values(one, make([[0.5, float("nan")], [2.0, 4.0]]), None).verdict == "same"
    found = compare_values(one, other, None)
    assert found.said == "1 of 4 differ, at most by 0.5 (relative 0.125), at [1, 1]"
    assert compare_values(one, other, Tolerance("*", "rel", 0.2)).verdict == "approximate"
    assert "in A" in compare_values(one, other[:1], None).said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([2**62]), np.array([2**62 + 1])),
        (np.array(["a", "b"]), np.array(["a", "c"])),
        (np.array([True]), np.array([False])),
        (np.array([1 + 2j]), np.array([1 + 3j])),
        (np.array(["2026-01-01"], dtype="M8[s]"), np.array(["NaT"], dtype="M8[s]")),
        (np.array([1.0], dtype="f4"), np.array([1.0])),
        (np.array(np.inf), np.array(-np.inf)),
        (torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([2.0], dtype=torch.bfloat16)),
        (torch.eye(2).to_sparse(), 2 * torch.eye(2).to_sparse()),
    ],
    ids=str,
)
def test_arrays_of_every_type(one: Any, other: Any) -> None:
    """What differs is seen, and what is the same is the same."""
    assert compare_values(one, one, None).verdict == "same"
    assert compare_values(one, other, None).verdict == "differs"
    assert compare_values(np.zeros((0, 3)), np.zeros((0, 3)), None).verdict == "same"


def test_nested_values_are_compared_by_path() -> None:
    """With arrays and tensors in them, as checkpoints have."""
    one = {"epoch": 3, "model": {"w": torch.ones(2, 2)}, "log": [{"loss": float("nan")}, {"loss": 0.5}]}
    other = {"epoch": 3, "model": {"w": torch.ones(2, 2)}, "log": [{"loss": float("nan")}, {"loss": 0.25}], "x": True}
    other["model"]["w"][1, 0] += 2
    found = compare_trees(one, other)
    assert found.said == "3 of 5 values differ; farthest apart, by 2: model.w[1, 0]"
    assert [row[0] for row in found.details[0].rows] == ["x", "model.w", "log[1].loss"]
    assert compare_trees({"a": 1}, {"a": True}).verdict == "differs"
    assert compare_trees([1, 2], [1]).verdict == "differs"


def test_json_deeper_than_pythons_stack() -> None:
    """Whoever wrote the file does not stop the comparison."""
    one: Any = "x"
    other: Any = "y"
    for _ in range(5000):
        one, other = [one], [other]
    assert compare_trees(one, other).verdict == "differs"
    itself: list[Any] = []
    itself.append(itself)
    assert compare_trees(itself, itself).verdict == "same"


def test_texts_by_line() -> None:
    """With the numbers of lines that they have in the file."""
    lines = [f"line {number}" for number in range(1, 2001)]
    found = compare_texts("\n".join(lines), "\n".join([*lines[:999], "changed", *lines[1000:]]))
    assert found.details[0].lines == (
        *("@@ -997,7 +997,7 @@", " line 997", " line 998", " line 999"),
        *("-line 1000", "+changed", " line 1001", " line 1002", " line 1003"),
    )
    assert compare_texts("a\n", "a\r\n").said == "the same lines, with other line ends"
    assert compare_texts("", "a\n").details[0].lines[-1] == "+a"


def test_very_long_texts_are_compared_line_by_line() -> None:
    """A difference that looks for moved lines would take hours."""
    started = time.monotonic()
    found = compare_texts("\n".join("ab" * 200_000), "\n".join("ba" * 200_000))
    assert time.monotonic() - started < 10
    assert len(found.details[0].lines) == 200
    assert found.details[0].left_out > 1_000_000


def written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("name", ["x.json", "x.npy", "x.npz", "x.pt", "x.safetensors", "x.parquet", "x.csv", "x.ipynb"])
def test_files_that_are_not_what_they_are_called(name: str, tmp_path: Path) -> None:
    """They differ, and why that is all is said."""
    paths = [written(tmp_path / one, name, b"\0\xff" + one.encode() * 9) for one in ("a", "b")]
    found = look_into(*paths)
    assert found.verdict == "differs"
    assert found.said


def test_nothing_that_runs_code_is_read(tmp_path: Path) -> None:
    """Neither a pickle, nor one that is called otherwise: a checkpoint, an array."""
    bomb = b"cos\nsystem\n(S'touch %s'\ntR." % str(tmp_path / "ran").encode()
    for name in ("m.pkl", "m.joblib", "m.pt", "m.bin", "m.npy", "m.skops", "m.json", "m.txt"):
        found = look_into(written(tmp_path / "a", name, bomb), written(tmp_path / "b", name, bomb + b"x"))
        assert found.verdict == "differs", name
    assert not (tmp_path / "ran").exists()


def test_the_same_values_in_other_files(tmp_path: Path) -> None:
    """Form alone is no difference: blanks in JSON, another compression."""
    paths = [written(tmp_path / name, "x.json", text) for name, text in (("a", b'{"a":1}'), ("b", b'{ "a": 1 }'))]
    assert look_into(*paths).verdict == "same"
    nested = [written(tmp_path / name, "y.json", json.dumps({"a": at}).encode()) for at, name in enumerate("ab")]
    assert look_into(*nested).details[0].rows == (("a", "0", "1", "+1"),)
