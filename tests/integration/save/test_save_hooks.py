"""Hooks and signatures as the user's own configuration of Git says, with real keys."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from jupyter_utils import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Repo, Runs
    from jupyter_utils import SaveResult


def save(runs: Runs, repo: Repo) -> SaveResult:
    return runs.save(experiment_name="hooks", notebook=repo.notebook)


def pre_commit(repo: Repo, *lines: str) -> None:
    hook = repo.path / ".git" / "hooks" / "pre-commit"
    hook.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    hook.chmod(0o755)


def program(name: str) -> str:
    found = shutil.which(name)
    return found or pytest.skip(f"no {name} on the PATH")


def test_hook_refuses(runs: Runs, repo: Repo) -> None:
    """Hooks run; one that refuses is quoted, nothing is sent, and the index is as it was."""
    pre_commit(repo, "echo no such luck >&2", "exit 1")
    (repo.path / "staged.txt").write_text("x")
    repo.git("add", "staged.txt")
    before = repo.git("status", "--short")
    runs_before = runs.count("hooks")
    with pytest.raises(errors.CommitError, match="no such luck"):
        save(runs, repo)
    assert repo.git("status", "--short") == before
    assert runs.count("hooks") == runs_before


def test_hook_rewrites_the_notebook(runs: Runs, repo: Repo) -> None:
    """What a hook makes of the notebook is committed; the index holds it too, and what else was staged stays so."""
    (repo.path / "staged.txt").write_text("x")
    repo.git("add", "staged.txt")
    pre_commit(repo, "sed -i 's/secret/hidden/' nb.ipynb", "git add nb.ipynb")
    repo.write("secret = 1")
    result = save(runs, repo)
    assert repo.committed(result.commit or "") == ["nb.ipynb"]
    assert "hidden = 1" in repo.git("show", f"{result.commit}:nb.ipynb")
    assert repo.git("status", "--short") == "A  staged.txt"


def test_hook_takes_out_all_that_was_new(runs: Runs, repo: Repo) -> None:
    """Where a hook that rewrites and then stops (as nbstripout under pre-commit) leaves nothing new, nothing failed."""
    first = save(runs, repo)
    committed = repo.notebook.read_text()
    pre_commit(repo, "git show HEAD:nb.ipynb >nb.ipynb", "echo files were modified by this hook", "exit 1")
    repo.write("2 + 2")
    second = save(runs, repo)
    assert second.commit == first.commit == repo.git("rev-parse", "HEAD")
    assert runs.get(second.run_id).data.tags["mlflow.source.git.commit"] == first.commit
    assert repo.notebook.read_text() == committed
    assert repo.git("status", "--short") == ""


def test_message_hook(runs: Runs, repo: Repo) -> None:
    """A hook may add to the message, such as a ticket's number."""
    hook = repo.path / ".git" / "hooks" / "prepare-commit-msg"
    hook.write_text('#!/bin/sh\nsed -i "1s/^/[T-1] /" "$1"\n')
    hook.chmod(0o755)
    save(runs, repo)
    assert repo.git("log", "-1", "--format=%s") == "[T-1] Run nb.ipynb"


def test_signed_with_ssh(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """With `commit.gpgSign` and an SSH key, Git accepts the signature of our commit."""
    key = tmp_path / "key"
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "t", "-f", key], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"tester@example.org {key.with_suffix('.pub').read_text()}")
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    repo.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    repo.git("config", "commit.gpgSign", "true")
    result = save(runs, repo)
    repo.git("verify-commit", result.commit or "")
    assert repo.git("log", "-1", "--format=%G? %GS", result.commit or "") == "G tester@example.org"


@pytest.fixture
def gnupg(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make a GPG key without a passphrase in a keyring of the test's own; its fingerprint."""
    gpg = program("gpg")
    home = tmp_path_factory.mktemp("g")  # short: the agent's socket lies in it
    home.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    make = ["--quiet", "--batch", "--passphrase", "", "--quick-generate-key", "tester@example.org", "ed25519", "sign"]
    made = subprocess.run([gpg, *make], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"gpg makes no key here: {made.stderr}")
    listed = subprocess.run([gpg, "--list-keys", "--with-colons"], capture_output=True, text=True, check=True).stdout
    yield next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
    subprocess.run(["gpgconf", "--kill", "all"], check=True, env=dict(os.environ))


def test_signed_with_gpg(runs: Runs, repo: Repo, gnupg: str) -> None:
    """So it does with a GPG key."""
    repo.git("config", "user.signingKey", gnupg)
    repo.git("config", "commit.gpgSign", "true")
    result = save(runs, repo)
    repo.git("verify-commit", result.commit or "")
    # G: good, and by a key that this keyring trusts, since it was made in it.
    assert repo.git("log", "-1", "--format=%G? %GF", result.commit or "") == f"G {gnupg}"


def test_signature_that_cannot_be_made(runs: Runs, repo: Repo) -> None:
    """A commit that must be signed is refused when it cannot be, rather than made unsigned."""
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", "/bin/false")
    with pytest.raises(errors.CommitError, match="sign"):
        save(runs, repo)
    assert repo.git("log", "--all", check=False) == ""
