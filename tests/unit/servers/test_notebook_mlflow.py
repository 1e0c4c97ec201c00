"""What notebooks of the lab inherit for MLflow calls of their own: one that is down does not hold a training."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import odd_servers
import pytest
from calling import env
from jupyter_utils.servers.addresses import allowed_hosts
from jupyter_utils.servers.environment import notebook_environment
from jupyter_utils.servers.mlflow_app.same_origin import SameOrigin
from jupyter_utils.settings import read_settings
from jupyter_utils.tracking import NOTEBOOKS, client_settings
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

if TYPE_CHECKING:
    from pathlib import Path

# The pauses are MLflow's own; here only how often it asks is counted.
SETUP = """
import time
from types import SimpleNamespace
from unittest import mock
slept = []
with mock.patch.object(time, "sleep", slept.append):
    from transformers.integrations import MLflowCallback
    from transformers import TrainingArguments
    try:
        state = SimpleNamespace(is_world_process_zero=True)
        MLflowCallback().setup(TrainingArguments("out", report_to=[]), state, None)
    except Exception as error:
        print("gave up:", type(error).__name__)
print("slept", sum(slept))
"""


@pytest.fixture
def inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    for name in NOTEBOOKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return notebook_environment(read_settings(), None)


def test_a_trainer_is_not_held(inherited: dict[str, str], tmp_path: Path) -> None:
    """It asks an MLflow that is down some times, within about half a minute, and not for eight."""
    asked: list[bytes] = []
    with odd_servers.answering(
        lambda client, head: (asked.append(head), client.sendall(odd_servers.ANSWERS["503"]))
    ) as url:
        settings = {name: inherited[name] for name in NOTEBOOKS} | {"MLFLOW_TRACKING_URI": url}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SETUP],
            env=env(**settings),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    assert "gave up" in done.stdout
    assert 4 <= len(asked) <= 12, done.stdout
    assert 8 < float(done.stdout.rpartition("slept ")[2]) < 60, done.stdout


def test_the_users_own_values_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inherited: dict[str, str]) -> None:
    """In notebooks, and in our own calls; what only the lab has set is not for these."""
    del tmp_path
    for name, value in NOTEBOOKS.items():
        assert inherited[name] == value
        monkeypatch.setenv(name, value)
    with client_settings():
        assert (MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), MLFLOW_HTTP_REQUEST_TIMEOUT.get()) == (3, 60)
    for name in NOTEBOOKS:
        monkeypatch.setenv(name, "2")
    assert {notebook_environment(read_settings(), None)[name] for name in NOTEBOOKS} == {"2"}
    with client_settings():
        assert (MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), MLFLOW_HTTP_REQUEST_TIMEOUT.get()) == (2, 2)


def test_a_name_means_any_port() -> None:
    """One with a port means that; MLflow compares with patterns."""
    listed = allowed_hosts("127.0.0.1", "lab.example, other.example:443, fd00::1, *.wild", local=True).split(",")
    given = listed[listed.index("lab.example") :]
    assert given == [
        "lab.example",
        "lab.example:*",
        "other.example:443",
        "[fd00::1]",
        "[[]fd00::1]:*",
        "*.wild",
        "*.wild:*",
    ]


def test_such_names_are_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what looks at the Host header."""
    monkeypatch.setenv("MLFLOW_SERVER_ALLOWED_HOSTS", allowed_hosts("127.0.0.1", "lab.example,b.example:1", local=True))
    names = (b"lab.example", b"lab.example:8443", b"b.example:1", b"b.example:2", b"b.example", b"lab.example.evil:80")
    known = SameOrigin(None)
    assert [known._is_own([name]) for name in names] == [True, True, True, False, False, False]
