"""The commit in every shape of repository that people have: nothing but the notebook and its twin, always."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from calling import env
from jupyter_utils import errors
from jupyter_utils.repository import commit as commit_module

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs
    from jupyter_utils import SaveResult

TWIN = "# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n"


def save(runs: Runs, notebook: Path, **arguments: object) -> SaveResult:
    return runs.save(experiment_name="commits", notebook=notebook, **arguments)


def test_unborn_branch(runs: Runs, repo: Repo) -> None:
    """The first commit of a repository holds the notebook alone; what was staged stays staged."""
    (repo.path / "staged.txt").write_text("x")
    repo.git("add", "staged.txt")
    result = save(runs, repo.notebook)
    assert repo.committed(result.commit or "") == ["nb.ipynb"]
    assert repo.git("status", "--short") == "A  staged.txt"


def test_detached_head(runs: Runs, repo: Repo) -> None:
    """Without a branch the commit is made all the same, and the branch is called HEAD."""
    first = save(runs, repo.notebook)
    repo.git("checkout", "-q", "--detach")
    repo.write("2")
    second = save(runs, repo.notebook)
    assert repo.git("rev-parse", "HEAD") == second.commit != first.commit
    assert repo.git("rev-parse", "main") == first.commit
    assert runs.get(second.run_id).data.tags["mlflow.source.git.branch"] == "HEAD"
    assert any("no branch" in warning and "git switch -c" in warning for warning in second.warnings)
    assert not any("no branch" in warning for warning in first.warnings)


def test_unchanged_notebook(runs: Runs, repo: Repo) -> None:
    """An unchanged notebook makes no empty commit; the run points at the commit that holds it."""
    first = save(runs, repo.notebook)
    second = save(runs, repo.notebook)
    assert second.commit == first.commit
    assert second.run_id != first.run_id
    assert repo.git("rev-list", "--count", "HEAD") == "1"


def test_notebook_staged_in_an_older_state(runs: Runs, repo: Repo) -> None:
    """What is committed is the notebook on disk, whatever state of it had been staged."""
    save(runs, repo.notebook)
    repo.write("staged state")
    repo.git("add", "nb.ipynb")
    repo.write("state on disk")
    save(runs, repo.notebook)
    assert "state on disk" in repo.git("show", "HEAD:nb.ipynb")
    assert repo.git("status", "--short") == ""


def test_twin_by_metadata(runs: Runs, repo: Repo) -> None:
    """The pairing in the notebook's metadata decides: any extension, any folder; other files of the stem stay out."""
    content = json.loads(repo.notebook.read_text())
    content["metadata"]["jupytext"] = {"formats": "ipynb,scripts//md,Rmd"}
    repo.notebook.write_text(json.dumps(content))
    (repo.path / "scripts").mkdir()
    for name in ("scripts/nb.md", "nb.Rmd", "nb.csv", "nb.py"):
        (repo.path / name).write_text("x\n")
    save(runs, repo.notebook)
    assert sorted(repo.committed()) == ["nb.Rmd", "nb.ipynb", "scripts/nb.md"]


def test_twin_by_configuration(runs: Runs, repo: Repo) -> None:
    """So does a jupytext.toml around the notebook."""
    (repo.path / "jupytext.toml").write_text('formats = "ipynb,jl:light"\n')
    content = json.loads(repo.notebook.read_text())
    content["metadata"]["kernelspec"] = {"language": "julia", "name": "julia", "display_name": "Julia"}
    repo.notebook.write_text(json.dumps(content))
    (repo.path / "nb.jl").write_text("1\n")
    save(runs, repo.notebook)
    assert sorted(repo.committed()) == ["nb.ipynb", "nb.jl"]


def test_file_of_the_same_stem_is_no_twin(runs: Runs, repo: Repo) -> None:
    """A module that only shares the notebook's name is not committed."""
    (repo.path / "nb.py").write_text("import os\n")
    save(runs, repo.notebook)
    assert repo.committed() == ["nb.ipynb"]


def test_only_the_notebook_is_ignored(runs: Runs, repo: Repo) -> None:
    """The twin is committed alone, and the result says so."""
    (repo.path / ".gitignore").write_text("*.ipynb\n")
    (repo.path / "nb.py").write_text(TWIN)
    result = save(runs, repo.notebook)
    assert repo.committed() == ["nb.py"]
    assert any("hides nb.ipynb" in warning for warning in result.warnings)


def test_ignored_but_tracked(runs: Runs, repo: Repo) -> None:
    """A notebook that Git tracks is committed, whatever .gitignore says since."""
    save(runs, repo.notebook)
    (repo.path / ".gitignore").write_text("*.ipynb\n")
    repo.write("2")
    result = save(runs, repo.notebook)
    assert repo.committed() == ["nb.ipynb"]
    assert not any("hides" in warning for warning in result.warnings)


def test_ignored_folder(runs: Runs, repo: Repo) -> None:
    """A notebook in an ignored folder is as hidden as one that is ignored by name."""
    (repo.path / ".gitignore").write_text("scratch/\n")
    with pytest.raises(errors.NotebookIgnoredError):
        save(runs, repo.write(name="scratch/nb.ipynb"))


@pytest.mark.parametrize("name", ["日本 語/実験 [1] *.ipynb", ":(top)x.ipynb", "-m.ipynb", '"q".ipynb', "#x.ipynb"])
def test_odd_paths(name: str, runs: Runs, repo: Repo) -> None:
    """Blanks, Japanese, quotes and characters that mean something to Git are parts of names, nothing more."""
    (repo.path / "other.ipynb").write_bytes(repo.notebook.read_bytes())
    result = save(runs, repo.write(name=name))
    assert repo.git("show", "--name-only", "-z", "--format=", result.commit or "").strip("\0") == name
    assert name.rpartition("/")[2] in repo.git("log", "-1", "--format=%B")


def test_worktree(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """In a linked work tree the commit goes to its branch."""
    save(runs, repo.notebook)
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    file = tmp_path / "side" / "nb.ipynb"
    file.write_text(file.read_text().replace("1 + 1", "3"))
    result = save(runs, file)
    assert repo.git("rev-parse", "side") == result.commit != repo.git("rev-parse", "main")


def test_submodule(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """A notebook in a submodule is committed there; the repository around it is left as it was."""
    save(runs, repo.notebook)
    outer = tmp_path / "outer"
    subprocess.run(["git", "init", "-q", outer], check=True)
    add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.path), "inner"]
    subprocess.run(["git", "-C", outer, *add], check=True, capture_output=True)
    inner = outer / "inner"
    for key, value in (("user.name", "T"), ("user.email", "t@example.org")):
        subprocess.run(["git", "-C", inner, "config", key, value], check=True)
    (inner / "nb.ipynb").write_text(repo.notebook.read_text().replace("1 + 1", "4"))
    result = save(runs, inner / "nb.ipynb")
    done = subprocess.run(["git", "-C", inner, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == result.commit
    with pytest.raises(errors.NotInRepositoryError, match="submodule"):
        save(runs, inner / "nb.ipynb", git_repo_dir=outer)


def test_sparse_checkout(runs: Runs, repo: Repo) -> None:
    """A notebook outside of the sparse checkout's patterns is committed like any other."""
    (repo.path / "kept").mkdir()
    (repo.path / "kept" / "x").write_text("x")
    repo.git("add", "kept")
    repo.git("commit", "-qm", "base")
    repo.git("sparse-checkout", "set", "kept")
    save(runs, repo.write(name="outside/nb.ipynb"))
    assert repo.committed() == ["outside/nb.ipynb"]


def test_lock_that_goes_away(runs: Runs, repo: Repo) -> None:
    """Another Git command holds the lock for a moment: the commit waits for it."""
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    timer = threading.Timer(1.5, lock.unlink)
    timer.start()
    result = save(runs, repo.notebook)
    timer.join()
    assert repo.git("rev-parse", "HEAD") == result.commit


def test_lock_that_stays(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that a killed command left: the wait ends, and the error names the file."""
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    monkeypatch.setattr(commit_module, "LOCK_SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(errors.CommitError, match=r"index\.lock"):
        save(runs, repo.notebook)
    assert time.monotonic() - start < 15
    assert lock.exists()


def test_two_notebooks_at_the_same_moment(runs: Runs, repo: Repo) -> None:
    """Notebooks that save at once each get a commit of their own."""
    code = (
        "import sys, jupyter_utils as j; print(j.save_mlflow('both', mlf_uri=sys.argv[1], notebook=sys.argv[2]).commit)"
    )
    files = [repo.write(name=f"n{number}.ipynb") for number in range(4)]
    started = [
        subprocess.Popen([sys.executable, "-c", code, runs.uri, file], stdout=subprocess.PIPE, text=True, env=env())
        for file in files
    ]
    commits = [process.communicate(timeout=120)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert [repo.committed(commit) for commit in commits] == [[file.name] for file in files]


def test_without_commit_in_a_repository(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """With do_commit=False the run still names the commit, and how the notebook differs from it."""
    first = save(runs, repo.notebook)
    same = save(runs, repo.notebook, do_commit=False)
    assert runs.get(same.run_id).data.tags["jupyter_utils.notebook.differs"] == "false"
    repo.write("changed")
    other = save(runs, repo.notebook, do_commit=False)
    tags = runs.get(other.run_id).data.tags
    assert tags["mlflow.source.git.commit"] == first.commit == other.commit
    assert tags["jupyter_utils.notebook.differs"] == "true"
    diff = runs.file(other.run_id, "jupyter_utils/notebook.diff", tmp_path).read_text()
    assert '+    "changed"' in diff


def test_without_commit_outside_any_repository(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """With do_commit=False no repository is needed."""
    file = tmp_path / "alone" / "nb.ipynb"
    file.parent.mkdir()
    file.write_bytes(repo.notebook.read_bytes())
    result = save(runs, file, do_commit=False)
    assert result.commit is None
    tags = runs.get(result.run_id).data.tags
    assert "mlflow.source.git.commit" not in tags
    assert tags["mlflow.source.name"] == "nb.ipynb"


def test_plain_script(runs: Runs, tmp_path: Path) -> None:
    """A plain script stores its run under its own name; nothing is committed."""
    script = tmp_path / "train.py"
    script.write_text(
        "import sys, jupyter_utils\nprint(jupyter_utils.save_mlflow('script', mlf_uri=sys.argv[1]).run_id)\n"
    )
    done = subprocess.run(
        [sys.executable, script, runs.uri], capture_output=True, text=True, check=True, cwd=tmp_path, env=env()
    )
    tags = runs.get(done.stdout.split()[-1]).data.tags
    assert (tags["mlflow.source.name"], tags["mlflow.source.type"]) == (str(script), "LOCAL")
    assert "mlflow.source.git.commit" not in tags
