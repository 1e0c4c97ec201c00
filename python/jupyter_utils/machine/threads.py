"""Threads that see what their caller sees (context variables), and work that may not take longer than it is given."""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
Given = ParamSpec("Given")


class Threads(ThreadPoolExecutor):
    """A pool whose work runs in a copy of the context of whoever submits it."""

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        """Have it done."""
        run: Callable[..., Result] = contextvars.copy_context().run
        return super().submit(run, fn, *args, **kwargs)


def within(seconds: float, work: Callable[..., Result], *arguments: Any) -> Result:
    """Do work in a thread of its own and wait for its result; work that takes longer is left to itself.

    This bounds all of it: names that do not resolve, several addresses, and an answer that comes byte by byte, none of
    which a timeout of a socket bounds.

    Args:
        seconds: how long.
        work: what is done; what it raises is raised here.
        arguments: what it is called with.

    Raises:
        TimeoutError: it has not ended by then.

    >>> within(5, "a b".split)
    ['a', 'b']
    """
    done: Future[Result] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work, *arguments))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.set_exception(error)

    # Not a pool's thread: Python would wait for it at its end.
    threading.Thread(target=run, name="jupyter-utils-within", daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        if done.done():
            raise
        raise TimeoutError(f"no end within {seconds:g} s") from None
