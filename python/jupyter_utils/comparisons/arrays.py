"""Two arrays of numpy or tensors of torch: the largest difference, piece by piece, so that size costs no memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tolerance import Tolerance

_PIECE = 2**21
"""Numbers that are looked at together."""


@dataclass(frozen=True)
class Apart:
    """How far two arrays are apart.

    Attributes:
        verdict: of all numbers together.
        count: how many numbers differ.
        total: how many there are.
        absolute: the largest difference; NaN where it is none of finite numbers, or none of numbers.
        relative: the largest difference as a share of A's number; zeros of A are left out.
        where: the index of the largest absolute difference, or of the first where none can be told.
        a: A's value there.
        b: B's value there.
        why: why they cannot be held against each other; empty where they can.
    """

    verdict: Verdict
    count: int = 0
    total: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    where: tuple[int, ...] = ()
    a: str = ""
    b: str = ""
    why: str = ""

    def __str__(self) -> str:
        if self.why:
            return self.why
        if self.verdict is Verdict.SAME:
            return f"all {self.total} numbers are the same"
        far = "" if np.isnan(self.absolute) else f", at most by {self.absolute:.3g} (relative {self.relative:.3g})"
        return f"{self.count} of {self.total} differ{far}, at {list(self.where)}"


def is_array(value: Any) -> bool:
    """Tell whether a value is an array or a tensor; torch is not imported for it."""
    kind = type(value)
    torch_like = any(one.__module__ == "torch" and one.__name__ == "Tensor" for one in kind.__mro__)
    return isinstance(value, np.ndarray) or torch_like


def compare_arrays(a: Any, b: Any, tolerance: Tolerance | None = None) -> Apart:
    """Compare two arrays or tensors, NaN being the same as NaN."""
    form = [f"{_dtype(one)} {tuple(one.shape)}" for one in (a, b)]
    if tuple(a.shape) != tuple(b.shape):
        return Apart(Verdict.DIFFERS, why=f"{form[0]} in A, {form[1]} in B")
    apart = _compared(_flat(a), _flat(b), tuple(a.shape), tolerance)
    if _dtype(a) != _dtype(b):
        said = "" if apart.verdict is Verdict.SAME else f"; {apart}"
        return Apart(Verdict.DIFFERS, why=f"{form[0]} in A, {form[1]} in B{said}")
    return apart


def _dtype(array: Any) -> str:
    return str(array.dtype).removeprefix("torch.")


def _flat(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        return array.reshape(-1)
    array = array.detach()
    if array.is_quantized:
        array = array.dequantize()
    return (array if str(array.layout) == "torch.strided" else array.to_dense()).flatten()


def _piece(flat: Any, start: int) -> np.ndarray:
    """Return a piece as an array; what numpy does not know (bfloat16, float8) as floats that hold it exactly."""
    piece = flat[start : start + _PIECE]
    if isinstance(piece, np.ndarray):
        return piece
    import torch

    if piece.dtype.is_floating_point and piece.dtype != torch.float64:
        piece = piece.to(torch.float32)
    found: np.ndarray = piece.resolve_conj().cpu().numpy()
    return found


def _pieces(a: Any, b: Any) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    for start in range(0, len(a), _PIECE):
        yield start, _piece(a, start), _piece(b, start)


def _compared(a: Any, b: Any, shape: tuple[int, ...], tolerance: Tolerance | None) -> Apart:
    count, absolute, relative, near = 0, -1.0, 0.0, True
    first: int | None = None
    largest: int | None = None
    shown: dict[int, tuple[str, str]] = {}
    for start, one, other in _pieces(a, b):
        unequal = _unequal(one, other)
        if not unequal.any():
            continue
        count += int(unequal.sum())
        places = np.flatnonzero(unequal)
        if first is None:
            first = start + int(places[0])
            shown[first] = (str(one[places[0]]), str(other[places[0]]))
        gaps, shares = _gaps(one[places], other[places])
        near = near and tolerance is not None and _all_near(one[places], other[places], tolerance)
        relative = max(relative, shares)
        if len(gaps) and np.nanmax(gaps, initial=-1.0) > absolute:
            at = int(np.nanargmax(gaps))
            absolute, largest = float(gaps[at]), start + int(places[at])
            shown[largest] = (str(one[places[at]]), str(other[places[at]]))
    if first is None:
        return Apart(Verdict.SAME, total=len(a))
    at = first if largest is None else largest
    verdict = Verdict.APPROXIMATE if near else Verdict.DIFFERS
    where = tuple(int(index) for index in np.unravel_index(at, shape)) if shape else ()
    far = absolute if absolute >= 0 else float("nan")
    return Apart(verdict, count, len(a), far, relative, where, *shown[at])


def _unequal(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    unequal = np.asarray(one != other)
    if one.dtype.kind in "fcmM" and other.dtype.kind in "fcmM":
        unequal &= ~(np.isnat(one) & np.isnat(other) if one.dtype.kind in "mM" else np.isnan(one) & np.isnan(other))
    return unequal


def _gaps(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the absolute differences (NaN where they cannot be told), and the largest relative one."""
    if one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        return np.array([]), 0.0
    wide = complex if "c" in one.dtype.kind + other.dtype.kind else float
    left, right = one.astype(wide), other.astype(wide)
    with np.errstate(invalid="ignore", divide="ignore"):
        gaps = np.abs(right - left)
        shares = gaps / np.abs(left)
    finite = shares[np.isfinite(shares)]
    return gaps, float(finite.max()) if len(finite) else 0.0


def _all_near(one: np.ndarray, other: np.ndarray, tolerance: Tolerance) -> bool:
    if one.dtype.kind not in "iufc" or other.dtype.kind not in "iufc":
        return False
    left, right = one.astype(complex), other.astype(complex)
    with np.errstate(invalid="ignore"):
        return bool((np.isfinite(left) & np.isfinite(right) & tolerance.allows(left, right)).all())
