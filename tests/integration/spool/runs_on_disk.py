"""Looking at what a server holds, past its HTTP interface: runs by its database, artifacts by its folder."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mlflow import MlflowClient

if TYPE_CHECKING:
    from servers import Started


def runs_by_entry(server: Started, experiment: str) -> dict[str, list[Any]]:
    """Give the experiment's runs, by the call that they belong to."""
    client = MlflowClient(server.mlflow_url)
    found = client.get_experiment_by_name(experiment)
    runs: dict[str, list[Any]] = defaultdict(list)
    token = None
    while found:
        page = client.search_runs([found.experiment_id], max_results=1000, page_token=token)
        for run in page:
            runs[run.data.tags["jupyter_utils.entry"]].append(run)
        token = page.token
        if not token:
            break
    return runs


def artifacts(server: Started, run: Any) -> dict[str, bytes]:
    """Give all files of a run, by their names."""
    root = server.store_dir / "artifacts" / run.info.experiment_id / run.info.run_id / "artifacts"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def check_whole(server: Started, run: Any, values: dict[str, bytes], params: dict[str, str]) -> None:
    """Hold a finished run against what its call was given."""
    assert run.info.status == "FINISHED"
    assert run.data.params == params
    stored = artifacts(server, run)
    assert {name: stored.get(f"dataset/{name}") for name in values} == values
    assert "jupyter_utils/manifest.json" in stored
