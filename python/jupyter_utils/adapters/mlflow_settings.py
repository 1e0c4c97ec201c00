"""How MLflow's client behaves during a call of ours, and in that call alone: no other thread sees a change.

MLflow's client takes its settings from the environment, which all threads of a process share. So its two classes of
settings (of MLflow 3.17) ask a context variable first, and what sends its requests leads those to this machine past
every proxy. Outside of a call of ours nothing differs.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_utils.machine.addresses import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ours: ContextVar[Mapping[str, Any] | None] = ContextVar("jupyter_utils_mlflow_settings", default=None)
_lock = threading.Lock()
_done: list[bool] = []


@contextmanager
def settings(values: Mapping[str, Any]) -> Iterator[None]:
    """Have MLflow's client find these settings, by the names of its variables, in this context during the block."""
    _heed_context()
    token = _ours.set({**(_ours.get() or {}), **values})
    try:
        yield
    finally:
        _ours.reset(token)


def _heed_context() -> None:
    with _lock:
        if _done:
            return
        from mlflow import environment_variables as variables
        from mlflow.utils import request_utils, rest_utils

        for cls in (variables._EnvironmentVariable, variables._BooleanEnvironmentVariable):
            _wrap(cls, "get", _found_first)
        # One function, which two modules know.
        _wrap(request_utils, "_get_http_response_with_retries", _past_proxies)
        _wrap(rest_utils, "_get_http_response_with_retries", _past_proxies)
        _done.append(True)


def _wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrapper(getattr(owner, name)))


def _found_first(get: Any) -> Any:
    def found_first(variable: Any) -> Any:
        ours = _ours.get()
        return get(variable) if ours is None or variable.name not in ours else ours[variable.name]

    return found_first


def _past_proxies(send: Any) -> Any:
    def past_proxies(method: str, url: str, *arguments: Any, **more: Any) -> Any:
        if _ours.get() is not None and is_loopback(host := urlsplit(url).hostname):
            # requests' own way: a list of hosts in the place of the environment's NO_PROXY.
            more.setdefault("proxies", {"no_proxy": host})
        return send(method, url, *arguments, **more)

    return past_proxies
