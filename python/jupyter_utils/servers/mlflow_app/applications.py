"""The applications that the MLflow server's process serves: MLflow's own, inside of what this package adds."""

from __future__ import annotations

import contextlib
import gc
import os
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow_artifacts import confine_locations, confine_repositories
from jupyter_utils.machine.variables import given
from jupyter_utils.store.identity import key_of
from jupyter_utils.store.locations import Locations

from .disk_names import DiskNames
from .identity import Identity
from .large_pieces import LargePieces
from .limits import Bounded, Silence
from .many_files import ManyFiles
from .same_origin import SameOrigin
from .server_info import ServerInfo
from .shared_disk import SharedDisk

if TYPE_CHECKING:
    from collections.abc import Iterator

PROXIED_ARTIFACTS = "mlflow-artifacts:/"


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Load without Python's garbage collector, which would look at a million objects again and again to find none.

    It took a fifth of the time to load (5.6 s of processor time, 4.4 s without it, on a busy machine). What is there
    after the block stays: it is left out of later collections.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def application() -> Any:
    """Load the application that `mlflow server` would serve."""
    with no_collections():
        return _ours(adapter.server_application())


def application_with_passwords() -> Any:
    """Load the same with `--app-name=basic-auth`."""
    os.environ[adapter.ADMIN_BOOTSTRAPPED] = "true"
    with no_collections():
        return _ours(adapter.server_application_with_passwords())


FACTORIES = {None: application, "basic-auth": application_with_passwords}


def locations() -> Locations:
    """Return where this server may read and write artifacts."""
    # Of MLflow's own arguments the last word, where it was given some.
    destination = given(adapter.ARTIFACTS_DESTINATION) or given("MLFLOW_ARTIFACTS_DESTINATION")
    return Locations.of(destination, given("MLFLOW_ARTIFACT_LOCATIONS"))


def _ours(app: Any) -> Any:
    places = locations()
    confine_repositories(places)
    uri = given(adapter.BACKEND_STORE_URI)
    adapter.open_stores(uri, given(adapter.REGISTRY_STORE_URI) or uri, given(adapter.ARTIFACT_ROOT))
    confine_locations(places)
    inner = ServerInfo(SharedDisk(DiskNames(ManyFiles(LargePieces(Bounded(app))))))
    return Silence(SameOrigin(Identity(inner, key_of(uri))))
