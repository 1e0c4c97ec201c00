"""What `save_mlflow` does to MLflow's client holds for its call alone: no other thread of the process sees a change."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import jupyter_utils
import odd_servers
from mlflow import MlflowClient
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest
    from conftest import Runs

FOUND = odd_servers.answer("200 OK", b'{"experiments": []}', "application/json")


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do this again and again in another thread; what it raises is raised after the block."""
    ended, errors = threading.Event(), []

    def again() -> None:
        while not ended.is_set():
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised below
                errors.append(error)
                return

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(60)
    if errors:
        raise errors[0]


def use(runs: Runs, folder: Path) -> None:
    for number in range(4):
        result = runs.save(experiment_name="threads", result={f"{n}.txt": "x" for n in range(20)}, do_commit=False)
        os.environ["XDG_CACHE_HOME"] = str(folder)
        assert jupyter_utils.load_mlflow(result.run_id, runs.uri).result[f"{number}.txt"] == "x"


def test_the_environment_stays(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every moment, and so do MLflow's settings for others."""
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "6")
    before = dict(os.environ)

    def watch() -> None:
        assert dict(os.environ) == before
        assert (MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), MLFLOW_HTTP_REQUEST_TIMEOUT.get()) == (6, 120)

    with meanwhile(watch):
        use(runs, tmp_path)


def test_other_calls_keep_their_retries(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that fails every other time is no trouble for MLflow's own calls in another thread."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    asked: list[int] = []

    def serve(client: socket.socket, _: bytes) -> None:
        asked.append(1)
        client.sendall(FOUND if len(asked) % 3 == 0 else odd_servers.ANSWERS["503"])

    with odd_servers.answering(serve) as url, meanwhile(lambda: MlflowClient(url).search_experiments() and None):
        use(runs, tmp_path)
    assert len(asked) > 2


def test_this_machine_past_every_proxy(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the user has a proxy and no NO_PROXY: for our calls, whatever the environment says."""
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = jupyter_utils.save_mlflow("proxy", do_commit=False, mlf_uri=runs.uri, result={"a.txt": "a"})
    assert result.is_stored
    assert jupyter_utils.load_mlflow(result.run_id, runs.uri).result["a.txt"] == "a"
