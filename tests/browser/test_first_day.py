"""A researcher's first day, in the browser: from the printed address to the run on MLflow's page."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import git_server
import mlflow
import pandas as pd
import pytest
from git_server import git
from lab_page import LabPage
from mlflow_page import MlflowPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from containers import Stack
    from mlflow.entities import Run
    from playwright.sync_api import BrowserContext, Page
    from servers import Started

# First of all: without a browser no server need be started.
pytestmark = pytest.mark.usefixtures("chromium")
CELLS = [
    cell.strip()
    for cell in (Path(__file__).parent / "notebooks" / "messages.py").read_text(encoding="utf-8").split("# %%\n")
    if cell.strip()
]
CALL = CELLS[-1]
NOTEBOOK = "messages.ipynb"
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]{2}")
ARTIFACTS = {
    "dataset": ["test.csv", "train.csv", "val.csv"],
    "model": ["classifier.mdl"],
    "result": ["test_results.csv"],
}


@dataclass
class Day:
    """The state at the end of the notebook's story.

    Attributes:
        server: the lab.
        clone: the folder that the Git extension made.
        origin: the address it was cloned from.
        began: the commit that it had then.
        shown: the text of the last cell's output.
        link: where the link in it leads.

    """

    server: Started | Stack
    clone: Path
    origin: str
    began: str
    shown: str
    link: str

    @property
    def run(self) -> Run:
        """The only run of the only experiment."""
        client = mlflow.MlflowClient(self.server.mlflow_url)
        experiment = client.get_experiment_by_name("test_exp")
        assert experiment is not None
        (run,) = client.search_runs([experiment.experiment_id])
        return run

    def read_artifact(self, path: str, folder: Path) -> str:
        """Fetch one of the run's artifacts into `folder`; its text."""
        client = mlflow.MlflowClient(self.server.mlflow_url)
        return Path(client.download_artifacts(self.run.info.run_id, path, folder)).read_text(encoding="utf-8")


def wait_until(true: Callable[[], bool], what: str, limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, f"{what}: not so after {limit:g} s"
        time.sleep(0.1)


def introduce_oneself(lab_page: LabPage, home: Path) -> None:
    """Tell Git one's name in JupyterLab's terminal, as its first commit asks for."""
    lab_page.run_in_terminal(
        "git config --global user.name 'Yamada Hanako'", "git config --global user.email hanako@example.org"
    )
    config = home / ".gitconfig"
    wait_until(lambda: config.exists() and "hanako@example.org" in config.read_text(), "Git knows the user")


@pytest.fixture(scope="module", params=["processes", pytest.param("containers", marks=pytest.mark.full)])
def server(request: pytest.FixtureRequest) -> Started | Stack:
    """Run the lab: once as ./quickstart starts it, and once by docker-compose."""
    found: Started | Stack = request.getfixturevalue("lab" if request.param == "processes" else "own_stack")
    return found


@pytest.fixture(scope="module")
def day(
    server: Started | Stack, context: BrowserContext, screenshots: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    """Log in, clone, write a notebook that trains a classifier, run it, save_mlflow."""
    served = tmp_path_factory.mktemp("group")
    git_server.bare_repository(served, "messages", {"README.md": "# Messages\n"})
    lab_page = LabPage(context.new_page())
    with git_server.served(served, server.host) as address:
        lab_page.open(f"{server.lab_url}&reset")  # whatever other tests have left open
        introduce_oneself(lab_page, server.home)
        lab_page.clone(f"{address}/messages.git")
        clone = server.root_dir / "messages"
        assert (clone / ".git").is_dir(), "the Git extension's clone is not a repository"
        began = git(clone, "rev-parse", "HEAD")
        lab_page.enter("messages")
        lab_page.new_notebook(NOTEBOOK)
        for cell in CELLS:
            output = lab_page.run_cell(cell)
        lab_page.screenshot(screenshots / "lab.png")
        link = output.get_by_role("link").first.get_attribute("href") or ""
        link = urljoin(server.lab_url, link)  # a path, for whatever address the lab is seen under
        yield Day(server, clone, f"{address}/messages.git", began, output.inner_text(), link)
    lab_page.page.close()


def test_the_result_names_the_commit_and_links_to_the_run(day: Day) -> None:
    """The calling cell shows what was stored: the browser had saved the notebook in time."""
    assert day.run.info.run_id in day.link
    assert git(day.clone, "rev-parse", "HEAD") in day.shown
    assert "⚠" not in day.shown


def test_the_classifier_is_better_than_always_the_commonest(day: Day) -> None:
    """The stored metrics are those of a model that learned something from real text."""
    metrics = day.run.data.metrics
    assert metrics["test_accuracy"] > metrics["majority_accuracy"] + 0.05
    assert metrics["test_f1"] > 0.7


def test_the_twin_holds_the_cells(day: Day) -> None:
    """Saving wrote a script beside the notebook, and it went with it when it was renamed."""
    twin = (day.clone / NOTEBOOK).with_suffix(".py").read_text(encoding="utf-8")
    for cell in CELLS:
        assert cell in twin
    assert sorted(path.name for path in day.clone.glob("[!.]*")) == ["README.md", "messages.ipynb", "messages.py"]


def test_one_commit_holds_the_notebook_and_its_twin(day: Day) -> None:
    """One new commit of exactly these two files, by the user, named after the notebook, with the calling cell in it."""
    assert git(day.clone, "rev-list", f"{day.began}..HEAD").splitlines() == [git(day.clone, "rev-parse", "HEAD")]
    assert git(day.clone, "diff", "--name-only", day.began, "HEAD").splitlines() == ["messages.ipynb", "messages.py"]
    assert NOTEBOOK in git(day.clone, "log", "-1", "--format=%s")
    assert git(day.clone, "log", "-1", "--format=%an <%ae>") == "Yamada Hanako <hanako@example.org>"
    committed = json.loads(git(day.clone, "show", f"HEAD:{NOTEBOOK}"))
    assert CALL in ["".join(cell["source"]) for cell in committed["cells"]]
    assert CALL in git(day.clone, "show", "HEAD:messages.py")


def test_the_run_names_the_commit(day: Day) -> None:
    """From the run one finds the code: the commit, its branch and where the repository came from."""
    tags = day.run.data.tags
    assert tags["mlflow.source.git.commit"] == git(day.clone, "rev-parse", "HEAD")
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["mlflow.source.git.repoURL"] == day.origin


def test_mlflows_page_shows_the_run(day: Day, page: Page, screenshots: Path) -> None:
    """From the printed address one gets to the experiment, its one run, and all that the call gave."""
    mlflow_page = MlflowPage(page)
    mlflow_page.open(day.server.mlflow_url)
    mlflow_page.open_experiment("test_exp")
    assert mlflow_page.runs.count() == 1
    mlflow_page.open_run()
    mlflow_page.screenshot(screenshots / "mlflow.png")
    shown = mlflow_page.text
    assert "Description\n\nTest experiment\n" in shown
    for name, value in [*day.run.data.params.items(), *day.run.data.metrics.items()]:
        assert f"\n{name}\n{value}\n" in shown
    assert f"\n{NOTEBOOK}\nmain\n{git(day.clone, 'rev-parse', 'HEAD')[:7]}\n" in shown


def test_the_link_leads_to_the_run_and_its_files(day: Day, page: Page, screenshots: Path) -> None:
    """The link in the notebook opens the run; its files lie in the folders of the call, and tables can be looked at."""
    mlflow_page = MlflowPage(page)
    page.goto(day.link)
    mlflow_page.open_artifacts()
    for folder, names in ARTIFACTS.items():
        mlflow_page.artifact(folder).click()
        for name in names:
            mlflow_page.artifact(name).wait_for()
    mlflow_page.artifact("test_results.csv").click()
    page.get_by_text("Previewing the first").wait_for()
    assert JAPANESE.search(mlflow_page.text)
    mlflow_page.screenshot(screenshots / "artifacts.png")


def test_what_is_stored_is_what_was_computed(day: Day, tmp_path: Path) -> None:
    """The tables come back whole, Japanese text included, and the metrics follow from them."""
    text = day.read_artifact("result/test_results.csv", tmp_path)
    assert text.startswith("\ufeff")
    results = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")))
    assert (results["label"] == results["predicted"]).mean() == pytest.approx(day.run.data.metrics["test_accuracy"])
    assert results["text"].str.contains(JAPANESE).mean() > 0.5
