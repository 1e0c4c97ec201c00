"""Settings: where they come from, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import jupyter_utils.settings as settings_module
import pytest
from bare import without_settings
from jupyter_utils.errors import DirectoryError, SettingsError
from jupyter_utils.machine.dotenv import allow_dotenv
from jupyter_utils.machine.variables import unquote
from jupyter_utils.settings import Settings, read_settings, table


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the machine in; run in an empty directory."""
    without_settings(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_of_a_user(tmp_path: Path) -> None:
    """The current directory, the user's data folder, this machine only."""
    settings = read_settings()
    assert (settings.jupyter_port, settings.mlflow_port) == (18080, 15000)
    assert settings.is_local
    assert settings.root_dir == settings.notebook_dir == tmp_path
    assert settings.store_dir == tmp_path / "home" / ".local/share/jupyter-utils/mlflow"
    assert settings.backend_store_uri == f"sqlite:///{settings.store_dir}/mlflow.db"
    assert settings.artifacts_destination == f"{settings.store_dir}/artifacts"


def test_defaults_of_an_image_or_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directories of the project that this one replaces."""
    monkeypatch.setenv("JUPYTER_UTILS_PROFILE", "system")
    assert (read_settings().root_dir, read_settings().store_dir) == (Path("/opt/jupyter"), Path("/opt/mlflow"))


@pytest.mark.parametrize("value", ["/mnt/fs", '"/mnt/fs"', "'/mnt/fs'", ' "/mnt/fs" ', "\"'/mnt/fs'\""])
def test_quotes_around_a_value_are_taken_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The list form of a compose file leaves them in."""
    monkeypatch.setenv("JUPYTER_ROOT_DIR", value)
    assert read_settings().root_dir == Path("/mnt/fs")


@pytest.mark.parametrize("value", ["", '""', "  "])
def test_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A compose file passes variables that its user never set as empty ones."""
    monkeypatch.setenv("RUN_AS_ROOT", value)
    monkeypatch.setenv("JUPYTER_PORT", value)
    assert read_settings().run_as_root is False
    assert read_settings().jupyter_port == 18080


@pytest.mark.parametrize("value", ["0", "false", "False", "NO", "off", '"Off"', " 0 ", "'no'"])
def test_a_switch_that_says_no_is_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Whoever writes RUN_AS_ROOT=0 does not want root."""
    monkeypatch.setenv("RUN_AS_ROOT", value)
    assert read_settings().run_as_root is False


@pytest.mark.parametrize("value", ["1", "true", "yes", "on", "root", "00", "nope"])
def test_a_switch_with_any_other_value_is_on(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """RUN_AS_ROOT counts when it is set to any value, as it did in the project before."""
    monkeypatch.setenv("RUN_AS_ROOT", value)
    assert read_settings().run_as_root is True


@pytest.mark.parametrize("name", ["CONTAINER_UID", "CONTAINER_GID"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("4294967295", "4294967294"),
        ("4294967296", "4294967294"),
        ("18446744073709551616", "4294967294"),
        ("9" * 5000, "4294967294"),
        ("-1", "such as"),
        ("1000:1000", "such as"),
        ("10 00", "such as"),
        ("1_000", "such as"),
        ("1000.0", "such as"),
        ("0x3e8", "such as"),
        ("１０００", "such as"),  # noqa: RUF001 - typed with a Japanese input method
        ("hanako", "such as"),
        ("$(id -u)", "such as"),
    ],
)
def test_a_number_of_a_user_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """4294967295 means "leave it as it is" to the kernel: it would run as root."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}=") as caught:
        read_settings()
    assert said in str(caught.value)


@pytest.mark.parametrize(("value", "number"), [("0", 0), (" 1000 ", 1000), ('"1001"', 1001), ("4294967294", 2**32 - 2)])
def test_a_number_of_a_user(monkeypatch: pytest.MonkeyPatch, value: str, number: int) -> None:
    """Whatever the kernel knows as one, with the blanks and quotes that files leave in."""
    monkeypatch.setenv("CONTAINER_UID", value)
    assert read_settings().container_uid == number


def test_the_environment_wins_over_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an empty variable does not."""
    (tmp_path / ".env").write_text('CONTAINER_UID=1234\nHTTPS_PROXY="http://proxy:3128"\nMLFLOW_PORT=1\nUNKNOWN=x\n')
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    allow_dotenv(tmp_path)
    monkeypatch.setenv("MLFLOW_PORT", "2")
    monkeypatch.setenv("CONTAINER_UID", "")
    settings = read_settings()
    assert (settings.container_uid, settings.mlflow_port, settings.https_proxy) == (1234, 2, "http://proxy:3128")


@pytest.mark.parametrize(
    ("dotenv", "environment", "keeps"),
    [
        ("http://ours:15000", "http://elsewhere:15000", False),
        ("http://ours:15000", "https://ours:15000", False),
        ("http://ours:15000", "ours:15000/", True),
        ("http://127.0.0.1:15000", "http://me@localhost:15000", True),
        ("http://ours:15000", "", True),
        ("", "http://elsewhere:15000", True),
    ],
)
def test_a_password_in_dotenv_is_for_the_address_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dotenv: str, environment: str, *, keeps: bool
) -> None:
    """A shell that names another server must not send it there; without an address there it is for any."""
    (tmp_path / ".env").write_text(f"MLFLOW_TRACKING_URI={dotenv}\nMLFLOW_TRACKING_PASSWORD_FILE=./secret\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    allow_dotenv(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", environment)
    settings = read_settings()
    assert settings.mlflow_tracking_uri == (environment or dotenv)
    assert (settings.mlflow_tracking_password_file is not None) == keeps
    said = next(row for row in table(settings) if row.name == "MLFLOW_TRACKING_PASSWORD_FILE")
    assert said.origin == (".env" if keeps else "default")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_proxies_are_read_in_both_letter_cases(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Tools disagree on which one counts."""
    monkeypatch.setenv(name, "http://proxy:3128")
    assert read_settings().http_proxy == "http://proxy:3128"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("JUPYTER_PORT", "0", "greater than or equal to 1"), ("JUPYTER_AUTH", "none", "'token' or 'gateway'")],
)
def test_a_bad_value_is_explained(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    """Variable, value, what is accepted, what it means."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert f"{name}='{value}'" in str(caught.value)
    assert said in str(caught.value)
    assert str(Settings.model_fields[name.lower()].description) in str(caught.value)


def test_a_notebook_directory_must_lie_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`..` and links do not lead out."""
    monkeypatch.setenv("JUPYTER_ROOT_DIR", str(tmp_path / "root"))
    monkeypatch.setenv("JUPYTER_NOTEBOOK_DIR", str(tmp_path / "root" / ".." / "other"))
    with pytest.raises(DirectoryError, match="lies outside of JUPYTER_ROOT_DIR"):
        _ = read_settings().notebook_dir


@pytest.mark.parametrize(
    ("address", "auth", "asks"),
    [
        ("127.0.0.1", "auto", False),
        ("localhost", "auto", False),
        ("::1", "auto", False),
        ("0.0.0.0", "auto", True),
        ("192.168.0.7", "auto", True),
        ("my-host", "auto", True),
        ("0.0.0.0", "off", False),
        ("127.0.0.1", "on", True),
    ],
)
def test_when_mlflow_asks_for_a_password(monkeypatch: pytest.MonkeyPatch, address: str, auth: str, asks: bool) -> None:
    """As soon as another machine can reach it, unless that is turned off by name."""
    monkeypatch.setattr(settings_module, "others_here", lambda: None)
    monkeypatch.setenv("LISTEN_ADDRESS", address)
    monkeypatch.setenv("MLFLOW_AUTH", auth)
    assert read_settings().mlflow_asks_password is asks


@pytest.mark.parametrize(
    ("profile", "auth", "asks"),
    [("user", "auto", True), ("system", "auto", True), ("user", "off", False), ("container", "auto", False)],
)
def test_other_accounts_reach_the_port(monkeypatch: pytest.MonkeyPatch, profile: str, auth: str, asks: bool) -> None:
    """Where somebody else can log in, 127.0.0.1 is theirs too; whose accounts are a container's cannot be seen."""
    monkeypatch.setattr(settings_module, "others_here", lambda: "the account taro")
    monkeypatch.setenv("JUPYTER_UTILS_PROFILE", profile)
    monkeypatch.setenv("MLFLOW_AUTH", auth)
    assert read_settings().mlflow_asks_password is asks


def test_the_table_tells_values_and_origins_but_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed ends up in bug reports."""
    (tmp_path / ".env").write_text("HTTP_PROXY=http://me:s3cret@proxy:3128\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    allow_dotenv(tmp_path)
    monkeypatch.setenv("JUPYTER_TOKEN", "t0ken")
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", "postgresql://u:s3cret@db/mlflow")
    rows = {row.name: row for row in table(read_settings())}
    assert not any("s3cret" in row.value or "t0ken" in row.value for row in rows.values())
    assert (rows["HTTP_PROXY"].value, rows["HTTP_PROXY"].origin) == ("http://***@proxy:3128", ".env")
    assert rows["JUPYTER_TOKEN"].origin == "environment"
    assert rows["JUPYTER_ROOT_DIR"].value == str(tmp_path)
    assert rows["JUPYTER_ROOT_DIR"].origin == "default"
    assert all(row.description for row in rows.values())


def test_unquote_leaves_inner_quotes_alone() -> None:
    """Only a pair around the whole value goes."""
    assert unquote('it\'s "so"') == 'it\'s "so"'
    assert unquote('"') == '"'
