"""VS Code, as its Jupyter extension treats a kernel (microsoft/vscode-jupyter, `src/kernels/kernel.ts`).

It starts the kernel itself, in the notebook's folder, with a connection file whose name is no Jupyter server's; before
the first cell it runs `__vsc_ipynb_file__ = "<path>"` without a place in the history. The cells' text stays in VS Code.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from calling import env, write_notebook
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Repo, Runs

SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('vscode')"
SHOW = "print(r.notebook, r.commit, *r.warnings, sep='\\n')"


@contextlib.contextmanager
def vscode(file: Path, folder: Path, **settings: str) -> Iterator[Callable[[str], str]]:
    """Start a kernel for a file as VS Code does; gives the function that runs a cell and returns what it shows."""
    manager = KernelManager(connection_file=str(folder / "kernel-v2-16192C4PGl0rXJ8kM.json"))
    manager._kernel_spec = KernelSpec(  # an installed one may be of another Python
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python"
    )
    manager.start_kernel(cwd=str(file.parent), env=env(**settings))
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=120)

        def run(source: str, **options: Any) -> str:
            text: list[str] = []

            def show(message: dict[str, Any]) -> None:
                text.append(message["content"].get("text", "") or "\n".join(message["content"].get("traceback", [])))

            client.execute_interactive(source, output_hook=show, timeout=300, allow_stdin=False, **options)
            return "".join(text)

        run(f'__vsc_ipynb_file__ = "{file}"', store_history=False, stop_on_error=False)
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_vscode(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The notebook is found and the file on disk committed; a warning says how to save what VS Code holds."""
    file = write_notebook(repo.path / "実験 1.ipynb", "as saved")
    with vscode(file, tmp_path, MLFLOW_TRACKING_URI=runs.uri) as run:
        assert run(SAVE) == ""
        # As VS Code looks at variables and the like between two cells.
        run("1", store_history=False)
        path, commit, _, warning = run(SHOW).splitlines()
        assert path == str(file)
        assert "as saved" in repo.git("show", f"{commit}:実験 1.ipynb")
        assert "does NOT hold what ran: cell [1]" in warning
        assert "Ctrl+S" in warning

        write_notebook(file, SAVE)
        run(SAVE)
        path, commit, warning = run(SHOW).splitlines()
        assert "save_mlflow" in repo.git("show", f"{commit}:実験 1.ipynb")
        assert "VS Code" in warning
        assert "it holds what ran" in warning

        # A rename: VS Code does not tell the kernel.
        renamed = file.rename(file.with_name("renamed.ipynb"))
        run(SAVE)
        assert run(SHOW).splitlines()[0] == str(renamed)


def test_interactive_window(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A Python file whose cells run in VS Code's interactive window is what is committed."""
    file = repo.path / "train.py"
    file.write_text(f"# %%\n{SAVE}\n")
    with vscode(file, tmp_path, MLFLOW_TRACKING_URI=runs.uri) as run:
        run(SAVE)
        path, commit, warning = run(SHOW).splitlines()
    assert path == str(file)
    assert repo.committed(commit) == ["train.py"]
    assert "it holds what ran" in warning
