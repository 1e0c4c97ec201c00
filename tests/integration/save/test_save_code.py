"""The run holds the code that ran: notebook, twin, script, and every module of the user's, committed or not."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from calling import env, execute, write_notebook
from small_disks import small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs

pytestmark = pytest.mark.usefixtures("recording")

SAVE = "import jupyter_utils; r = jupyter_utils.save_mlflow('code'); print(r.run_id, r.warnings)"
START = "import jupyter_utils"
TOKEN = "hf_" + "aB3" * 12


class Kept:
    """A run's record of its code, read back from the server."""

    def __init__(self, runs: Runs, shown: str, folder: Path) -> None:
        found = re.search(r"\b[0-9a-f]{32}\b", shown)
        assert found, shown
        self.shown = shown
        self.runs, self.id, self.folder = runs, found[0], folder
        folder.mkdir(exist_ok=True)
        self.tags = runs.get(self.id).data.tags
        self.files = {row["path"]: row for row in self.json("code.json")["files"]}

    def text(self, path: str) -> str:
        return self.runs.file(self.id, f"jupyter_utils/{path}", self.folder).read_text(encoding="utf-8")

    def json(self, name: str) -> Any:
        return json.loads(self.text(name))

    @property
    def stored(self) -> set[str]:
        prefix = "jupyter_utils/code/"
        return {file.removeprefix(prefix) for file in self.runs.files(self.id) if file.startswith(prefix)}


@pytest.fixture
def helpers(repo: Repo) -> Repo:
    """Add a committed helper, one edited since, one that is in no commit, and one that Git ignores."""
    for name in ("same", "util", "extra", "private_settings", "ran_by_magic"):
        (repo.path / f"{name}.py").write_text(f"x = '{name}'\n", encoding="utf-8")
    (repo.path / ".gitignore").write_text("private_settings.py\n", encoding="utf-8")
    repo.git("add", "same.py", "util.py", "ran_by_magic.py", ".gitignore")
    repo.git("commit", "-qm", "helpers")
    (repo.path / "util.py").write_text("x = 'edited'\n", encoding="utf-8")
    return repo


@pytest.mark.parametrize("commit", [True, False])
def test_helpers_of_a_notebook(commit: bool, runs: Runs, helpers: Repo, tmp_path: Path) -> None:
    """The card names those that the commit does not hold as they ran; the run keeps all but what Git ignores."""
    save = SAVE if commit else SAVE.replace("'code'", "'code', do_commit=False")
    use = "import same, util, extra, private_settings\n%run ran_by_magic.py"
    file = write_notebook(helpers.path / "sub" / "n.ipynb", START, "import sys; sys.path.insert(0, '..')", use, save)
    (helpers.path / "sub" / "ran_by_magic.py").write_text("y = 1\n", encoding="utf-8")
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    states = {name: row["state"] for name, row in kept.files.items() if row["role"] == "module"}
    assert states == {
        "same.py": "committed",
        "util.py": "changed",
        "extra.py": "untracked",
        "private_settings.py": "ignored",
        "sub/ran_by_magic.py": "untracked",
    }
    assert kept.tags["jupyter_utils.code.differs"] == "true"
    assert "Code that ran is not in the commit: util.py (changed), extra.py (untracked)" in kept.shown
    assert kept.stored == {"sub/n.ipynb", *states} - {"private_settings.py"}
    assert kept.text("code/util.py") == "x = 'edited'\n"
    left_out = kept.files["private_settings.py"]
    assert (left_out["kept"], left_out["left_out"]) == (False, "Git ignores it")
    assert left_out["sha256"] == hashlib.sha256(b"x = 'private_settings'\n").hexdigest()
    assert kept.files["sub/n.ipynb"]["state"] == ("committed" if commit else "untracked")


def test_nothing_differs(runs: Runs, helpers: Repo, tmp_path: Path) -> None:
    """A run whose code is all in its commit says so, and warns of nothing; without helpers there is no such tag."""
    file = write_notebook(helpers.path / "n.ipynb", START, "import same", SAVE)
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    assert kept.tags["jupyter_utils.code.differs"] == "false"
    assert kept.tags["jupyter_utils.order"] == "linear"
    assert "not in the commit" not in kept.shown
    alone = write_notebook(helpers.path / "alone.ipynb", SAVE)
    kept = Kept(runs, execute(alone, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    assert "jupyter_utils.code.differs" not in kept.tags


def test_the_text_that_ran_and_not_the_edit(runs: Runs, helpers: Repo, tmp_path: Path) -> None:
    """A helper edited between import and saving is kept as it ran, and named."""
    edit = "import pathlib; _ = pathlib.Path('same.py').write_text('x = 0\\n')"
    file = write_notebook(helpers.path / "n.ipynb", START, "import same", edit, SAVE)
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    assert kept.text("code/same.py") == "x = 'same'\n"
    assert (kept.files["same.py"]["state"], kept.files["same.py"]["note"]) == ("changed", "changed since it ran")
    assert "same.py (changed)" in kept.shown


def test_credentials_and_private_cells(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The cells run as they are; what the run keeps has neither, wherever it keeps a text; the commit is the user's."""
    cells = [
        START,
        f"token = '{TOKEN}'\nprint(token)",
        "%%private\nhidden = 'geheim'",
        "assert hidden == 'geheim'",
        SAVE,
    ]
    file = write_notebook(repo.path / "n.ipynb", *cells)
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    for path in kept.runs.files(kept.id):
        text = kept.runs.file(kept.id, path, kept.folder).read_bytes().decode(errors="replace")
        assert TOKEN not in text, path
        assert "hidden = 'geheim'" not in text, path
    assert "what other cells print of their values is kept" in kept.shown
    assert kept.files["n.ipynb"]["masked"] is True
    assert kept.files["n.ipynb"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert TOKEN in repo.git("show", "HEAD:n.ipynb")
    assert kept.tags["jupyter_utils.order"] == "linear"


def test_a_script(runs: Runs, helpers: Repo, tmp_path: Path) -> None:
    """Kept as a notebook is, with what it imports."""
    script = helpers.path / "train.py"
    save = SAVE.replace("'code'", "'code', mlf_uri=sys.argv[1]")
    script.write_text(f"import sys, jupyter_utils, util\n{save}\n", encoding="utf-8")
    command = [sys.executable, script, runs.uri, "--lr", "0.1", "--hf-token", "abc"]
    done = subprocess.run(command, cwd=helpers.path, env=env(), capture_output=True, text=True, check=True)
    kept = Kept(runs, done.stdout, tmp_path / "kept")
    assert kept.stored == {"train.py", "util.py"}
    assert kept.files["train.py"]["role"] == "script"
    call = kept.json("call.json")
    assert (call["number"], call["script"], call["directory"]) == (1, str(script), str(helpers.path))
    assert call["arguments"] == [runs.uri, "--lr", "0.1", "--hf-token", "***"]


def test_which_call_it_was(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Of several in a notebook: the cell, and which of a loop's."""
    loop = SAVE.replace("; r =", "\nfor lr in (0.1, 0.2):\n  r =").replace("; print", "\n  print")
    file = write_notebook(repo.path / "n.ipynb", SAVE, loop)
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri)
    calls = []
    for at, one in enumerate(re.findall(r"\b[0-9a-f]{32}\b", shown)):
        call = Kept(runs, one, tmp_path / str(at)).json("call.json")
        calls.append((call["number"], call["cell"]["number"], call["number_in_cell"]))
    assert calls == [(1, 1, 1), (2, 2, 1), (3, 2, 2)]


def test_parameters_of_papermill(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """As it had injected them; not those that hold a credential."""
    write_notebook(repo.path / "n.ipynb", START, SAVE)
    give = ["-p", "lr", "0.5", "-p", "api_key", "abc", "-p", "name", "猫"]
    command = [sys.executable, "-m", "papermill", "n.ipynb", "out.ipynb", *give]
    told = env(MLFLOW_TRACKING_URI=runs.uri)
    subprocess.run(command, cwd=repo.path, env=told, capture_output=True, text=True, check=True)
    shown = (repo.path / "out.ipynb").read_text(encoding="utf-8")
    kept = Kept(runs, re.findall(r"\b([0-9a-f]{32}) \(", shown)[0], tmp_path / "kept")
    injected = kept.json("call.json")["papermill"]
    assert injected["parameters"] == {"lr": 0.5, "api_key": "***", "name": "猫"}
    assert (injected["input"], injected["output"]) == ("n.ipynb", "out.ipynb")
    assert '"api_key": "***"' in kept.text("code/out.ipynb")


def test_outside_of_a_work_tree(runs: Runs, tmp_path: Path) -> None:
    """Without a repository the notebook's folder is the root, and code from elsewhere is kept by its whole path."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "far.py").write_text("x = 1\n", encoding="utf-8")
    use = f"import sys; sys.path.insert(0, {str(tmp_path / 'lib')!r}); import far"
    save = SAVE.replace("'code'", "'code', do_commit=False")
    file = write_notebook(tmp_path / "n" / "n.ipynb", START, use, save)
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    name = f"elsewhere{tmp_path}/lib/far.py"
    assert kept.stored == {"n.ipynb", name}
    assert kept.files[name]["state"] == "outside"


def test_too_much_code(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """What comes after 20 MB is named by its digest."""
    (repo.path / "large.py").write_text("x = '''" + "a" * 21 * 2**20 + "'''\n", encoding="utf-8")
    file = write_notebook(repo.path / "n.ipynb", START, "import large", SAVE)
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    assert kept.stored == {"n.ipynb"}
    assert kept.files["large.py"]["kept"] is False


def test_no_room_for_the_code(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The run is stored without its record, and says so."""
    (repo.path / "wide.py").write_text("x = '''" + "a" * 3_000_000 + "'''\n", encoding="utf-8")
    script = repo.path / "train.py"
    save = SAVE.replace("'code'", "'code', dataset={'a.txt': 'a'}, mlf_uri=sys.argv[1]")
    script.write_text(f"import sys, jupyter_utils, wide\n{save}\n", encoding="utf-8")
    with small_disk(tmp_path / "disk", "2m") as disk:
        settings = env(JUPYTER_UTILS_SPOOL_DIR=str(disk / "spool"))
        command = [sys.executable, script, runs.uri]
        done = subprocess.run(command, cwd=repo.path, env=settings, capture_output=True, text=True, check=True)
    assert "The run does not record everything of itself (code: OSError" in done.stdout
    run_id = re.findall(r"\b[0-9a-f]{32}\b", done.stdout)[0]
    files = runs.files(run_id)
    assert "dataset/a.txt" in files
    assert not [file for file in files if file.startswith("jupyter_utils/code")]
    assert "No space left" in runs.get(run_id).data.tags["jupyter_utils.unrecorded"]


def test_a_run_holds_no_copies_that_an_earlier_one_made(runs: Runs, helpers: Repo, tmp_path: Path) -> None:
    """What a save writes and reads of its own is none of the user's reading; else each run would hold those before."""
    script = helpers.path / "train.py"
    save = SAVE.replace("'code'", "'code', dataset={'own.py': 'x = 1'}, mlf_uri=sys.argv[1]").replace(
        "; r =", "\n    r ="
    )
    save = save.replace("import jupyter_utils", "for _ in range(3):").replace("; print", "\n    print")
    script.write_text(f"import sys, jupyter_utils, util\n{save}\n", encoding="utf-8")
    settings = env(JUPYTER_UTILS_SPOOL_DIR=str(helpers.path / "spool"))
    command = [sys.executable, script, runs.uri]
    done = subprocess.run(command, cwd=helpers.path, env=settings, capture_output=True, text=True, check=True)
    found = re.findall(r"\b[0-9a-f]{32}\b", done.stdout)
    assert len(found) == 3
    for at, one in enumerate(found):
        assert Kept(runs, one, tmp_path / str(at)).stored == {"train.py", "util.py"}


def test_the_setting(runs: Runs, helpers: Repo) -> None:
    """Off: the commit and the machine are recorded, and no code; a private cell is one all the same."""
    file = write_notebook(helpers.path / "n.ipynb", START, "import extra", "%%private\nx = 1", SAVE)
    shown = execute(file, MLFLOW_TRACKING_URI=runs.uri, JUPYTER_UTILS_RECORD_CODE="off")
    run_id = re.findall(r"\b[0-9a-f]{32}\b", shown)[0]
    own = {name.removeprefix("jupyter_utils/") for name in runs.files(run_id)} - {"recipe.tar.gz"}
    assert own == {"machine.json", "manifest.json"}
    tags = runs.get(run_id).data.tags
    assert not {"jupyter_utils.code.differs", "jupyter_utils.order", "jupyter_utils.call"} & set(tags)
    assert "mlflow.source.git.commit" in tags


def test_a_notebook_that_another_runs(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """`%run other.ipynb` is code, too; what its private cells hold stays out."""
    write_notebook(repo.path / "other.ipynb", "y = 1", "%%private\nz = 'geheim'")
    file = write_notebook(repo.path / "n.ipynb", START, "%run other.ipynb", SAVE)
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    assert (kept.files["other.ipynb"]["role"], kept.files["other.ipynb"]["state"]) == ("module", "untracked")
    assert "y = 1" in kept.text("code/other.ipynb")
    assert "geheim" not in kept.text("code/other.ipynb")
    assert "other.ipynb (untracked)" in kept.shown


def test_private_cells_of_a_difference(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A difference is not kept, since it does not show which of its lines lie in a private cell."""
    lines = "".join(f"a{number} = {number}\n" for number in range(30))
    file = write_notebook(repo.path / "n.ipynb", START, f"%%private\n{lines}hidden = 'geheim'", SAVE)
    repo.git("add", "n.ipynb")
    repo.git("commit", "-qm", "private")
    write_notebook(
        file, START, f"%%private\n{lines}hidden = 'geheim' + ''", SAVE.replace("'code'", "'code', do_commit=False")
    )
    kept = Kept(runs, execute(file, MLFLOW_TRACKING_URI=runs.uri), tmp_path / "kept")
    assert kept.tags["jupyter_utils.notebook.differs"] == "true"
    for path in kept.runs.files(kept.id):
        assert b"geheim" not in kept.runs.file(kept.id, path, kept.folder).read_bytes(), path
