"""Saving a small notebook by a real kernel, and running it again by the command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from calling import env, execute, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = {f"JUPYTER_UTILS_RECORD_{what}": "on" for what in ("CODE", "INPUTS")}
SAVE = "result = jupyter_utils.save_mlflow('again', metrics={'score': score})\nprint('RUN', result.run_id)"


def saved_by(file: Path, uri: str, *cells: str, **options: Any) -> str:
    """Run a notebook, and return the id of the last run that it has saved."""
    shown = execute(write_notebook(file, *cells), check=False, MLFLOW_TRACKING_URI=uri, **RECORDING, **options)
    assert "RUN " in shown, shown
    return shown.split("RUN ")[-1].split()[0]


def command(run: str, uri: str, folder: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `jupyter-utils reproduce` in a folder."""
    words = [sys.executable, "-P", "-m", "jupyter_utils", "reproduce", run, *options]
    told = env(MLFLOW_TRACKING_URI=uri, **RECORDING, **settings)
    return subprocess.run(words, cwd=folder, env=told, capture_output=True, text=True, check=False)
