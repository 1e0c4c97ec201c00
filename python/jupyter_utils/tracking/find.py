"""The run that MLflow has of an entry, in whatever experiment it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .client import open_client
from .send import ENTRY_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXPERIMENTS = 100


def run_of_entry(uri: str, entry: str) -> str | None:
    """Return the id of the run that carries the entry's name; a finished one before others."""
    client = open_client(uri)
    found = [
        run
        for experiments in _experiments(client)
        for run in client.search_runs(experiments, f"tags.`{ENTRY_TAG}` = '{entry}'", max_results=10)
    ]
    found.sort(key=lambda run: run.info.status != "FINISHED")
    return str(found[0].info.run_id) if found else None


def _experiments(client: Any) -> Iterator[list[str]]:
    token = None
    while True:
        page = client.search_experiments(max_results=_EXPERIMENTS, page_token=token)
        if page:
            yield [one.experiment_id for one in page]
        token = page.token
        if not token:
            return
