"""What a notebook shows of an error of ours: its message, not the inside of this package."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jupyter_utils
import nbclient
import nbformat
import pytest
from calling import env
from jupyter_utils import errors

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

CELLS = {
    "object": "import jupyter_utils\njupyter_utils.save_mlflow('e', do_commit=False, result={'x': object()})",
    "several": "jupyter_utils.save_mlflow('e', do_commit=False, metrics={'a': 'b'}, result={'x': 1j, '../y': 'y'})",
    "typing error": "jupyter_utils.save_mlflow('e', metics={'f1': 1})",
    "no run": "jupyter_utils.load_mlflow('0' * 32)",
    "noted": "e = jupyter_utils.JupyterUtilsError('message')\ne.add_note('a note')\nraise e from ValueError('cause')",
    "others'": "def f(): return 1 / 0\nf()",
    "verbose": "%xmode Verbose\njupyter_utils.save_mlflow('e', do_commit=False, result={'x': object()})",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, mlflow_server: Any) -> dict[str, str]:
    """Run the cells in a real kernel; gives what each shows, without colours."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    folder = tmp_path_factory.mktemp("shown")
    client = nbclient.NotebookClient(notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": folder}})
    client.create_kernel_manager()
    client.execute(env=env(MLFLOW_TRACKING_URI=mlflow_server.mlflow_url, JUPYTER_UTILS_SPOOL_DIR=str(folder / "s")))
    texts = ["\n".join(cell.outputs[-1].get("traceback", [])) for cell in notebook.cells]
    return dict(zip(CELLS, (re.sub(r"\x1b\[[0-9;]*m", "", text) for text in texts), strict=True))


def test_a_refusal_is_its_message(shown: dict[str, str]) -> None:
    """And the line of the cell that called."""
    message, line = shown["object"].split("\n")
    assert message.startswith("UnsupportedObjectError: result['x'] is a object, which cannot be stored there.")
    assert line == "(line 2 of this cell: jupyter_utils.save_mlflow('e', do_commit=False, result={'x': object()}))"
    assert [line[:4] for line in shown["several"].split("\n")[1:-1]] == ["  1.", "  2.", "  3."]
    assert shown["no run"].startswith("LoadError: run_id='000")
    assert "Traceback" not in "".join(shown[name] for name in ("object", "several", "typing error", "no run", "noted"))
    assert shown["noted"].split("\n")[:2] == ["JupyterUtilsError: message", "a note"]


def test_typing_errors_are_understood(shown: dict[str, str]) -> None:
    """The replaced project's own README has `metics=`."""
    assert shown["typing error"].split("\n")[0] == (
        "ArgumentNameError: save_mlflow() has no argument metics=: did you mean metrics=? Nothing was done."
    )


def test_all_is_there_on_demand(shown: dict[str, str]) -> None:
    """And other errors are shown as ever."""
    assert "check_call" in shown["verbose"]
    assert "UnsupportedObjectError" in shown["verbose"]
    assert "Traceback (most recent call last)" in shown["others'"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("metics", "metrics"),
        ("experiment", "experiment_name"),
        ("parameters", "params"),
        ("models", "model"),
        ("datasets", "dataset"),
        ("results", "result"),
        ("mlflow_uri", "mlf_uri"),
        ("Params", "params"),
        ("commit", "do_commit"),
        ("git_repo", "git_repo_dir"),
    ],
)
def test_what_was_meant(given: str, meant: str, runs: Runs, repo: Repo) -> None:
    """By names that people write; nothing is written, committed or sent."""
    with pytest.raises(TypeError, match=f"did you mean {meant}=") as caught:
        runs.save(experiment_name="e", notebook=repo.notebook, **{given: {}})
    assert isinstance(caught.value, errors.ArgumentError)
    assert repo.git("log", "--all", check=False) == ""


def test_a_name_like_no_other() -> None:
    """All that there are are named."""
    with pytest.raises(errors.ArgumentNameError, match="its arguments are run_id, mlf_uri, only, trust"):
        jupyter_utils.load_mlflow("0" * 32, xyz=1)


def test_a_missing_argument_is_pythons_own() -> None:
    """With the function's own name and signature."""
    with pytest.raises(TypeError, match=r"save_mlflow\(\) missing 1 required positional argument: 'experiment_name'"):
        jupyter_utils.save_mlflow()


def test_pages_copied_from_the_browser(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """As addresses, and addresses without a scheme; what is neither is refused in one line, with its argument."""
    del tmp_path
    host = runs.uri.removeprefix("http://")
    saved = runs.save(experiment_name="pages", notebook=repo.notebook, do_commit=False)
    for given in (host, saved.url, f"{runs.uri}/?x=1#/experiments/0"):
        result = jupyter_utils.save_mlflow("pages", notebook=repo.notebook, do_commit=False, mlf_uri=given)
        assert result.url == saved.url.replace(saved.run_id, result.run_id)
        assert jupyter_utils.load_mlflow(result.run_id, given).run_id == result.run_id
    for given in ("lab.example", "htp://x:1"):
        with pytest.raises(errors.ArgumentError, match=f"mlf_uri='{given}' .*http://HOST:PORT"):
            jupyter_utils.save_mlflow("pages", notebook=repo.notebook, mlf_uri=given)
        with pytest.raises(errors.LoadError, match=f"mlf_uri='{given}'"):
            jupyter_utils.load_mlflow("0" * 32, given)


def test_the_link_leads_to_the_run(runs: Runs, tmp_path: Path) -> None:
    """MLFLOW_UI_URL is the page of the server beside which it was given, not of another that is set since."""
    code = (
        "import jupyter_utils, mlflow, os, sys\n"
        "print(jupyter_utils.save_mlflow('link', do_commit=False).url)\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "print(jupyter_utils.save_mlflow('link', do_commit=False).url)\n"
        "os.environ['MLFLOW_UI_URL'] = 'http://own.example'\n"
        "print(jupyter_utils.save_mlflow('link', do_commit=False).url)\n"
    )
    other = runs.uri.replace("127.0.0.1", "localhost")
    settings = {"MLFLOW_TRACKING_URI": runs.uri, "MLFLOW_UI_URL": "http://page.example/mlflow"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, other],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=env(**settings),
    )
    links = [line.partition("/#/")[0] for line in done.stdout.splitlines() if "/#/" in line]
    assert links == ["http://page.example/mlflow", other, "http://own.example"]
