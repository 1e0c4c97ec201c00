"""A lab whose root is a repository, and a tab for each test."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Started


@pytest.fixture(scope="session")
def repo_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start a lab whose root is a Git repository."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "notebooks").mkdir()
    for command in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "T"],
        ["config", "user.email", "t@example.org"],
    ):
        subprocess.run(["git", "-C", folder / "notebooks", *command], check=True)
    settings = folder / "home/.jupyter/lab/user-settings/@jupyterlab/docmanager-extension"
    settings.mkdir(parents=True)
    # Here nothing saves but save_mlflow and the tests, however long they take.
    (settings / "plugin.jupyterlab-settings").write_text('{"autosave": false}')
    # However slow the machine that runs the tests: nothing here is about how long a browser may take.
    with servers.lab(folder, JUPYTER_UTILS_SAVE_SECONDS="300") as server:
        yield server


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    opened = chromium.new_page()
    # A workspace of its own: the tabs of an earlier test must not open again.
    opened.set_default_timeout(180_000)
    yield opened
    opened.close()
