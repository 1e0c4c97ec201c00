"""Metrics that a float of 64 bits, or MLflow, cannot hold; and what is no metric."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.runs.exact_metrics import restored
from jupyter_utils.runs.values import check_metrics, exact_metrics

NUMBERS = (
    st.floats()
    | st.integers(-(2**1000), 2**1000)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.floats(width=32).map(np.float32)
    | st.integers(-(2**63), 2**63 - 1).map(np.int64)
    | st.floats(allow_nan=False).map(np.longdouble).map(lambda one: one / 3)
)


@given(NUMBERS)
def test_numbers_come_back_exactly(value: Any) -> None:
    """Either MLflow's float is equal to what was given, or what is kept beside is."""
    good, problems = check_metrics({"m": value})
    if problems:
        assert "As a param it is kept whole" in str(problems[0])
        return
    kept = exact_metrics({"m": value}, ["m"])
    back = restored(kept["m"]) if kept else good["m"]
    assert back == value or (math.isnan(back) and math.isnan(value))
    if not kept:
        assert not math.isinf(good["m"])


@pytest.mark.parametrize("value", [math.inf, -math.inf, 2**53 + 1, Decimal("0.1"), Fraction(1, 3)])
def test_type_of_what_is_kept(value: Any) -> None:
    assert type(restored(exact_metrics({"m": value}, ["m"])["m"])) is type(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0.9, 0.8], "result={'loss.json': ...}"),
        ({"a": 0.9}, "{'val/loss/a': ...}"),
        (np.arange(3), "result={'loss.npy': ...}"),
        ("0.9", "convert it with float()"),
        (None, "leave it out"),
        (True, "int()"),
    ],
)
def test_what_is_no_number_is_told_where_to_go(value: Any, said: str) -> None:
    (problem,) = check_metrics({"val/loss": value})[1]
    assert said in str(problem)
