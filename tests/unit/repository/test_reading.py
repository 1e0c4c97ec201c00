"""What is read of a repository: the same as Git says, in every shape of one, and without running what it names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import GitNotFoundError, RepositoryOwnerError
from jupyter_utils.machine.inherited import REPOSITORY
from jupyter_utils.repository import commit_notebook, describe, difference, find_repository, open_repository, reading

if TYPE_CHECKING:
    from collections.abc import Callable


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", "-C", folder, *args], capture_output=True, check=True)
    return os.fsdecode(done.stdout).strip()


@pytest.fixture(autouse=True)
def fresh_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git as on a fresh machine."""
    for name in REPOSITORY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text(
        '[user]\n\tname = T\n\temail = t@example.org\n[protocol "file"]\nallow=always\n'
    )


def made(folder: Path, *options: str, commits: int = 1) -> Path:
    git(folder.parent, "init", "-q", "-b", "main", *options, str(folder))
    for number in range(commits):
        (folder / "nb.ipynb").write_text(f"{number}\n")
        git(folder, "add", "nb.ipynb")
        git(folder, "commit", "-qm", str(number))
    return folder


def detached(folder: Path) -> Path:
    git(made(folder), "checkout", "-q", "--detach")
    return folder


def packed(folder: Path) -> Path:
    git(made(folder, commits=2), "pack-refs", "--all")
    return folder


def packed_with_odd_names(folder: Path) -> Path:
    made(folder)
    subprocess.run([b"git", b"-C", os.fsencode(folder), b"branch", b"caf\xe9"], check=True)
    git(folder, "tag", "-am", "x", "v1")
    git(folder, "pack-refs", "--all")
    return folder


def odd_branch(folder: Path) -> Path:
    git(made(folder), "checkout", "-q", "-b", "機能/a.b-c")
    return folder


def latin_branch(folder: Path) -> Path:
    made(folder)
    subprocess.run([b"git", b"-C", os.fsencode(folder), b"checkout", b"-q", b"-b", b"caf\xe9"], check=True)
    return folder


def latin_folder(folder: Path) -> Path:
    return made(folder.with_name(os.fsdecode(b"caf\xe9 $HOME ~")))


def linked_work_tree(folder: Path) -> Path:
    made(folder.with_name("first"))
    git(folder.with_name("first"), "worktree", "add", "-q", "-b", "side", str(folder))
    (folder / "nb.ipynb").write_text("side\n")
    git(folder, "commit", "-qam", "side")
    return folder


def submodule(folder: Path) -> Path:
    made(folder.with_name("inner"))
    git(made(folder), "submodule", "add", "-q", str(folder.with_name("inner")), "sub")
    return folder / "sub"


def separate_git_dir(folder: Path) -> Path:
    return made(folder, f"--separate-git-dir={folder.with_name('elsewhere')}")


def symbolic_branch(folder: Path) -> Path:
    git(made(folder), "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git(folder, "symbolic-ref", "HEAD", "refs/heads/alias")
    return folder


def linked_head(folder: Path) -> Path:
    made(folder)
    (folder / ".git" / "HEAD").unlink()
    (folder / ".git" / "HEAD").symlink_to("refs/heads/main")
    return folder


def head_outside_of_branches(folder: Path) -> Path:
    git(made(folder), "update-ref", "refs/odd/x", "HEAD")
    git(folder, "symbolic-ref", "HEAD", "refs/odd/x")
    return folder


def sha_256(folder: Path) -> Path:
    return made(folder, "--object-format=sha256")


def reftable(folder: Path) -> Path:
    if "--ref-format" not in subprocess.run(["git", "init", "-h"], capture_output=True, text=True, check=False).stdout:
        pytest.skip("this Git knows no reftable")
    return made(folder, "--ref-format=reftable")


SHAPES: list[Callable[[Path], Path]] = [
    *(made, lambda folder: made(folder, commits=0), detached, packed, packed_with_odd_names, odd_branch, latin_branch),
    *(latin_folder, linked_work_tree, submodule, separate_git_dir, symbolic_branch, linked_head, sha_256, reftable),
    head_outside_of_branches,
]


def check_reading(folder: Path, prepare: Callable[[], None] = lambda: None) -> None:
    """Hold what is read against what Git says, which is asked before `prepare`."""

    def said(*args: str) -> str | None:
        done = subprocess.run(["git", "-C", folder, *args], capture_output=True, check=False)
        return os.fsdecode(done.stdout).strip() or None

    head, branch = said("rev-parse", "-q", "--verify", "HEAD"), said("symbolic-ref", "-q", "--short", "HEAD")
    place = Path(git(folder, "rev-parse", "--absolute-git-dir"))
    prepare()
    assert (reading.head(folder), reading.branch(folder)) == (head, branch)
    assert reading.git_dir(folder).resolve() == place.resolve()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__.replace("<lambda>", "unborn"))
def test_what_is_read_is_what_git_says(shape: Callable[[Path], Path], tmp_path: Path) -> None:
    """Folder, branch and commit, in every shape of repository."""
    check_reading(shape(tmp_path / "repo"))


@pytest.mark.parametrize("shape", [made, linked_work_tree, submodule])
@pytest.mark.parametrize("leak", REPOSITORY)
def test_variables_for_another_repository_are_not_followed(
    shape: Callable[[Path], Path], leak: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Git sets them for its hooks, and some editors for their terminals."""
    other = made(tmp_path / "other", commits=3)
    git(other, "checkout", "-q", "-b", "wrong")
    value = other / {"GIT_WORK_TREE": "", "GIT_INDEX_FILE": ".git/index"}.get(leak, ".git")
    check_reading(shape(tmp_path / "repo"), lambda: monkeypatch.setenv(leak, str(value)))


def test_a_branch_in_a_reftable_is_left_to_git(tmp_path: Path) -> None:
    """GitPython sees what stands in HEAD instead of the branch's name, and would give that."""
    folder = made(tmp_path / "repo")
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")
    assert reading._read(folder, reading._branch) is None
    assert reading._read(folder, lambda repo: repo.head.dereference_recursive(repo, "HEAD")) is None


def test_gitpython_does_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a usual repository no program is started for them."""
    folder = made(tmp_path / "repo")
    commit = git(folder, "rev-parse", "HEAD")
    reading.head(folder)
    monkeypatch.setenv("PATH", "")
    assert (reading.head(folder), reading.branch(folder)) == (commit, "main")
    assert reading.git_dir(folder) == folder / ".git"


@pytest.mark.parametrize("variable", ["GIT_PYTHON_GIT_EXECUTABLE", "GIT_PYTHON_REFRESH"])
def test_settings_of_gitpython_that_are_wrong_cost_nothing(variable: str, tmp_path: Path) -> None:
    """GitPython refuses to be imported then; Git is asked."""
    folder = made(tmp_path / "repo")
    code = "import pathlib, sys\nfrom jupyter_utils.repository import reading\n"
    code += "print(reading.branch(pathlib.Path(sys.argv[1])))"
    env = os.environ | {variable: "/nowhere/git"}
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False, env=env)
    assert (done.stdout, done.stderr) == ("main\n", "")


def test_no_git_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By this package's own error, not by GitPython's."""
    folder = made(tmp_path / "repo")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitNotFoundError):
        open_repository(folder / "nb.ipynb", [], None)


def test_a_repository_of_another_user_is_not_read(tmp_path: Path) -> None:
    """GitPython would read it; Git's own check comes before."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    folder = made(tmp_path / "repo")
    os.chown(folder, 12345, 12345)
    with pytest.raises(RepositoryOwnerError):
        find_repository(folder / "nb.ipynb", [], None)


def test_looking_starts_nothing_that_the_repository_names(tmp_path: Path) -> None:
    """A repository that somebody sent, configuration and all, is looked at without running any program of its own."""
    folder, mark = made(tmp_path / "repo"), tmp_path / "mark"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\necho \"$0 $@\" >>'{mark}'\n")
    evil.chmod(0o755)
    for key in (
        *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "diff.external"),
        *(
            "pager.diff",
            "pager.log",
            "credential.helper",
            "gpg.program",
            "gpg.ssh.program",
            "alias.diff",
            "alias.config",
        ),
        *("diff.evil.command", "diff.evil.textconv", "interactive.diffFilter", "uploadpack.packObjectsHook"),
    ):
        git(folder, "config", key, str(evil))
    git(folder, "config", "core.hooksPath", str(tmp_path / "hooks"))
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "color.ui", "always")
    (folder / ".gitattributes").write_text("*.ipynb diff=evil\n")
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (tmp_path / "hooks" / hook).symlink_to(evil)
    git(folder, "remote", "add", "origin", f"ext::{evil}")
    (folder / "nb.ipynb").write_text("changed\n")
    before = (folder / ".git" / "index").read_bytes()

    repository = open_repository(folder / "nb.ipynb", [], None)
    assert describe(repository.work_tree)["mlflow.source.git.branch"] == "main"
    assert "\n+changed" in difference(repository)
    assert not mark.exists(), mark.read_text()
    assert (folder / ".git" / "index").read_bytes() == before


def test_a_commit_is_named_whatever_git_log_shows(tmp_path: Path) -> None:
    """With log.showSignature `git log` prints what the signature is worth before the commit's name."""
    folder = made(tmp_path / "repo")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    settings = {"gpg.format": "ssh", "user.signingKey": str(key), "commit.gpgSign": "true", "log.showSignature": "true"}
    for name, value in settings.items():
        git(folder, "config", name, value)
    (folder / "nb.ipynb").write_text("changed\n")
    made_now = commit_notebook(open_repository(folder / "nb.ipynb", [], None), "m")
    assert made_now.sha == git(folder, "rev-parse", "HEAD")


def test_nothing_stays_open(tmp_path: Path) -> None:
    """No program of GitPython's stays behind, and no file."""
    folder = made(tmp_path / "repo")

    def look() -> tuple[int, str]:
        describe(folder)
        reading.git_dir(folder)
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return len(list(Path("/proc/self/fd").iterdir())), children

    first = look()
    assert [look() for _ in range(3)] == [first] * 3
