"""What the doctor says of labs that run: of the lab, and not of the shell that asks."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from jupyter_utils import doctor
from jupyter_utils.doctor import lab
from jupyter_utils.servers.whereabouts import where
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def announce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write down a lab, as one that runs in this process (or its parent) would."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "state" / "jupyter-utils" / "run"
    folder.mkdir(parents=True)

    def write(settings: Settings | None, pid: int = 0, **more: Any) -> None:
        process = psutil.Process(pid or os.getpid())
        state = {
            "pid": process.pid,
            "began": process.create_time(),
            "urls": {"JupyterLab": "http://127.0.0.1:1/lab?token=secret", "MLflow": "http://127.0.0.1:2"},
            "root_dir": str(settings.root_dir if settings else tmp_path),
            "settings": where(settings) if settings else {},
        }
        (folder / f"{process.pid}.json").write_text(json.dumps(state | more))

    return write


def found(settings: Settings) -> dict[str, list[doctor.Finding]]:
    by_subject: dict[str, list[doctor.Finding]] = {}
    for finding in doctor.examine(settings):
        by_subject.setdefault(finding.subject, []).append(finding)
    return by_subject


def test_none_is_said_to_run(announce: Callable[..., None], tmp_path: Path) -> None:  # noqa: ARG001
    """And then the shell's settings are what is looked at."""
    (finding,) = lab.labs(Settings(jupyter_root_dir=tmp_path / "here"))
    assert (finding.level, "none of yours runs" in finding.message) == ("ok", True)
    assert str(tmp_path / "here") in finding.message


def test_the_lab_counts_and_not_the_shell(
    announce: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders, store, ports, spool, MLflow: as the lab has them, also where a variable says something else."""
    monkeypatch.setattr("jupyter_utils.doctor.FURTHER", ())
    own = Settings(
        jupyter_root_dir=tmp_path / "work",
        mlflow_store_dir=tmp_path / "store",
        jupyter_utils_spool_dir=tmp_path / "waiting",
        mlflow_port=15432,
    )
    announce(own, environment="debian-cpu-0123456789ab", logs={"MLflow": "/log/mlflow.log"})
    shell = Settings(
        jupyter_root_dir=tmp_path / "shell", mlflow_store_dir=tmp_path / "shell", mlflow_tracking_uri="http://other:1"
    )
    findings = found(shell)
    text = repr(findings)
    assert str(tmp_path / "shell") not in text
    assert "http://other" not in text
    assert str(tmp_path / "store") in findings["lab, MLflow data"][0].message
    assert str(tmp_path / "waiting") in findings["lab, waiting runs"][0].message
    assert "15432" in findings["lab, who can reach it"][0].message
    assert "debian-cpu-0123456789ab" in findings["lab, environment"][0].message
    assert findings["lab, log of MLflow"][0].message == "/log/mlflow.log"
    assert findings["JUPYTER_ROOT_DIR"][0].message.startswith(str(tmp_path / "work"))
    assert "JUPYTER_PORT" not in findings, "the lab has its ports: whether others are free is not the question"
    assert "secret" not in text


def test_several_labs_are_told_apart(
    announce: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its number, and the folders of all are looked at."""
    monkeypatch.setattr("jupyter_utils.doctor.FURTHER", ())
    announce(Settings(jupyter_root_dir=tmp_path / "a", mlflow_store_dir=tmp_path / "store"))
    announce(Settings(jupyter_root_dir=tmp_path / "b", mlflow_store_dir=tmp_path / "store"), os.getppid())
    findings = found(Settings())
    assert {"lab (1 of 2)", "lab (2 of 2)"} <= set(findings)
    assert {one.message.split()[0] for one in findings["JUPYTER_ROOT_DIR"]} == {
        f"{tmp_path / 'a'}",
        f"{tmp_path / 'b'}",
    }
    assert len(findings["MLFLOW_STORE_DIR"]) == 1, "said twice"


def test_a_lab_of_an_earlier_version_is_said_to_tell_less(announce: Callable[..., None], tmp_path: Path) -> None:
    """It wrote down neither its settings nor its environment."""
    announce(None)
    findings = list(lab.labs(Settings()))
    assert any(one.level == "warning" and "earlier version" in one.message for one in findings)
    assert str(tmp_path) in findings[0].message


@pytest.mark.parametrize(
    ("settings", "level", "said"),
    [
        ({}, "ok", "this machine only"),
        ({"listen_address": "0.0.0.0"}, "ok", "other machines, too"),
        ({"listen_address": "0.0.0.0", "mlflow_auth": "off"}, "warning", "asks for no password"),
        ({"mlflow_tracking_uri": "http://mlflow.example"}, "ok", "this machine only"),
    ],
)
def test_who_can_reach_it(
    announce: Callable[..., None], settings: dict[str, str], level: str, said: str, tmp_path: Path
) -> None:
    """By the lab's own address, with what its MLflow asks for."""
    announce(Settings(jupyter_root_dir=tmp_path, **settings))  # type: ignore[arg-type]
    (finding,) = [one for one in lab.labs(Settings()) if one.subject.endswith("who can reach it")]
    assert (finding.level, said in finding.message) == (level, True), finding


def test_passwords_are_not_written_down() -> None:
    """Of databases and servers only the masked address."""
    settings = Settings(
        mlflow_backend_store_uri="postgresql://me:geheim@db/x", mlflow_tracking_uri="https://me:geheim@mlflow.example"
    )
    assert "geheim" not in repr(where(settings))
    assert "mlflow.example" in where(settings)["MLFLOW_TRACKING_URI"]


def test_a_server_that_does_not_answer_is_named_with_its_log(announce: Callable[..., None], tmp_path: Path) -> None:
    """With what to do."""
    announce(
        Settings(jupyter_root_dir=tmp_path),
        health={"JupyterLab": "http://127.0.0.1:1/api"},
        logs={"JupyterLab": "/log/jupyterlab-1.log"},
    )
    (finding,) = [one for one in lab.labs(Settings()) if one.subject == "lab, JupyterLab"]
    assert finding.level == "warning"
    assert "/log/jupyterlab-1.log" in finding.remedy
    assert "secret" not in repr(finding)
