"""The files that a kernel reads are in its run, with the cells that read them; the card names those that changed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from calling import env, execute, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

# A kernel as the lab starts it; between its cells somebody else may change files.
KERNEL = """
import sys
from pathlib import Path
from jupyter_client.manager import KernelManager
manager = KernelManager()
manager.start_kernel(extra_arguments=["--ext=jupyter_utils.kernels.extension"])
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=120)
def show(message):
    content = message["content"]
    print(content.get("text") or content.get("data", {}).get("text/plain") or "\\n".join(content.get("traceback", "")))
for number, code in enumerate(Path(sys.argv[1]).read_text().split("# %%\\n"), 1):
    if code.startswith("# outside"):
        exec(code)
    else:
        client.execute_interactive(code, output_hook=show, timeout=200)
client.stop_channels()
manager.shutdown_kernel(now=True)
"""
CELLS = """import csv, pathlib, subprocess, threading
text = open("data/corpus.txt").read(); open("data/both.txt").read()
# %%
open("data/both.txt").read()
!cat data/shell.txt
lines = !cat data/captured.txt
# %%
worker = threading.Thread(target=lambda: open("data/thread.txt").read()); worker.start(); worker.join()
pathlib.Path("own.txt").write_text("x"); open("own.txt").read()
open("data/over.txt").read(); open("data/over.txt", "w").write("new")
%cd -q data
open("here.txt").read()
%cd -q ..
import helper
# %%
# outside
Path("data/corpus.txt").write_text("changed by somebody else")
# %%
import multiprocessing
process = multiprocessing.get_context("fork").Process(target=lambda: open("data/worker.txt").read())
process.start(); process.join()
# %%
import jupyter_utils
result = jupyter_utils.save_mlflow(
    "inputs", do_commit=False, notebook="nb.ipynb", dataset={"x.txt": pathlib.Path("data/x.txt")}
)
print("RUN", result.run_id)
print(*result.warnings)
print("TORCH", "torch" in __import__("sys").modules)
"""


def record_of(runs: Runs, shown: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    run_id = shown.partition("RUN ")[2].split(maxsplit=1)[0]
    data = json.loads(runs.file(run_id, "jupyter_utils/inputs.json", folder).read_text(encoding="utf-8"))
    return data, {file["path"]: file for file in data["files"]}, runs.get(run_id).data.tags


@pytest.fixture(autouse=True)
def data(repo: Repo) -> None:
    folder = repo.path / "data"
    folder.mkdir()
    for name in ("corpus", "both", "shell", "captured", "thread", "over", "here", "worker", "x"):
        (folder / f"{name}.txt").write_text(name)
    (repo.path / "helper.py").write_text("x = 1\n")


def test_kernel_of_the_lab(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """From its start on; each file with its cells; what save_mlflow itself reads, code and own output are none."""
    (tmp_path / "cells").write_text(CELLS)
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, str(tmp_path / "cells")],
        cwd=repo.path,
        env=env(MLFLOW_TRACKING_URI=runs.uri, JUPYTER_UTILS_RECORD_INPUTS="on", IPYTHONDIR=str(tmp_path / "ipython")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "RUN " in done.stdout, done.stdout + done.stderr
    record, files, tags = record_of(runs, done.stdout, tmp_path)
    assert {path: file["cells"] for path, file in files.items()} == {
        "data/corpus.txt": [1],
        "data/both.txt": [1, 2],
        "data/shell.txt": [2],
        "data/captured.txt": [2],
        "data/thread.txt": [3],
        "data/over.txt": [3],
        "data/here.txt": [3],
    }
    assert {path for path, file in files.items() if file["changed"]} == {"data/corpus.txt", "data/over.txt"}
    assert "sha256" not in files["data/corpus.txt"]
    assert "sha256" in files["data/over.txt"]
    assert record["partial"] == ["children may have read more: cat, multiprocessing"]
    assert tags["jupyter_utils.inputs"] == "7 files, partial"
    assert "data/corpus.txt, data/over.txt have changed since this run read it" in done.stdout.replace("\n", " ")
    assert "TORCH False" in done.stdout


def test_notebook_that_imports_it_late(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Where no lab starts the kernel, files are seen from the import on, and the record says so."""
    file = write_notebook(
        repo.path / "late.ipynb",
        "open('data/corpus.txt').read()",
        "import jupyter_utils; open('data/both.txt').read()",
        "result = jupyter_utils.save_mlflow('inputs'); print('RUN', result.run_id, *result.warnings)",
    )
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri, JUPYTER_UTILS_RECORD_INPUTS="on")
    record, files, _ = record_of(runs, shown, tmp_path)
    assert {path: file["cells"] for path, file in files.items()} == {"data/both.txt": [2]}
    assert record["partial"] == ["what was read before `import jupyter_utils` in cell [2] is not known"]


def test_off(runs: Runs, repo: Repo) -> None:
    """Nothing is recorded, and the tag says that."""
    code = (
        "import sys, jupyter_utils; open('data/x.txt').read(); r = jupyter_utils.save_mlflow('inputs'); print(r.run_id)"
    )
    (repo.path / "work.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "work.py"],
        cwd=repo.path,
        env=env(MLFLOW_TRACKING_URI=runs.uri),
        capture_output=True,
        text=True,
        check=True,
    )
    run_id = done.stdout.split()[-1]
    assert runs.get(run_id).data.tags["jupyter_utils.inputs"] == "not recorded"
    assert "jupyter_utils/inputs.json" not in runs.files(run_id)
