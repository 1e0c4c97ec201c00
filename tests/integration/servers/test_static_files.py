"""Static files of JupyterLab and of Notebook 7, some of which have the same names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from jupyterlab.commands import get_app_dir

if TYPE_CHECKING:
    from servers import Started


def test_each_page_gets_its_own(lab: Started) -> None:
    """Whichever of the two was opened first: Jupyter's server finds a file by its name alone, and refuses it then."""
    notebook = pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    folders = {"notebook": Path(notebook.__file__).parent / "static", "lab": Path(get_app_dir()) / "static"}
    both = set.intersection(*({one.name for one in folder.iterdir()} for folder in folders.values()))
    fonts = sorted(name for name in both if name.endswith(".woff"))[:2]
    assert fonts
    with requests.Session() as session:
        session.trust_env = False
        for number, name in enumerate(fonts):
            for page in sorted(folders, reverse=bool(number % 2)):
                answer = session.get(f"{lab.jupyter_url}/static/{page}/{name}", timeout=60)
                assert (answer.status_code, answer.content) == (200, (folders[page] / name).read_bytes()), (page, name)
        assert session.get(f"{lab.jupyter_url}/static/lab/no-such-file.woff", timeout=60).status_code == 404
