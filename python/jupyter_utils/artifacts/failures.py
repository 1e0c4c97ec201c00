"""Values that cannot be read or written, though nothing was seen to be wrong with them: the rest of a call is kept."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.urls import mask

_REASON = 500
"""Characters of a reason: CUDA's errors come with a page of advice."""


@dataclass(frozen=True)
class Failure:
    """One value that is not in the run: the argument and key it was given under, its type, and why.

    >>> print(Failure("metrics", "loss", "torch.Tensor", "AcceleratorError: CUDA error: device-side assert triggered"))
    metrics['loss'] (torch.Tensor): AcceleratorError: CUDA error: device-side assert triggered
    """

    section: str
    key: str
    type: str
    reason: str

    def __str__(self) -> str:
        return f"{self.section}[{self.key!r}] ({self.type}): {self.reason}"


def failure(section: str, key: object, value: object, error: BaseException) -> Failure:
    """Describe a failure in words alone: the error itself would keep the value's memory."""
    kind = type_name(value)
    return Failure(section, str(key), kind, reason(error).removeprefix(f"{section}[{key!r}] ({kind}) "))


def reason(error: BaseException) -> str:
    """Return an error's kind and the first line of its words, which may themselves fail; of our own, the words."""
    try:
        lines = mask(str(error)).strip().splitlines()
    except Exception:  # noqa: BLE001 - whatever it is
        lines = ["(its words cannot be read)"]
    kind = [] if isinstance(error, JupyterUtilsError) and lines else [type(error).__name__]
    return ": ".join([*kind, *lines[:1]])[:_REASON]


def type_name(value: object) -> str:
    """Return a type as messages and manifests name it."""
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
