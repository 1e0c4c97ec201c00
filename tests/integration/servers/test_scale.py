"""Where SQLite is outgrown: PostgreSQL for the runs, an S3 store for the artifacts, several workers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_utils
import pandas as pd
import pytest
import requests
import servers
from listening import identity_of
from mlflow import MlflowClient

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Run PostgreSQL; the address of an empty database."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL on this machine (Debian: postgresql)")
    # Not in pytest's folder, which only its own user can enter.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    port = servers.free_port()
    as_root = os.geteuid() == 0
    if as_root:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")

    def run(program: str, *words: str) -> None:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if as_root else []
        subprocess.run([*command, str(POSTGRES[-1] / program), *words], cwd="/", check=True, capture_output=True)

    control = ["pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log"]
    run("initdb", "-D", f"{folder}/data", "-U", "mlflow", "-A", "trust", "--locale=C.UTF-8")
    run(*control, "-o", f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}", "start")
    try:
        server = ("-h", "127.0.0.1", "-p", str(port), "-U", "mlflow")
        run("createdb", *server, "mlflow")
        run("createdb", *server, "--encoding=SQL_ASCII", "--locale=C", "--template=template0", "ascii")
        yield f"postgresql://mlflow@127.0.0.1:{port}/mlflow"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """Run an S3 server; the variables by which MLflow and boto3 find it."""
    port = servers.free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield {
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        process.kill()


@dataclass(frozen=True)
class Outgrown:
    """What the old store held, who it was, and the settings of the new one."""

    folder: Path
    runs: dict[str, dict[str, float]]
    settings: dict[str, str]
    identity: str

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        env = servers.environment(self.folder, **self.settings)
        return servers.run(command, env, self.folder)


@pytest.fixture(scope="module")
def outgrown(tmp_path_factory: pytest.TempPathFactory, postgres: str, s3: dict[str, str]) -> Outgrown:
    """Save runs into SQLite, as on one machine; nothing of it is moved yet."""
    folder = tmp_path_factory.mktemp("outgrown")
    runs = {}
    with servers.mlflow(folder) as server:
        for number in range(3):
            saved = jupyter_utils.save_mlflow(
                "成長",
                metrics={"f1": number / 3, "nan": float("nan")},
                params={"層": number},
                dataset={"訓練/a.csv": pd.DataFrame({"文": ["猫", "犬"]})},
                do_commit=False,
                mlf_uri=server.mlflow_url,
            )
            assert saved.run_id
            runs[saved.run_id] = {"f1": number / 3}
        identity = identity_of(server.mlflow_url)
    stores = {"MLFLOW_BACKEND_STORE_URI": postgres, "MLFLOW_ARTIFACTS_DESTINATION": "s3://mlflow/artifacts"}
    return Outgrown(folder, runs, {**stores, **s3}, identity)


def test_from_sqlite_to_postgresql_and_s3(outgrown: Outgrown, tmp_path: Path) -> None:
    """Every run and artifact is there after `copy-store`, and the server with two workers takes new ones."""
    made = outgrown.run("bucket", "mlflow")
    assert (made.returncode, made.stdout) == (0, "The bucket mlflow is made.\n"), made.stderr
    assert outgrown.run("bucket", "mlflow").stdout == "The bucket mlflow is there.\n"
    done = outgrown.run("copy-store")
    assert done.returncode == 0, done.stderr
    assert "3 runs (" in done.stdout
    past = {f"MLFLOW_ENABLE_PROXY_MULTIPART_{way}": "false" for way in ("UPLOAD", "DOWNLOAD")}
    with servers.mlflow(outgrown.folder, MLFLOW_WORKERS="2", **outgrown.settings, **past) as server:
        client = MlflowClient(server.mlflow_url)
        told = requests.get(f"{server.mlflow_url}/api/3.0/mlflow/server-info", proxies={"http": ""}, timeout=30).json()
        assert (told["multipart_uploads_enabled"], told["multipart_downloads_enabled"]) == (False, False)
        assert told["store_type"] == "SqlStore"
        # Whichever worker answers: the same store as before, so that runs which wait for it find it.
        assert {identity_of(server.mlflow_url) for _ in range(8)} == {outgrown.identity}
        for run_id, metrics in outgrown.runs.items():
            run = client.get_run(run_id)
            assert run.data.metrics["f1"] == metrics["f1"]
            assert jupyter_utils.load_mlflow(run_id, mlf_uri=server.mlflow_url).dataset["訓練/a.csv"].shape == (2, 1)
        new = jupyter_utils.save_mlflow("成長", do_commit=False, mlf_uri=server.mlflow_url, dataset={"b.txt": "b"})
        assert new.run_id
        (found,) = [run for run in client.search_runs([new.experiment_id]) if run.info.run_id not in outgrown.runs]
        assert Path(client.download_artifacts(found.info.run_id, "dataset/b.txt", str(tmp_path))).read_text() == "b"
        assert client.create_experiment("another") not in {"0", "1"}, "the counter does not go on"


def test_two_stores_are_never_mixed(outgrown: Outgrown) -> None:
    """A second `copy-store`, into a database that holds runs, is refused; the old store is as it was."""
    done = outgrown.run("copy-store")
    assert done.returncode == 1
    assert "holds experiments or runs already" in done.stderr
    with servers.mlflow(outgrown.folder) as server:
        assert {run.info.run_id for run in MlflowClient(server.mlflow_url).search_runs(["1"])} == set(outgrown.runs)


def test_a_database_that_keeps_no_utf_8_is_refused(outgrown: Outgrown, postgres: str) -> None:
    """As a server without a locale makes it; by `copy-store`, and by the server before it is up."""
    ascii_database = {"MLFLOW_BACKEND_STORE_URI": postgres.removesuffix("mlflow") + "ascii"}
    env = servers.environment(outgrown.folder, **{**outgrown.settings, **ascii_database})
    for command in (["copy-store"], ["mlflow"]):
        done = servers.run(command, env, outgrown.folder)
        assert done.returncode != 0
        assert "keeps text in SQL_ASCII, and MLflow needs UTF-8. Make its database with:" in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["copy-store", "move"])
def test_copy_store_says_where_to(command: str, tmp_path: Path) -> None:
    """Without a target, or without an old store, an error that names the setting; by its old name as well."""
    env = servers.environment(tmp_path)
    assert "Neither MLFLOW_BACKEND_STORE_URI" in servers.run([command], env, tmp_path).stderr
    env["MLFLOW_BACKEND_STORE_URI"] = "postgresql://nobody@127.0.0.1:9/mlflow"
    assert "holds no mlflow.db" in servers.run([command], env, tmp_path).stderr


def test_no_s3_server_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bucket` waits for a server that is only starting, and then says that none answers."""
    from jupyter_utils.errors import SettingsError
    from jupyter_utils.store import bucket

    monkeypatch.setattr(bucket, "START_SECONDS", 0)
    monkeypatch.setenv(bucket.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="No S3 server answers at http"):
        bucket.make_bucket("mlflow")
