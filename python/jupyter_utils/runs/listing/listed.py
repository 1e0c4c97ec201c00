"""`runs`: the runs of a notebook or an experiment as a table, those in MLflow and those that still wait."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import ExperimentError, ListingError, TrackingServerError
from jupyter_utils.machine.sizes import counted
from jupyter_utils.machine.urls import without_credentials
from jupyter_utils.notebook import find_notebook
from jupyter_utils.notebook.kernel import variable
from jupyter_utils.runs.arguments import spelled
from jupyter_utils.runs.destination import check
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import run_path, run_url, tracking_uri, tracking_uri_problem
from jupyter_utils.tracking.search import Found, search
from jupyter_utils.tracking.server import REMEDY_DOWN

from .rows import frame, rows
from .table import EXPERIMENT, RUN, Pages, RunTable, run_table
from .waiting import waiting_runs

if TYPE_CHECKING:
    from .waiting import InSpool

LIMIT = 1000
_LIST = "`jupyter-utils sync --list` names them."
_NOTHING = Found((), {}, more=False)


@spelled
def runs(
    experiment: str | None = None,
    *,
    notebook: str | os.PathLike[str] | None = None,
    limit: int = LIMIT,
    mlf_uri: str | None = None,
) -> RunTable:
    """List runs as a `pandas.DataFrame` that shows itself with links, the newest first.

    Args:
        experiment: an experiment's name. Without it: in a notebook, the runs that this notebook has saved, in whatever
            experiment; elsewhere, those of all experiments.
        notebook: another notebook's file, also one that is not there any more, as after a rename: its runs name it by
            the path that it had. Together with `experiment`: the runs of both.
        limit: how many runs at most; a warning says where MLflow has more.
        mlf_uri: the MLflow server; without it, `MLFLOW_TRACKING_URI`, or the one that this environment starts.

    Returns:
        a `DataFrame` with one row a run. Columns: `run_name`; `state`: "finished", "running", "failed", "killed" as in
        MLflow, "partly saved" where the run lacks values, "waiting" where MLflow does not have all of it yet, "refused"
        where it does not want it; `start_time` (UTC); `experiment`; `metrics.NAME`, the last value of each;
        `params.NAME`, texts; `commit`; `verdict` of the last reproduction; `notebook`; `run_id`, of a run that waits
        the id of its entry, which `load_mlflow` and `jupyter-utils show` take, too; `experiment_id`. Sorting,
        filtering, `to_csv` are those of pandas, and what is sorted or filtered shows its links as well.
        Where the server does not answer, a warning says so, and what waits on this disk is listed.

    Raises:
        ListingError: an argument cannot be used.
        ExperimentError: there is no experiment of this name.
        TrackingServerError: the server refuses the call.
        NotebookNotFoundError: nothing tells which notebook calls.

    Example::

        runs = jupyter_utils.runs("test_exp")
        runs.sort_values("metrics.f1", ascending=False).head(3)
    """
    _check(experiment, notebook, limit, mlf_uri)
    own = _notebook(notebook, whole=experiment is not None)
    table, told = listed(experiment, own, limit, mlf_uri)
    for words in told:
        warnings.warn(words, stacklevel=4)  # spelled, and the package that is called
    return table


def listed(
    experiment: str | None, notebook: str | None, limit: int, mlf_uri: str | None = None
) -> tuple[RunTable, list[str]]:
    """Return the table, and what a reader must know of what is not in it.

    Args:
        experiment: a name; None for all.
        notebook: an absolute path; None for all.
        limit: how many runs at most.
        mlf_uri: as `runs` takes it.

    Raises:
        JupyterUtilsError: as `runs` does.
    """
    uri = tracking_uri(mlf_uri)
    # The spool first: a run that is sent meanwhile is in both, and not in neither.
    spool = waiting_runs(uri, experiment, notebook)
    found, told = _stored(uri, experiment, notebook, limit, spool)
    if found.more:
        told.append(f"MLflow has more runs than the newest {limit:,}, which are listed: limit= (--limit) takes more.")
    if spool.elsewhere:
        told.append(f"Not listed, for they wait for another MLflow: {counted(spool.elsewhere, 'run')}. {_LIST}")
    if spool.damaged:
        told.append(
            f"Not listed, for nothing of them can be read: {counted(spool.damaged, 'run')} on this disk. {_LIST}"
        )
    of = " of ".join(["", *([Path(notebook).name] if notebook else []), *([experiment] if experiment else [])])
    # VS Code shows tables under no address of the lab's, even where its kernel is one of the lab's.
    path = None if variable("__vsc_ipynb_file__") else run_path(uri, EXPERIMENT, RUN)
    pages = Pages(path or run_url(uri, EXPERIMENT, RUN) or "", by_path=path is not None)
    return run_table(frame(rows(found, spool.waiting)), pages=pages, of=of), told


def _stored(
    uri: str, experiment: str | None, notebook: str | None, limit: int, spool: InSpool
) -> tuple[Found, list[str]]:
    """Return what MLflow has, and what is to be said where it does not answer."""
    # Who answers is known before a login goes there.
    answer = check(uri, KnownStores(own_spool().path))
    if answer.down:
        where = without_credentials(uri)
        remedy = "" if answer.is_stranger else f" {REMEDY_DOWN}"
        told = f"The MLflow server at {where} {answer.down}: only what waits on this disk is listed.{remedy}"
        return _NOTHING, [told]
    try:
        return search(uri, experiment=experiment, notebook=notebook, limit=limit), []
    except ExperimentError:
        if spool.waiting:  # the experiment is made when its first run arrives
            return _NOTHING, []
        raise


def _check(experiment: Any, notebook: Any, limit: Any, mlf_uri: Any) -> None:
    if experiment is not None and (not isinstance(experiment, str) or not experiment.strip()):
        raise ListingError(f"experiment is {experiment!r}, but must be the name of an experiment, or None.")
    if notebook is not None and (not isinstance(notebook, str | os.PathLike) or not os.fspath(notebook)):
        raise ListingError(f"notebook is {notebook!r}, but must be the path of a notebook, or None.")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ListingError(f"limit is {limit!r}, but must be a whole number from 1 on: how many runs to list at most.")
    if mlf_uri is not None and not isinstance(mlf_uri, str):
        raise ListingError(f"mlf_uri is {mlf_uri!r}, but must be the address of an MLflow server, or None.")
    if problem := tracking_uri_problem(mlf_uri):
        raise TrackingServerError(problem)


def _notebook(given: str | os.PathLike[str] | None, *, whole: bool) -> str | None:
    """Return the path by which runs name the notebook; None where runs of every notebook are meant."""
    if given is not None:
        return os.path.normpath(Path(given).expanduser().absolute())
    if whole or "ipykernel" not in sys.modules:
        return None
    found = find_notebook()
    return str(found.path) if found else None
