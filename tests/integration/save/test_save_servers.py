"""Servers as people run them: with passwords, below a prefix, and such as die in the middle of a call."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jupyter_utils
import kernels
import psutil
import pytest
import requests
import servers
from calling import write_notebook
from jupyter_utils.machine.readiness import answers
from jupyter_utils.spool import own_spool
from jupyter_utils.tracking import retry, transfer
from listening import everything, listener
from mlflow import MlflowClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Repo

FOUND_BY = "from jupyter_utils.notebook import find_notebook; f = find_notebook(); print(f.source, f.path)"


@dataclass
class Guarded(servers.Started):
    """A server whose printed address tells no token, or whose pages stand below `prefix`."""

    prefix: str = ""

    @property
    def jupyter_url(self) -> str:
        return super().jupyter_url + self.prefix

    @property
    def token(self) -> str:
        """The one that the server keeps in its runtime file, which only its user may read."""
        (file,) = (self.folder / "home").rglob("jpserver-*.json")
        assert file.stat().st_mode & 0o077 == 0
        return str(json.loads(file.read_text())["token"])


def repository(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for command in (["init", "-q"], ["config", "user.name", "T"], ["config", "user.email", "t@example.org"]):
        subprocess.run(["git", "-C", root, *command], check=True)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Run a lab for other machines too, where both servers ask for a password."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "password").write_text("correct horse\n")
    settings = {"LISTEN_ADDRESS": "0.0.0.0", "JUPYTER_PASSWORD_FILE": str(folder / "password")}
    repository(folder / "notebooks")
    with servers.lab(folder, JUPYTER_UTILS_SAVE_SECONDS="0.2", **settings) as server:
        yield Guarded(server.process, server.folder, server.env)


def test_password_protected_jupyter(guarded: Guarded) -> None:
    """A kernel finds its notebook, after a rename as well; the log-in page asks for the password alone."""
    page = requests.get(f"{guarded.jupyter_url}/login", timeout=60, proxies={"http": ""}).text
    assert "oken" not in page.partition('id="jupyter-main-app"')[2].partition("<script")[0]
    write_notebook(guarded.root_dir / "before.ipynb", FOUND_BY)
    with kernels.kernel(guarded, "before.ipynb") as kernel:
        assert kernel.run(FOUND_BY).strip() == f"Jupyter server {guarded.root_dir}/before.ipynb"
        session = kernels.api(guarded, "GET", "api/sessions")[0]
        kernels.api(guarded, "PATCH", "api/contents/before.ipynb", {"path": "after.ipynb"})
        renamed = {"path": "after.ipynb", "name": "after.ipynb"}
        kernels.api(guarded, "PATCH", f"api/sessions/{session['id']}", renamed)
        assert kernel.run(FOUND_BY).strip() == f"Jupyter server {guarded.root_dir}/after.ipynb"


BUSY_SECONDS = 6
WAIT_FOR_GO = """
import pathlib, time
pathlib.Path("began").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.05)
"""


def be_busy(server: Guarded) -> None:
    """Let the server do nothing for a while, as soon as the cell has begun."""
    while not (server.root_dir / "began").exists():
        time.sleep(0.05)
    (file,) = (server.folder / "home").rglob("jpserver-*.json")
    process = psutil.Process(json.loads(file.read_text())["pid"])
    process.suspend()
    (server.root_dir / "go").touch()
    time.sleep(BUSY_SECONDS)
    process.resume()


def test_busy_server(guarded: Guarded) -> None:
    """A notebook that was renamed is found in a server that is busy too: not another one that has its old name now."""
    root = guarded.root_dir
    write_notebook(root / "draft.ipynb", FOUND_BY)
    with kernels.kernel(guarded, "draft.ipynb") as kernel:
        (session,) = [one for one in kernels.api(guarded, "GET", "api/sessions") if one["path"] == "draft.ipynb"]
        kernels.api(guarded, "PATCH", "api/contents/draft.ipynb", {"path": "final.ipynb"})
        renamed = {"path": "final.ipynb", "name": "final.ipynb"}
        kernels.api(guarded, "PATCH", f"api/sessions/{session['id']}", renamed)
        write_notebook(root / "draft.ipynb", "another one")
        threading.Thread(target=be_busy, args=[guarded]).start()
        assert kernel.run(WAIT_FOR_GO + FOUND_BY).strip() == f"Jupyter server {root}/final.ipynb"


def test_kernel_of_another_server(guarded: Guarded) -> None:
    """A lab tells nothing of a kernel that it has not started: "no page is there" would be wrong."""
    with pytest.raises(requests.HTTPError, match="404"):
        kernels.api(guarded, "GET", f"jupyter-utils/clients/{uuid.uuid4()}")


COUNT_TO_3 = """
import time
from mlflow import MlflowClient
end = time.monotonic() + 60
while (found := len(MlflowClient().search_runs([r.experiment_id]))) < 3 and time.monotonic() < end:
    time.sleep(0.2)
print(found)
"""


def test_password_protected_mlflow(guarded: Guarded) -> None:
    """A call from a kernel is stored and loaded again; with a wrong password it waits, and the next one brings it."""
    write_notebook(guarded.root_dir / "nb.ipynb", "1")
    with kernels.kernel(guarded, "nb.ipynb") as kernel:
        kernel.run("import jupyter_utils, os, pandas as pd; frame = pd.DataFrame({'a': ['猫']})")
        kernel.run("r = jupyter_utils.save_mlflow('guarded', metrics={'f1': 1}, dataset={'a.csv': frame})")
        loaded = "run = jupyter_utils.load_mlflow(r.run_id); print(run.metrics, run.dataset['a.csv'].equals(frame))"
        assert kernel.run(loaded).strip() == "{'f1': 1.0} True"
        kernel.run("right = os.environ['MLFLOW_TRACKING_PASSWORD']; os.environ['MLFLOW_TRACKING_PASSWORD'] = 'wrong'")
        write_notebook(guarded.root_dir / "nb.ipynb", "2")
        shown = kernel.run("r2 = jupyter_utils.save_mlflow('guarded'); print(r2.is_stored, r2)")
        for part in ("False", "does not let us in", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "later"):
            assert part in shown
        kernel.run("os.environ['MLFLOW_TRACKING_PASSWORD'] = right")
        kernel.run("jupyter_utils.save_mlflow('guarded')")
        # The lab sends what waits, too: where it has just begun, a cell does not wait for it.
        assert kernel.run(COUNT_TO_3).strip() == "3"


def test_the_labs_password_stays_with_its_mlflow(guarded: Guarded) -> None:
    """Neither `mlf_uri=` nor MLFLOW_TRACKING_URI takes it elsewhere; MLflow's own functions log in as they always did.

    In another shell `jupyter-utils sync` finds the store's password, and uses it for the store alone.
    """
    write_notebook(guarded.root_dir / "nb.ipynb", "1")
    with listener(everything) as other, kernels.kernel(guarded, "nb.ipynb") as kernel:
        kernel.run("import jupyter_utils, mlflow, os")
        attempt = (
            "try: jupyter_utils.save_mlflow('elsewhere', do_commit=False, {})\nexcept Exception as e: print(repr(e))"
        )
        kernel.run(attempt.format(f"mlf_uri='{other.url}'"))
        kernel.run(f"own = os.environ['MLFLOW_TRACKING_URI']; mlflow.set_tracking_uri('{other.url}')")
        kernel.run(attempt.format("params={}"))
        assert len(other.seen) > 1
        assert other.logins == set()
        kernel.run("mlflow.set_tracking_uri(own); mlflow.set_experiment('directly')")
        assert "0.5" in kernel.run("with mlflow.start_run() as run: mlflow.log_metric('a', 0.5)\nprint(0.5)")
        code = "print(jupyter_utils.save_mlflow('later', do_commit=False, mlf_uri='http://127.0.0.1:9').is_stored)"
        assert kernel.run(code).strip() == "False"
    settings = {name: value for name, value in guarded.env.items() if name != "LISTEN_ADDRESS"}
    done = servers.run(["sync", "--to", guarded.mlflow_url], settings, guarded.folder)
    assert done.returncode == 0, done.stderr
    # One that knows the address alone, as in a shell of another user, is told what is missing.
    other_home = settings | {"MLFLOW_TRACKING_URI": guarded.mlflow_url, "HOME": str(guarded.folder / "nobody")}
    for run in ("abcd", "0" * 32):
        shown = servers.run(["show", run], other_home, guarded.folder)
        assert "If it asks for a password: set MLFLOW_TRACKING_USERNAME" in shown.stderr, shown.stderr


def test_below_a_prefix(tmp_path: Path) -> None:
    """Our own launcher behind a hub or a proxy: pages below a prefix, and a token that only the environment tells."""
    prefix = "/user/hanako%40example.org"
    repository(tmp_path / "notebooks")
    settings = {
        "JUPYTER_TOKEN": "hubs-own",
        "JUPYTERHUB_API_TOKEN": "hubs-own",
        "JUPYTERHUB_SERVICE_PREFIX": f"{prefix}/",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
    }
    with servers.started("lab", tmp_path, "--", f"--ServerApp.base_url={prefix}/", **settings) as server:
        hub = Guarded(server.process, server.folder, server.env, prefix)
        servers.wait_ready(hub)
        assert answers(f"{hub.jupyter_url}/api")
        write_notebook(hub.root_dir / "中 x.ipynb", FOUND_BY)
        with kernels.kernel(hub, "中 x.ipynb") as kernel:
            kernel.run("import os; del os.environ['JPY_SESSION_NAME']")
            assert kernel.run(FOUND_BY).strip() == f"Jupyter server {hub.root_dir}/中 x.ipynb"
            # Some servers announce themselves without a token.
            (file,) = (hub.folder / "home").rglob("jpserver-*.json")
            file.write_text(json.dumps(json.loads(file.read_text()) | {"token": ""}))
            assert kernel.run(FOUND_BY).strip() == f"Jupyter server {hub.root_dir}/中 x.ipynb"
            file.write_text(json.dumps(json.loads(file.read_text()) | {"token": "hubs-own"}))


def kill_in_mid_upload(server: servers.Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the server when the large file's upload begins, so that it cannot end; then kill it."""
    (process,) = [
        one for one in servers.processes(server) if "jupyter_utils.servers.mlflow_app" in servers.command_of(one)
    ]
    upload = transfer.put

    def frozen(repository: Any, path: Path, name: str) -> None:
        if name.endswith("large.bin"):
            with suppress(psutil.NoSuchProcess):  # the second attempt
                process.send_signal(signal.SIGSTOP)
                threading.Timer(1, process.kill).start()
        upload(repository, path, name)

    monkeypatch.setattr(transfer, "put", frozen)


def test_mlflow_killed_in_mid_upload(tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is committed and kept; after a restart of the server a sync completes the very run that was begun."""
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.1)  # waiting for longer changes nothing
    monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off")
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(128 * 1024**2)
    port = str(servers.free_port())
    with servers.mlflow(tmp_path, MLFLOW_PORT=port) as server, monkeypatch.context() as patched:
        kill_in_mid_upload(server, patched)
        result = jupyter_utils.save_mlflow(
            "killed", notebook=repo.notebook, mlf_uri=server.mlflow_url, dataset={"large.bin": large}
        )
    assert result.commit == repo.git("rev-parse", "HEAD")
    assert not result.is_stored
    with servers.mlflow(tmp_path, MLFLOW_PORT=port) as server:
        client = MlflowClient(server.mlflow_url)
        (begun,) = client.search_runs([client.get_experiment_by_name("killed").experiment_id])
        assert begun.info.status == "RUNNING"
        assert "dataset/large.bin" not in [one.path for one in client.list_artifacts(begun.info.run_id, "dataset")]
        said = servers.run(["sync"], server.env | {"JUPYTER_UTILS_SPOOL_DIR": str(own_spool().path)}, tmp_path)
        assert (said.returncode, begun.info.run_id in said.stdout) == (0, True), said.stderr
        (run,) = client.search_runs([begun.info.experiment_id])
        assert run.info.status == "FINISHED"
        (stored,) = (server.store_dir / "artifacts").rglob("large.bin")
        assert stored.stat().st_size == large.stat().st_size
