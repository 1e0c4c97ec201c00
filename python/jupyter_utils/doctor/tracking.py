"""MLflow's server, and the runs that wait for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jupyter_utils.entries.identity import named
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.files import existing_part
from jupyter_utils.machine.running import running
from jupyter_utils.machine.sizes import size
from jupyter_utils.machine.urls import mask
from jupyter_utils.runs.destination import check
from jupyter_utils.spool import Spool

from .finding import Finding, error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings


def mlflow(settings: Settings) -> Iterator[Finding]:
    """Check that the MLflow server answers which notebooks send their runs to."""
    own = [address for state in running() for address in state.artifacts]
    if settings.other_mlflow is None and not own:
        yield ok("MLflow", "none is running; `jupyter-utils lab` starts one")
        return
    yield from _restarts()
    for uri in dict.fromkeys([settings.other_mlflow] if settings.other_mlflow else own):
        answer = check(uri.rstrip("/"), KnownStores(settings.spool_dir))
        if answer.down:
            what = "start it or correct MLFLOW_TRACKING_URI" if settings.other_mlflow else "its lab starts it again"
            remedy = f"{what}; runs are kept meanwhile, and sent later"
            yield warning("MLflow", f"{mask(uri)} {answer.down}", remedy)
        else:
            yield ok("MLflow", f"{mask(uri)} answers as {named(answer.store)}")


def password(settings: Settings) -> Iterator[Finding]:
    """Say who reaches MLflow's port, and whether it asks them for a password."""
    if settings.other_mlflow is not None:
        return
    who, asks = settings.reached_by, settings.mlflow_asks_password
    reached = f"{who or 'nobody else, as far as can be seen,'} can reach port {settings.mlflow_port}"
    does = f"it {'asks' if asks else 'does not ask'} for a password (MLFLOW_AUTH={settings.mlflow_auth})"
    if who and not asks:
        yield warning("MLflow's port", f"{reached}, and {does}", "MLFLOW_AUTH=auto; notebooks know the password")
    elif settings.jupyter_utils_profile == "container" and not asks:
        hidden = "the accounts of the host, which cannot be seen from a container, reach a port that is published there"
        yield ok("MLflow's port", f"{does}; {hidden}. If others have accounts on it: MLFLOW_AUTH=on")
    else:
        yield ok("MLflow's port", f"{reached}; {does}")


def _restarts() -> Iterator[Finding]:
    for state in running():
        for name, how in state.ended.items():
            remedy = "its log says why (signal 9 without a word: the machine ran out of memory); nothing is lost by it"
            yield warning(name, f"{state.root_dir}: {name} {how}", remedy)


def spool(settings: Settings) -> Iterator[Finding]:
    """Check what waits in the spool, and that a call could be kept there."""
    place = Spool(settings.spool_dir)
    try:
        if existing_part(place.path) == place.path:
            place.prepare()
    except JupyterUtilsError as failure:
        yield error("spool", str(failure), "correct its owner, or set JUPYTER_UTILS_SPOOL_DIR")
        return
    waiting = place.idle()
    if not waiting:
        yield ok("spool", f"no run waits in {place.path}")
        return
    total, limit = sum(one.size for one in waiting), settings.jupyter_utils_spool_gib * 2**30
    oldest = time.strftime("%Y-%m-%d %H:%M", time.localtime(min(one.start_time for one in waiting) / 1000))
    runs = f"{len(waiting)} run{'s' * (len(waiting) > 1)}"
    message = f"waiting for MLflow in {place.path}: {runs}, {size(total)} of {size(limit)}, the oldest of {oldest}"
    refused = sum(one.state.refused for one in waiting)
    remedy = "jupyter-utils sync" + (f"; {refused} were refused: jupyter-utils sync --list" if refused else "")
    yield error("spool", f"{message}: it is full", remedy) if total >= limit else warning("spool", message, remedy)
