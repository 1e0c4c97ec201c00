"""What the MLflow server keeps, and whom it lets in."""

from __future__ import annotations

import socket
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Any

import kernels
import psutil
import pytest
import requests
import servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Started


def call(server: Started, path: str, body: Any = None, **more: Any) -> requests.Response:
    """Call MLflow's REST API without any proxy."""
    session = requests.Session()
    session.trust_env = False
    url = f"{server.mlflow_url}/{path}"
    if body is None:
        return session.get(url, timeout=60, **more)
    return session.post(url, json=body, timeout=60, **more)


def log_run(server: Started, **more: Any) -> str:
    """Make a run with one artifact; return its id."""
    created = call(server, "api/2.0/mlflow/runs/create", {"experiment_id": "0"}, **more).json()["run"]["info"]
    path = created["artifact_uri"].removeprefix("mlflow-artifacts:/")
    url = f"{server.mlflow_url}/api/2.0/mlflow-artifacts/artifacts/{path}/note.txt"
    requests.put(url, data=b"kept", timeout=60, proxies={"http": ""}, **more).raise_for_status()
    return str(created["run_id"])


def test_runs_and_artifacts_lie_in_the_store(mlflow_server: Started) -> None:
    """Runs in `mlflow.db`, artifacts in a folder per run id, sent through the server."""
    run_id = log_run(mlflow_server)
    with closing(sqlite3.connect(mlflow_server.store_dir / "mlflow.db")) as database:
        assert database.execute("SELECT 1 FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
    stored = mlflow_server.store_dir / "artifacts" / "0" / run_id / "artifacts" / "note.txt"
    assert stored.read_text() == "kept"
    assert str(mlflow_server.store_dir) in mlflow_server.output


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "localhost:8080", "mlflow:15000", "<hostname>:15000"]
)
def test_it_answers_to_its_own_names(mlflow_server: Started, host: str) -> None:
    """Every name of this machine, with any published port, and the container's name."""
    host = host.replace("<hostname>", socket.gethostname())
    answer = call(mlflow_server, "api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": host})
    assert answer.status_code == 200


def test_it_does_not_answer_to_a_foreign_name(mlflow_server: Started) -> None:
    """A web page whose name was made to resolve to this machine (DNS rebinding) gets nothing."""
    answer = call(
        mlflow_server, "api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": "evil.example:15000"}
    )
    assert answer.status_code == 403


def test_only_its_own_page_may_change_something(mlflow_server: Started) -> None:
    """The page at the address that was opened may search; another site's may not."""
    body = {"experiment_ids": ["0"]}
    path = "ajax-api/2.0/mlflow/runs/search"
    own = {"Host": "mlflow:8080", "Origin": "http://mlflow:8080"}
    assert call(mlflow_server, path, body, headers=own).status_code == 200
    foreign = {"Origin": "http://evil.example"}
    assert call(mlflow_server, path, body, headers=foreign).status_code == 403


def test_its_processes_at_rest_take_little_memory(mlflow_server: Started) -> None:
    """At most 0.7 GB of proportional memory (PSS), launcher included."""
    launcher = psutil.Process(mlflow_server.process.pid)
    total = sum(process.memory_full_info().pss for process in [launcher, *launcher.children(recursive=True)])
    assert total < 0.7e9


def test_several_workers_serve_the_same(tmp_path: Path) -> None:
    """The page at any address may search, many files go in one request, and no worker outlives what watches them."""
    settings = {"MLFLOW_WORKERS": "2", "LISTEN_ADDRESS": "0.0.0.0", "MLFLOW_AUTH": "off"}
    with servers.started("mlflow", tmp_path, **settings) as server:
        servers.wait_ready(server, f"{server.mlflow_url}/health")
        own = {"Host": "10.1.2.3:8080", "Origin": "http://10.1.2.3:8080"}  # as a container's host is reached
        body = {"experiment_ids": ["0"]}
        for _ in range(8):  # by either worker
            assert call(server, "ajax-api/2.0/mlflow/runs/search", body, headers=own).status_code == 200
        assert call(server, f"api/2.0/mlflow-artifacts/jupyter-utils/0/{'0' * 32}/artifacts", {}).status_code == 400
        processes = psutil.Process(server.process.pid).children(recursive=True)
        watcher = next(process for process in processes if len(process.children()) > 1)
        assert watcher.memory_info().rss < 150e6, "it only watches"
        workers = watcher.children()
        watcher.kill()
        gone, alive = psutil.wait_procs(workers, 30)
        assert (alive, len(gone) > 1) == ([], True)


@pytest.mark.full
def test_several_workers_ask_for_the_password(tmp_path: Path) -> None:
    """Each of them, and each knows it."""
    with servers.mlflow(tmp_path, MLFLOW_WORKERS="2", MLFLOW_AUTH="on") as server:
        path = "api/2.0/mlflow/experiments/get?experiment_id=0"
        password = (server.store_dir / "auth" / "admin-password").read_text().strip()
        answers = {
            (call(server, path).status_code, call(server, path, auth=("admin", password)).status_code) for _ in range(8)
        }
        assert answers == {(401, 200)}


@pytest.mark.full  # about 10 s, and seldom touched
def test_further_arguments_go_to_mlflow_server(tmp_path: Path) -> None:
    """`mlflow server` itself takes over, and ends as cleanly."""
    with servers.started("mlflow", tmp_path, MLFLOW_STATIC_PREFIX="/tracking", MLFLOW_WORKERS="2") as server:
        servers.wait_ready(server, f"{server.mlflow_url}/tracking/health")
        processes = psutil.Process(server.process.pid).children(recursive=True)
        assert len(processes) > 4
        assert server.stop() == 0
        assert [process for process in processes if process.is_running()] == []


@pytest.fixture(scope="module")
def open_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Run a lab that other machines can reach."""
    with servers.lab(tmp_path_factory.mktemp("open-lab"), LISTEN_ADDRESS="0.0.0.0") as server:
        yield server


def test_reachable_from_elsewhere_it_asks_for_a_password(open_lab: Started) -> None:
    """LISTEN_ADDRESS other than this machine's own: no run is read or written without the password."""
    path = "api/2.0/mlflow/experiments/get?experiment_id=0"
    assert call(open_lab, path).status_code == 401
    password = open_lab.store_dir / "auth" / "admin-password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert str(password) in open_lab.output
    assert password.read_text().strip() not in open_lab.output
    assert call(open_lab, path, auth=("admin", password.read_text().strip())).status_code == 200


def test_the_labs_notebooks_have_the_password(open_lab: Started) -> None:
    """MLflow's own client, in a notebook, with nothing set by hand."""
    with kernels.kernel(open_lab) as kernel:
        said = kernel.run("import mlflow; print(mlflow.get_experiment('0').name)")
        assert said.strip().endswith("Default")


def test_data_is_there_after_a_restart_and_a_lost_password_file_is_replaced(tmp_path: Path) -> None:
    """Runs stay; whoever may write to the store may set its password anew by removing the file."""
    store = tmp_path / "mlflow"
    password = store / "auth" / "admin-password"
    with servers.mlflow(tmp_path, MLFLOW_AUTH="on") as server:
        old = password.read_text().strip()
        run_id = log_run(server, auth=("admin", old))
        assert server.stop() == 0
    password.unlink()
    with servers.mlflow(tmp_path, MLFLOW_AUTH="on") as server:
        path = f"api/2.0/mlflow/runs/get?run_id={run_id}"
        new = password.read_text().strip()
        assert new != old
        assert call(server, path, auth=("admin", new)).status_code == 200
        assert call(server, path, auth=("admin", old)).status_code == 401
    assert sorted(path.name for path in store.glob("mlflow.db*")) == ["mlflow.db", "mlflow.db.identity"]


@pytest.mark.full  # a whole server for what the settings' tests say already
def test_the_password_can_be_turned_off_by_name(tmp_path: Path) -> None:
    """MLFLOW_AUTH=off, for networks that are closed in another way."""
    with servers.mlflow(tmp_path, LISTEN_ADDRESS="0.0.0.0", MLFLOW_AUTH="off") as server:
        assert call(server, "api/2.0/mlflow/experiments/get?experiment_id=0").status_code == 200


def test_the_store_is_its_users_own(mlflow_server: Started) -> None:
    """Folder, database, artifacts, and what the server writes later: nothing for others."""
    log_run(mlflow_server)
    store = mlflow_server.store_dir
    written = [store, *(path for path in (store / "artifacts" / "0").rglob("*")), *store.glob("mlflow.db*")]
    assert [str(path) for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
