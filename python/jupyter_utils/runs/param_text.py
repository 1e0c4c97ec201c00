"""The text of a param: the whole value, the same in every process and under every print option.

Arrays and tables become lists of all that they hold, functions and classes their qualified names, sets are sorted.
What has no text but its address in memory is refused: the run would say nothing of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import sys
import types
from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# An object's default text, whole, and an address within another text.
_ADDRESS_ALONE = re.compile(r"<[^()\n]* at 0x[0-9a-fA-F]+>")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LIBRARIES = frozenset({"numpy", "torch", "pandas", "polars", "pyarrow", "jax", "jaxlib", "cupy"})


class NoTextError(Exception):
    """A value has no text that says what it is."""


def param_text(value: object) -> str:
    """Return the text of a value.

    Raises:
        NoTextError: it has none that is whole and stable; the message goes on from the param's name.

    >>> param_text({"act": len, "seeds": {3, 1, 2}, "size": (1,)})
    "{'act': len, 'seeds': {1, 2, 3}, 'size': (1,)}"
    """
    if isinstance(value, str):
        return str(value)
    text = _Rendering().render(value)
    if text is None:
        with _whole_texts():
            text = _own_text(value, str)
    return text


class _Rendering:
    """One value on its way to a text; remembers where it is, for values that hold themselves."""

    def __init__(self) -> None:
        self._around: set[int] = set()

    def inner(self, value: Any) -> str:
        """Return the text of a value inside of another."""
        if isinstance(value, str):
            return repr(str(value))
        text = self.render(value)
        if text is not None:
            return text
        with _whole_texts():
            return _own_text(value, repr)

    def render(self, value: Any) -> str | None:
        """Return the text of a value of a known kind; None where it has to say itself."""
        if id(value) in self._around:
            raise NoTextError(f"is a {type(value).__name__} that holds itself: give what matters of it")
        self._around.add(id(value))
        try:
            return self._container(value) or self._named(value) or self._object(value)
        except RecursionError:
            raise NoTextError(
                f"is a {type(value).__name__} that is nested too deeply: give what matters of it"
            ) from None
        finally:
            self._around.discard(id(value))

    def _container(self, value: Any) -> str | None:
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{self.inner(key)}: {self.inner(one)}" for key, one in value.items()) + "}"
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._call(type(value).__name__, zip(value._fields, value, strict=True))
        if isinstance(value, tuple):
            return f"({', '.join(map(self.inner, value))}{',' if len(value) == 1 else ''})"
        if isinstance(value, list):
            return f"[{', '.join(map(self.inner, value))}]"
        if isinstance(value, set | frozenset):
            # Their order differs from process to process.
            items = "{" + ", ".join(_sorted(value, self.inner)) + "}" if value else ""
            return f"{type(value).__name__}({items})" if not items or isinstance(value, frozenset) else items
        listed = _listed(value)
        return None if listed is None else self._listing(listed[0])

    def _listing(self, value: Any) -> str:
        return str(value) if isinstance(value, str) else self.inner(value)

    def _named(self, value: Any) -> str | None:
        if isinstance(value, functools.partial):
            arguments = [self.inner(value.func), *map(self.inner, value.args)]
            arguments += [f"{name}={self.inner(one)}" for name, one in value.keywords.items()]
            return f"functools.partial({', '.join(arguments)})"
        if isinstance(value, types.ModuleType):
            return value.__name__
        # Functions of every make have one, instances do not.
        if callable(value) and isinstance(getattr(value, "__qualname__", None), str):
            return _qualified(value)
        if type(value).__name__ == "ufunc":
            return f"numpy.{value.__name__}"
        return None

    def _object(self, value: Any) -> str | None:
        if dataclasses.is_dataclass(value) and value.__dataclass_params__.repr:  # type: ignore[union-attr]
            shown = [one.name for one in dataclasses.fields(value) if one.repr]
            return self._call(type(value).__qualname__, ((name, getattr(value, name)) for name in shown))
        if isinstance(value, Namespace | types.SimpleNamespace):
            return self._call(type(value).__name__, vars(value).items())
        return None

    def _call(self, name: str, arguments: Any) -> str:
        return f"{name}({', '.join(f'{key}={self.inner(one)}' for key, one in arguments)})"


def _sorted(values: Collection[Any], text: Any) -> list[str]:
    """Return the texts of a set's elements, numbers in their own order."""
    try:
        return [text(one) for one in sorted(values)]
    except TypeError:
        return sorted(map(text, values))


def _listed(value: Any) -> tuple[Any] | None:
    """Return what an array, tensor or table holds, in Python's own lists and dicts; None where it is none.

    One of a single element is a number: 0.1, not `tensor(0.1000)`. Errors of the value's own, such as those of a GPU
    after an assert, are the caller's to handle.
    """
    if type(value).__module__.partition(".")[0] not in _LIBRARIES or isinstance(value, type):
        return None
    try:
        return _single(value) if _is_single(value) else _several(value)
    except NotImplementedError as error:  # a tensor on the meta device
        raise NoTextError(f"is a {type(value).__name__} without data ({error}): give its numbers") from error


def _is_single(value: Any) -> bool:
    return callable(getattr(value, "item", None)) and elements(value) == 1


def _several(value: Any) -> tuple[Any] | None:
    if getattr(getattr(value, "dtype", None), "kind", "") in {"m", "M"} and hasattr(value, "astype"):
        return (value.astype(str).tolist(),)
    methods = ("tolist", "to_list", "to_pylist", "to_pydict")
    if method := next((one for one in methods if callable(getattr(value, one, None))), None):
        return (getattr(value, method)(),)
    if type(value).__name__ == "DataFrame":
        return (value.to_dict(**({"orient": "list"} if hasattr(value, "iloc") else {"as_series": False})),)
    return None


def _single(value: Any) -> tuple[Any] | None:
    item = value.item()
    if getattr(value.dtype, "kind", "") in {"m", "M"}:
        return (str(value.reshape(())),)  # the item of one in nanoseconds is a number
    # A long float has no number of Python's.
    return None if type(item) is type(value) else (item,)


def elements(value: Any) -> int:
    """Return how many numbers an array or tensor holds."""
    count = getattr(value, "numel", None)
    return int(count()) if callable(count) else int(getattr(value, "size", 0))


def _qualified(value: Any) -> str:
    module = getattr(value, "__module__", None)
    is_elsewhere = isinstance(module, str) and module not in {"builtins", ""}
    return f"{module}.{value.__qualname__}" if is_elsewhere else str(value.__qualname__)


def _own_text(value: Any, say: Any) -> str:
    """Return what a value says of itself, without addresses.

    Raises:
        NoTextError: it says nothing but its address.
    """
    estimator = any(one.__module__ == "sklearn.base" for one in type(value).__mro__[1:])
    text = value.__repr__(N_CHAR_MAX=sys.maxsize) if estimator and hasattr(value, "get_params") else say(value)
    if _ADDRESS_ALONE.fullmatch(text):
        raise NoTextError(
            f"is a {type(value).__name__}, whose text is an address in memory ({text[:60]}): give what matters of it, "
            "for example a name, vars(...) or a dict"
        )
    return _ADDRESS.sub("", text)


@contextlib.contextmanager
def _whole_texts() -> Iterator[None]:
    """Have arrays and tables inside of other objects print whole, whatever the user has set."""
    with contextlib.ExitStack() as stack:
        if numpy := sys.modules.get("numpy"):
            stack.enter_context(
                numpy.printoptions(
                    threshold=sys.maxsize, floatmode="unique", precision=None, linewidth=120, suppress=False,
                    formatter=None, sign="-", nanstr="nan", infstr="inf",
                )
            )  # fmt: skip
        if pandas := sys.modules.get("pandas"):
            names = ("max_rows", "max_columns", "max_colwidth", "max_seq_items", "float_format", "precision")
            values: list[Any] = [None, None, None, None, None, 15]
            options = [part for name, one in zip(names, values, strict=True) for part in (f"display.{name}", one)]
            stack.enter_context(pandas.option_context(*options))
        if (torch := sys.modules.get("torch")) and hasattr(torch, "_tensor_str"):
            stack.enter_context(_torch_options(torch))
        yield


@contextlib.contextmanager
def _torch_options(torch: Any) -> Iterator[None]:
    before = dataclasses.asdict(torch._tensor_str.PRINT_OPTS)  # noqa: SLF001 - torch shows its options nowhere else
    torch.set_printoptions(profile="full", precision=9, sci_mode=None)
    try:
        yield
    finally:
        torch.set_printoptions(**before)
