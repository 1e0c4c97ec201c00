"""Frames of unusual types: they come back as they were, or a warning or an error says before that they will not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_utils import errors
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.formats.frame_check import difference
from round_trips import round_trip

CUT = pd.cut([1, 2, 3, 4], 2)


def arrow(values: list[Any], kind: pa.DataType) -> pd.Series:
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


COLUMNS: dict[str, Any] = {
    "intervals": CUT,
    "ordered": pd.Categorical(["b", "a", "b", None], categories=["b", "a"], ordered=True),
    "ordered numbers": pd.Categorical([3, 1, 3, 1], categories=[3, 1], ordered=True),
    "dates as categories": pd.Categorical(pd.to_datetime(["2024-01-01", "2023-01-01"] * 2)),
    "lists": arrow([[1], [2, 3], None, []], pa.list_(pa.int64())),
    "structs": arrow([{"x": 1}] * 4, pa.struct([("x", pa.int64())])),
    "decimals": arrow([Decimal("1.10"), None, Decimal(0), Decimal(1)], pa.decimal128(5, 2)),
    "arrow texts": arrow(["x", None, "", "猫"], pa.string()),
    "arrow dictionary": arrow(["x", "y", "x", None], pa.dictionary(pa.int32(), pa.string())),
    "arrow times": arrow([dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None, None, None], pa.timestamp("ns", "UTC")),
    "periods": pd.period_range("2024-01", periods=4, freq="M"),
    "plain intervals": pd.interval_range(0, 4),
    "sparse": pd.arrays.SparseArray([0, 0, 1, 0]),
    "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
    "nullable floats": pd.array([1.5, None, 3, 4], dtype="Float64"),
    "python texts": pd.array(["a", None, "", "b"], dtype="string[python]"),
    "zone": pd.date_range("2024-01-01", periods=4, tz="Asia/Tokyo"),
    "offset": pd.to_datetime(["2024-01-01T00:00+09:00"] * 4),
    "durations": pd.to_timedelta([1, 2, 3, 4], unit="ns"),
    "complex": np.array([1j, 2, 3, 4]),
    "long floats": np.array([1, 2, 3, 4], dtype="longdouble"),
}
INDEXES: dict[str, Any] = {
    "rows": pd.RangeIndex(4),
    "named rows": pd.RangeIndex(4, name="id"),
    "numbers": pd.Index([5, 3, 3, 1]),
    "dates": pd.date_range("2024-01-01", periods=4, freq="D", tz="Asia/Tokyo"),
    "levels": pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["l", None]),
    "intervals": pd.CategoricalIndex(CUT),
    "periods": pd.period_range("2024-01", periods=4, freq="M"),
    "mixed": pd.Index(["x", 1, None, 2.5], dtype=object),
}
LABELS: dict[str, Any] = {
    "texts": pd.Index(["a", "b"]),
    "named": pd.Index(["a", "b"], name="c"),
    "numbers": pd.Index([0, 1]),
    "doubled": pd.Index(["a", "a"]),
    "mixed": pd.Index(["a", 1], dtype=object),
    "missing": pd.Index(["a", None]),
    "booleans": pd.Index([True, False]),
    "dates": pd.date_range("2024-01-01", periods=2),
    "categories": pd.CategoricalIndex(["a", "b"]),
    "intervals": pd.CategoricalIndex(pd.cut([1, 2], 2)),
    "levels": pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["l", None]),
}
KEYS = ["x", "x.csv", "x.tsv", "x.csv.gz", "x.parquet", "x.feather", "x.jsonl", "x.json", "x.xlsx"]
# What a file of texts gives back because of what is remembered beside it.
EXACT = sorted(set(COLUMNS) - {"complex", "long floats"})


def kept_or_said(frame: pd.DataFrame, key: str) -> bool:
    """Hold that a frame comes back, or that one is told; return whether it comes back."""
    before = frame.copy(deep=True)
    with TemporaryDirectory() as folder:
        try:
            stored = writing.write(writing.plan("dataset", {key: frame})[0][0], Path(folder))
        except errors.StageError as error:
            assert "name it" in str(error)  # noqa: PT017 - one of two ways out
            return False
    assert difference(frame, before) is None, "the caller's frame was changed"
    back = round_trip(frame, key)
    same = difference(back, frame) is None
    assert same or "inexact" in stored.details, difference(back, frame)
    return same


@settings(deadline=None)
@given(
    st.tuples(st.sampled_from(sorted(COLUMNS)), st.sampled_from(sorted(COLUMNS))),
    st.sampled_from(sorted(INDEXES)),
    st.sampled_from(sorted(LABELS)),
    st.sampled_from([{}, {"unit": "cm"}, {1: 2}, {"f": object}]),
    st.sampled_from(KEYS),
)
def test_frames_come_back_or_one_is_told(
    columns: tuple[str, str], index: str, labels: str, attrs: dict[Any, Any], key: str
) -> None:
    """Any type beside any other, with any index and labels, in every format."""
    frame = pd.DataFrame(dict(enumerate(COLUMNS[name] for name in columns)))
    frame = frame.set_axis(INDEXES[index], axis=0).set_axis(LABELS[labels], axis=1)
    frame.attrs = attrs
    kept_or_said(frame, key)


@pytest.mark.parametrize("key", ["x.csv", "x.tsv"])
@pytest.mark.parametrize("name", EXACT)
def test_types_that_text_gives_back(name: str, key: str) -> None:
    assert kept_or_said(pd.DataFrame({"a": COLUMNS[name], "b": range(4)}), key)


@pytest.mark.parametrize("name", sorted(set(EXACT) - {"intervals", "sparse"}))
def test_types_that_parquet_gives_back(name: str, tmp_path: Path) -> None:
    """And pandas itself can read the file."""
    frame = pd.DataFrame({"a": COLUMNS[name]})
    assert kept_or_said(frame, "x.parquet")
    stored = writing.write(writing.plan("dataset", {"x.parquet": frame})[0][0], tmp_path)
    assert len(pd.read_parquet(tmp_path / stored.path)) == 4


@pytest.mark.parametrize("key", ["x.csv", "x.jsonl"])
@pytest.mark.parametrize("labels", sorted(set(LABELS) - {"doubled"}))
@pytest.mark.parametrize("index", sorted(set(INDEXES) - {"mixed"}))
def test_index_and_labels_that_text_gives_back(index: str, labels: str, key: str) -> None:
    assert kept_or_said(pd.DataFrame([[1, 2]] * 4, index=INDEXES[index], columns=LABELS[labels]), key)


def test_crosstab() -> None:
    """Of binned values, a table that one makes every day: CSV gives it back, Parquet names what does."""
    table = pd.crosstab(CUT, pd.Series(["a", "b", "a", "b"]))
    assert kept_or_said(table, "x.csv")
    with pytest.raises(errors.StageError, match=r"name it \.csv or \.pkl"):
        round_trip(table, "x.parquet")
    assert kept_or_said(table, "x.pkl")


def test_subclass_is_said_to_come_back_as_a_frame(tmp_path: Path) -> None:
    class Own(pd.DataFrame):
        """A user's."""

    stored = writing.write(writing.plan("dataset", {"x.csv": Own({"a": [1]})})[0][0], tmp_path)
    assert "comes back as a DataFrame" in stored.details["inexact"]


def test_infinities_in_json(tmp_path: Path) -> None:
    (planned,), _ = writing.plan("dataset", {"x.jsonl": pd.DataFrame({"a": [1.5, np.inf]})})
    assert "infinities are null" in str(writing.write(planned, tmp_path).warnings)
    assert round_trip(planned.value, "x.jsonl")["a"].tolist() == [1.5, np.inf]


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("key", ["x.csv", "x.xlsx", "x.jsonl"])
def test_warning_of_an_index_that_the_file_lacks(name: str, key: str, tmp_path: Path) -> None:
    (planned,), _ = writing.plan("dataset", {key: pd.DataFrame({"a": range(4)}, index=INDEXES[name])})
    said = any("reset_index()" in warning for warning in writing.write(planned, tmp_path).warnings)
    assert said == (name != "rows")


@pytest.mark.parametrize("index", [[0, 1, 2], []])
def test_no_warning_of_the_numbers_of_rows(index: list[int], tmp_path: Path) -> None:
    (planned,), _ = writing.plan("dataset", {"x.csv": pd.DataFrame({"a": index}, index=pd.Index(index, dtype="int64"))})
    assert writing.write(planned, tmp_path).warnings == ()
