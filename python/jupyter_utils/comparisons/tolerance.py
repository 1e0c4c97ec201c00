"""How far numbers may be apart and still count as near enough, by the names of metrics and artifacts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import ToleranceError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORM = 'NAME=abs:X or NAME=rel:X, X a number from 0 on (such as "f1=abs:0.001" or "*=rel:1e-6")'


@dataclass(frozen=True)
class Tolerance:
    """How far B may be from A: `bound` itself (`abs`), or that share of A's absolute value (`rel`)."""

    name: str
    kind: str
    bound: float

    def __str__(self) -> str:
        return f"{self.kind}:{self.bound:g}"

    def allows(self, a: Any, b: Any) -> Any:
        """Tell whether B is near enough to A; numbers, or arrays of one shape, of which the result is one of bools."""
        return abs(b - a) <= (self.bound if self.kind == "abs" else self.bound * abs(a))


class Tolerances:
    """All that were given. An exact name comes before patterns, and of patterns the last one that fits counts."""

    def __init__(self, given: Iterable[Tolerance] = ()) -> None:
        self._given = tuple(given)
        self._used: set[str] = set()

    def of(self, name: str) -> Tolerance | None:
        """Return the tolerance of a metric, or of the numbers in an artifact."""
        exact = [one for one in self._given if one.name == name]
        fitting = exact or [one for one in self._given if fnmatchcase(name, one.name)]
        self._used |= {one.name for one in self._given if one.name == name or fnmatchcase(name, one.name)}
        return fitting[-1] if fitting else None

    def unused(self) -> list[str]:
        """Return the names that nothing had which was asked for: probably misspelt."""
        return [one.name for one in self._given if one.name not in self._used]


def tolerances(given: object) -> Tolerances:
    """Read what a user gives: `{"f1": "abs:0.001"}`, texts as on the command line, or one text for all.

    Raises:
        ToleranceError: it is none of these; the message says what is.

    >>> tolerances({"f1": "abs:0.001"}).of("f1")
    Tolerance(name='f1', kind='abs', bound=0.001)
    >>> str(tolerances("rel:1e-6").of("loss"))
    'rel:1e-06'
    """
    if given is None:
        return Tolerances()
    if isinstance(given, Tolerances):
        return given
    if isinstance(given, str):
        given = [given]
    if isinstance(given, Mapping):
        return Tolerances(_read(str(name), text) for name, text in given.items())
    if isinstance(given, list | tuple):
        return Tolerances(_split(text) for text in given)
    raise ToleranceError(f"tolerance is a {type(given).__name__}, but must be a dict such as {{'f1': 'abs:0.001'}}.")


def _split(text: object) -> Tolerance:
    if isinstance(text, Tolerance):
        return text
    # From the right: a metric's name may hold a "=".
    name, sign, form = str(text).rpartition("=")
    if not sign and ":" not in form:
        near = _near("*", form) or f" Did you mean {form}=abs:0.001?"
        raise ToleranceError(f"The tolerance {form!r} must be given as {_FORM}.{near}")
    return _read(name or "*", form)


def _read(name: str, form: object) -> Tolerance:
    kind, _, number = str(form).strip().partition(":")
    try:
        bound = float(number)
    except ValueError:
        bound = math.nan
    if kind not in {"abs", "rel"} or not (math.isfinite(bound) and bound >= 0):
        near = _near(name, str(form).strip())
        raise ToleranceError(f"The tolerance of {name!r} is {form!r}, but must be given as {_FORM}.{near}")
    return Tolerance(name, kind, bound)


def _near(name: str, form: str) -> str:
    """Say what was probably meant: a bound without its kind, or a kind that is misspelt."""
    kind, sign, number = form.rpartition(":")
    with suppress(ValueError):
        if float(number) >= 0:
            meant = (get_close_matches(kind.lower(), ("abs", "rel"), 1) if sign else []) or ["abs", "rel"]
            return f" Did you mean {' or '.join(f'{name}={one}:{number}' for one in meant)}?"
    return ""
