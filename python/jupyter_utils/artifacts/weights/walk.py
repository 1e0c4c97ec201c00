"""What a value of dicts, lists and tuples holds, and under which keys."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATOMS = {"builtins", "numpy"}
_CONTAINERS = (dict, list, tuple)


@functools.cache
def _is_atom(cls: type) -> bool:
    """Tell whether values of a type hold nothing: most of what is in a long list."""
    return cls.__module__ in _ATOMS and not issubclass(cls, _CONTAINERS)


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is in nested dicts, lists and tuples, with its keys, but for what is Python's and numpy's own.

    >>> import datetime
    >>> list(leaves({"a": [1, datetime.date.min], "b": "x"}))
    [("['a'][1]", datetime.date(1, 1, 1))]
    """
    todo: list[tuple[str, Any]] = [("", value)]
    seen: set[int] = set()
    while todo:
        path, one = todo.pop()
        if not isinstance(one, _CONTAINERS):
            yield path, one
            continue
        if id(one) in seen:
            continue
        seen.add(id(one))
        pairs = one.items() if isinstance(one, dict) else enumerate(one)
        inner = [(f"{path}[{key!r}]", item) for key, item in pairs if not _is_atom(type(item))]  # type: ignore[arg-type]
        todo += reversed(inner)


def tensors(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the tensors of torch in nested dicts, lists and tuples; the value itself where it is one."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "Tensor"):  # nobody can have made one
        return
    for path, one in leaves(value):
        if isinstance(one, torch.Tensor):
            yield path, one


def size_of(value: Any) -> int:
    """Return the bytes of the tensors in a value, or of a module's; a storage counts once."""
    module = getattr(value, "state_dict", None)
    if callable(module) and hasattr(value, "named_parameters"):
        value = [*value.parameters(), *value.buffers()]
    storages = {}
    for _, one in tensors(value):
        with contextlib.suppress(RuntimeError, NotImplementedError):  # some kinds of tensors have none
            storages[one.untyped_storage()._cdata] = one.untyped_storage().nbytes()  # noqa: SLF001
    return sum(storages.values())


def holds_tensors(value: Any) -> bool:
    """Tell whether there are any."""
    return next(tensors(value), None) is not None


def is_state_dict(value: Any) -> bool:
    """Tell whether a value is a flat dict: name -> tensor, and not empty."""
    torch = sys.modules.get("torch")
    return (
        torch is not None
        and isinstance(value, dict)
        and bool(value)
        and all(isinstance(key, str) and isinstance(one, torch.Tensor) for key, one in value.items())
    )
