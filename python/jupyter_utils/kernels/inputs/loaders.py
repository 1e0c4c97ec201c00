"""Loaders that open files in native code, where no event of Python's tells: each is asked what it was given.

A loader is replaced by a plain function of the same name in every module that has it, and a method in its class, so
that it can still be pickled by its name and its signature be asked for (a `wrapt.FunctionWrapper` cannot be pickled).
Nothing is imported for it: a library is looked at when the user imports it.
"""

from __future__ import annotations

import functools
import shlex
import sys
from typing import TYPE_CHECKING, Any

import wrapt

from . import children
from .native import LOADERS, UNSEEN, WRITERS, Loader

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from .watch import Watch


def install(watch: Watch) -> None:
    """Ask every loader from now on, those of libraries that are imported later when they are."""
    for table, tell in ((LOADERS, watch.told), (WRITERS, watch.told_written)):
        modules: dict[str, list[Loader]] = {}
        for loader in table:
            modules.setdefault(loader.module, []).append(loader)
        for name, loaders in modules.items():
            wrapt.register_post_import_hook(_guarded(watch, functools.partial(_ask_all, watch, loaders, tell)), name)
    for name, act in (
        ("polars", _ask_polars),
        ("datasets.builder", _ask_datasets),
        ("sentencepiece", _ask_sentencepiece),
        ("pexpect.pty_spawn", _ask_pexpect),
        ("multiprocessing.process", _ask_multiprocessing),
    ):
        wrapt.register_post_import_hook(_guarded(watch, functools.partial(act, watch)), name)


def unseen() -> list[str]:
    """Return what of the libraries that are not asked has been imported."""
    return [called for name, called in UNSEEN.items() if name in sys.modules]


def _guarded(watch: Watch, act: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    """Have an import go on where another release of a library is not as expected; the record says so."""

    def ask(module: ModuleType) -> None:
        try:
            act(module)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user's import must go on
            watch.partial[f"what {module.__name__} reads is not known ({type(error).__name__}: {error})"] = None

    return ask


def _ask_all(watch: Watch, loaders: list[Loader], tell: Callable[[Any], None], module: ModuleType) -> None:
    for loader in loaders:
        _replace(watch, module, loader.name, _tells(tell, loader.position, loader.argument))


def _tells(tell: Callable[[Any], None], position: int, argument: str) -> Callable[[Any, Any], None]:
    return lambda args, kwargs: tell(_argument(args, kwargs, position, argument))


def _argument(args: Any, kwargs: Any, position: int, name: str) -> Any:
    return args[position] if position < len(args) else kwargs.get(name)


def _replace(watch: Watch, module: ModuleType, name: str, told: Callable[[Any, Any], None]) -> None:
    owner, _, method = name.rpartition(".")
    holder = getattr(module, owner, None) if owner else module
    kept = vars(holder).get(method) if holder is not None else None
    found = getattr(holder, method, None)
    if found is None:  # another release has no such loader
        return
    if not owner:
        _everywhere(module, method, found, _asked(watch, found, told, 0))
    elif found is object.__init__:  # a native class that does all when it is made
        setattr(holder, method, _asked(watch, _begin, told, 1))
    elif isinstance(kept, staticmethod) or type(kept).__name__ == "classmethod_descriptor":
        setattr(holder, method, staticmethod(_asked(watch, found, told, 0)))
    else:
        setattr(holder, method, _asked(watch, found, told, 1))


def _begin(*_: Any, **__: Any) -> None:
    """Begin as `object.__init__` does, which refuses arguments."""


def _asked(watch: Watch, function: Any, told: Callable[[Any, Any], None], skipped: int) -> Any:
    @functools.wraps(function)
    def loader(*args: Any, **kwargs: Any) -> Any:
        try:
            told(args[skipped:], kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user's call must go on
            watch.partial[f"a file was missed ({type(error).__name__}: {error})"] = None
        return function(*args, **kwargs)

    return loader


def _everywhere(module: ModuleType, name: str, before: Any, after: Any) -> None:
    """Put a function in another's place in all modules of its library that have it by now."""
    root = module.__name__.partition(".")[0]
    setattr(module, name, after)
    for other, found in list(sys.modules.items()):
        if other.partition(".")[0] == root and getattr(found, "__dict__", {}).get(name) is before:
            setattr(found, name, after)


def _ask_polars(watch: Watch, module: ModuleType) -> None:
    for name in [one for one in vars(module) if one.startswith(("read_", "scan_"))]:
        _replace(watch, module, name, _tells(watch.told, 0, "source"))
    for holder, prefix in (("DataFrame", "write_"), ("LazyFrame", "sink_")):
        for name in [one for one in vars(getattr(module, holder)) if one.startswith(prefix)]:
            argument = "workbook" if name == "write_excel" else "path" if prefix == "sink_" else "file"
            _replace(watch, module, f"{holder}.{name}", _tells(watch.told_written, 0, argument))


def _ask_datasets(watch: Watch, module: ModuleType) -> None:
    """Ask builders of data sets: one that is in its cache opens none of its files again."""
    builder = module.DatasetBuilder
    begin = builder.__init__

    @functools.wraps(begin)
    def asked(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        try:
            for files in (self.config.data_files or {}).values():
                for file in map(str, files):
                    if file.startswith("hf://"):
                        watch.hub_addresses[file] = None
                    elif "://" not in file:
                        watch.told(file.partition("::")[0])
        except Exception as error:  # noqa: BLE001 - whatever it is, the user's call must go on
            watch.partial[f"what datasets reads is not known ({type(error).__name__}: {error})"] = None

    builder.__init__ = asked


def _ask_sentencepiece(watch: Watch, module: ModuleType) -> None:
    """Training reads and writes files; its options are named, or one text as on a command line."""

    def told(args: Any, kwargs: Any) -> None:
        text = _argument(args, kwargs, 0, "arg")
        words = shlex.split(text) if isinstance(text, str) else []
        options = kwargs | dict(word.removeprefix("--").partition("=")[::2] for word in words)
        corpus, prefix = options.get("input"), options.get("model_prefix")
        watch.told(corpus.split(",") if isinstance(corpus, str) else corpus)
        for suffix in ("model", "vocab"):
            watch.told_written(f"{prefix}.{suffix}")

    _replace(watch, module, "SentencePieceTrainer._Train", told)


def _ask_pexpect(watch: Watch, module: ModuleType) -> None:
    """IPython's `!command` starts its shell by pexpect, which no event tells."""

    def told(args: Any, kwargs: Any) -> None:
        program, words = _argument(args, kwargs, 0, "command"), _argument(args, kwargs, 1, "args") or []
        if program and not watch.is_paused:
            if words:
                children.started(watch, program, [program, *words], None)
            else:
                children.command(watch, program)

    _replace(watch, module, "spawn._spawn", told)


def _ask_multiprocessing(watch: Watch, module: ModuleType) -> None:
    """Take note of workers: one that is forked knows all that this process knows, but tells nothing."""
    start = module.BaseProcess.start

    @functools.wraps(start)
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        forked = "os.fork" in watch.children
        try:
            return start(self, *args, **kwargs)
        finally:
            if not watch.is_paused:
                watch.starts("multiprocessing")
            if not forked:
                watch.children.pop("os.fork", None)

    module.BaseProcess.start = asked
