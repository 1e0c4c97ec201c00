"""`jupyter-utils sync` beside another process that sends the same runs: the lab, a notebook, or another `sync`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import jupyter_utils
import pytest
from jupyter_utils.runs.delivery import deliver, deliver_waiting
from jupyter_utils.spool import own_spool
from runs_on_disk import runs_by_entry
from test_spool import redirect

if TYPE_CHECKING:
    from servers import Started

HOLDER = """
import sys, time
from pathlib import Path
from jupyter_utils.spool import Spool
lease = Spool(Path(sys.argv[1])).hold(sys.argv[2])
print(lease is not None, flush=True)
time.sleep(600)
"""


def waiting_for(server: Started, experiment: str, count: int) -> list[str]:
    """Save so many runs while the server is down; their IDs, in the order of the calls."""
    for _ in range(count):
        result = jupyter_utils.save_mlflow(experiment, do_commit=False, mlf_uri="http://127.0.0.1:9")
        redirect(result.entry, server.mlflow_url)
    return own_spool().names()


def begun(server: Started, *arguments: str) -> subprocess.Popen[str]:
    """Start `jupyter-utils sync` with the spool of this test."""
    return subprocess.Popen(
        [sys.executable, "-m", "jupyter_utils", "sync", *arguments],
        env=server.env | {"JUPYTER_UTILS_SPOOL_DIR": str(own_spool().path)}, cwd=server.folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def waits(process: subprocess.Popen[str]) -> str:
    """Give the line in which a `sync` says that it waits for another process."""
    assert process.stderr
    for line in process.stderr:
        if "another process" in line:
            return line
    pytest.fail(f"it did not wait: {process.communicate()}")


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = "".join(process.communicate(timeout=120))
    return process.returncode, said


def test_waits_for_the_other_sender(mlflow_server: Started) -> None:
    """It sends what is free, waits for the rest, sends what the other one could not send, and all is well."""
    names = waiting_for(mlflow_server, "two senders", 3)
    held = [own_spool().hold(name) for name in names[:2]]
    assert held[0]
    assert held[1]
    process = begun(mlflow_server)
    line = waits(process)
    assert f"process {os.getpid()}" in line
    assert "10 minutes" in line
    assert "Ctrl-C" in line
    assert own_spool().names() == names[:2]
    deliver(own_spool(), held[0])
    held[0].release()
    held[1].release()
    code, said = end(process)
    assert code == 0, said
    assert f"{names[0]}  was sent by another process (or dropped there)" in said
    assert f"{names[1]}  is run" in said
    assert "2 sent, 1 by another process, 0 still here." in said
    stored = runs_by_entry(mlflow_server, "two senders")
    assert [len(stored[name]) for name in names] == [1, 1, 1]


def test_a_killed_sender_leaves_nothing_to_wait_for(mlflow_server: Started) -> None:
    """SIGKILL, also while `sync` waits for it."""
    (name,) = waiting_for(mlflow_server, "killed sender", 1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, own_spool().path, name], env=os.environ, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "True\n"
    process = begun(mlflow_server)
    assert f"process {holder.pid}" in waits(process)
    holder.kill()
    holder.communicate()
    code, said = end(process)
    assert (code, own_spool().names()) == (0, []), said


def test_a_sender_that_hangs(mlflow_server: Started) -> None:
    """After the bound it gives up with 1, names the process and what to do; nothing is lost, and Ctrl-C is the same."""
    names = waiting_for(mlflow_server, "hanging sender", 2)
    lease = own_spool().hold(names[0])
    assert lease
    code, said = end(begun(mlflow_server, "--wait", "1"))
    assert code == 1
    assert f"{names[0]}  still here: another process has been sending it for 1 s (process {os.getpid()}" in said
    assert "--wait" in said
    assert "1 sent, 1 still here." in said
    assert "(being sent)" in end(begun(mlflow_server, "--list"))[1]
    process = begun(mlflow_server)
    waits(process)
    process.send_signal(signal.SIGINT)
    code, said = end(process)
    assert code == 1
    assert "1 still here" in said
    assert "Traceback" not in said
    assert own_spool().names() == names[:1]
    start = time.monotonic()
    assert deliver_waiting(own_spool()).busy == names[:1]  # a cell never waits, nor does the lab
    assert time.monotonic() - start < 5
    lease.release()


def test_two_at_once(mlflow_server: Started) -> None:
    """Each sends a part, both end well, and each run is there once."""
    names = waiting_for(mlflow_server, "two at once", 6)
    both = [begun(mlflow_server), begun(mlflow_server)]
    for code, said in map(end, both):
        assert code == 0, said
        assert ", 0 still here." in said
    stored = runs_by_entry(mlflow_server, "two at once")
    assert [len(stored[name]) for name in names] == [1] * 6


def test_a_lock_that_cannot_be_had(mlflow_server: Started) -> None:
    """That is no other sender: it is said as what it is, at once, and the other runs are sent."""
    names = waiting_for(mlflow_server, "no lock", 2)
    lock = own_spool().path / "locks" / names[0]
    lock.unlink()
    lock.mkdir()
    code, said = end(begun(mlflow_server))
    assert code == 1
    assert f"{names[0]}  still here: The lock {lock}" in said
    assert "waiting for it" not in said
    assert "correct its owner" in said
    assert f"The lock {lock}" in end(begun(mlflow_server, "--drop", names[0], "--yes"))[1]
    assert own_spool().names() == names[:1]


def test_a_word_that_is_no_address(mlflow_server: Started) -> None:
    """It is refused first of all, whether something waits or not; a server that is down is told with a remedy."""
    for _ in range(2):
        code, said = end(begun(mlflow_server, "--to", "nonsense"))
        assert code == 1
        assert said.startswith("Error: --to")
        assert "http://" in said
        names = waiting_for(mlflow_server, "no address", 1)
    code, said = end(begun(mlflow_server, "--to", "http://127.0.0.1:9"))
    assert code == 1
    assert f"{names[0]}  still here: The MLflow server at http://127.0.0.1:9 does not answer" in said
    assert "sends them once MLflow answers" in said
