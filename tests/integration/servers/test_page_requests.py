"""What our extension of the page asks the lab: a copy of an example, and where a notebook's runs are shown."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import kernels
import pytest
import requests
from mlflow import MlflowClient

if TYPE_CHECKING:
    from servers import Started

EXAMPLES = resources.files("jupyter_utils") / "examples"


def test_the_runs_of_a_notebook(lab: Started) -> None:
    """None; those of one experiment; those of several, side by side. The address is below the lab's own."""
    asked = f"jupyter-utils/notebook-runs?path={quote('研究/a b.ipynb')}"
    assert kernels.api(lab, "GET", asked) == {"page": None}
    client = MlflowClient(lab.mlflow_url)
    tags = {"jupyter_utils.notebook.path": str(lab.root_dir / "研究" / "a b.ipynb")}
    first = client.create_experiment("page one")
    client.create_run(first, tags=tags)
    client.create_run(first, tags={"jupyter_utils.notebook.path": "/elsewhere.ipynb"})
    page = kernels.api(lab, "GET", asked)["page"]
    assert page.startswith(f"/mlflow/#/experiments/{first}/runs?")
    assert f"tags.`jupyter_utils.notebook.path` = '{lab.root_dir}/研究/a b.ipynb'" in unquote(page)
    second = client.create_experiment("page two")
    client.create_run(second, tags=tags)
    page = kernels.api(lab, "GET", asked)["page"]
    assert page.startswith("/mlflow/#/compare-experiments/s?")
    assert f'experiments=["{second}","{first}"]' in unquote(page)


def test_a_copy_of_the_example(lab: Started) -> None:
    """In the folder that is shown; beside what is there, never over it; one that is as it was made is opened again."""
    if not EXAMPLES.is_dir():
        pytest.skip("this package has no examples")
    folder = lab.root_dir / "はじめに"
    folder.mkdir()

    def copied(language: str = "ja") -> str:
        return kernels.api(lab, "POST", "jupyter-utils/first-run", {"folder": folder.name, "language": language})[
            "path"
        ]

    assert copied() == copied() == f"{folder.name}/first_run.ipynb"
    assert (folder / "first_run.ipynb").read_bytes() == (EXAMPLES / "first_run.ja.ipynb").read_bytes()
    assert copied("en") == f"{folder.name}/first_run-2.ipynb"
    (folder / "first_run.ipynb").write_text("mine", encoding="utf-8")
    (folder / "first_run-3.py").write_text("mine = 1", encoding="utf-8")  # Jupytext would pair it
    assert copied() == f"{folder.name}/first_run-4.ipynb"
    assert (folder / "first_run.ipynb").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("folder", ["..", "gone", "../../etc", "/"])
def test_no_copy_outside(folder: str, lab: Started) -> None:
    """What leads out of the file browser's root, or is not there, is its root."""
    if not EXAMPLES.is_dir():
        pytest.skip("this package has no examples")
    asked = {"folder": folder, "language": "en"}
    assert "/" not in kernels.api(lab, "POST", "jupyter-utils/first-run", asked)["path"]


@pytest.mark.parametrize("body", [{"folder": 3, "language": "en"}, {"folder": "", "language": "../en"}, {}])
def test_wrong_questions(body: dict[str, object], lab: Started) -> None:
    """Refused, and nobody without the token is answered."""
    address = f"{lab.jupyter_url}/jupyter-utils/first-run"
    headers = {"Authorization": f"token {lab.token}"}
    for sent, status in ((headers, 400), ({}, 403)):
        answer = requests.post(address, json=body, headers=sent, timeout=60, proxies={"http": ""})
        assert answer.status_code == status
