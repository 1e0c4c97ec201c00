"""`.env` means the same to ./quickstart, the program and both versions of Compose; what cannot is refused by name."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import composes
import pytest
from dotenv_cases import CASES, ENVIRONMENT, SECRET, Case, X, Y
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.allowed import allow
from jupyter_utils.machine.dotenv import allow_dotenv, is_ours, read_allowed, read_dotenv
from jupyter_utils.machine.variables import unquote
from jupyter_utils.settings import Settings, read_settings

PEM = "-----BEGIN CERTIFICATE-----"
ROOT = Path(__file__).parents[3]
ENV = {"PATH": os.environ["PATH"], **ENVIRONMENT}
ALL_VALUES = (
    """read_dotenv; for name in "${!dotenv_values[@]}"; do printf '%s=%s\\0' "$name" "${dotenv_values[$name]}"; done"""
)


def shell(folder: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script with ./quickstart's own functions, in a folder."""
    sources = "".join(f". {ROOT}/nix/setup/{name}.sh; " for name in ("words", "dotenv", "network"))
    command = ["bash", "-c", f"set -euo pipefail; {sources}{script}", "quickstart"]
    return subprocess.run(command, cwd=folder, env=ENV, capture_output=True, check=False)


@pytest.fixture(params=CASES, ids=lambda case: repr(case.content)[1:50])
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Write the `.env` of a case, allow it, and stand beside it."""
    (tmp_path / ".env").write_bytes(request.param.content)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    allow(tmp_path / ".env", request.param.content)
    monkeypatch.chdir(tmp_path)
    return request.param


def test_the_program_and_quickstart_read_alike(case: Case, tmp_path: Path) -> None:
    """The values of the table, or the same words with line and name, without the value."""
    found = shell(tmp_path, ALL_VALUES)
    if not case.refused:
        assert read_dotenv(tmp_path, ENVIRONMENT) == case.values
        assert found.stderr == b""
        assert dict(one.split("=", 1) for one in found.stdout.decode().split("\0") if one) == case.values
        return
    with pytest.raises(SettingsError) as caught:
        read_dotenv(tmp_path, ENVIRONMENT)
    said = str(caught.value)
    assert found.returncode == 1
    assert found.stderr.decode() == f"quickstart: {said}\n"
    assert said.startswith(f".env, line {case.line}: " if case.line else ".env ")
    assert case.refused in said
    assert SECRET not in said


def test_a_setting_is_the_same_in_both(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`setting NAME` of ./quickstart and the field of `read_settings()`, with the quotes of compose files taken off."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in (X, Y, "HTTP_PROXY"):
        found = shell(tmp_path, f"setting {name}")
        if case.refused:
            assert found.returncode == 1
            with pytest.raises(SettingsError):
                read_settings()
        else:
            assert found.stdout.decode() == unquote(case.values.get(name, ""))
            assert (getattr(read_settings(), name.lower()) or "") == found.stdout.decode()


@pytest.mark.full
@pytest.mark.parametrize("version", composes.VERSIONS)
def test_compose_reads_alike(version: str, tmp_path: Path) -> None:
    """What has values has the same in Compose; it is no case that is refused where both versions read it alike."""
    command = composes.command(version)

    def differs(numbered: tuple[int, Case]) -> str | None:
        number, one = numbered
        folder = tmp_path / str(number)
        found = composes.read(command, folder, one.content, ENV)
        names = [name for name in composes.NAMES if name in one.values or name in (X, Y)]
        alike = found is not None and all(found.get(name) == one.values.get(name) for name in names)
        return None if one.refused or alike else f"{one.content!r}: {found}"

    with ThreadPoolExecutor(2) as pool:
        assert [one for one in pool.map(differs, enumerate(CASES)) if one] == []


@pytest.mark.full
def test_nothing_is_refused_that_compose_reads_alike(tmp_path: Path) -> None:
    """Except where the table says why."""
    commands = [composes.command(version) for version in composes.VERSIONS]
    without = [case for case in CASES if case.refused and not case.since]
    alike = []
    for number, one in enumerate(without):
        found = [composes.read(command, tmp_path / str(number), one.content, ENV) for command in commands]
        if None not in found and all(other == found[0] for other in found) and found[0] != {}:
            alike.append((one.content, found))
    assert alike == []


def test_every_setting_is_held_to_the_rule() -> None:
    """In the program and in ./quickstart."""
    names = [name.upper() for name in Settings.model_fields] + [
        "http_proxy",
        "DEBIAN_MIRROR",
        "DEBIAN_SNAPSHOT",
        "PIP_INDEX_URL",
        "ENVIRONMENTS",
    ]
    assert all(is_ours(name) for name in names)
    assert not any(is_ours(name) for name in ("SECRET_KEY", "PATH", "JUPYTER_", "XHTTP_PROXY"))
    done = shell(ROOT, f"for name in {' '.join(names)}; do dotenv_is_ours $name || echo $name; done")
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder of that name, in both."""
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        read_dotenv(tmp_path)
    assert b".env cannot be read" in shell(tmp_path, "read_dotenv").stderr


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("./c.pem", True),
        ("../here/c.pem", True),
        ("~/c.pem", True),
        ("{}/c.pem", True),
        ("c.pem", False),
        ("a/c.pem", False),
    ],
)
def test_certificates_are_found_from_the_folder_of_dotenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, is_taken: bool
) -> None:
    """As Compose finds them; a bare name, which it takes for a volume's, is refused with the remedy."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "c.pem").write_text(f"{PEM}\n")
    (folder / ".env").write_text(f"EXTRA_CA_CERTS={given.format(folder)} # why\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    allow(folder / ".env", (folder / ".env").read_bytes())
    monkeypatch.setitem(ENV, "HOME", str(folder))
    monkeypatch.delenv("EXTRA_CA_CERTS", raising=False)
    found = shell(folder, 'use_network_settings; tail -n 1 "$SSL_CERT_FILE"')
    if is_taken:
        assert found.stdout == f"{PEM}\n".encode()
        path = read_settings().extra_ca_certs
        assert path is not None
        assert path.read_text() == f"{PEM}\n"
    else:
        assert b"begin it with /, ./, ../ or ~/" in found.stderr
        with pytest.raises(SettingsError, match="begin it with /"):
            read_settings()


def test_mirrors_and_proxies_of_dotenv_reach_every_tool(tmp_path: Path) -> None:
    """Mirrors stood in `.env` for nothing; a comment was exported as part of a proxy."""
    (tmp_path / ".env").write_text(
        "\ufeffHTTP_PROXY=http://p:1 # ours\nNO_PROXY=.jp\nDEBIAN_MIRROR='http://m/debian'\r\n"
    )
    script = "use_network_settings; printenv HTTP_PROXY http_proxy NO_PROXY DEBIAN_MIRROR; "
    script += "restore_no_proxy; printenv no_proxy"
    said = shell(tmp_path, script).stdout.decode().split("\n")
    assert said == ["http://p:1", "http://p:1", "localhost,127.0.0.1,::1,.jp", "http://m/debian", ".jp", ""]


@pytest.mark.parametrize("beside", [None, "docker-compose.yml", "compose.yaml"])
def test_what_is_typed_beside_a_compose_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], beside: str | None
) -> None:
    """Compose goes by `.env`; a command that is typed there does so once this user has allowed it, and says both."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / ".env").write_text("MLFLOW_PORT=15001\n")
    if beside:
        (tmp_path / beside).write_text("services: {}\n")
    assert read_allowed() == {}
    said = capfd.readouterr().err
    assert ("docker-compose goes by it" in said) is bool(beside)
    assert said.endswith("jupyter-utils allow\n")
    assert allow_dotenv()
    assert read_allowed() == {"MLFLOW_PORT": "15001"}
