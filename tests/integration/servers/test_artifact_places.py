"""Where the MLflow server reads and writes artifacts: nowhere but in its own places, whoever asks, by whatever way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
import servers
from jupyter_utils.entries.proof import PATH, proof

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

TOKEN = "the token of the lab's user"
API = "api/2.0/mlflow"


def call(server: Started, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{server.mlflow_url}/{path}", timeout=60, proxies={"http": ""}, **more)


def post(server: Started, path: str, body: Any, **more: Any) -> requests.Response:
    return call(server, "POST", path, json=body, **more)


def new_run(server: Started, experiment: str = "0") -> dict[str, Any]:
    answer = post(server, f"{API}/runs/create", {"experiment_id": experiment})
    return dict(answer.json()["run"]["info"])


def place_of(server: Started, run: dict[str, Any]) -> Path:
    folder = server.store_dir / "artifacts" / run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    folder.mkdir(parents=True)
    return folder


def kept(folder: Path) -> Path:
    """Make what a stranger must not get: a private folder with a token."""
    folder.mkdir()
    folder.chmod(0o700)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    return folder


def ways_to(run: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """Return every address at which the server hands out an artifact of a run."""
    place = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    return [
        ("GET", f"get-artifact?run_id={run['run_id']}&path={name}"),
        ("GET", f"api/2.0/mlflow-artifacts/artifacts/{place}/{name}"),
        ("GET", f"ajax-api/2.0/mlflow-artifacts/artifacts/{place}/{name}"),
        ("GET", f"{API}/artifacts/list?run_id={run['run_id']}&path={name.rpartition('/')[0] or name}"),
        ("GET", f"api/2.0/mlflow-artifacts/artifacts?path={place}/{name.rpartition('/')[0]}"),
        ("DELETE", f"api/2.0/mlflow-artifacts/artifacts/{place}/{name}"),
    ]


@pytest.mark.parametrize(
    "location",
    [
        "{folder}",
        "file://{folder}",
        "file:{folder}",
        "file://localhost{folder}",
        "{store}/artifacts/../../elsewhere",
        "file://{store}/artifacts/%2e%2e/%2e%2e/elsewhere",
        "{store}/artifacts-of-others",
        "{store}/artifacts/.jupyter-utils/x",
        "mlflow-artifacts:/.jupyter-utils/x",
        "mlflow-artifacts:/%2ejupyter-utils/x",
        "mlflow-artifacts:/0/../.jupyter-utils",
        "mlflow-artifacts://evil.example:80/x",
        "http://evil.example/api/2.0/mlflow-artifacts/artifacts/x",
        "s3://evil/x",
        "ftp://evil.example/x",
        "relative/folder",
    ],
)
def test_an_experiment_elsewhere_is_refused(location: str, mlflow_server: Started, tmp_path: Path) -> None:
    """Whatever way the place is written; the answer says which setting would allow it."""
    folder = tmp_path / "elsewhere"
    address = location.format(folder=folder, store=mlflow_server.store_dir)
    answer = post(mlflow_server, f"{API}/experiments/create", {"name": address, "artifact_location": address})
    assert answer.status_code == 400, answer.text
    search = {"max_results": 9, "filter": f"name = '{address}'"}
    assert not post(mlflow_server, f"{API}/experiments/search", search).json()
    assert not folder.exists()


def test_the_refusal_names_the_setting(mlflow_server: Started) -> None:
    """An administrator reads what to set."""
    body = {"name": "there", "artifact_location": "/home/there"}
    answer = post(mlflow_server, f"{API}/experiments/create", body)
    assert "MLFLOW_ARTIFACT_LOCATIONS=/home/there" in answer.json()["message"]


@pytest.mark.parametrize(
    "location", [None, "mlflow-artifacts:/mine", "{store}/artifacts/mine", "file://{store}/artifacts/m"]
)
def test_its_own_places_are_taken(location: str | None, mlflow_server: Started) -> None:
    """Runs of such experiments keep their files, and give them back."""
    address = location and location.format(store=mlflow_server.store_dir)
    made = post(mlflow_server, f"{API}/experiments/create", {"name": f"own {location}", "artifact_location": address})
    run = new_run(mlflow_server, made.json()["experiment_id"])
    upload = f"ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}&path=note.txt"
    assert call(mlflow_server, "POST", upload, data=b"kept").ok
    if location is None or not location.startswith("mlflow-artifacts"):  # MLflow's own fault: it writes to the default
        assert call(mlflow_server, "GET", f"get-artifact?run_id={run['run_id']}&path=note.txt").content == b"kept"


def test_a_model_version_elsewhere_is_refused(mlflow_server: Started, tmp_path: Path) -> None:
    """By its source; one of a run's own artifacts is taken, and so is a prompt, which has none."""
    registered = f"{API}/registered-models/create"
    assert post(mlflow_server, registered, {"name": "model"}).ok
    run = new_run(mlflow_server)
    for source in (str(tmp_path), f"file://{tmp_path}", "s3://evil/x", "http://evil.example/x"):
        body = {"name": "model", "source": source, "run_id": run["run_id"]}
        assert post(mlflow_server, f"{API}/model-versions/create", body).status_code == 400
    body = {"name": "model", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    assert post(mlflow_server, f"{API}/model-versions/create", body).ok
    body = {"name": "model", "source": f"runs:/{run['run_id']}/model", "run_id": run["run_id"]}
    assert post(mlflow_server, f"{API}/model-versions/create", body).ok


def test_a_trace_elsewhere_is_refused(mlflow_server: Started, tmp_path: Path) -> None:
    """A trace's artifacts are where its tag says, so nobody may set that tag to another place."""
    trace = {
        "trace": {
            "trace_info": {
                "trace_id": "tr-1",
                "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
                "request_time": "2026-01-01T00:00:00Z",
                "state": "OK",
            }
        }
    }
    assert post(mlflow_server, "api/3.0/mlflow/traces", trace).ok
    body = {"key": "mlflow.artifactLocation", "value": str(tmp_path)}
    for version in ("2.0", "3.0"):
        assert call(mlflow_server, "PATCH", f"api/{version}/mlflow/traces/tr-1/tags", json=body).status_code == 400
    trace["trace"]["trace_info"] |= {"trace_id": "tr-2", "tags": {body["key"]: body["value"]}}
    assert post(mlflow_server, "api/3.0/mlflow/traces", trace).status_code == 400


def test_no_link_leads_out(mlflow_server: Started, tmp_path: Path) -> None:
    """A link in a run's folder, to a file or a folder elsewhere, is neither read, listed, written, nor followed."""
    folder = kept(tmp_path / "elsewhere")
    run = new_run(mlflow_server)
    place = place_of(mlflow_server, run)
    (place / "fine.txt").write_text("fine")
    (place / "there").symlink_to(folder)
    (place / "one").symlink_to(folder / "token")
    for name in ("there/token", "one"):
        for method, path in ways_to(run, name):
            answer = call(mlflow_server, method, path)
            assert TOKEN not in answer.text, path
            assert "token" not in answer.text or "No such artifact" in answer.text, path
    listed = call(mlflow_server, "GET", f"{API}/artifacts/list?run_id={run['run_id']}").json()
    assert [file["path"] for file in listed["files"]] == ["fine.txt"]
    at = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    assert not call(mlflow_server, "PUT", f"api/2.0/mlflow-artifacts/artifacts/{at}/there/new", data=b"x").ok
    upload = f"ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}&path=there/new"
    assert not call(mlflow_server, "POST", upload, data=b"x").ok
    assert [file.name for file in folder.iterdir()] == ["token"]
    assert (folder / "token").read_text() == TOKEN
    shutil.rmtree(place.parent)  # it was not the server that wrote there


def test_an_older_store_with_a_foreign_place(tmp_path: Path) -> None:
    """Its files are not handed out, the log says how to allow the place, and then they are."""
    folder = kept(tmp_path / "elsewhere")
    with servers.mlflow(tmp_path, MLFLOW_ARTIFACT_LOCATIONS=str(folder)) as server:
        body = {"name": "old", "artifact_location": str(folder)}
        experiment = post(server, f"{API}/experiments/create", body).json()["experiment_id"]
        run = new_run(server, experiment)
        upload = f"ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}&path=note"
        assert call(server, "POST", upload, data=b"kept").ok
        assert call(server, "GET", f"get-artifact?run_id={run['run_id']}&path=note").content == b"kept"
        assert str(folder) not in server.output
    with servers.mlflow(tmp_path) as server:
        assert not call(server, "GET", f"get-artifact?run_id={run['run_id']}&path=note").ok
        assert not call(server, "POST", upload, data=b"changed").ok
        log = next(server.home.rglob("mlflow*.log")).read_text()
        assert f"MLFLOW_ARTIFACT_LOCATIONS={folder}" in log + server.output


def test_what_waits_belongs_to_no_run(mlflow_server: Started) -> None:
    """The incoming folder has no artifact address: nothing in it is read, listed, written or removed by one."""
    folder = mlflow_server.store_dir / "artifacts" / ".jupyter-utils" / "waiting"
    folder.mkdir(parents=True)
    (folder / "data").write_text(TOKEN)
    for inner in (".jupyter-utils", "%2ejupyter-utils", "%252ejupyter-utils", "./.jupyter-utils", ".jupyter-utils/."):
        for api in ("api", "ajax-api"):
            at = f"{api}/2.0/mlflow-artifacts/artifacts"
            assert TOKEN not in call(mlflow_server, "GET", f"{at}/{inner}/waiting/data").text
            assert "data" not in call(mlflow_server, "GET", f"{at}?path={inner}/waiting").json().get("files", "")
            assert not call(mlflow_server, "PUT", f"{at}/{inner}/waiting/new", data=b"x").ok
            assert not call(mlflow_server, "DELETE", f"{at}/{inner}/waiting").ok
    listed = call(mlflow_server, "GET", "api/2.0/mlflow-artifacts/artifacts").json().get("files", [])
    assert ".jupyter-utils" not in {one["path"] for one in listed}
    assert [file.name for file in folder.iterdir()] == ["data"]
    shutil.rmtree(folder)  # other tests look at this server's folder, too


@pytest.mark.parametrize("auth", ["off", "on"])
def test_a_shared_disk_is_proven_without_an_artifact_address(tmp_path: Path, auth: str) -> None:
    """The client gets the digest of its own random file, if it is let in; of any other file nothing."""
    with servers.mlflow(tmp_path, MLFLOW_AUTH=auth) as server:
        incoming = server.store_dir / "artifacts" / ".jupyter-utils"
        incoming.mkdir(exist_ok=True)
        name, content = f"nonce-{32 * 'a'}", 32 * b"r"
        (incoming / name).write_bytes(content)
        (incoming / f"nonce-{32 * 'b'}").symlink_to(incoming / name)
        (incoming / f"nonce-{32 * 'c'}").write_bytes(b"longer than any proof, so no proof" * 9)
        user = None
        if auth == "on":
            user = ("admin", (server.store_dir / "auth" / "admin-password").read_text().strip())
            assert call(server, "GET", PATH[1:] + name).status_code == 401
        assert call(server, "GET", PATH[1:] + name, auth=user).text == proof(content)
        for other in (f"nonce-{32 * 'b'}", f"nonce-{32 * 'c'}", f"nonce-{32 * 'd'}", "../../mlflow.db"):
            assert proof(content) not in call(server, "GET", PATH[1:] + other, auth=user).text
            assert call(server, "GET", PATH[1:] + other, auth=user).status_code == 404


NEIGHBOUR = 64_321
"""A user without a name: an account that the test adds would stay where it is killed."""


@pytest.mark.skipif(os.geteuid() != 0, reason="a second account needs root")
def test_another_account_gets_nothing(tmp_path: Path) -> None:
    """On one machine: a neighbour offers the server a folder of theirs, and links in it to the lab's user's files."""
    with servers.mlflow(tmp_path) as server:
        secret = kept(tmp_path / "secret")
        done = subprocess.run(
            [sys.executable, "-c", ATTACK, server.mlflow_url, str(secret)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd="/",
            check=False,
            user=NEIGHBOUR,
            group=NEIGHBOUR,
            extra_groups=[],
        )
        assert done.returncode == 0, done.stderr
        assert "refused" in done.stdout
        assert TOKEN not in done.stdout
        assert [file.name for file in secret.iterdir()] == ["token"]


ATTACK = """
import json, os, sys, tempfile, urllib.request
url, secret = sys.argv[1:]
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
def call(path, body=None, data=None):
    data = data or (json.dumps(body).encode() if body else None)
    request = urllib.request.Request(f"{url}/{path}", data, {"Content-Type": "application/json"})
    return urllib.request.urlopen(request, timeout=60).read()
folder = tempfile.mkdtemp()
os.chmod(folder, 0o755)
try:
    made = json.loads(call("api/2.0/mlflow/experiments/create", {"name": "theirs", "artifact_location": folder}))
    run = json.loads(call("api/2.0/mlflow/runs/create", made))["run"]["info"]
    os.makedirs(f"{folder}/{run['run_id']}")
    os.symlink(secret, f"{folder}/{run['run_id']}/artifacts")
    print(call(f"get-artifact?run_id={run['run_id']}&path=token").decode())
    call(f"ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}&path=written", data=b"x")
except urllib.error.HTTPError as error:
    print("refused", error.code)
"""
