"""MLflow's own functions in a kernel of the lab: they send the lab's login to the lab's MLflow, and to no other.

By themselves they send the user and password of the environment to whichever server a notebook names. Those that a user
has set stay as MLflow has them.
"""

from __future__ import annotations

import sys
from functools import wraps
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from jupyter_utils.machine.lab_store import is_labs_login_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_MODULE = "mlflow.utils.credentials"


def keep_login() -> None:
    """See to it from now on, in this process; MLflow is not imported by that."""
    if (module := sys.modules.get(_MODULE)) is not None:
        _guard(module)
    elif _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


class _Finder:
    """Finds that one module, and changes it once it is there."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            loads = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                loads(module)
                _guard(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _guard(module: Any) -> None:
    asked: Callable[[str], Any] = module.get_default_host_creds
    if hasattr(asked, "__wrapped__"):
        return

    @wraps(asked)
    def get_default_host_creds(store_uri: str) -> Any:
        found = asked(store_uri)
        if is_labs_login_elsewhere(store_uri):
            found.username, found.password = module._read_mlflow_creds_from_file()
        return found

    module.get_default_host_creds = get_default_host_creds
