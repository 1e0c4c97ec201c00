"""A password that MLflow asks for since a kernel was started, or that was changed since, is found where it lies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from asking import Asking, asking, in_a_lab, telling
from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.adapters.mlflow import check_response
from jupyter_utils.machine.lab_store import has_login
from jupyter_utils.tracking import ask, check_experiment
from jupyter_utils.tracking.put import _Pieces
from jupyter_utils.tracking.server import login_remedy
from requests import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHERE = "/api/2.0/mlflow/x"


@pytest.fixture
def server() -> Iterator[Asking]:
    with asking() as running:
        yield running


def post(server: Asking, data: object) -> int:
    """Send something as the library does: after the server has proven who it is."""
    assert ask(server.uri).down is None
    answer = adapter.request(server.uri, WHERE, "POST", data=data, max_retries=0)
    check_response(answer)
    return int(answer.json()["size"])


@pytest.mark.parametrize("known", ["", "an old one"], ids=["asked since", "changed since"])
def test_it_is_read_where_it_lies(server: Asking, known: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Once, and from then on it is this process' own, and that of what it starts; what is being sent arrives whole."""
    (tmp_path / "password").write_text("first\n")
    in_a_lab(monkeypatch, server.uri, tmp_path / "password", known)
    (tmp_path / "large").write_bytes(b"x" * 2**20)
    assert post(server, _Pieces(tmp_path / "large")) == 2**20
    assert server.refused == 1
    assert os.environ["MLFLOW_TRACKING_PASSWORD"] == "first"
    assert has_login(server.uri)
    assert post(server, b"abc") == 3
    assert server.refused == 1
    server.password = "second"
    (tmp_path / "password").write_text("second\n")
    with (tmp_path / "large").open("rb") as file:
        assert post(server, file) == 2**20
    assert server.refused == 2


def test_a_socket_tells_it(server: Asking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As that of the service does, which reads what the lab's user may not."""
    words = {"password": ""}
    in_a_lab(monkeypatch, server.uri, tmp_path / "s")
    with pytest.raises(HTTPError, match="401"):
        post(server, b"nobody is there")
    with telling(tmp_path / "s", words):
        with pytest.raises(HTTPError, match="401"):
            post(server, b"none yet")
        words["password"] = "first"
        assert post(server, b"abc") == 3


def test_nothing_of_it_goes_elsewhere(server: Asking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """To no other server, and not in place of what a user has set."""
    (tmp_path / "password").write_text("first")
    in_a_lab(monkeypatch, "http://127.0.0.1:9", tmp_path / "password")
    with pytest.raises(HTTPError, match="401"):
        post(server, b"a")
    for name, value in (("MLFLOW_TRACKING_PASSWORD", "my own"), ("MLFLOW_TRACKING_TOKEN", "mine")):
        in_a_lab(monkeypatch, server.uri, tmp_path / "password")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
        monkeypatch.setenv(name, value)
        with pytest.raises(HTTPError, match="401"):
            post(server, b"a")
        assert os.environ[name] == value
    in_a_lab(monkeypatch, server.uri, tmp_path / "password")
    with pytest.raises(HTTPError, match="401"):
        post(Asking(server.uri.replace("//", "//me:wrong@")), b"a")
    assert server.bodies == []


def test_one_that_stays_wrong_is_told(server: Asking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As a server that is down, so that the run waits; with what helps."""
    (tmp_path / "password").write_text("old\n")
    in_a_lab(monkeypatch, server.uri, tmp_path / "password", "old")
    assert ask(server.uri).down is None
    status = check_experiment(server.uri, "x")
    assert status.down is not None
    assert status.down.startswith("does not let us in")
    assert str(tmp_path / "password") in str(status.remedy)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "my own")
    assert login_remedy(server.uri) == "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
