"""Two numbers, as people read how far they are apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .verdict import Verdict

if TYPE_CHECKING:
    from .tolerance import Tolerance


def equal(a: Any, b: Any) -> bool:
    """Tell whether two numbers are the same; NaN is the same as NaN.

    >>> equal(float("nan"), float("nan")), equal(1, 1.0), equal(0.1, 0.2)
    (True, True, False)
    """
    return bool(a == b) or (_is_nan(a) and _is_nan(b))


def _is_nan(number: Any) -> bool:
    return bool(number != number)  # noqa: PLR0124 - of any type of number


def judge(a: Any, b: Any, tolerance: Tolerance | None) -> Verdict:
    """Judge two numbers; only finite ones can be near each other."""
    if equal(a, b):
        return Verdict.SAME
    one, other = float(a), float(b)
    if tolerance and math.isfinite(one) and math.isfinite(other) and tolerance.allows(one, other):
        return Verdict.APPROXIMATE
    return Verdict.DIFFERS


def said(a: Any, b: Any) -> str:
    """Say how far B is from A, also as a share of A.

    >>> said(0.8, 0.81), said(0.0, 1.0), said(1.0, 1.0), said(1.0, float("inf"))
    ('+0.01 (+1.25%)', '+1', '', 'inf')
    """
    if equal(a, b):
        return ""
    one, other = float(a), float(b)
    far = other - one
    if not math.isfinite(far):
        return f"{far:g}"
    if far == 0:
        return "less than a float can tell"
    return f"{far:+.3g}{_share(far / abs(one))}" if one else f"{far:+.3g}"


def _share(share: float) -> str:
    return f" ({share:+.2%})" if abs(share) >= _SMALL else f" ({share:+.1e} of it)"


_SMALL = 1e-4
"""Below this a percentage would be a row of zeros."""
