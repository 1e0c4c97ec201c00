"""Which kinds of objects can be stored, in which formats: a table that users may extend with `register_writer`.

Types are known here by name, so that nothing of theirs is imported until a value of theirs is stored.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .suffixes import suffix_of

DATA = frozenset({"dataset", "result"})
MODEL = frozenset({"model"})
ANYWHERE = DATA | MODEL

Details = dict[str, Any]
# The name among a manifest's details under which the file of a sidecar stands; a reader finds its bytes there.
SIDECAR = "sidecar"


@dataclass(frozen=True)
class Written:
    """What a writer leaves besides the file: `details` for the manifest, bytes to be kept beside it, and warnings.

    A warning says what is not as one might think; it goes on from the value's name: "its index is not in the file".
    """

    details: Details = field(default_factory=dict)
    sidecar: bytes | None = None
    warnings: tuple[str, ...] = ()


Write = Callable[[Any, Path], Written]
# What `register_writer` takes: a dict that JSON can hold, or nothing, is as good.
UserWrite = Callable[[Any, Path], Written | Details | None]
Read = Callable[[Path, Details], Any]


class CannotWriteError(Exception):
    """A format says that it cannot hold this value; the kind's next format is tried."""


class CannotReadError(Exception):
    """A format says why it cannot give a value back."""


class NotTrustedError(CannotReadError):
    """Reading this value could run code of whoever wrote it."""


def _nothing(_: Any) -> str | None:
    return None


def _all(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Format:
    """One way to store a value.

    `write(value, path)` makes the file or directory `path` and says what else is to be kept of the value;
    `read(path, details)` gives the value back. `code` marks formats whose reading can run code of the writer
    (pickle). `check` says what is wrong with a value for this format, before anything is written; `needs` is the
    package without which it cannot be written.
    """

    name: str
    write: Write
    read: Read | None = None
    code: bool = False
    check: Callable[[Any], str | None] = _nothing
    needs: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of value: the types it covers (dotted names), its formats, and the arguments that take it.

    `suffixes` says which format a key's suffix names; without one, those of `defaults` (else the first of `formats`)
    are tried in order. `check` says what is wrong with a value, if anything, before anything is written; pickles take
    what it refuses. `takes` tells whether a value of these types is one of this kind, where there are several kinds of
    a type.
    """

    name: str
    types: tuple[str, ...]
    formats: tuple[Format, ...]
    sections: frozenset[str]
    suffixes: Mapping[str, str] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()
    check: Callable[[Any], str | None] = _nothing
    takes: Callable[[Any], bool] = _all

    def candidates(self, key: str) -> list[Format]:
        """Return the formats to try for a key: the one that its suffix names, else the kind's own in order."""
        named = self.suffixes.get(suffix_of(key)) or self.suffixes.get(posixpath.splitext(key)[1].lower())
        if named is not None:
            return [self.format(named)]
        return [self.format(name) for name in self.defaults] or [self.formats[0]]

    def problem(self, key: str, value: Any) -> str | None:
        """Say what is wrong with a value of this kind under this key; None when nothing is."""
        forms = self.candidates(key)
        return self._suffix_problem(key) or (
            None if forms[0].code else self.check(value) or (forms[0].check(value) if len(forms) == 1 else None)
        )

    def _suffix_problem(self, key: str) -> str | None:
        # A kind with one format (a text, a path, a user's own) has it under any name.
        if len(self.formats) == 1 or (suffix := suffix_of(key)) == "":
            return None
        if suffix not in self.suffixes:
            working = ", ".join(self.working_suffixes())
            return f"cannot be written as {suffix}: name it {working}, or give a file (pathlib.Path)"
        needed = self.format(self.suffixes[suffix]).needs
        if needed and importlib.util.find_spec(needed) is None:
            return f"needs the package {needed} to be written as {suffix}: install it (%pip install {needed})"
        return None

    def working_suffixes(self) -> list[str]:
        """Return the suffixes that work here, for people; those of compressed files are left out."""
        formats = {name: self.format(name) for name in self.suffixes.values()}
        return [
            suffix
            for suffix, name in self.suffixes.items()
            if suffix.count(".") == 1
            and not (formats[name].needs and importlib.util.find_spec(str(formats[name].needs)) is None)
        ]

    def format(self, name: str) -> Format:
        """Return the format of this name.

        Raises:
            KeyError: there is none.
        """
        return {one.name: one for one in self.formats}[name]


kinds: dict[str, Kind] = {}
by_type: dict[str, list[Kind]] = {}


def register(kind: Kind) -> None:
    """Add a kind; a later one comes before an earlier one of the same type."""
    kinds[kind.name] = kind
    for name in kind.types:
        by_type.setdefault(name, []).insert(0, kind)


def register_writer(  # noqa: PLR0913 - the one place where a user says it all
    type_: type | str,
    write: UserWrite,
    *,
    read: Read | None = None,
    name: str | None = None,
    suffixes: tuple[str, ...] = (),
    sections: frozenset[str] | set[str] = ANYWHERE,
) -> None:
    r"""Teach `save_mlflow` to store objects of a type, subclasses included.

    A writer registered later is preferred, also to the built-in ones.

    Args:
        type_: a class, or its dotted name.
        write: `write(value, path)` makes the file or directory `path`, whose parent exists, and may return a dict that
            JSON can hold.
        read: `read(path, details)` returns the value for `load_mlflow`, which cannot load it without.
        name: what manifests call it; without it, the type's dotted name.
        suffixes: those of keys that choose it.
        sections: the arguments of `save_mlflow` that take it.

    Example:
        >>> class Corpus(list): pass
        >>> register_writer(Corpus, lambda corpus, path: path.write_text("\n".join(corpus)) and None)
        >>> from jupyter_utils.artifacts.lookup import find_kind
        >>> find_kind(Corpus(["a"]), "dataset").name.endswith("Corpus")
        True
    """
    dotted = type_ if isinstance(type_, str) else dotted_name(type_)
    own = Format(name or dotted, _typed(write), read)
    register(Kind(name or dotted, (dotted,), (own,), frozenset(sections), dict.fromkeys(suffixes, own.name)))


def _typed(write: UserWrite) -> Write:
    """Wrap a user's writer, so that its result is like that of the built-in ones."""

    @functools.wraps(write)
    def typed(value: Any, path: Path) -> Written:
        returned = write(value, path)
        return returned if isinstance(returned, Written) else _written(returned)

    return typed


def _written(returned: object) -> Written:
    """Read what a user's writer returned.

    Raises:
        TypeError: the manifest could not hold it.
    """
    if returned is None:
        return Written()
    if not isinstance(returned, dict):
        raise TypeError(f"its writer returned a {type(returned).__name__}, but must return a dict or nothing")
    details = dict(returned)
    sidecar = details.pop(SIDECAR, None)
    if not isinstance(sidecar, bytes | None):
        kind = type(sidecar).__name__
        raise TypeError(f"its writer returned a {kind} as {SIDECAR!r}, a name that is kept for bytes: rename the key")
    try:
        json.dumps(details)
    except (TypeError, ValueError) as error:
        raise TypeError(f"its writer returned a dict that JSON cannot hold ({error}): convert what is in it") from error
    return Written(details, sidecar)


def dotted_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
