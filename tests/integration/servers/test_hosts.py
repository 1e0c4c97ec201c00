"""By which names the MLflow server lets itself be called when it is open to others and asks for no password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Started

ASKED = "api/2.0/mlflow/experiments/search?max_results=1"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    with servers.mlflow(tmp_path_factory.mktemp("open"), LISTEN_ADDRESS="0.0.0.0", MLFLOW_AUTH="off") as server:
        yield server


def status(server: Started, host: str, path: str = ASKED, **more: str) -> int:
    headers = {"Host": host, **more}
    method = "POST" if "Origin" in more else "GET"
    url = f"{server.mlflow_url}/{path}"
    answer = requests.request(method, url, json={"max_results": 1}, headers=headers, timeout=60, proxies={"http": ""})
    return answer.status_code


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "10.1.2.3:15000", "192.168.0.1:80", "172.16.0.9:1", "[fd00::7]:15000", "[fc00::1]", "mlflow:1"]
)
def test_addresses_of_private_networks(open_server: Started, host: str) -> None:
    """A container does not know its host's address, so every private one will do, and its page may change things."""
    assert status(open_server, host) == 200
    assert status(open_server, host, ASKED.partition("?")[0], Origin=f"http://{host}") == 200


@pytest.mark.parametrize(
    "host",
    [
        "10.evil.example",
        "10.evil.example:15000",
        "10.0.0.1.evil.example",
        "192.168.evil.example",
        "172.16.evil.example:80",
        "[fcevil.example]",
        "[fd00::1].evil.example",
        "[fd00::1%25eth0]",
        "10.1",
        "10.0.0.01",
        "012.0.0.1",
        "0x0a.0.0.1",
        "10.0.0.1.",
        "10.0.0.1:80.evil.example",
        "10.0.0.1:",
        "10.0.0.1:123456",
        "10.0.0.1@evil.example",
        "mlflow:80.evil.example",
        "10.\u0660.0.1".encode().decode("latin-1"),
        "172.32.0.1",
        "11.0.0.1",
        "",
    ],
)
def test_names_that_only_look_like_such_an_address(open_server: Started, host: str) -> None:
    """A name of anybody's that was made to resolve to this machine (DNS rebinding) gets nothing, nor does its page."""
    for path in (ASKED, f"api/2.0/mlflow-artifacts/jupyter-utils/proof/nonce-{32 * '0'}", "get-artifact/health"):
        assert status(open_server, host, path) in {400, 403}
    assert status(open_server, host, ASKED.partition("?")[0], Origin=f"http://{host}") in {400, 403}


def test_a_foreign_page(open_server: Started) -> None:
    """Neither another site nor another scheme of the same name may change anything."""
    for origin in ("http://10.evil.example", "http://evil.example", "evil://10.0.0.7:15000", "null"):
        assert status(open_server, "10.0.0.7:15000", ASKED.partition("?")[0], Origin=origin) == 403
