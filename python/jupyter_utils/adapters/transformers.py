"""transformers' question whether to run code that came with a model: the one place that touches it (of 5.23)."""

from __future__ import annotations

import importlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.RLock()
# In transformers.dynamic_module_utils: how long it waits for an answer (0: it does not ask), and what it calls instead.
_SECONDS, _REFUSE = "TIME_OUT_REMOTE_CODE", "_raise_timeout_error"
_ADVICE = "`trust_remote_code=True`"


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
