"""Whatever the store, and whatever is wrong with it: the run is kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import jupyter_utils
import odd_servers
import pytest
import servers
from calling import env
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import client, server
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

SAVE = """
import sys, jupyter_utils
result = jupyter_utils.save_mlflow("race", params={"n": sys.argv[1]}, result={"n.txt": sys.argv[1]},
                                   do_commit=False, mlf_uri="sqlite:///store/mlflow.db")
print(result)
sys.exit(not result.is_stored)
"""


def kept(uri: str, *words: str) -> jupyter_utils.SaveResult:
    """Save to a store that fails; all of the call must be in the spool, and the card say why."""
    result = jupyter_utils.save_mlflow("odd", params={"lr": 0.1}, result={"a.txt": "a"}, do_commit=False, mlf_uri=uri)
    assert not result.is_stored
    assert result.entry is not None
    assert [one.id for one in own_spool().waiting()] == [result.entry.name]
    assert (result.entry / "artifacts" / "result" / "a.txt").read_text() == "a"
    said = " ".join(result.warnings)
    for word in words:
        assert word in said
    return result


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a second where the half minute is meant: that it ends is what counts."""
    for module in (client, server):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 1.0)


@pytest.mark.parametrize("name", odd_servers.ANSWERS)
def test_odd_answers(name: str) -> None:
    """Of whatever stands at the server's address."""
    with odd_servers.odd(odd_servers.ANSWERS[name]) as url:
        kept(url, "sync")


@pytest.mark.usefixtures("hurried")
def test_an_answer_without_an_end() -> None:
    """Which a timeout between two bytes does not bound."""
    with odd_servers.dribbling(0.1) as url:
        kept(url, "lives, but")


@pytest.mark.parametrize(
    "uri",
    [
        "http://no-such-host.invalid:15000",
        "postgresql://me:secret@127.0.0.1:9/mlflow",
        "postgresql+psycopg://me:secret@no-such-host.invalid/mlflow",
        "mysql+pymysql://me:secret@127.0.0.1:9/mlflow",
        "mssql+pyodbc://127.0.0.1:9/mlflow",
        "postgresql+nosuchdriver://me:secret@/mlflow",
        "databricks",
        "sqlite:////proc/nowhere/mlflow.db",
        "file:///proc/nowhere",
    ],
)
def test_stores_that_cannot_be_opened(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve, a dead database, a missing driver, a place that cannot be written."""
    monkeypatch.delenv("DATABRICKS_HOST", raising=False)
    assert "secret" not in " ".join(kept(uri, "sync").warnings)


@pytest.mark.usefixtures("hurried")
def test_a_database_that_never_answers() -> None:
    """It takes the connection, and that is all."""
    with odd_servers.silent() as port:
        kept(f"postgresql://me@127.0.0.1:{port}/mlflow", "no end within")


def test_no_tls() -> None:
    """A web server without the encryption that the address promises."""
    with odd_servers.odd(b"") as url:
        kept(url.replace("http", "https"), "does not answer")


def test_a_database_that_is_none(tmp_path: Path) -> None:
    """And one that another program has left half made."""
    broken, half = tmp_path / "broken.db", tmp_path / "half.db"
    broken.write_bytes(b"no database" * 1000)
    kept(f"sqlite:///{broken}", "cannot be opened")
    own_spool().remove(own_spool().hold(own_spool().names()[0]))
    with sqlite3.connect(half) as database:
        database.execute("CREATE TABLE experiments (x)")
        database.execute("CREATE TABLE alembic_version (version_num)")
        database.execute("INSERT INTO alembic_version VALUES ('of no release')")
    old = half.stat().st_mtime - 100
    os.utime(half, (old, old))
    kept(f"sqlite:///{half}", "cannot be opened")


def test_a_new_database_and_several_processes(tmp_path: Path) -> None:
    """All make it at once, none dies, and it holds all of their runs; nothing else lies beside it."""
    command = [sys.executable, "-W", "ignore", "-c", SAVE]
    several = [
        subprocess.Popen([*command, str(n)], cwd=tmp_path, env=env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for n in range(3)
    ]
    said = [one.communicate(timeout=300)[0].decode() for one in several]
    assert [one.returncode for one in several] == [0, 0, 0], said
    store = MlflowClient(f"sqlite:///{tmp_path}/store/mlflow.db")
    runs = store.search_runs([store.get_experiment_by_name("race").experiment_id])
    assert sorted(run.data.params["n"] for run in runs) == ["0", "1", "2"]
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["mlflow.db"]


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    """As `touch` and `tempfile` make it."""
    file = tmp_path / "empty.db"
    file.touch()
    result = jupyter_utils.save_mlflow("e", do_commit=False, mlf_uri=f"sqlite:///{file}")
    assert result.is_stored


def test_what_waited_for_a_database_is_sent(tmp_path: Path) -> None:
    """By `jupyter-utils sync`, from whatever folder: the address in the entry is whole."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "mlflow.db").mkdir()  # nothing can be made there
    kept(f"sqlite:///{folder}/mlflow.db", "cannot be opened")
    (folder / "mlflow.db").rmdir()
    said = servers.run(["sync"], env(JUPYTER_UTILS_SPOOL_DIR=str(own_spool().path)), tmp_path)
    assert (said.returncode, "1 sent" in said.stdout) == (0, True), said.stdout + said.stderr
