"""The door to MLflow where labs really run: under a hub, two beside each other, with files of any size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import hub
import mlflow
import pytest
import requests
import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil
    from servers import Started

pytestmark = pytest.mark.full
MIB = 2**20
SIZE = 1024 * MIB
SEARCH = "ajax-api/2.0/mlflow/experiments/search"


def experiments(door: str, token: str) -> list[str]:
    """Return the names of the experiments that are seen through a door."""
    headers = {"Authorization": f"token {token}"}
    body: dict[str, Any] = {"max_results": 100}
    deadline = time.monotonic() + 120
    while True:
        answer = requests.post(f"{door}/{SEARCH}", json=body, headers=headers, timeout=60, proxies={"http": ""})
        if answer.status_code != requests.codes.unavailable or time.monotonic() > deadline:
            break
        time.sleep(1)  # the lab answers before its MLflow does, and the door says so
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json().get("experiments", [])]


def jupyter_process(server: Started) -> psutil.Process:
    return next(one for one in servers.processes(server) if "jupyter_app" in " ".join(one.cmdline()))


def pieces(size: int, seen: Any) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield b"x" * MIB
        seen()


def test_two_labs_lead_each_to_its_own(tmp_path: Path) -> None:
    """One asks for a password, one has a static prefix and a path of its own; neither shows the other's runs."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    base = "--ServerApp.base_url=/b/"
    with (
        servers.lab(first, MLFLOW_AUTH="on") as a,
        servers.started("lab", second, "--", base, MLFLOW_STATIC_PREFIX="/team") as b,
    ):
        servers.wait_ready(b, f"{b.jupyter_url}/b/api", f"{b.mlflow_url}/team/health")
        mlflow.MlflowClient(f"{b.mlflow_url}/team").create_experiment("of b")
        assert experiments(f"{a.jupyter_url}/mlflow", a.token) == ["Default"]
        assert experiments(f"{b.jupyter_url}/b/mlflow", b.token) == ["of b", "Default"]
        refused = requests.post(f"{a.mlflow_url}/{SEARCH}", json={}, timeout=60, proxies={"http": ""})
        assert refused.status_code == 401, "the port asks for a password, the door does not"


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_gibibyte_passes_through(lab: Started, way: str) -> None:
    """Jupyter's process holds a few pieces of it, never the file."""
    client = mlflow.MlflowClient(lab.mlflow_url)
    name = f"large {way}"
    found = client.get_experiment_by_name(name)
    experiment = found.experiment_id if found else client.create_experiment(name)
    run = client.create_run(experiment).info.run_id
    place = f"mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/large.bin"
    headers = {"Authorization": f"token {lab.token}"}
    process = jupyter_process(lab)
    before = peak = process.memory_info().rss

    def look() -> None:
        nonlocal peak
        peak = max(peak, process.memory_info().rss)

    door = f"{lab.jupyter_url}/mlflow/api/2.0"
    address = f"{door if way == 'up' else lab.mlflow_url + '/api/2.0'}/{place}"
    sent = requests.put(address, data=pieces(SIZE, look), headers=headers, timeout=600, proxies={"http": ""})
    assert sent.status_code == 200, sent.text
    size = 0
    with requests.get(f"{door}/{place}", headers=headers, stream=True, timeout=600, proxies={"http": ""}) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_content(MIB):
            size += len(piece)
            look()
    assert size == SIZE
    assert peak - before < 64 * MIB


def test_under_a_hub(tmp_path: Path) -> None:
    """Below the user's path, with the hub's own login, through its proxy."""
    program = hub.lab_program(tmp_path)
    settings = {"MLFLOW_PORT": str(servers.free_port()), "MLFLOW_AUTH": "on"}
    with hub.hub(tmp_path, command=[str(program)], **settings) as server:
        door = f"{server.jupyter_url}/mlflow"
        assert experiments(door, server.token) == ["Default"]
        page = requests.get(
            f"{door}/", headers={"Authorization": f"token {server.token}"}, timeout=60, proxies={"http": ""}
        )
        assert page.status_code == 200
        assert "static-files/static/js/main" in page.text
        nobody = requests.get(f"{door}/", timeout=60, proxies={"http": ""}, allow_redirects=False)
        assert nobody.status_code == 302
        assert "/hub/api/oauth2/authorize" in nobody.headers["Location"]
        writes = requests.post(f"{door}/{SEARCH}", json={}, timeout=60, proxies={"http": ""})
        assert writes.status_code == 403
