"""Names of arguments that a function does not have: refused before anything happens, with the name that was meant."""

from __future__ import annotations

import difflib
import functools
import inspect
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from jupyter_utils.errors import ArgumentNameError

if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT = 2
"""Letters that are in too many names to mean one of them."""
Result = TypeVar("Result")
Given = ParamSpec("Given")


def spelled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Have a function say which argument was meant by a name that it does not know."""
    known = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        if unknown := [name for name in kwargs if name not in known]:
            raise ArgumentNameError(_said(function.__name__, unknown, known))
        return function(*args, **kwargs)

    return checked


def _said(function: str, unknown: list[str], known: list[str]) -> str:
    lines = []
    for name in unknown:
        meant = _meant(name, known)
        hint = f"did you mean {meant}=?" if meant else f"its arguments are {', '.join(known)}."
        lines.append(f"{function}() has no argument {name}=: {hint}")
    return " ".join(lines) + " Nothing was done."


def _meant(name: str, known: list[str]) -> str | None:
    """Return the argument that a name most resembles; None where it resembles none.

    >>> _meant("metics", ["params", "metrics"]), _meant("experiment", ["experiment_name"]), _meant("x", ["params"])
    ('metrics', 'experiment_name', None)
    """
    plain = {one.lower().replace("_", ""): one for one in known}
    sought = name.lower().replace("_", "")
    close = difflib.get_close_matches(sought, plain, 1, 0.6)
    if close:
        return plain[close[0]]
    part = next((one for one in plain if sought[_SHORT:] and (sought in one or one in sought)), None)
    return plain[part] if part else None
