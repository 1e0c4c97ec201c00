"""The password of the MLflow beside a unit's lab goes to that MLflow, whichever other one the lab is pointed at."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from asking import asking, in_a_lab, telling
from bare import without_settings
from click.testing import CliRunner
from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.cli import main
from jupyter_utils.machine.kept_login import renew_login
from jupyter_utils.machine.variables import given
from jupyter_utils.servers.environment import notebook_environment, use_settings
from jupyter_utils.settings import read_settings
from jupyter_utils.tracking import ask
from listening import everything, listener
from requests import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE, ELSEWHERE = "http://127.0.0.1:15000", "https://mlflow.example.org"
WORDS = {"password": "local-admin", "address": HERE}


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have the variables of the unit; the socket that it is told the password by."""
    without_settings(monkeypatch)
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", HERE)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(tmp_path / "s"))
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("JUPYTER_UTILS_FSYNC", "")
    with telling(tmp_path / "s", WORDS):
        yield tmp_path / "s"


def login() -> tuple[str | None, str]:
    """Return the password that notebooks of the lab are given, and where they look for another one."""
    made = notebook_environment(read_settings(), None)
    return made.get("MLFLOW_TRACKING_PASSWORD"), json.loads(made["JUPYTER_UTILS_STORE"])["password_file"]


@pytest.mark.parametrize("uri", [HERE, "http://localhost:15000/", f"{HERE}/prefix"])
def test_the_mlflow_beside_gets_it(unit: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever name of this machine it is called."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert login() == ("local-admin", str(unit))


@pytest.mark.parametrize(
    "uri", [ELSEWHERE, "http://127.0.0.1:9000", "https://127.0.0.1:15000", "http://10.1.1.1:15000"]
)
def test_no_other_one_gets_it(unit: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not another host, nor what listens on another port here, such as a tunnel; neither from a command."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert login() == (None, "")
    use_settings()
    assert not given("MLFLOW_TRACKING_PASSWORD")
    in_a_lab(monkeypatch, uri, unit)
    renew_login(uri)
    assert not given("MLFLOW_TRACKING_PASSWORD")


def test_a_socket_that_is_silent_at_the_start_tells_nobody_else_later(
    unit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab may be started before anything else; whom the password is for is asked each time."""
    late = unit.with_name("late")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(late))
    for uri, expected in ((ELSEWHERE, ""), (HERE, "local-admin")):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        late.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as nobody:
            nobody.bind(str(late))
        made = notebook_environment(read_settings(), None)
        assert made.get("MLFLOW_TRACKING_PASSWORD") is None
        late.unlink()
        in_a_lab(monkeypatch, uri, late)
        with telling(late, WORDS):
            renew_login(uri)
        assert given("MLFLOW_TRACKING_PASSWORD") == expected


def test_a_socket_of_a_users_own_tells_none_of_this(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named is for the address beside it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", ELSEWHERE)
    with telling(unit.with_name("own"), {"password": "theirs"}):
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(unit.with_name("own")))
        assert login() == ("theirs", str(unit.with_name("own")))
    unit.with_name("file").write_text("of-a-file\n")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(unit.with_name("file")))
    assert login() == ("of-a-file", str(unit.with_name("file")))


@pytest.mark.parametrize("uri", [HERE, ELSEWHERE])
@pytest.mark.parametrize("name", ["PASSWORD", "TOKEN"])
def test_a_login_of_ones_own_stays(unit: Path, uri: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the unit's file: it is not replaced by the administrator's, here or elsewhere."""
    del unit
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "my own")
    assert login() == (None, "")


@pytest.mark.parametrize(
    ("words", "settings", "address"),
    [
        (("--served",), "", HERE),
        (("--served",), "MLFLOW_PORT=15001\nMLFLOW_STATIC_PREFIX=/m", "http://127.0.0.1:15001/m"),
        (("--served",), "LISTEN_ADDRESS=0.0.0.0", HERE),
        (("--served",), "LISTEN_ADDRESS=10.0.0.1\nMLFLOW_TRACKING_URI=http://a:1", "http://10.0.0.1:15000"),
        (("--for", ELSEWHERE), "MLFLOW_PORT=15001", ELSEWHERE),
        ((), "", ""),
    ],
)
def test_the_unit_tells_whom_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], settings: str, address: str
) -> None:
    """By the settings of the MLflow that is served here, which it is handed; or as its own unit says."""
    without_settings(monkeypatch)
    (tmp_path / "password").write_text("local-admin\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for line in settings.split():
        monkeypatch.setenv(*line.split("=", 1))
    told = CliRunner().invoke(main, ["credential", "password", *words])
    assert told.output == f"local-admin\n{address}\n"


def test_a_server_that_leads_elsewhere_leads_no_login_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the lab's own MLflow answers by a redirection, and where that asks for a password."""
    (tmp_path / "password").write_text("first")
    for status in (302, 307, 308):
        with asking() as own, listener(lambda _: (401, {}, b"")) as other:
            own.leads_to = (status, other.url)
            in_a_lab(monkeypatch, own.uri, tmp_path / "password", "first")
            assert ask(own.uri).down is None
            with pytest.raises(HTTPError, match="401"):
                adapter.check_response(adapter.request(own.uri, "/api/2.0/x", "POST", data=b"a", max_retries=0))
            assert other.seen
            assert other.logins == set()


def test_another_server_that_a_notebook_names_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `mlf_uri=` as by `os.environ`; it gets what was set for it."""
    (tmp_path / "password").write_text("first")
    with asking() as own, listener(everything) as other:
        in_a_lab(monkeypatch, own.uri, tmp_path / "password", "first")
        assert ask(own.uri).down is None
        adapter.request(other.url, "/api/2.0/x", "POST", data=b"a", max_retries=0)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", other.url)
        adapter.request(other.url, "/api/2.0/x", "POST", data=b"a", max_retries=0)
        assert len(other.told) == 2
        assert other.logins == set()
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "mine")
        adapter.request(other.url, "/api/2.0/x", "POST", data=b"a", max_retries=0)
        assert other.logins == {"Basic " + base64.b64encode(b"me:mine").decode()}


PLAIN = """
import sys
from jupyter_utils.adapters.lab_login import keep_login
keep_login()
import mlflow
for uri in sys.argv[1:]:
    mlflow.set_tracking_uri(uri)
    mlflow.MlflowClient().get_experiment("1")
"""


@pytest.mark.parametrize("is_own", [False, True], ids=["the lab's", "a user's own"])
def test_mlflows_own_functions_in_a_kernel_send_it_to_the_labs_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_own: bool
) -> None:
    """And a login that a user has set to whichever server is named, as MLflow does."""
    answer = b'{"experiment": {"experiment_id": "1", "name": "a"}}'
    header = {"Basic " + base64.b64encode(f"admin:{'mine' if is_own else 'first'}".encode()).decode()}
    with listener(lambda _: (200, {}, answer)) as own, listener(lambda _: (200, {}, answer)) as other:
        in_a_lab(monkeypatch, own.url, tmp_path / "password", "first")
        if is_own:
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "mine")
        monkeypatch.setenv("HOME", str(tmp_path))
        subprocess.run([sys.executable, "-c", PLAIN, own.url, other.url], check=True)
        assert own.logins == header
        assert other.seen
        assert other.logins == (header if is_own else set())
