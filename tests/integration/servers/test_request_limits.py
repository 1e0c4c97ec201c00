"""What a request may take of the MLflow server, at MLflow's own endpoints."""

from __future__ import annotations

import contextlib
import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
import servers
from jupyter_utils.servers.mlflow_app.limits import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Started

PIECE = bytes(2**20)
ENDPOINTS = ("api/2.0/mlflow/runs/log-batch", "ajax-api/2.0/mlflow/upload-artifact", "v1/traces", "graphql", "nowhere")


def connected(server: Started, path: str, **headers: str) -> http.client.HTTPConnection:
    """Send the head of a request."""
    connection = http.client.HTTPConnection(urlsplit(server.mlflow_url).netloc, timeout=60)
    connection.putrequest("POST", f"/{path}")
    for name, value in {"Content-Type": "application/json", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    return connection


def memory(server: Started) -> int:
    return sum(process.memory_info().rss for process in servers.processes(server))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_that_says_how_large_it_is(mlflow_server: Started, path: str) -> None:
    """Nothing of it is awaited."""
    connection = connected(mlflow_server, path, Content_Length=str(LARGEST + 1))
    assert connection.getresponse().status == 413


@pytest.mark.parametrize("path", ENDPOINTS[:2])
def test_a_body_that_does_not_end(mlflow_server: Started, path: str) -> None:
    """The server gives up once it is too large, and keeps no more memory than that."""
    before = memory(mlflow_server)
    connection = connected(mlflow_server, path, Transfer_Encoding="chunked")
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 16 * LARGEST:
            connection.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
            sent += len(PIECE)
    assert sent < 2 * LARGEST
    assert memory(mlflow_server) - before < 3 * LARGEST


@pytest.fixture(scope="module")
def with_arguments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Run MLflow's own command, with an argument that only it knows."""
    folder = tmp_path_factory.mktemp("with-arguments")
    with servers.mlflow(folder, "--", "--uvicorn-opts=--backlog=64", MLFLOW_WORKERS="2") as server:
        yield server


@pytest.mark.full  # MLflow's own command starts twice
def test_with_further_arguments(with_arguments: Started) -> None:
    """The same limits, places and names hold; it is what MLflow starts, with that argument."""

    def post(path: str, body: object, **more: object) -> requests.Response:
        url = f"{with_arguments.mlflow_url}/api/2.0/mlflow/{path}"
        return requests.post(url, json=body, timeout=60, proxies={"http": ""}, **more)  # type: ignore[arg-type]

    lines = [" ".join(process.cmdline()) for process in servers.processes(with_arguments)]
    assert any("uvicorn --backlog=64" in line for line in lines), lines
    connection = connected(with_arguments, ENDPOINTS[0], Content_Length=str(LARGEST + 1))
    assert connection.getresponse().status == 413
    refused = post("experiments/create", {"name": "there", "artifact_location": "/home/there"})
    assert "MLFLOW_ARTIFACT_LOCATIONS=/home/there" in refused.json()["message"]
    assert post("experiments/create", {"name": "x"}, headers={"Host": "10.evil.example"}).status_code == 403
    run = post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]
    place = with_arguments.store_dir / "artifacts" / run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    place.mkdir(parents=True)
    (place / "there").symlink_to(with_arguments.folder)
    url = f"{with_arguments.mlflow_url}/get-artifact?run_id={run['run_id']}&path=there/output.txt"
    answer = requests.get(url, timeout=60, proxies={"http": ""})
    assert not answer.ok
    assert "Starting" not in answer.text
    assert any("PromptProtocol" in line for line in lines), lines
    assert with_arguments.output.count("WARNING") == 0


@pytest.mark.parametrize(
    ("argument", "remedy"),
    [
        ("--gunicorn-opts=--preload", "--uvicorn-opts"),
        ("--waitress-opts=--threads=4", "--uvicorn-opts"),
        ("--backend-store-uri=sqlite:///a.db", "MLFLOW_BACKEND_STORE_URI"),
        ("--artifacts-destination=/home", "MLFLOW_ARTIFACTS_DESTINATION"),
        ("--app-name=other", "MLFLOW_AUTH"),
    ],
)
def test_arguments_that_would_lead_around_the_limits(tmp_path: Path, argument: str, remedy: str) -> None:
    """Are refused, with what to do instead."""
    done = servers.run(["mlflow", "--", argument], servers.environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert remedy in done.stderr
