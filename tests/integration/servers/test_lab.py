"""What a running lab does for its user."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import kernels
import requests
import servers

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

ELSEWHERE = "http://127.0.0.1:9"
"""An MLflow that is not there; a lab that is given one starts none."""


def notebook(source: str) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": "a1", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def anonymous(server: Started, path: str) -> requests.Response:
    return requests.get(f"{server.jupyter_url}/{path}", timeout=60, proxies={"http": ""}, allow_redirects=False)


def test_saving_a_new_notebook_writes_its_python_twin(lab: Started) -> None:
    """A notebook made in the browser gets a `.py` beside it, in percent format, with no setting of its own."""
    made = kernels.api(lab, "POST", "api/contents", {"type": "notebook"})
    content = notebook("answer = 6 * 7")
    kernels.api(lab, "PUT", f"api/contents/{made['path']}", {"type": "notebook", "format": "json", "content": content})
    twin = (lab.root_dir / made["path"]).with_suffix(".py").read_text(encoding="utf-8")
    assert "# %%\nanswer = 6 * 7" in twin


def test_url_prints_the_addresses_again(lab: Started) -> None:
    """`jupyter-utils url` prints what the lab printed, token included, from a file that only its owner can read."""
    again = servers.run(["url"], lab.env, lab.folder)
    assert again.returncode == 0
    assert lab.lab_url in again.stdout
    assert f"{lab.jupyter_url}/mlflow/?token={lab.token}" in again.stdout
    assert lab.mlflow_url in again.stdout
    private = [*lab.folder.glob("home/.local/state/jupyter-utils/run/*.json")]
    private += [*lab.folder.glob("home/.local/state/jupyter-utils/log/*")]
    private += [lab.folder / "home/.local/state/jupyter-utils/jupyter-token"]
    assert len(private) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_nobody_gets_in_without_the_token(lab: Started) -> None:
    """The printed address opens the lab; without its token there is only the log-in page."""
    assert anonymous(lab, "lab").status_code == 302
    assert anonymous(lab, "api/contents").status_code == 403
    assert anonymous(lab, f"lab?token={lab.token}").status_code == 200
    commands = [servers.command_of(process) for process in servers.processes(lab)]
    assert not any(lab.token in part for command in commands for part in command)


def test_a_notebook_runs_this_environment_and_finds_its_mlflow(lab: Started) -> None:
    """The kernel is this environment's Python, MLflow the one started here, its pages the door's, no proxy is asked."""
    with kernels.kernel(lab) as kernel:
        assert kernel.run("import sys; print(sys.executable)").strip() == sys.executable
        names = ["MLFLOW_TRACKING_URI", "MLFLOW_UI_URL", "NO_PROXY", "no_proxy"]
        values = json.loads(kernel.run(f"import json, os; print(json.dumps([os.environ[name] for name in {names}]))"))
        assert values[:2] == [lab.mlflow_url, f"{lab.jupyter_url}/mlflow"]
        assert values[2] == values[3]
        assert {"localhost", "127.0.0.1"} <= set(values[2].split(","))
        secrets = kernel.run("print([name for name, value in os.environ.items() if 'token' in name.lower()])")
        assert secrets.strip() == "[]"
        kernel.run("import mlflow; run = mlflow.start_run(); mlflow.log_text('kept', 'note.txt'); mlflow.end_run()")
        run_id = kernel.run("print(run.info.run_id)").strip()
    assert (lab.store_dir / "artifacts" / "0" / run_id / "artifacts" / "note.txt").read_text() == "kept"


def test_extensions_are_on_and_cannot_be_changed_from_the_browser(lab: Started) -> None:
    """Git and resource usage answer; the extension manager only lists; nothing asks for news."""
    assert kernels.api(lab, "GET", "api/metrics/v1")["rss"] > 0
    assert kernels.api(lab, "GET", "git/settings?version=0")["gitVersion"]
    page = anonymous(lab, f"lab?token={lab.token}").text
    config = json.loads(page.split('id="jupyter-config-data" type="application/json">')[1].split("</script>")[0])
    assert config["extensionManager"]["can_install"] is False
    assert config["news"] == {"disabled": True}
    asks = kernels.api(lab, "GET", "lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert asks["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert asks["raw"] in ("", "{}"), "a default, which the user's own setting overrides"
    labextensions = {extension["name"] for extension in config["federated_extensions"]}
    assert {"@jupyterlab/git", "jupyterlab-jupytext", "@jupyter-server/resource-usage"} <= labextensions


def test_the_token_stays_and_foreign_settings_do_not_interfere(tmp_path: Path) -> None:
    """The same address after a restart, though the user's home has a port, a kernel and a token of its own."""
    home = tmp_path / "home"
    spec = home / ".local/share/jupyter/kernels/python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["/bin/false"], "display_name": "old", "language": "python"}))
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_server_config.py").write_text(
        "c.ServerApp.port = 1\nc.IdentityProvider.token = 'x'\n"
    )
    with servers.lab(tmp_path, MLFLOW_TRACKING_URI=ELSEWHERE) as server:
        token = server.token
    with servers.lab(tmp_path, MLFLOW_TRACKING_URI=ELSEWHERE) as server:
        assert server.token == token
        with kernels.kernel(server) as kernel:
            assert kernel.run("import sys; print(sys.executable)").strip() == sys.executable


def test_a_password_replaces_the_token(tmp_path: Path) -> None:
    """JUPYTER_PASSWORD_FILE: the log-in page takes it, and no token is printed."""
    (tmp_path / "password").write_text("correct horse\n")
    settings = {"JUPYTER_PASSWORD_FILE": str(tmp_path / "password"), "MLFLOW_TRACKING_URI": ELSEWHERE}
    with servers.lab(tmp_path, **settings) as server:
        assert "token" not in server.output
        session = requests.Session()
        session.trust_env = False
        page = f"{server.jupyter_url}/login"
        session.get(page, timeout=60)
        for password, status in (("wrong", 401), ("correct horse", 302)):
            form = {"password": password, "_xsrf": session.cookies["_xsrf"]}
            assert session.post(page, data=form, timeout=60, allow_redirects=False).status_code == status
        assert session.get(f"{server.jupyter_url}/api/contents", timeout=60).status_code == 200


def test_behind_a_gateway_there_is_no_token(tmp_path: Path) -> None:
    """JUPYTER_AUTH=gateway, asked for by name: the gateway's public host name is let through."""
    with servers.lab(tmp_path, JUPYTER_AUTH="gateway", MLFLOW_TRACKING_URI=ELSEWHERE) as server:
        headers = {"Host": "notebooks.example"}
        answer = requests.get(f"{server.jupyter_url}/api/contents", headers=headers, timeout=60, proxies={"http": ""})
        assert answer.status_code == 200


def test_a_proxy_in_front_is_let_through_by_its_name(tmp_path: Path) -> None:
    """JUPYTER_ALLOWED_HOSTS: the names that nginx hands on, with the token as ever; no other name."""
    settings = {"JUPYTER_ALLOWED_HOSTS": "lab.example.org, other.example.org", "MLFLOW_TRACKING_URI": ELSEWHERE}
    with servers.lab(tmp_path, **settings) as server:
        for name, status in (("lab.example.org", 200), ("other.example.org", 200), ("evil.example.org", 403)):
            headers = {"Host": name, "Authorization": f"token {server.token}", "X-Forwarded-Proto": "https"}
            url = f"{server.jupyter_url}/api/contents"
            assert requests.get(url, headers=headers, timeout=60, proxies={"http": ""}).status_code == status, name
            assert requests.get(url, headers={"Host": name}, timeout=60, proxies={"http": ""}).status_code == 403


def test_settings_may_come_from_dotenv_and_with_quotes(tmp_path: Path) -> None:
    """`.env` in the current directory, and the quotes that the list form of a compose file leaves in."""
    (tmp_path / ".env").write_text(f"JUPYTER_ROOT_DIR={tmp_path}/from-dotenv\nJUPYTER_TOKEN='my token+1'\n")
    notebooks = f'"{tmp_path}/from-dotenv/sub"'
    settings = {"JUPYTER_ROOT_DIR": "", "JUPYTER_NOTEBOOK_DIR": notebooks, "MLFLOW_TRACKING_URI": ELSEWHERE}
    assert servers.run(["allow"], servers.environment(tmp_path), tmp_path).returncode == 0
    with servers.lab(tmp_path, **settings) as server:
        assert server.token == "my token+1"
        assert (tmp_path / "from-dotenv" / "sub").is_dir()
        assert "sub" in {entry["name"] for entry in kernels.api(server, "GET", "api/contents")["content"]}
        assert servers.run(["url"], server.env, tmp_path).stdout.count("http") == 3


def test_further_arguments_reach_jupyterlab_and_the_token_may_come_from_a_file(tmp_path: Path) -> None:
    """What stands after `--`, such as the path below a reverse proxy; the file may end in a newline."""
    (tmp_path / "token").write_text("my token+2\n")
    settings = {"JUPYTER_TOKEN_FILE": str(tmp_path / "token"), "MLFLOW_TRACKING_URI": ELSEWHERE}
    with servers.started("lab", tmp_path, "--", "--ServerApp.base_url=/lab7/", **settings) as server:
        servers.wait_ready(server, f"{server.jupyter_url}/lab7/api")
        assert f"{server.jupyter_url}/lab7/lab?token=my%20token%2B2" in server.output
        assert anonymous(server, f"lab7/api/contents?token={quote('my token+2')}").status_code == 200
