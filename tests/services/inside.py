"""What tests do inside of a machine, where the servers listen: the last line that is printed is the answer, as JSON.

inside.py status URL [HOST TOKEN]   the HTTP status of an address, by the name of another host, with a lab's token
inside.py wait URL             the same, once it answers
inside.py notebook             run a cell that stores a run, in a kernel of JupyterLab; what it prints
inside.py load COUNT           try to write so many runs; those that MLflow acknowledged, each with the time of that
inside.py load FILE            the same, until this file is there
inside.py delete RUN           delete a run, as the page does
inside.py missing FILE         which of the runs in a file (JSON), and of their artifacts, MLflow does not have
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import kernels

LAB = "http://127.0.0.1:18080"
MLFLOW = "http://127.0.0.1:15000"
HOME = Path("/var/lib/jupyterlab")
TOKEN = HOME / ".local/state/jupyter-utils/jupyter-token"
# No browser has this notebook open, so none is waited for.
CELL = """
import os, subprocess
os.environ["JUPYTER_UTILS_SAVE_SECONDS"] = "1"
import jupyter_utils
for command in ("git init -q .", "git config user.name Taro", "git config user.email taro@example.org"):
    subprocess.run(command.split(), check=True)
saved = jupyter_utils.save_mlflow("service", params={"lr": 0.1}, result={"note.txt": "kept"}, notebook="first.ipynb")
print("\\nSaved:", saved.run_id, saved.commit)
"""


def status(url: str, host: str = "", token: str = "") -> int:
    headers = {"Host": host, "Authorization": f"token {token}"} if host else {}
    return requests.get(url, headers=headers, timeout=60).status_code


def wait(url: str) -> int:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            return status(url)
        time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def notebook() -> list[str]:
    """Run a cell in a notebook of a Git repository; the run's id and the commit."""
    token = TOKEN.read_text(encoding="utf-8").strip()
    server: Any = SimpleNamespace(jupyter_url=LAB, token=token, process=SimpleNamespace(poll=lambda: None))
    cells = [{"cell_type": "code", "id": "a", "source": CELL, "metadata": {}, "outputs": [], "execution_count": None}]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    folder = f"work{time.time_ns()}"
    kernels.api(server, "PUT", f"api/contents/{folder}", {"type": "directory"})
    kernels.api(server, "PUT", f"api/contents/{folder}/first.ipynb", {"type": "notebook", "content": content})
    with kernels.kernel(server, f"{folder}/first.ipynb") as kernel:
        return kernel.run(CELL).rpartition("Saved:")[2].split()[:2]


def load(until: str) -> list[tuple[str, float]]:
    """Make runs with an artifact each, four writers at once: the ids, and when all of each was acknowledged."""
    acknowledged: list[tuple[str, float]] = []
    tries = iter(range(int(until))) if until.isdigit() else itertools.count()

    def write() -> None:
        session = requests.Session()
        for _ in tries:
            if not until.isdigit() and Path(until).exists():
                return
            body = {"experiment_id": "0"}
            made = session.post(f"{MLFLOW}/api/2.0/mlflow/runs/create", json=body, timeout=60)
            if made.status_code != requests.codes.ok:
                continue
            run = made.json()["run"]["info"]["run_id"]
            answer = session.put(_artifact(run), data=run.encode(), timeout=60)
            if answer.ok:
                acknowledged.append((run, time.time()))

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return acknowledged


def delete(run: str) -> int:
    return requests.post(f"{MLFLOW}/api/2.0/mlflow/runs/delete", json={"run_id": run}, timeout=60).status_code


def missing(file: str) -> list[str]:
    """Return the runs that are not there whole."""
    session = requests.Session()
    lost = []
    for run in json.loads(Path(file).read_text(encoding="utf-8")):
        found = session.get(f"{MLFLOW}/api/2.0/mlflow/runs/get?run_id={run}", timeout=60)
        artifact = session.get(_artifact(run), timeout=60)
        if not found.ok or artifact.content != run.encode():
            lost.append(run)
    return lost


def _artifact(run: str) -> str:
    return f"{MLFLOW}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/note.txt"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
