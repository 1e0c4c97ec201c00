"""Looking for runs in MLflow: those of an experiment, of a notebook, or all; the newest first."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import ExperimentError, TrackingServerError
from jupyter_utils.machine.threads import within
from jupyter_utils.machine.urls import said, without_credentials

from .client import client_settings, open_client
from .server import login_remedy

if TYPE_CHECKING:
    from collections.abc import Callable

NOTEBOOK_TAG = "jupyter_utils.notebook.path"
SECONDS = 10
"""For how long one answer is waited for."""
_PAGE = 1000
"""How many are asked for at once; MLflow refuses more than 50,000 (mlflow/store/tracking/__init__.py)."""


@dataclass(frozen=True)
class Found:
    """MLflow's runs, the newest first; `names` has the experiments' names by id, `more` says whether there are more."""

    runs: tuple[Any, ...]
    names: dict[str, str]
    more: bool


def search(uri: str, *, experiment: str | None = None, notebook: str | None = None, limit: int) -> Found:
    """Return the runs of an experiment, of a notebook, of both, or all; none that was deleted.

    Args:
        uri: the server, which is known to live and to be the right one.
        experiment: its name.
        notebook: its absolute path, as the runs' tag has it.
        limit: how many, at most.

    Raises:
        ExperimentError: there is no experiment of this name (any more).
        TrackingServerError: the server refuses us, or does not answer.
    """
    with client_settings(retries=0, seconds=SECONDS):
        client = _asked(uri, open_client, uri)
        names = _one(client, uri, experiment) if experiment is not None else _all(client, uri)
        found: list[Any] = []
        token = None
        while names and len(found) <= limit:
            page = _asked(uri, _page, client, list(names), notebook, min(limit + 1 - len(found), _PAGE), token)
            found += [one for one in page if notebook is None or one.data.tags.get(NOTEBOOK_TAG) == notebook]
            token = page.token
            if not token:
                break
    return Found(tuple(found[:limit]), names, len(found) > limit)


def _page(client: Any, experiments: list[str], notebook: str | None, count: int, token: str | None) -> Any:
    filtered = f"tags.`{NOTEBOOK_TAG}` {compared(notebook)}" if notebook is not None else ""
    order = ["attributes.start_time DESC"]
    return client.search_runs(experiments, filtered, max_results=count, order_by=order, page_token=token)


def compared(text: str) -> str:
    r"""Return a comparison of MLflow's search language, which escapes nothing.

    >>> compared("/a/b.ipynb"), compared("/it's.ipynb")
    ("= '/a/b.ipynb'", '= "/it\'s.ipynb"')
    """
    for quote in "'\"":
        if quote not in text:
            return f"= {quote}{text}{quote}"
    return "LIKE '{}'".format(text.replace("'", "_"))  # finds more, which is then left out


def _one(client: Any, uri: str, name: str) -> dict[str, str]:
    found = _asked(uri, client.get_experiment_by_name, name)
    if found is not None and found.lifecycle_stage == "deleted":
        raise ExperimentError(
            f"experiment={name!r} was deleted in MLflow: restore it to see its runs "
            f"(`mlflow experiments restore --experiment-id {found.experiment_id}`)."
        )
    if found is not None:
        return {str(found.experiment_id): name}
    others = sorted(_all(client, uri).values())
    meant = difflib.get_close_matches(name, others, 1, 0.6)
    listed = ", ".join(map(repr, others[:20])) + (" and others" if others[20:] else "")
    hint = f"did you mean {meant[0]!r}?" if meant else f"there are {listed}."
    raise ExperimentError(f"experiment={name!r} is not in the MLflow at {without_credentials(uri)}: {hint}")


def _all(client: Any, uri: str) -> dict[str, str]:
    names: dict[str, str] = {}
    token = None
    while True:
        page = _asked(uri, lambda token=token: client.search_experiments(max_results=_PAGE, page_token=token))
        names |= {str(one.experiment_id): one.name for one in page}
        token = page.token
        if not token:
            return names


def _asked(uri: str, ask: Callable[..., Any], *arguments: Any) -> Any:
    """Return an answer of MLflow's, within bounds.

    Raises:
        TrackingServerError: it has none for us.
    """
    try:
        return within(SECONDS, ask, *arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, its words may hold the address
        raise TrackingServerError(
            f"The MLflow server at {without_credentials(uri)} does not list its runs ({said(error)}). If it asks for a "
            f"password: {login_remedy(uri)}"
        ) from None
