"""What people did with the replaced docker-compose project."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import containers
import kernels
import pytest
import requests
import terminals
from docker_engine import docker
from mlflow import MlflowClient

if TYPE_CHECKING:
    from pathlib import Path

    from containers import Stack

DIRECT = {"http": "", "https": ""}
REPOSITORY = """
import os, subprocess
os.environ["JUPYTER_UTILS_SAVE_SECONDS"] = "0.2"  # no browser will save it
for words in (["init", "-q"], ["config", "user.name", "T"], ["config", "user.email", "t@example.org"]):
    subprocess.run(["git", *words], check=True)
"""
SAVE = (
    "import jupyter_utils, pandas; r = jupyter_utils.save_mlflow('across', metrics={'f1': 0.9}, "
    "dataset={'a.csv': pandas.DataFrame({'文': ['猫']})}); print(r.run_id, r.commit, r.url)"
)


def make_notebook(server: Stack, path: str) -> None:
    """Save a notebook as the browser does."""
    folder = path.rpartition("/")[0]
    if folder:
        kernels.api(server, "PUT", f"api/contents/{folder}", {"type": "directory"})
    content = containers.notebook(SAVE)
    kernels.api(server, "PUT", f"api/contents/{path}", {"type": "notebook", "content": content})


@pytest.fixture(scope="module")
def saved(stack: Stack) -> list[str]:
    """Call save_mlflow in a notebook of the stack; run, commit and link, as it shows them."""
    make_notebook(stack, "研究/across.ipynb")
    with kernels.kernel(stack, "研究/across.ipynb") as kernel:
        kernel.run(REPOSITORY)
        return kernel.run(SAVE).split()


def test_jupyterlab_and_mlflow_answer_on_this_machine_only(stack: Stack) -> None:
    """JupyterLab at HOST:port/lab, with its token; MLflow at HOST:port; neither on the machine's other addresses."""
    assert requests.get(stack.lab_url, proxies=DIRECT, timeout=30).ok
    assert "login" in requests.get(f"{stack.jupyter_url}/lab", proxies=DIRECT, timeout=30).url
    assert requests.get(stack.mlflow_url, proxies=DIRECT, timeout=30).ok
    for service in ("jupyterlab", "mlflow"):
        published = json.loads(containers.inspect(stack.container(service), "{{json .NetworkSettings.Ports}}"))
        hosts = {binding["HostIp"] for bindings in published.values() if bindings for binding in bindings}
        assert hosts == {"127.0.0.1"}


def test_a_notebook_saves_a_run_in_the_container_beside_it(stack: Stack, saved: list[str]) -> None:
    """The commit is made in the one container, the run stored in the other; its link is for the browser outside."""
    run_id, commit, url = saved
    assert url.startswith(f"{stack.lab_url.partition('/lab')[0]}/mlflow/#/experiments/")
    run = MlflowClient(stack.mlflow_url).get_run(run_id)
    assert (run.info.status, run.data.tags["mlflow.source.git.commit"]) == ("FINISHED", commit)
    assert list((stack.volume / "mlflow" / "artifacts").rglob(f"{run_id}/artifacts/dataset/a.csv"))
    assert (stack.root_dir / "研究" / "across.py").exists(), "Jupytext wrote no script beside the notebook"


@pytest.mark.usefixtures("saved")
def test_container_uid_owns_every_file(stack: Stack) -> None:
    """Everything in the volumes belongs to the user of .env, the home folder is closed to others."""
    stack.exec("jupyterlab", "setpriv", "--reuid=4321", "--regid=4322", "--clear-groups", "touch", "/home/jovyan/made")
    for name in ("jupyter", "mlflow", "home"):
        assert containers.owners(stack.volume / name) == {(4321, 4322)}, name
    assert (stack.volume / "home").stat().st_mode & 0o777 == 0o700
    with kernels.kernel(stack) as kernel:
        assert kernel.run("import os, getpass; print(os.getuid(), os.getgid(), getpass.getuser())") == (
            "4321 4322 jupyter4321\n"
        )


def test_terminal_git_and_ssh_are_there(stack: Stack) -> None:
    """A login shell, as JupyterLab's terminal opens it, has the environment's programs, Git, SSH and an editor."""
    words = ["python", "jupyter-utils", "pip", "git", "ssh", "ssh-keygen", "nano", "less", "ps"]
    with kernels.kernel(stack) as kernel:
        found = kernel.run(
            f"import subprocess; print(subprocess.run(['bash', '-lc', 'which {' '.join(words)}'],"
            " capture_output=True, text=True).stdout)"
        )
    assert [path.rpartition("/")[2] for path in found.split()] == words
    assert found.startswith("/"), found


@pytest.mark.full
def test_a_terminal_of_jupyterlab(stack: Stack) -> None:
    """The environment's programs come first, before those of a file of the user's, in the folder that is shown."""
    (stack.root_dir / "研究").mkdir(exist_ok=True)
    stack.exec("jupyterlab", "sh", "-c", "echo 'PATH=/usr/bin:/bin' > /home/jovyan/.bash_profile")
    words = "command -v jupyter-utils; command -v python; command -v pip; pwd"
    lines = terminals.said(stack, words, {"cwd": "研究"})
    assert lines[:2] == ["/opt/environment/bin/jupyter-utils", "/opt/environment/bin/python"]
    assert "jupyter-utils/environments" in lines[2]
    assert lines[3] == "/opt/jupyter/研究"
    assert terminals.said(stack, "pwd") == ["/opt/jupyter"]
    stack.exec("jupyterlab", "rm", "/home/jovyan/.bash_profile")


def test_what_a_user_makes_survives_down_and_up(stack: Stack) -> None:
    """`down` deletes the containers: SSH key, Git identity, notebooks, token and runs are there after `up`."""
    make = "ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; git config --global user.name 山田"
    with kernels.kernel(stack) as kernel:
        kernel.run(f"!mkdir -p -m 700 ~/.ssh; {make}")
        kernel.run("open('kept.txt', 'w').write('kept')")
    token = stack.token
    runs = MlflowClient(stack.mlflow_url).search_experiments()
    stack.compose("down")
    assert docker("ps", "--all", "--quiet", "--filter", f"name={stack.project}").stdout == ""
    stack.up()
    assert stack.token == token
    assert [one.name for one in MlflowClient(stack.mlflow_url).search_experiments()] == [one.name for one in runs]
    with kernels.kernel(stack) as kernel:
        shown = kernel.run("!ssh-keygen -l -f ~/.ssh/id_ed25519; git config --global user.name; cat kept.txt")
    assert re.search(r"ED25519", shown)
    assert "山田" in shown
    assert "kept" in shown


def test_stop_and_start_keep_everything(stack: Stack) -> None:
    """`stop` ends both with exit code 0 within Docker's ten seconds, `start` brings both back with their runs."""
    before = len(MlflowClient(stack.mlflow_url).search_experiments())
    stack.compose("stop")
    for service in ("jupyterlab", "mlflow"):
        assert containers.inspect(stack.container(service), "{{.State.ExitCode}}") == "0", service
    stack.compose("start")
    stack.wait()
    assert len(MlflowClient(stack.mlflow_url).search_experiments()) == before


def kill(stack: Stack, service: str, words: str) -> None:
    """Kill the youngest process of a container whose command holds these words."""
    stack.exec(service, "bash", "-c", f"kill -9 $(pgrep -f '[{words[0]}]{words[1:]}' | tail -n 1)")


def test_a_killed_mlflow_comes_back_in_its_container(stack: Stack) -> None:
    """It is started again, as in a lab: no restart of Docker's is needed."""
    name = stack.container("mlflow")
    before = containers.inspect(name, "{{.RestartCount}}")
    kill(stack, "mlflow", "mlflow_app")
    deadline = containers.time.monotonic() + containers.START_LIMIT
    while "MLflow answers again" not in containers.logs(name):
        assert containers.time.monotonic() < deadline, containers.logs(name)
        containers.time.sleep(0.2)
    assert containers.inspect(name, "{{.RestartCount}}") == before


def test_a_killed_server_ends_its_container_which_comes_back(stack: Stack) -> None:
    """JupyterLab's own process, or what watches over MLflow: the container ends, and Docker starts it again."""
    for service, words in (("jupyterlab", "jupyter_app"), ("mlflow", "jupyter_utils mlflow")):
        name = stack.container(service)
        before = int(containers.inspect(name, "{{.RestartCount}}"))
        kill(stack, service, words)
        deadline = containers.time.monotonic() + containers.START_LIMIT
        while int(containers.inspect(name, "{{.RestartCount}}")) == before:
            assert containers.time.monotonic() < deadline, containers.logs(name)
            containers.time.sleep(0.2)
        containers.wait_healthy(name)


def test_commands_in_a_container_are_the_users(stack: Stack) -> None:
    """`docker-compose exec` starts as root; what our commands write belongs to the user all the same."""
    assert "Nothing waits" in stack.exec("jupyterlab", "jupyter-utils", "sync", "--list")
    stack.exec("jupyterlab", "jupyter-utils", "sync")
    assert "answers" in docker("exec", stack.container("jupyterlab"), "jupyter-utils", "doctor", check=False).stdout
    assert containers.owners(stack.volume / "home") == {(4321, 4322)}


def test_open_to_others_asks_for_a_password(tmp_path: Path) -> None:
    """LISTEN_ADDRESS=0.0.0.0: MLflow asks strangers for its password; the notebooks know it."""
    with containers.stack(tmp_path / "open", LISTEN_ADDRESS="0.0.0.0", **containers.own_user()) as stack:
        asked = f"{stack.mlflow_url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=across"
        assert requests.get(asked, proxies=DIRECT, timeout=30).status_code == 401
        with kernels.kernel(stack) as kernel:
            shown = kernel.run(SAVE.replace("'across',", "'across', do_commit=False,"))
        assert "/#/experiments/" in shown
        assert "0.0.0.0" not in shown, "no browser opens that address"
