"""What of transformers is not public (5.23): its question about foreign code, and how it writes files of weights."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_lock = threading.RLock()
# In transformers.dynamic_module_utils: how long it waits for an answer (0: it does not ask), and what it calls instead.
_SECONDS, _REFUSE = "TIME_OUT_REMOTE_CODE", "_raise_timeout_error"
_ADVICE = "`trust_remote_code=True`"
# What both transformers.modeling_utils and peft.peft_model call safetensors' writer of a file.
_SAVE_FILE = "safe_save_file"


class ForeignCodeError(Exception):
    """A model's files want code to be run that is not of transformers."""


@contextmanager
def no_question() -> Iterator[None]:
    """Have transformers refuse, in whatever `from_pretrained` is called by another, where it would ask on the terminal.

    By its settings, not by an argument of the first call: a processor's tokenizer, a model within a model, and a
    function for generating text come each with a call of their own, and not all hand the argument on.

    Raises:
        ForeignCodeError: it would have asked.
    """

    def refuse(*_: Any) -> None:
        raise ForeignCodeError

    module = importlib.import_module("transformers.dynamic_module_utils")
    with _lock:
        before = {name: getattr(module, name) for name in (_SECONDS, _REFUSE)}
        try:
            setattr(module, _SECONDS, 0)
            setattr(module, _REFUSE, refuse)
            yield
        except ValueError as error:  # where a call inside has said that it trusts nobody
            if _ADVICE in str(error):
                raise ForeignCodeError from error
            raise
        finally:
            for name, value in before.items():
                setattr(module, name, value)


@contextmanager
def weights_written_by(write: Callable[[dict[str, Any], str, dict[str, str] | None], None]) -> Iterator[None]:
    """Have `save_pretrained` of transformers and PEFT hand the files of weights to `write`, in this thread alone.

    Both decide which tensors go into which file, and call safetensors' `save_file` for each under a name of their own.
    Where a later release has another, it writes its files itself.
    """
    me = threading.get_ident()
    modules = [importlib.import_module("transformers.modeling_utils")]
    if "peft" in sys.modules:
        modules.append(importlib.import_module("peft.peft_model"))
    with _lock:
        before = {module: getattr(module, _SAVE_FILE) for module in modules if hasattr(module, _SAVE_FILE)}

        def choose(own: Callable[..., None]) -> Callable[..., None]:
            def save_file(tensors: Any, filename: Any, metadata: Any = None, **more: Any) -> None:
                if threading.get_ident() == me and not more:
                    write(tensors, str(filename), metadata)
                else:
                    own(tensors, filename, metadata=metadata, **more)

            return save_file

        try:
            for module, own in before.items():
                setattr(module, _SAVE_FILE, choose(own))
            yield
        finally:
            for module, own in before.items():
                setattr(module, _SAVE_FILE, own)
