"""The entry of a container, as far as it can be looked at without one (tests/container has the rest)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jupyter_utils import container
from jupyter_utils.errors import SettingsError
from jupyter_utils.launchers import hosting, lab
from jupyter_utils.launchers.addresses import openable
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
    ],
)
def test_words_after_the_images_name(words: list[str], meant: list[str]) -> None:
    """They mean the lab, MLflow, or arguments of the lab."""
    assert container.command(words)[3:] == meant


def test_what_compose_sets_for_everyone_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty values, and /dev/null as certificates; a file that is not there is a mistake, and stays one."""
    monkeypatch.setenv("HTTP_PROXY", "")
    monkeypatch.setenv("EXTRA_CA_CERTS", "/dev/null")
    container.drop_empty_settings()
    assert {"HTTP_PROXY", "EXTRA_CA_CERTS"}.isdisjoint(container.os.environ)
    monkeypatch.setenv("EXTRA_CA_CERTS", "/nowhere/ca.pem")
    container.drop_empty_settings()
    assert container.os.environ["EXTRA_CA_CERTS"] == "/nowhere/ca.pem"


def test_compose_passes_every_setting_on() -> None:
    """What .env says reaches the containers; the few settings that mean nothing there are named here."""
    given = set(re.findall(r"^      - (\w+)=", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE))
    assert {name.upper() for name in Settings.model_fields} - given == {
        "JUPYTER_UTILS_NOTEBOOK",
        "JUPYTER_UTILS_PROFILE",
    }


def test_the_password_goes_to_the_server_beside_and_to_no_other(tmp_path: Path) -> None:
    """Of a store that both containers see; never to an MLflow that MLFLOW_TRACKING_URI names."""
    file = tmp_path / "auth" / "admin-password"
    file.parent.mkdir()
    beside = {"jupyter_utils_profile": "container", "mlflow_host": "mlflow", "mlflow_store_dir": tmp_path}
    assert lab.tracking_password(Settings(**beside)) == {}
    file.write_text("secret\n")
    assert lab.tracking_password(Settings(**beside))["MLFLOW_TRACKING_PASSWORD"] == "secret"
    assert lab.tracking_password(Settings(**beside, mlflow_tracking_uri="https://other.example.org")) == {}


def test_published_address_and_bound_address() -> None:
    """In a container the servers listen on every address, whatever is published; elsewhere where they are told."""
    inside = Settings(jupyter_utils_profile="container", listen_address="127.0.0.1", mlflow_host="mlflow")
    assert (inside.bind_address, inside.mlflow_asks_password) == ("0.0.0.0", False)
    assert Settings(listen_address="10.0.0.1").bind_address == "10.0.0.1"
    found = lab._notebook_environment(inside, None)
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
