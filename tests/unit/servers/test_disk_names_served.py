"""The server's answer about names: only to those whom MLflow lets in, and of nothing outside of its own folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import loops
import pytest
from exfat_disks import exfat_disk
from jupyter_utils.entries.names import LIMIT, PATH
from jupyter_utils.servers.mlflow_app.disk_names import DiskNames

if TYPE_CHECKING:
    from pathlib import Path


def ask(body: bytes, *, lets_in: int = 200, path: str = PATH, method: str = "POST") -> tuple[int, bytes]:
    """Send a request to the application, in front of an MLflow that answers every question with one status."""
    answers: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        status = lets_in if scope["path"].endswith("/search") else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    loops.finished(DiskNames(app)(scope, receive, send))
    return answers[0]["status"], answers[-1].get("body", b"")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(tmp_path))
    return tmp_path


def test_a_disk_that_tells_them_apart(store: Path) -> None:
    assert ask(json.dumps(["dataset/A", "dataset/a"]).encode()) == (200, b"[]")
    assert not any((store / ".jupyter-utils").iterdir())


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b"{}", b"[1]", b'["../x"]', b'["/x"]', b'["a/../b"]', b'[""]', b'["a//b"]', b'["a\\\\b"]', b"[" * 9999],
)
@pytest.mark.usefixtures("store")
def test_what_is_no_list_of_names_is_refused(body: bytes) -> None:
    assert ask(body)[0] == 400


@pytest.mark.usefixtures("store")
def test_limits() -> None:
    assert ask(json.dumps(["a"] * (LIMIT + 1)).encode())[0] == 400
    assert ask(b"x" * (2**20 + 1))[0] == 413


@pytest.mark.usefixtures("store")
def test_strangers_and_other_requests() -> None:
    """Whom MLflow does not let in gets its refusal; every other request is MLflow's."""
    assert ask(b"[]", lets_in=401)[0] == 401
    assert ask(b"[]", method="GET")[0] == 404
    assert ask(b"[]", path=PATH + "/x")[0] == 404


def test_a_bucket_tells_all_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", "s3://bucket/mlflow")
    assert ask(b'["A", "a"]') == (200, b"[]")


def test_exfat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with exfat_disk(tmp_path / "disk", 16 << 20) as disk:
        monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", str(disk))
        status, body = ask(json.dumps(["dataset/A", "dataset/a"]).encode())
    assert (status, json.loads(body)) == (200, [["dataset/a", "dataset/A"]])
