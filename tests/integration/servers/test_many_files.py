"""Many files in one request: the same as one by one, and not one refusal less."""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import servers
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started


def body(files: dict[str, bytes]) -> bytes:
    head = [
        {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    ]
    return json.dumps(head).encode() + b"\n" + b"".join(files.values())


def post(server: Started, run: str, data: bytes, **more: Any) -> int:
    url = f"{server.mlflow_url}/api/2.0/mlflow-artifacts/jupyter-utils/{run}"
    return requests.post(url, data=data, timeout=60, proxies={"http": ""}, **more).status_code


def new_run() -> str:
    return f"0/{secrets.token_hex(16)}/artifacts"


def test_stored_as_one_by_one(mlflow_server: Started) -> None:
    """All names and contents arrive, as MLflow lists them and as they lie on disk."""
    files = {"a.txt": b"a", "dir/日本 語.bin": b"\x00\n\xff" * 1000, "dir/empty": b"", "b c&d": b"x"}
    run = MlflowClient(mlflow_server.mlflow_url).create_run("0").info
    place = run.artifact_uri.removeprefix("mlflow-artifacts:/")
    assert post(mlflow_server, place, body(files)) == 200
    root = mlflow_server.store_dir / "artifacts" / place
    assert {name: (root / name).read_bytes() for name in files} == files
    listed = MlflowClient(mlflow_server.mlflow_url).list_artifacts(run.run_id)
    assert {one.path for one in listed} == {"a.txt", "b c&d", "dir"}


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../../../x", "a//b", "", "a/", "%2e%2e/x", "..%2fx"])
def test_names_that_lead_elsewhere(name: str, mlflow_server: Started) -> None:
    """Refused before anything of the request is written."""
    run = new_run()
    assert post(mlflow_server, run, body({"fine": b"x", name: b"x"})) == 400
    assert not (mlflow_server.store_dir / "artifacts" / run).exists()


def test_requests_that_are_not_whole(mlflow_server: Started) -> None:
    """Cut, longer, changed, or no such request at all: refused whole."""
    run = new_run()
    right = body({"a": b"aaaa", "b": b"bbbb"})
    wrong = [right[:-1], right + b"x", right.replace(b"bbbb", b"bbbc"), b"", b"[]\n", b"{}\n", b"x", b"[1]\n"]
    assert {post(mlflow_server, run, data) for data in wrong} == {400}
    assert post(mlflow_server, run, b"x" * (33 * 2**20)) == 413
    assert not (mlflow_server.store_dir / "artifacts" / run).exists()
    for place in ("models/x/artifacts", "0/../artifacts", "0/x", ""):
        assert post(mlflow_server, place, right) in {404, 405}


def test_whom_it_lets_in(tmp_path: Path) -> None:
    """No more than MLflow itself: a password, the right one, a known host, and the permission to write."""
    with servers.mlflow(tmp_path, LISTEN_ADDRESS="127.0.0.1", MLFLOW_AUTH="on") as server:
        password = next((server.store_dir / "auth").glob("admin-password")).read_text().strip()
        admin, data = ("admin", password), body({"a": b"x", "b": b"y"})
        api = f"{server.mlflow_url}/api/2.0/mlflow"
        made = requests.post(f"{api}/experiments/create", json={"name": "mine"}, auth=admin, timeout=60)
        user = {"username": "reader", "password": "only reading 1234"}
        assert requests.post(f"{api}/users/create", json=user, auth=admin, timeout=60).ok
        experiment = made.json()["experiment_id"]
        run = requests.post(f"{api}/runs/create", json={"experiment_id": experiment}, auth=admin, timeout=60).json()
        place = run["run"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
        root = server.store_dir / "artifacts" / place
        assert post(server, place, data) == 401
        assert post(server, place, data, auth=("admin", "wrong")) == 401
        assert post(server, place, data, auth=("reader", user["password"])) == 403
        assert post(server, place, data, auth=admin, headers={"Host": "evil.example.org"}) == 403
        assert not root.exists()
        assert post(server, place, data, auth=admin) == 200
        assert (root / "b").read_bytes() == b"y"


def test_the_server_goes_on_answering(mlflow_server: Started) -> None:
    """5,000 entries of one byte and 25 MiB: refused or stored in seconds, and others are answered meanwhile."""
    files = {f"{number}": b"x" for number in range(5000)}
    data = body(files | {"large": b"y" * (25 * 2**20)})
    wrong = data[:-1] + b"z"
    slowest = 0.0
    for sent, status in ((wrong, 400), (data, 200)):
        done = threading.Event()
        answers: list[int] = []

        def send(sent: bytes = sent, done: threading.Event = done, answers: list[int] = answers) -> None:
            try:
                answers.append(post(mlflow_server, new_run(), sent))
            finally:
                done.set()

        start = time.monotonic()
        threading.Thread(target=send).start()
        while not done.wait(0.05):
            before = time.monotonic()
            assert requests.get(f"{mlflow_server.mlflow_url}/health", timeout=30, proxies={"http": ""}).ok
            slowest = max(slowest, time.monotonic() - before)
        assert answers == [status]
        assert time.monotonic() - start < 120
    assert slowest < 15


def test_nothing_is_read_of_a_stranger(tmp_path: Path) -> None:
    """Without a password the answer comes before the body does, so that none has to be held."""
    with servers.mlflow(tmp_path, MLFLOW_AUTH="on") as server:
        port = int(server.mlflow_url.rpartition(":")[2])
        head = f"POST /api/2.0/mlflow-artifacts/jupyter-utils/{new_run()} HTTP/1.1\r\nHost: localhost:{port}\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(f"{head}Content-Length: 30000000\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
