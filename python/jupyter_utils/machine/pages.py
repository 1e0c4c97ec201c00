"""Addresses of MLflow's pages, for a browser."""

from __future__ import annotations

from .tracking_address import understood
from .urls import without_credentials

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


def _page(server: str, route: str) -> str:
    base = server if server.startswith("/") else without_credentials(understood(server))
    return f"{base.rstrip('/')}/#/{route}{_VIEW}"
