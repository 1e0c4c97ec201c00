"""Calling `save_mlflow` as users do: from scripts, and from notebooks that a real kernel executes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jupyter_utils
import nbformat


def env(**settings: str) -> dict[str, str]:
    """Give the tests' own environment, in which programs started in any folder find the package."""
    package = str(Path(jupyter_utils.__file__).parents[1])
    return dict(os.environ) | {"PYTHONPATH": package} | settings


def write_notebook(file: Path, *cells: str) -> Path:
    """Write a notebook of code cells that runs in the kernel of the tests' own Python."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, file)
    return file


def execute(
    file: Path,
    *,
    cwd: Path | None = None,
    check: bool = True,
    named: bool = True,
    python: str = sys.executable,
    **settings: str,
) -> str:
    """Run a notebook with nbclient, as `jupyter execute` does, which leaves the file as it is; all text that it shows.

    Where it is not `named`, its name does not stand in the command, as in that of a program that makes its own.
    """
    code = (
        "import sys, nbformat, nbclient\n"
        "sys.argv[1:] = sys.argv[1:] or sys.stdin.read().splitlines()\n"
        "notebook = nbformat.read(sys.argv[1], 4)\n"
        "client = nbclient.NotebookClient(notebook, timeout=300, allow_errors=True,"
        " resources={'metadata': {'path': sys.argv[2]}})\n"
        "client.execute()\n"
        "for cell in notebook.cells:\n"
        "    for output in cell.get('outputs', []):\n"
        "        print(output.get('text') or output.get('data', {}).get('text/plain') or"
        " f\"{output.get('ename')}: {output.get('evalue')}\")\n"
    )
    arguments = [str(file), str(cwd or file.parent)]
    done = subprocess.run(
        [python, "-W", "ignore", "-c", code, *(arguments if named else [])],
        input="\n".join(arguments),
        capture_output=True,
        text=True,
        check=False,
        env=env(**settings),
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert not check or "Error: " not in done.stdout, done.stdout
    return done.stdout
