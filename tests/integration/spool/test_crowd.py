"""Many kernels that save at the same moment into one repository and one server on SQLite."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from calling import env, write_notebook
from jupyter_client.manager import start_new_kernel
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from runs_on_disk import check_whole, runs_by_entry

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

CODE = """
import pathlib, time, jupyter_utils, mlflow
from jupyter_utils import save as _
pathlib.Path(READY).touch()
while not pathlib.Path(GO).exists(): time.sleep(0.01)
result = jupyter_utils.save_mlflow("crowd COUNT", params={"number": NUMBER}, dataset={"a.txt": "text NUMBER"},
                                   notebook="nbNUMBER.ipynb", mlf_uri=URI)
print(result.run_id, result.commit, result.warnings)
"""


@pytest.mark.parametrize("count", [6, pytest.param(50, marks=[pytest.mark.full, pytest.mark.timeout(2400)])])
def test_crowd(count: int, mlflow_server: Started, tmp_path: Path) -> None:
    """As many commits, as many runs, all finished and whole; nobody fails."""
    root = tmp_path / "repository"
    root.mkdir()
    for command in (["init", "-q"], ["config", "user.name", "T"], ["config", "user.email", "t@example.org"]):
        subprocess.run(["git", "-C", root, *command], check=True)
    settings = env(JUPYTER_UTILS_GIT_LOCK_SECONDS="300", MLFLOW_HTTP_REQUEST_TIMEOUT="120")
    clients = []
    try:
        for number in range(count):
            write_notebook(root / f"nb{number}.ipynb", f"{number}")
            manager, client = start_new_kernel(startup_timeout=300, cwd=str(root), env=settings)
            clients.append((manager, client))
            code = CODE.replace("READY", repr(str(tmp_path / f"ready{number}"))).replace("COUNT", str(count))
            code = code.replace("GO", repr(str(tmp_path / "go"))).replace("URI", repr(mlflow_server.mlflow_url))
            client.execute(code.replace("NUMBER", str(number)))
        while len(list(tmp_path.glob("ready*"))) < count:
            time.sleep(0.1)
        start = time.monotonic()
        (tmp_path / "go").touch()
        said = [answer(client) for _, client in clients]
        sys.stdout.write(f"{count} kernels: {time.monotonic() - start:.1f} s\n")
    finally:
        for manager, client in clients:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    # A server that had too much to do for one of them gets it later, as the running lab would see to.
    sys.stdout.write(f"{len(own_spool().names())} of them had to wait\n")
    assert deliver_waiting(own_spool()).unsent == {}
    commits = subprocess.check_output(["git", "-C", root, "log", "--format=%H"], text=True).split()
    assert len(commits) == count
    assert sorted(line.split()[1] for line in said) == sorted(commits)
    stored = runs_by_entry(mlflow_server, f"crowd {count}")
    assert len(stored) == count
    for (run,) in stored.values():
        number = run.data.params["number"]
        check_whole(mlflow_server, run, {"a.txt": f"text {number}".encode()}, {"number": number})
        assert run.data.tags["mlflow.source.git.commit"] in commits


def answer(client: object) -> str:
    """Give what the one cell of a kernel has printed; fails with its error."""
    text = ""
    while True:
        message = client.get_iopub_msg(timeout=900)
        content = message["content"]
        if message["msg_type"] == "stream":
            text += content["text"] if content["name"] == "stdout" else ""
        elif message["msg_type"] == "error":
            raise AssertionError("\n".join(content["traceback"]))
        elif content.get("execution_state") == "idle" and text:
            return text
