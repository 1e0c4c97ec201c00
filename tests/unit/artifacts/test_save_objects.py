"""Columns of Python objects, of which files of texts or numbers can hold a few kinds only."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from jupyter_utils import errors
from jupyter_utils.artifacts import writing
from round_trips import round_trip

if TYPE_CHECKING:
    from pathlib import Path

OBJECTS: dict[str, list[Any]] = {
    "list": [[1, 2], [3]],
    "dict": [{"a": 1}, {}],
    "set": [{1}, {2}],
    "number and text": [1, "x"],
    "number and its text": [1.5, "1.5"],
    "whole number and None": [1, None],
    "whole numbers": [1, 2],
    "large": [2**70, 1],
    "bool and None": [True, None],
    "bytes and None": [b"a", None],
    "decimal": [Decimal("1.10"), None],
    "date": [dt.date(2020, 1, 1), None],
    "time": [dt.time(1), None],
    "datetime": [dt.datetime(2020, 1, 1), None],  # noqa: DTZ001 - without a zone on purpose
    "zones": [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01", tz="UTC")],
    "text and NaN": ["x", math.nan],
    "text and both": ["x", None, math.nan],
    "text and NA": ["x", pd.NA],
    "text like missing": ["nan", "", None],
    "float and None": [1.5, None],
    "float, NaN and None": [1.5, math.nan, None],
    "NaN": [math.nan, math.nan],
    "None": [None, None],
    "numpy": [np.float32(0.1), np.int8(3)],
    "array": [np.arange(2), np.arange(3)],
    "own": [re.compile("a"), object],
}


EXACT = [
    "whole numbers",
    "bool and None",
    "bytes and None",
    "decimal",
    "date",
    "time",
    "text and NaN",
    "float and None",
]


@pytest.mark.parametrize("key", ["x.csv", "x.parquet"])
@pytest.mark.parametrize("values", OBJECTS.values(), ids=OBJECTS)
def test_columns_of_objects(values: list[Any], key: str, tmp_path: Path) -> None:
    """What does not come back as it was is said to be inexact, or refused; it can be read in any case."""
    frame = pd.DataFrame({"o": pd.Series(values, dtype=object), "c": pd.Categorical(["猫"] * len(values))})
    try:
        stored = writing.write(writing.plan("dataset", {key: frame})[0][0], tmp_path)
    except errors.StageError:
        assert key == "x.parquet"
        return
    back = round_trip(frame, key)["o"].tolist()
    same = [type(one) is type(two) and repr(one) == repr(two) for one, two in zip(values, back, strict=True)]
    assert all(same) or "inexact" in stored.details, back


def test_numbers_beside_columns_of_objects() -> None:
    """Where types cannot be told from the manifest, floats still come back to the last bit."""
    numbers = [0.1 + 0.2, 1e23, 5e-324, 1.7976931348623157e308]
    frame = pd.DataFrame({"mixed": pd.Series([1, "一", 2.5, None], dtype=object), "numbers": numbers})
    assert round_trip(frame, "x.csv")["numbers"].tolist() == numbers


@pytest.mark.parametrize("values", [OBJECTS[name] for name in EXACT], ids=EXACT)
def test_columns_of_one_kind(values: list[Any]) -> None:
    """What a user may well have in a column of objects comes back as it was."""
    frame = pd.DataFrame({"o": pd.Series(values, dtype=object)})
    assert round_trip(frame, "x.csv")["o"].map(repr).tolist() == list(map(repr, values))
