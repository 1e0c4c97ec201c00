"""An MLflow that dies is started again, and takes neither JupyterLab nor a kernel with it."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING

import kernels
import psutil
import servers
from jupyter_utils.machine.readiness import answers
from small_disks import small_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Started


def mlflow_of(server: Started) -> psutil.Process | None:
    """Return the MLflow server's own process, which its workers stand below."""
    for process in servers.processes(server):
        with contextlib.suppress(psutil.Error):
            if any(part.endswith("mlflow_app") for part in process.cmdline()):
                return process
    return None


def until(true: Callable[[], bool], what: str, limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def kill_mlflow(server: Started) -> int:
    until(lambda: mlflow_of(server) is not None, "no MLflow runs")
    process = mlflow_of(server)
    assert process
    process.kill()
    return process.pid


def doctor(server: Started) -> str:
    return servers.run(["doctor"], server.env, server.folder).stdout


def test_a_killed_mlflow_is_started_again_and_kernels_live_on(tmp_path: Path) -> None:
    """`kill -9`, as the OOM killer does it, of a server with workers: twice, with a longer pause the second time."""
    with servers.lab(tmp_path, MLFLOW_WORKERS="2") as server, kernels.kernel(server) as kernel:
        kernel.run("trained = 'a night'")
        lab = psutil.Process(server.process.pid)
        for pause in (1, 2):
            old = kill_mlflow(server)
            until(lambda: not answers(f"{server.mlflow_url}/health"), "its workers still hold the port", 20)
            said = f"MLflow was killed by signal 9. It is started again in {pause} s; all else goes on."
            until(lambda said=said: said in server.output, server.output)
            until(lambda: answers(f"{server.mlflow_url}/health"), "MLflow did not come back")
            until(lambda n=pause: server.output.count("MLflow answers again.") == n, server.output)
            new = mlflow_of(server)
            assert new
            assert new.pid != old
        assert kernel.run("print(trained)").strip() == "a night"
        assert lab.is_running()
        assert "MLflow was killed by signal 9" in doctor(server)
        assert "2 times since this lab began" in doctor(server)
        log = server.home / ".local/state/jupyter-utils/log" / f"mlflow-{server.env['MLFLOW_PORT']}.log"
        assert "MLflow answers again." in log.read_text()
        assert server.stop() == 0


def test_an_mlflow_that_cannot_come_back_is_tried_again_and_again(tmp_path: Path) -> None:
    """A database that broke while it was down; once it is mended, the next try succeeds. JupyterLab works."""
    with servers.lab(tmp_path) as server:
        database, aside = server.store_dir / "mlflow.db", server.store_dir / "aside"
        database.rename(aside)
        database.write_bytes(b"no database" * 1000)
        kill_mlflow(server)
        until(lambda: "MLflow ended with exit code 1. It is started again in 2 s" in server.output, server.output)
        assert answers(f"{server.jupyter_url}/api")
        assert "its lab starts it again" in doctor(server)
        aside.replace(database)
        until(lambda: "MLflow answers again." in server.output, server.output)
        assert server.process.poll() is None
        assert server.stop() == 0


def test_an_mlflow_that_cannot_start_at_all_ends_the_lab_at_once(tmp_path: Path) -> None:
    """A broken database, before it ever answered: exit code 1, and the reason in the output."""
    store = tmp_path / "mlflow"
    store.mkdir()
    (store / "mlflow.db").write_bytes(b"no database" * 1000)
    with servers.started("lab", tmp_path) as server:
        assert server.wait(60) == 1
        assert "MLflow ended with exit code 1; everything else is ended too." in server.output
        assert "started again" not in server.output
        assert "not a database" in server.output


def test_a_state_folder_that_fails_ends_no_lab(tmp_path: Path) -> None:
    """Logs deleted, the folder gone, its disk full: the servers go on, and a dead MLflow comes back."""
    with small_disk(tmp_path / "disk", "4m") as disk, servers.lab(tmp_path, XDG_STATE_HOME=str(disk)) as server:
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(b"x" * 2**23)
        for log in disk.rglob("*.log"):
            log.unlink()
        time.sleep(2)
        kill_mlflow(server)
        until(lambda: "MLflow answers again." in server.output, server.output)
        for path in (disk / "jupyter-utils").iterdir():
            if path.is_dir():
                # In one step: the lab writes into it.
                shutil.rmtree(path.rename(disk / f"gone-{path.name}"), ignore_errors=True)
        kill_mlflow(server)
        until(lambda: server.output.count("MLflow answers again.") == 2, server.output)
        assert answers(f"{server.jupyter_url}/api")
        assert server.stop() == 0
