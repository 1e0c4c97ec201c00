"""Addresses of MLflow's pages, for a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from .tracking_address import understood
from .urls import without_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

# MLflow opens every page in its view for language models unless the address says otherwise.
_VIEW = "?workflowType=machine_learning"


def home_page(server: str) -> str:
    """Return the page at which MLflow begins.

    >>> home_page("http://user:secret@example.org:5000/")
    'http://example.org:5000/#/?workflowType=machine_learning'
    """
    return _page(server, "")


def experiment_page(server: str, experiment_id: str) -> str:
    """Return the page with the runs of an experiment.

    >>> experiment_page("/user/hanako/mlflow", "1")
    '/user/hanako/mlflow/#/experiments/1/runs?workflowType=machine_learning'
    """
    return _page(server, f"experiments/{experiment_id}/runs")


def run_page(server: str, experiment_id: str, run_id: str) -> str:
    """Return the page of a run, without credentials.

    Args:
        server: its address, as people give it; or the path of a lab's door to it.
        experiment_id: the number of the experiment.
        run_id: the run.

    >>> run_page("http://user:secret@example.org:5000", "1", "abc")
    'http://example.org:5000/#/experiments/1/runs/abc?workflowType=machine_learning'
    """
    return _page(server, f"experiments/{experiment_id}/runs/{run_id}")


def filtered_page(server: str, experiments: Sequence[str], wanted: str) -> str:
    """Return the page with those runs of some experiments that a filter in MLflow's search language finds.

    >>> filtered_page("/mlflow", ["1"], "metrics.f1 > 0.9")
    '/mlflow/#/experiments/1/runs?workflowType=machine_learning&searchFilter=metrics.f1%20%3E%200.9'
    >>> filtered_page("/mlflow", ["1", "2"], "x").partition("&")[0]
    '/mlflow/#/compare-experiments/s?workflowType=machine_learning'
    """
    filtered = f"&searchFilter={quote(wanted, safe='')}"
    if len(experiments) == 1:
        return experiment_page(server, experiments[0]) + filtered
    several = quote(json.dumps(list(experiments), separators=(",", ":")), safe="")
    return f"{_page(server, 'compare-experiments/s')}&experiments={several}{filtered}"


def _page(server: str, route: str) -> str:
    base = server if server.startswith("/") else without_credentials(understood(server))
    return f"{base.rstrip('/')}/#/{route}{_VIEW}"
