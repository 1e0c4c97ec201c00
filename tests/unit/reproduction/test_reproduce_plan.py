"""What there is of a run to run it again, and where it is laid out: no kernel is needed for it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_utils.artifacts.manifest import MANIFEST_FORMAT
from jupyter_utils.errors import ReproduceError
from jupyter_utils.reproduction.folder import new_folder
from jupyter_utils.reproduction.job import job_of
from jupyter_utils.reproduction.original import find_original
from jupyter_utils.reproduction.plan import Status
from jupyter_utils.reproduction.reproduce import reproduce
from recorded_runs import notebook, recorded, sha256

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = notebook("import util", "save()")
UTIL = b"x = 1\n"
FILES = {"nb/one.ipynb": NOTEBOOK, "util.py": UTIL}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


def git(folder: Path, *command: str) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", "-C", folder, *who, *command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(root: Path, files: dict[str, bytes]) -> str:
    git(root, "init", "-q", "-b", "main")
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return git(root, "rev-parse", "HEAD")


def job(entry: Path, data: Path | None = None, **options: Any) -> Any:
    return job_of(find_original(entry), data, **options)


def test_code_that_the_run_keeps_is_exact_without_its_repository(tmp_path: Path, root: Path) -> None:
    """A commit that is in no repository at hand takes nothing away from what was recorded."""
    found = job(recorded(tmp_path, root, FILES, tags={"mlflow.source.git.commit": "a" * 40}))
    assert [file.content for file in found.code.files] == [NOTEBOOK, UTIL]
    assert found.main.place == root / "nb" / "one.ipynb"
    assert not found.plan.blocked
    assert [one.status for one in found.plan["code"].findings] == [Status.UNKNOWN]  # what else the commit held


def test_a_module_that_was_not_kept_is_named(tmp_path: Path, root: Path) -> None:
    """Nothing is executed where a part of the code is nowhere, and the plan says which, why, and what helps."""
    rows = {"util.py": {"kept": False, "left_out": "Git ignores it"}}
    entry = recorded(tmp_path, root, FILES, rows=rows)
    (blocked,) = job(entry).plan.blocked
    assert "util.py (Git ignores it)" in blocked.reason
    assert sha256(UTIL)[:12] in blocked.remedy
    found = reproduce(entry, trust=True)
    assert (found.verdict, found.exit_code) == ("could not", 3)


@pytest.mark.parametrize("where", ["commit", "disk"])
def test_what_was_not_kept_comes_from_elsewhere_if_its_bytes_are_the_same(
    tmp_path: Path, root: Path, where: str
) -> None:
    """From the commit, whatever the work tree holds by now, and else from where it lies."""
    tags = {"mlflow.source.git.commit": committed(root, FILES)}
    if where == "disk":
        tags = {}
    else:
        (root / "util.py").write_bytes(b"x = 2\n")
    rows = {"util.py": {"kept": False, "left_out": "Git ignores it"}}
    entry = recorded(tmp_path, root, FILES, rows=rows, tags=tags)
    assert job(entry).code.files[1].content == UTIL
    (root / "util.py").write_bytes(b"x = 3\n")
    assert (job(entry).code.files[1].content == UTIL) is (where == "commit")


def test_masked_code_is_told(tmp_path: Path, root: Path) -> None:
    """The text with its credential left out can run, but is not what it was."""
    rows = {"util.py": {"masked": True, "text": b'password = "***"\n'}}
    found = job(recorded(tmp_path, root, FILES, rows=rows))
    assert found.plan["code"].status is Status.MISSING
    assert not found.plan.blocked
    assert "credential" in found.plan["code"].findings[0].reason


def test_code_that_was_changed_in_the_run_is_not_run(tmp_path: Path, root: Path) -> None:
    """What the artifacts hold counts only if it is what was recorded."""
    found = job(recorded(tmp_path, root, FILES, rows={"util.py": {"text": b"evil()\n"}}))
    assert "changed" in found.plan.blocked[0].reason


def test_a_run_without_records_has_its_commit(tmp_path: Path, root: Path) -> None:
    """A run from before is told what there is of it, and that the rest is unknown."""
    sha = committed(root, FILES)
    entry = recorded(tmp_path, root, FILES, tags={"mlflow.source.git.commit": sha})
    (entry / "artifacts" / "jupyter_utils" / "code.json").unlink()
    found = job(entry)
    assert found.main.content == NOTEBOOK
    assert found.plan["code"].status is Status.UNKNOWN
    assert found.plan["inputs"].status is Status.UNKNOWN
    assert found.plan["machine"].status is Status.UNKNOWN


def test_a_run_with_nothing_at_all_is_not_run(tmp_path: Path, root: Path) -> None:
    entry = recorded(tmp_path, root, FILES)
    (entry / "artifacts" / "jupyter_utils" / "code.json").unlink()
    assert reproduce(entry, check=True).exit_code == 3


def inputs(root: Path, content: bytes, **more: Any) -> dict[str, Any]:
    row = {"path": "data/x.csv", "on_disk": str(root / "data" / "x.csv"), "size": len(content)}
    return {"files": [row | {"sha256": sha256(content), "cells": [2, 5]} | more], "complete": True, "hub": []}


@pytest.mark.parametrize("place", ["where it lay", "--data by path", "--data by name", "--data by content", "the run"])
def test_an_input_is_found(tmp_path: Path, root: Path, place: str) -> None:
    """By its digest, wherever it is; the work folder has it where the code looks for it."""
    content, data = b"x\n1\n", tmp_path / "given"
    entry = recorded(tmp_path, root, FILES, records={"inputs.json": inputs(root, content)})
    target = {
        "where it lay": root / "data" / "x.csv",
        "--data by path": data / "data" / "x.csv",
        "--data by name": data / "x.csv",
        "--data by content": data / "deep" / "renamed.csv",
        "the run": entry / "artifacts" / "dataset" / "x.csv",
    }[place]
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    if place == "the run":
        kept = {"path": "dataset/x.csv", "size": len(content), "sha256": sha256(content)}
        manifest = {"format": MANIFEST_FORMAT, "artifacts": [], "files": [kept]}
        import json

        from jupyter_utils.artifacts.manifest import MANIFEST

        (entry / "artifacts" / MANIFEST).write_text(json.dumps(manifest))
    found = job(entry, data if data.exists() else None)
    assert found.plan["inputs"].status is Status.EXACT
    folder = new_folder("run")
    folder.lay_inputs(found.inputs)
    assert folder.place(root / "data" / "x.csv").read_bytes() == content


def test_a_changed_input_is_named_with_its_readers(tmp_path: Path, root: Path) -> None:
    """It is used all the same: the comparison says what it changes."""
    (root / "data").mkdir()
    (root / "data" / "x.csv").write_bytes(b"x\n2\n")
    found = job(recorded(tmp_path, root, FILES, records={"inputs.json": inputs(root, b"x\n1\n")}))
    (finding,) = found.plan["inputs"].findings
    assert (finding.status, finding.blocks) == (Status.APPROXIMATE, False)
    assert finding.reason == "data/x.csv is another than it was; cells that read it: [2], [5]"
    assert "--data" in finding.remedy


def test_a_missing_input_is_named_and_nothing_is_run(tmp_path: Path, root: Path) -> None:
    """Hours of computing are not begun for a cell that will fail."""
    found = job(recorded(tmp_path, root, FILES, records={"inputs.json": inputs(root, b"x\n1\n")}))
    assert found.plan["inputs"].status is Status.MISSING
    assert found.plan.blocked


def test_an_input_that_the_notebook_removed_is_missing(tmp_path: Path, root: Path) -> None:
    """Nothing is held up by it: what it had started may have made the file, and makes it again."""
    record = inputs(root, b"x", note="removed by this notebook after it was read")
    found = job(recorded(tmp_path, root, FILES, records={"inputs.json": record})).plan
    assert (found["inputs"].status, found.blocked) == (Status.MISSING, [])


def test_the_work_folder_is_one_commit_of_nobody(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the commit is there, too; neither hooks nor filters of the user's are started."""
    evil = tmp_path / "evil"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text(f"#!/bin/sh\ntouch {evil}\n")
    (hooks / "pre-commit").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f'[core]\n hooksPath = {hooks}\n[filter "x"]\n clean = touch {evil}\n smudge = touch {evil}\n')
    sha = committed(root, FILES | {"conf.yaml": b"a: 1\n", ".gitattributes": b"* filter=x\n", "run.sh": b"#!/bin/sh\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    found = job(recorded(tmp_path, root, FILES, tags={"mlflow.source.git.commit": sha}))
    folder = new_folder("run")
    assert folder.lay_code(found.code) == []
    laid = folder.place(root)
    assert (laid / "conf.yaml").read_bytes() == b"a: 1\n"
    assert git(laid, "status", "--short") == ""
    assert git(laid, "log", "--format=%s") == "The code of the run"
    assert not evil.exists()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert git(root, "status", "--short") == ""


def test_a_link_that_leads_out_is_left_out(tmp_path: Path, root: Path) -> None:
    (root / "out").symlink_to("../../etc")
    (root / "in").symlink_to("util.py")
    sha = committed(root, FILES)
    found = job(recorded(tmp_path, root, FILES, tags={"mlflow.source.git.commit": sha}))
    folder = new_folder("run")
    assert folder.lay_code(found.code) == ["out of the commit is a link that leads out of it"]
    assert (folder.place(root) / "in").read_bytes() == UTIL


def test_a_run_that_names_files_above_its_root_is_refused(tmp_path: Path, root: Path) -> None:
    """Whoever has written the record must not write where they like."""
    entry = recorded(tmp_path, root, FILES, rows={"util.py": {"on_disk": "/home/../../etc/x"}})
    with pytest.raises(ReproduceError, match="no absolute path"):
        job(entry)


@pytest.mark.parametrize(
    ("order", "as_run", "status"), [("hidden", False, Status.APPROXIMATE), ("linear", False, Status.EXACT)]
)
def test_the_order_of_the_cells_is_told(tmp_path: Path, root: Path, order: str, as_run: bool, status: Status) -> None:
    records = {"cells.json": {"order": order, "cells": []}}
    found = job(recorded(tmp_path, root, FILES, records=records), as_run=as_run)
    assert found.plan["code"].status is status
    assert bool(found.notes) is (order == "hidden")


def test_secret_arguments_of_a_script_are_missing(tmp_path: Path, root: Path) -> None:
    records = {"call.json": {"number": 1, "script": str(root / "x.py"), "arguments": ["--hf-token", "***"]}}
    assert "secrets" in job(recorded(tmp_path, root, FILES, records=records)).plan.blocked[0].reason


def test_another_machine_is_approximate(tmp_path: Path, root: Path) -> None:
    """A run that torch computed on a GPU is another on a machine without one."""
    machine = {"processor": {"model": "Other"}, "gpus": [{"name": "H100"}], "torch": {"cuda": "13.0"}}
    found = job(recorded(tmp_path, root, FILES, records={"machine.json": machine})).plan["machine"]
    assert found.status is Status.APPROXIMATE
    assert "H100" in found.findings[0].reason
    assert "Other" in found.findings[1].reason


def test_another_environment_is_approximate(tmp_path: Path, root: Path) -> None:
    tags = {"jupyter_utils.store_path": "/nix/store/other", "jupyter_utils.lock": "x"}
    found = job(recorded(tmp_path, root, FILES, tags=tags)).plan["environment"]
    assert found.status is Status.APPROXIMATE


def test_a_run_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so, whoever is asked."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    for name in ("0" * 32, "000000000000001-0123456789abcdef"):
        with pytest.raises(ReproduceError, match=name):
            find_original(name)


def test_numbers_without_a_seed_are_told(tmp_path: Path, root: Path) -> None:
    """Such a run cannot give the same again, which is no fault of the reproduction."""
    (finding,) = job(recorded(tmp_path, root, FILES, tags={"jupyter_utils.unseeded": "numpy"})).plan["code"].findings
    assert (finding.status, "numpy" in finding.reason) == (Status.UNKNOWN, True)
    assert "--repeat" in finding.remedy
