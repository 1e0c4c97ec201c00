"""The entry of a container, as far as it can be looked at without one (tests/container has the rest)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jupyter_utils.deployment.container import docker_stacks, entry
from jupyter_utils.deployment.container.user import User
from jupyter_utils.errors import SettingsError
from jupyter_utils.servers import environment, hosting
from jupyter_utils.servers.addresses import openable
from jupyter_utils.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ([], ["lab", "--verbose"]),
        (["lab"], ["lab", "--verbose"]),
        (["--ServerApp.x=1"], ["lab", "--verbose", "--", "--ServerApp.x=1"]),
        (["lab", "--", "--ServerApp.x=1"], ["lab", "--verbose", "--", "--ServerApp.x=1"]),
        (["jupyterhub-singleuser", "--allow-root"], ["lab", "--verbose", "--", "--allow-root"]),
        (["mlflow"], ["mlflow", "--verbose"]),
        (["start-notebook.py", "--ServerApp.x=1"], ["lab", "--verbose", "--", "--ServerApp.x=1"]),
        (["start.sh", "/usr/local/bin/start-singleuser.sh"], ["lab", "--verbose"]),
        (["start.sh", "mlflow"], ["mlflow", "--verbose"]),
        (["start.sh"], ["lab", "--verbose"]),
    ],
)
def test_words_after_the_images_name(words: list[str], meant: list[str]) -> None:
    """They mean the lab, MLflow, or arguments of the lab."""
    assert entry.command(words)[4:] == meant


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"NB_UID": "1000"}, "set CONTAINER_UID"),
        ({"NB_GID": "100"}, "set CONTAINER_GID"),
        ({"NB_USER": "hanako"}, "/home/jovyan"),
        ({"NB_GROUP": "users"}, "CONTAINER_GID"),
        ({"NB_UMASK": "002"}, "umask"),
        ({"CHOWN_HOME": "yes", "CHOWN_HOME_OPTS": "-R", "CHOWN_EXTRA": "/data"}, "sudo chown -R"),
        ({"GRANT_SUDO": "yes"}, "RUN_AS_ROOT=1"),
        ({"NOTEBOOK_ARGS": "--x"}, "after the image's name"),
        ({"GEN_CERT": "yes"}, "--ServerApp.certfile"),
        ({"RESTARTABLE": "yes"}, "--restart unless-stopped"),
        ({"DOCKER_STACKS_JUPYTER_CMD": "notebook"}, "/tree"),
        ({"JUPYTERHUB_SINGLEUSER_APP": "x"}, "/tree"),
        ({"JUPYTER_ENV_VARS_TO_UNSET": "A"}, '"-u", "NAME"'),
    ],
)
def test_a_variable_of_docker_stacks_gets_one_line(environ: dict[str, str], said: str) -> None:
    """It does nothing here; the line names what does. Several with one answer share it."""
    (remark,) = docker_stacks.remarks(environ, [], ())
    assert all(name in remark for name in environ)
    assert said in remark


def test_what_was_switched_off_in_docker_stacks_needs_no_word() -> None:
    """Nor do the variables of a hub, or our own."""
    environ = {
        "GRANT_SUDO": "no",
        "CHOWN_HOME": "0",
        "JUPYTERHUB_API_TOKEN": "x",
        "NB_PREFIX": "/x",
        "JUPYTER_PORT": "1",
    }
    assert not list(docker_stacks.remarks(environ, ["lab"], ()))


def test_hooks_of_docker_stacks_are_named(tmp_path: Path) -> None:
    """A folder with files is one line, an empty one none."""
    for name in ("before-notebook.d", "start-notebook.d"):
        (tmp_path / name).mkdir()
    (tmp_path / "before-notebook.d" / "10-license.sh").touch()
    (remark,) = docker_stacks.remarks({}, [], [*tmp_path.iterdir(), tmp_path / "none"])
    assert "10-license.sh" in remark
    assert "ENTRYPOINT" in remark


def test_another_user_in_nb_uid_is_refused() -> None:
    """Files would belong to somebody else than it says; the same number is no harm."""
    user = User(1000, 1000)
    docker_stacks.check_numbers({"NB_UID": "1000", "NB_GID": '"1000"'}, user)
    with pytest.raises(SettingsError, match="Set CONTAINER_UID=1234 instead of NB_UID"):
        docker_stacks.check_numbers({"NB_UID": "1234"}, user)
    with pytest.raises(SettingsError, match="Set CONTAINER_GID=100 instead of NB_GID"):
        docker_stacks.check_numbers({"NB_GID": "100"}, user)


def test_what_compose_sets_for_everyone_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty values, and /dev/null as certificates; a file that is not there is a mistake, and stays one."""
    monkeypatch.setenv("HTTP_PROXY", "")
    monkeypatch.setenv("EXTRA_CA_CERTS", "/dev/null")
    entry.drop_empty_settings()
    assert {"HTTP_PROXY", "EXTRA_CA_CERTS"}.isdisjoint(entry.os.environ)
    monkeypatch.setenv("EXTRA_CA_CERTS", "/nowhere/ca.pem")
    entry.drop_empty_settings()
    assert entry.os.environ["EXTRA_CA_CERTS"] == "/nowhere/ca.pem"


def test_compose_passes_every_setting_on() -> None:
    """What .env says reaches the containers; the few settings that mean nothing there are named here."""
    given = set(re.findall(r"^      - (\w+)=", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE))
    assert {name.upper() for name in Settings.model_fields} - given == {
        "JUPYTER_UTILS_NOTEBOOK",
        "JUPYTER_UTILS_PROFILE",
    }


def test_all_images_of_one_build_have_one_system() -> None:
    """It is fetched once, in the stage that the others begin with; what may stand in for the pin is not copied over."""
    text = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"docker-build-step fetch (\S+)", text) == ["lab"]
    stages = re.findall(r"^FROM (\S+) AS (\S+-files)$", text, re.MULTILINE)
    assert [base for base, _ in stages] == ["files"] * 3
    assert ".cache" in (ROOT / ".dockerignore").read_text().split()


def test_the_password_goes_to_the_server_beside_and_to_no_other(tmp_path: Path) -> None:
    """Of a store that both containers see; never to an MLflow that MLFLOW_TRACKING_URI names."""
    file = tmp_path / "auth" / "admin-password"
    file.parent.mkdir()
    beside = {"jupyter_utils_profile": "container", "mlflow_host": "mlflow", "mlflow_store_dir": tmp_path}
    assert environment.tracking_password(Settings(**beside)) == {}
    file.write_text("secret\n")
    assert environment.tracking_password(Settings(**beside))["MLFLOW_TRACKING_PASSWORD"] == "secret"
    assert environment.tracking_password(Settings(**beside, mlflow_tracking_uri="https://other.example.org")) == {}


def test_where_a_password_will_lie_is_told(tmp_path: Path) -> None:
    """Before there is one, so that a lab that runs on finds it; that of another MLflow is not known."""
    beside = {"jupyter_utils_profile": "container", "mlflow_host": "mlflow", "mlflow_store_dir": tmp_path}

    def told(**settings: object) -> str:
        env = environment.notebook_environment(Settings(**settings), None)
        return str(json.loads(env["JUPYTER_UTILS_STORE"])["password_file"])

    assert told(**beside) == str(tmp_path / "auth" / "admin-password")
    assert told(**beside, mlflow_tracking_uri="https://other.example.org") == ""
    assert told(mlflow_store_dir=tmp_path) == str(tmp_path / "auth" / "admin-password")
    assert told(mlflow_store_dir=tmp_path, mlflow_admin_password_file=tmp_path / "a") == str(tmp_path / "a")


def test_published_address_and_bound_address() -> None:
    """In a container the servers listen on every address, whatever is published; elsewhere where they are told."""
    inside = Settings(jupyter_utils_profile="container", listen_address="127.0.0.1", mlflow_host="mlflow")
    assert (inside.bind_address, inside.mlflow_asks_password) == ("0.0.0.0", False)
    assert Settings(listen_address="10.0.0.1").bind_address == "10.0.0.1"
    found = environment.notebook_environment(inside, None)
    assert found["MLFLOW_TRACKING_URI"] == "http://mlflow:15000"
    assert found["MLFLOW_UI_URL"] == "http://127.0.0.1:15000"
    assert openable("http://[::]:15000/a") == "http://127.0.0.1:15000/a"


def test_a_hub_settles_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Port, address and prefix come from the hub's variables, which belong together; an address needs a port."""
    monkeypatch.setenv(hosting.HUB_TOKEN, "x")
    monkeypatch.setenv(hosting.HUB_URL, "http://0.0.0.0:8889/user/a%20b/")
    monkeypatch.setenv(hosting.HUB_PREFIX, "/user/a%20b/")
    settings, extra = hosting.hosted(Settings(), ["--x"])
    assert (settings.jupyter_port, settings.listen_address) == (8889, "0.0.0.0")
    assert extra == ("--ServerApp.base_url=/user/a%20b/", "--x")
    monkeypatch.setenv(hosting.HUB_URL, "http://0.0.0.0/")
    with pytest.raises(SettingsError, match="names no port"):
        hosting.hosted(Settings(), [])
    monkeypatch.delenv(hosting.HUB_URL)
    assert not hosting.under_hub()


def test_kubeflow_settles_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its prefix, and its port unless another is set."""
    monkeypatch.delenv(hosting.HUB_TOKEN, raising=False)
    monkeypatch.setenv(hosting.KUBEFLOW_PREFIX, "/notebook/a/b")
    assert hosting.hosted(Settings(), [])[0].jupyter_port == 8888
    settings, extra = hosting.hosted(Settings(jupyter_port=9999), [])
    assert (settings.jupyter_port, extra) == (9999, ("--ServerApp.base_url=/notebook/a/b",))
