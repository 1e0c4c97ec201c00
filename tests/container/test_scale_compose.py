"""`docker-compose.scale.yml` as the page has it: from SQLite to PostgreSQL, S3 and several workers, and on.

No registry of images can be reached from where these tests run. So PostgreSQL is Debian's, in an image that is made
here and does what the official one promises, and the S3 server is moto's, whose objects go with its process.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import containers
import jupyter_utils
import kernels
import pytest
import requests
from docker_engine import debian_image
from mlflow import MlflowClient

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTGRES = "jupyter-utils-test-postgres:bookworm"
# The variables, the folder and the user of https://hub.docker.com/_/postgres.
POSTGRES_ENTRY = r"""
set -eu
data=/var/lib/postgresql/data
bin=$(echo /usr/lib/postgresql/*/bin)
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
chown postgres "$data"
if [ ! -s "$data/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" > /run/password
  chmod 644 /run/password
  as_postgres "$bin/initdb" -D "$data" -U "$POSTGRES_USER" --locale=C.UTF-8 -A scram-sha-256 --pwfile=/run/password
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | as_postgres "$bin/postgres" --single -D "$data" postgres
fi
set -- "$bin/postgres" -D "$data" -c "listen_addresses=*" -c unix_socket_directories=
exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
"""
STAND_INS = """
services:
  postgres:
    image: {postgres}
    entrypoint: ["sh", "/entry"]
    volumes: ["./entry:/entry:ro"]
  s3:
    image: {mlflow}
    entrypoint: ["sh", "-c", "exec {python} -m moto.server -H 0.0.0.0 -p 8333"]
    volumes: ["/nix:/nix:ro"]
"""
SAVE = """
import os, jupyter_utils
os.environ["JUPYTER_UTILS_SAVE_SECONDS"] = "0.2"  # no browser will save it
print(jupyter_utils.save_mlflow("成長", dataset={"b.txt": "b"}, do_commit=False).run_id)
"""


@pytest.fixture
def outgrown(tmp_path: Path) -> Iterator[containers.Stack]:
    """Run the project on SQLite; what is larger lies beside it, not in use."""
    if reason := debian_image(POSTGRES, "postgresql"):
        pytest.skip(reason)
    shutil.copy(containers.ROOT / "docker-compose.scale.yml", tmp_path)
    python = Path(sys.executable).resolve()
    stand_ins = STAND_INS.format(postgres=POSTGRES, mlflow=containers.MLFLOW, python=python)
    (tmp_path / "stand-ins.yml").write_text(stand_ins)
    (tmp_path / "entry").write_text(POSTGRES_ENTRY)
    with containers.stack(tmp_path, **containers.own_user()) as made:
        yield made


def add_to_env(stack: containers.Stack, **lines: str) -> None:
    with (stack.folder / ".env").open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in lines.items())


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_from_one_sqlite_file_to_more(outgrown: containers.Stack) -> None:
    """The page's lines: every run is copied, a notebook's new one joins them, and a restart changes nothing."""
    stack, artifact = outgrown, {"訓練.txt": "猫"}
    old = jupyter_utils.save_mlflow(
        "成長", metrics={"f1": 0.5}, dataset=artifact, do_commit=False, mlf_uri=stack.mlflow_url
    )
    assert old.run_id
    add_to_env(stack, POSTGRES_PASSWORD="secret1", AWS_ACCESS_KEY_ID="key1", AWS_SECRET_ACCESS_KEY="secret2")
    add_to_env(stack, COMPOSE_FILE="docker-compose.yml:docker-compose.scale.yml:stand-ins.yml")
    stack.compose("stop")
    stack.compose("up", "-d", "postgres", "bucket")
    assert "1 runs (" in stack.compose("run", "--rm", "mlflow", "jupyter-utils", "copy-store")
    stack.up()

    assert len(stack.exec("mlflow", "sh", "-c", "grep -l spawn_main /proc/[0-9]*/cmdline").split()) >= 4, "the workers"
    client = MlflowClient(stack.mlflow_url)
    assert client.get_run(old.run_id).data.metrics == {"f1": 0.5}
    assert jupyter_utils.load_mlflow(old.run_id, mlf_uri=stack.mlflow_url).dataset == artifact
    kernels.api(stack, "PUT", "api/contents/a.ipynb", {"type": "notebook", "content": containers.notebook(SAVE)})
    with kernels.kernel(stack, "a.ipynb") as kernel:
        new = kernel.run(SAVE).split()[-1]
    assert jupyter_utils.load_mlflow(new, mlf_uri=stack.mlflow_url).dataset == {"b.txt": "b"}
    assert not list((stack.volume / "mlflow" / "artifacts").rglob("b.txt")), "it must lie in the bucket"
    page = {"Host": "mlflow:8080", "Origin": "http://mlflow:8080"}
    search = f"{stack.mlflow_url}/ajax-api/2.0/mlflow/runs/search"
    found = requests.post(search, json={"experiment_ids": ["1"]}, headers=page, proxies={"http": ""}, timeout=30)
    assert {run["info"]["run_id"] for run in found.json()["runs"]} == {old.run_id, new}

    stack.compose("restart", "postgres", "mlflow")
    stack.wait()
    assert {run.info.run_id for run in client.search_runs(["1"])} == {old.run_id, new}
