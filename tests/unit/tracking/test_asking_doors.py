"""Who serves the store is asked through a lab's door, too, which wants the token that is set for its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import KEY
from jupyter_utils.entries.identity import PATH, identity, proof
from jupyter_utils.tracking import ask
from listening import Reply, Request, listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from listening import Listener


@pytest.fixture(params=[302, 401, 403])
def door(request: pytest.FixtureRequest) -> Iterator[Listener]:
    """Run one that refuses whoever has not the token."""

    def reply(asked: Request) -> Reply:
        if asked.path in {"/mlflow/health", "/login"}:
            return 200, {}, b""
        if asked.headers.get("authorization") != "Bearer labs-token":
            return request.param, {"Location": "/login"} if request.param == 302 else {}, b""
        return 200, {}, proof(KEY, asked.path.rpartition(PATH)[2]).encode()

    with listener(reply) as running:
        yield running


def test_it_is_asked_with_the_token_that_is_set_for_it(door: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the question without one was refused."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{door.url}/mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "labs-token")
    assert ask(f"{door.url}/mlflow").store == identity(KEY)
    assert ["authorization" in one.headers for one in door.seen if PATH in one.path] == [False, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:9"),
        ("MLFLOW_TRACKING_TOKEN", ""),
        ("MLFLOW_TRACKING_TOKEN", "another"),
    ],
)
def test_no_other_is_told_it(door: Listener, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Nor is a password, or a token that is not right, of any use."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{door.url}/mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "labs-token")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    monkeypatch.setenv(name, value)
    assert ask(f"{door.url}/mlflow").store == ""
    assert door.logins == ({"Bearer another"} if value == "another" else set())
