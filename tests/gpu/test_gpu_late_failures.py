"""A GPU that fails while values are read: parameters, metrics and what lies on the CPU are kept."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from calling import env

if TYPE_CHECKING:
    from pathlib import Path

SAVE = """
import os, sys, torch, jupyter_utils
from jupyter_utils import errors

def save(**values):
    try:
        jupyter_utils.save_mlflow("gpu", params={"lr": 0.1}, metrics={"f1": 0.5, **values.pop("metrics", {})},
                                  result={"a.txt": "a"}, do_commit=False, mlf_uri="sqlite:///mlflow.db", **values)
    except errors.PartlySavedError as error:
        print("FAILED", *error.result.failed, sep="\\n")
        run = jupyter_utils.load_mlflow(error.result)
        assert run.params == {"lr": "0.1"} and run.metrics["f1"] == 0.5 and run.result["a.txt"] == "a"
        assert run.tags["jupyter_utils.failed"].splitlines() == list(error.result.failed)
        print("KEPT")

model, loss = torch.nn.Linear(4, 4).cuda(), torch.ones((), device="cuda")
"""
CASES = {
    "a device-side assert": """
index = torch.tensor([9], device="cuda")
torch.zeros(3, device="cuda")[index]
save(model={"m.pt": model}, metrics={"loss": loss})
""",
    "a fork": """
torch.cuda.synchronize()
child = os.fork()
if child == 0:
    save(model={"m.pt": model}, metrics={"loss": loss})
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
""",
    "a graph that is captured": """
graph = torch.cuda.CUDAGraph()
try:
    with torch.cuda.graph(graph):
        save(model={"m.pt": model}, metrics={"loss": loss})
except Exception as error:
    print("the capture is broken, as by any read:", type(error).__name__)
""",
}


@pytest.mark.parametrize("case", CASES)
def test_everything_else_is_kept(case: str, tmp_path: Path) -> None:
    """In a process of its own each, since none of them can be undone."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SAVE + CASES[case]],
        env=env(JUPYTER_UTILS_SPOOL_DIR=str(tmp_path / "spool"), XDG_CACHE_HOME=str(tmp_path / "cache")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert "KEPT" in lines, done.stdout + done.stderr
    assert [line.partition("[")[0] for line in lines[lines.index("FAILED") + 1 : lines.index("KEPT")]] == [
        "metrics",
        "model",
    ]
