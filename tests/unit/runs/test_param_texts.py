"""Params are texts of whole values, the same under every print option and in every process."""

from __future__ import annotations

import ast
import dataclasses
import functools
import math
import subprocess
import sys
from argparse import Namespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.errors import ParamError
from jupyter_utils.runs.values import check_params

torch = pytest.importorskip("torch")


def text(value: Any) -> str:
    good, problems = check_params({"p": value})
    if problems:
        raise problems[0]
    return good["p"]


@dataclasses.dataclass
class Config:
    """As a user has one."""

    lr: float = 0.1
    act: Any = torch.nn.functional.relu
    weights: Any = dataclasses.field(default_factory=lambda: np.arange(5000))


class Size(NamedTuple):
    """A pair."""

    width: int
    steps: Any


class Own:
    """A class without a text of its own."""


def function() -> None:
    """Do nothing."""


class Speaking:
    """A class whose text has an array in it."""

    def __repr__(self) -> str:
        return f"Speaking({np.arange(5000)}, {torch.arange(5000)}, {pd.Series(range(500))})"


@pytest.fixture
def odd_print_options() -> Any:
    """Set what a user may have set, and put it back."""
    torch.set_printoptions(threshold=3, precision=1)
    with np.printoptions(precision=1, threshold=3, suppress=True), pd.option_context("display.max_rows", 2):
        yield
    torch.set_printoptions(profile="default")


ARRAYS = st.lists(st.floats(allow_nan=False), max_size=2000)


@given(ARRAYS)
def test_arrays_are_whole(values: list[float]) -> None:
    """Every number of an array, a tensor, a column is in the text, to the last bit."""
    if len(values) == 1:
        return
    for made in (np.array(values), torch.tensor(values, dtype=torch.float64), pd.Series(values, dtype="float64")):
        assert eval(text(made), {"inf": math.inf}) == values  # noqa: S307 - our own text


@pytest.mark.usefixtures("odd_print_options")
def test_print_options_change_nothing() -> None:
    """Not at the top, not inside of containers, not in texts that objects make of themselves."""
    many = np.arange(5000)
    assert ast.literal_eval(text(many)) == many.tolist()
    assert ast.literal_eval(text({"a": [many], "b": torch.arange(5000)})) == {"a": [many.tolist()], "b": many.tolist()}
    assert text(Config()) == f"Config(lr=0.1, act=torch.nn.functional.relu, weights={many.tolist()})"
    assert text(np.array([0.123456789])) == "0.123456789"
    assert text(pd.DataFrame({"a": range(3)})) == "{'a': [0, 1, 2]}"
    said = text(Speaking())
    assert "..." not in said
    assert torch._tensor_str.PRINT_OPTS.threshold == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.nn.functional.relu, "torch.nn.functional.relu"),
        (torch.optim.Adam, "torch.optim.adam.Adam"),
        (np.mean, "numpy.mean"),
        (np.exp, "numpy.exp"),
        (len, "len"),
        (int, "int"),
        (function, f"{__name__}.function"),
        (functools.partial(function, 1, k=np.arange(2)), f"functools.partial({__name__}.function, 1, k=[0, 1])"),
        ([function, {"f": max}], f"[{__name__}.function, {{'f': max}}]"),
        (Size(3, np.arange(2)), "Size(width=3, steps=[0, 1])"),
        (Namespace(lr=np.float64(0.5), seeds=np.arange(2)), "Namespace(lr=0.5, seeds=[0, 1])"),
        ({3, 20, 1}, "{1, 3, 20}"),
        (frozenset({"b", "a"}), "frozenset({'a', 'b'})"),
        (set(), "set()"),
        (math, "math"),
        (torch.tensor(0.5), "0.5"),
        (np.datetime64("2024-01-01", "ns"), "2024-01-01T00:00:00.000000000"),
        ([np.str_("猫"), np.float32(0.5), None], "['猫', 0.5, None]"),
        (torch.float16, "torch.float16"),
        ([np.random.default_rng(0)], "[Generator(PCG64)]"),
        ("text", "text"),
    ],
)
def test_texts(value: Any, expected: str) -> None:
    """Functions and classes are their qualified names; no text has an address in it."""
    assert text(value) == expected


@pytest.mark.parametrize(
    "value", [Own(), [Own()], {"a": Own()}, iter([1]), (one for one in []), map(len, []), torch.empty(2, device="meta")]
)
def test_what_has_no_text_is_refused(value: Any) -> None:
    """Its address in memory would say nothing; the error names param, type and remedy."""
    with pytest.raises(ParamError, match=r"params\['p'\] is a .*: give"):
        text(value)


def test_a_value_that_holds_itself() -> None:
    value: list[Any] = [1]
    value.append(value)
    with pytest.raises(ParamError, match="holds itself"):
        text(value)
    same = [1]
    assert text([same, same]) == "[[1], [1]]"


@given(
    st.recursive(
        st.integers() | st.text(max_size=3) | st.booleans() | st.none(),
        lambda one: st.lists(one) | st.dictionaries(st.text(max_size=2), one) | st.tuples(one, one),
    )
)
def test_plain_values_are_as_python_writes_them(value: Any) -> None:
    assert text(value) == str(value)


def test_sets_are_alike_in_every_process() -> None:
    code = "from jupyter_utils.runs.param_text import param_text; print(param_text({'a','b','c','d','e','f'}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
