"""What a launcher does when systemd started it: it says that it is ready, and reads credentials."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from bare import without_settings
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.dotenv import allow_dotenv
from jupyter_utils.servers import environment, mlflow
from jupyter_utils.settings import read_settings, table
from jupyter_utils.supervision.notify import notify


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the machine in."""
    without_settings(monkeypatch)
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder that systemd names."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    """One datagram; an abstract socket's name begins with @."""
    name = f"@{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0"))
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=Running")
        receiver.settimeout(5)
        assert receiver.recv(200) == b"READY=1\nSTATUS=Running"


def test_nobody_is_told_where_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither without systemd nor when it has gone."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")


def test_notebooks_cannot_speak_for_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket's address is not handed on."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    assert "NOTIFY_SOCKET" not in environment.base_environment(read_settings())


def test_a_credential_is_the_setting_of_its_name(credentials: Path) -> None:
    """Its content, or for a setting that names a file, itself; its line in the table says where it comes from."""
    (credentials / "MLFLOW_BACKEND_STORE_URI").write_text("postgresql://u:geheim@db/mlflow\n")
    (credentials / "JUPYTER_TOKEN_FILE").write_text("secret\n")
    settings = read_settings()
    assert settings.backend_store_uri == "postgresql://u:geheim@db/mlflow"
    assert settings.jupyter_token_file == credentials / "JUPYTER_TOKEN_FILE"
    row = next(row for row in table(settings) if row.name == "MLFLOW_BACKEND_STORE_URI")
    assert (row.value, row.origin) == ("postgresql://***@db/mlflow", "credential")


def test_a_blank_credential_counts_as_unset(credentials: Path) -> None:
    """A unit can have one whose file may be missing."""
    (credentials / "MLFLOW_TRACKING_PASSWORD_FILE").write_text("\n")
    assert read_settings().mlflow_tracking_password_file is None


def test_the_environment_wins_over_a_credential(credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a credential over `.env`."""
    (credentials / "MLFLOW_UI_URL").write_text("http://credential")
    Path(".env").write_text("MLFLOW_UI_URL=http://dotenv\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("state").absolute()))
    allow_dotenv()
    assert read_settings().mlflow_ui_url == "http://credential"
    monkeypatch.setenv("MLFLOW_UI_URL", "http://environment")
    assert read_settings().mlflow_ui_url == "http://environment"


def test_the_administrators_password_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none is made then."""
    (tmp_path / "password").write_text("correct-horse-battery\n")
    monkeypatch.setenv("MLFLOW_ADMIN_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("MLFLOW_AUTH", "on")
    monkeypatch.setenv("MLFLOW_STORE_DIR", str(tmp_path / "mlflow"))
    found = mlflow.credentials(read_settings())
    assert found is not None
    assert (found.username, found.password) == ("admin", "correct-horse-battery")
    assert not (tmp_path / "mlflow").exists()


def test_notebooks_log_in_to_an_mlflow_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the password of a file; the name is `admin` unless said otherwise."""
    (tmp_path / "password").write_text("correct-horse-battery\n")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:15000")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(tmp_path / "password"))
    env = environment.notebook_environment(read_settings(), None)
    assert (env["MLFLOW_TRACKING_USERNAME"], env["MLFLOW_TRACKING_PASSWORD"]) == ("admin", "correct-horse-battery")


def test_a_path_before_everything_is_part_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """For notebooks, the health check and the garbage collection alike; one that cannot work is refused."""
    monkeypatch.setenv("MLFLOW_STATIC_PREFIX", "/mlflow")
    settings = read_settings()
    assert mlflow.tracking_uri(settings) == "http://127.0.0.1:15000/mlflow"
    assert "--static-prefix=/mlflow" in mlflow.arguments(settings, None)
    monkeypatch.setenv("MLFLOW_STATIC_PREFIX", "mlflow/")
    with pytest.raises(SettingsError, match="slash at its beginning only"):
        read_settings()
