"""Proxies, certificates, and the names under which the servers are reached."""

from __future__ import annotations

import fnmatch
import socket
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.addresses import reachable_host
from jupyter_utils.machine.urls import mask, without_credentials
from jupyter_utils.servers import addresses
from jupyter_utils.servers.network import CA_VARIABLES, certificate_environment, no_proxy, proxy_environment
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("text", ["me:s3cret@proxy:3128", "http://me:s3/cret@proxy", "http://me:s3@cret@proxy"])
def test_a_password_with_signs_of_its_own_is_masked_too(text: str) -> None:
    """People forget to %-encode them."""
    assert "cret" not in mask(f"using {text} here")


@pytest.mark.parametrize(
    ("text", "masked", "bare"),
    [
        ("http://me:pa%40ss@proxy:3128", "http://***@proxy:3128", "http://proxy:3128"),
        ("https://t0ken@github.example/x", "https://***@github.example/x", "https://github.example/x"),
        (
            "postgresql+psycopg2://u:p@db:5432/x",
            "postgresql+psycopg2://***@db:5432/x",
            "postgresql+psycopg2://db:5432/x",
        ),
        ("http://proxy:3128", "http://proxy:3128", "http://proxy:3128"),
        ("sqlite:////home/me@work/mlflow.db", "sqlite:////home/me@work/mlflow.db", "sqlite:////home/me@work/mlflow.db"),
    ],
)
def test_credentials_are_masked(text: str, masked: str, bare: str) -> None:
    """In every address that is printed, and only there."""
    assert mask(text) == masked
    assert without_credentials(text) == bare


def test_local_names_are_always_reached_without_proxy() -> None:
    """Whatever the user lists, and each once."""
    names = no_proxy(" .example.com,localhost ,").split(",")
    assert names[:2] == [".example.com", "localhost"]
    assert {"127.0.0.1", "::1", "mlflow", socket.gethostname()} <= set(names)
    assert len(names) == len(set(names))


def test_proxies_are_set_in_both_letter_cases() -> None:
    """Curl reads only the one, others only the other."""
    env = proxy_environment(Settings(http_proxy="http://proxy:3128", https_proxy=None, listen_address="192.168.0.7"))
    assert env["HTTP_PROXY"] == env["http_proxy"] == "http://proxy:3128"
    assert "HTTPS_PROXY" not in env
    assert env["NO_PROXY"] == env["no_proxy"]
    assert "192.168.0.7" in env["NO_PROXY"].split(",")


def test_a_companys_certificates_join_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tool gets one file that holds both."""
    base, extra = tmp_path / "base.pem", tmp_path / "extra.pem"
    base.write_text(PEM.replace("MIIB", "BASE"))
    extra.write_text(PEM.replace("MIIB", "EXTRA"))
    monkeypatch.setenv("SSL_CERT_FILE", str(base))
    env = certificate_environment(Settings(extra_ca_certs=extra), tmp_path / "state")
    assert set(env) == set(CA_VARIABLES)
    text = (tmp_path / "state" / "ca-bundle.pem").read_text()
    assert set(env.values()) == {str(tmp_path / "state" / "ca-bundle.pem")}
    assert "BASE" in text
    assert "EXTRA" in text


def test_without_extra_certificates_the_hosts_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user has set for one tool stays."""
    base = tmp_path / "base.pem"
    base.write_text(PEM)
    for name in CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(base))
    monkeypatch.setenv("PIP_CERT", "/my/own.pem")
    env = certificate_environment(Settings(), tmp_path / "state")
    assert env["REQUESTS_CA_BUNDLE"] == str(base)
    assert "PIP_CERT" not in env


@pytest.mark.parametrize("content", [None, "not a certificate", b"\x30\x82\xff"])
def test_a_useless_certificate_file_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    """Missing, something else, or DER instead of PEM."""
    path = tmp_path / "extra.pem"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SettingsError, match=f"EXTRA_CA_CERTS={path}"):
        certificate_environment(Settings(extra_ca_certs=path), tmp_path)


def allowed(host: str, address: str = "127.0.0.1", more: str | None = None, *, local: bool = True) -> bool:
    """Decide as MLflow does (mlflow.server.security_utils.is_allowed_host_header)."""
    patterns = addresses.allowed_hosts(address, more, local=local).split(",")
    return any(fnmatch.fnmatch(host, pattern) if "*" in pattern else host == pattern for pattern in patterns)


def test_hosts_that_mlflow_answers_to() -> None:
    """Every own name, with and without port; no stranger's."""
    for host in ("localhost", "localhost:15000", "127.0.0.1:8080", "[::1]:15000", "mlflow:15000", "mlflow"):
        assert allowed(host), host
    assert allowed(f"{socket.gethostname()}:15000")
    assert allowed("runs.example:443", more="runs.example:443, other.example")
    assert allowed("10.1.2.3:15000", "0.0.0.0", local=False)
    assert allowed("192.168.0.7:15000", "192.168.0.7", local=False)
    for host in ("evil.example", "evil.example:15000", "localhost.evil.example", "10.1.2.3:15000"):
        assert not allowed(host), host


def test_pages_that_may_change_something() -> None:
    """Own names in both schemes; a name that merely begins like an address is a stranger's."""
    origins = addresses.allowed_origins("0.0.0.0", "runs.example", local=False).split(",")
    assert {"http://localhost:*", "https://runs.example"} <= set(origins)
    assert not any(fnmatch.fnmatch("http://10.evil.example", origin) for origin in origins)


@pytest.mark.parametrize(
    ("listen", "host"), [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.1", "10.0.0.1")]
)
def test_where_this_machine_reaches_a_server(listen: str, host: str) -> None:
    """A wildcard is no address to connect to, and IPv6 stands in brackets."""
    assert reachable_host(listen) == host
