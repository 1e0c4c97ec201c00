"""What means this machine."""

from __future__ import annotations

import ast
from pathlib import Path

import jupyter_utils
import pytest
from jupyter_utils.machine.addresses import bracketed, is_loopback, is_wildcard, listed

ROOT = Path(jupyter_utils.__file__).parent


@pytest.mark.parametrize(
    ("host", "loopback", "wildcard"),
    [
        ("localhost", True, False),
        ("127.0.0.1", True, False),
        ("127.0.1.1", True, False),  # what Debian calls the machine's own name
        ("::1", True, False),
        ("0:0:0:0:0:0:0:1", True, False),
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("", False, True),
        ("10.0.0.1", False, False),
        ("127.evil.example", False, False),  # a stranger's name that begins like an address
        ("localhost.evil.example", False, False),
        ("mlflow", False, False),
        (None, False, False),  # an address without a host, such as sqlite:///
    ],
)
def test_hosts_that_mean_this_machine(host: str | None, loopback: bool, wildcard: bool) -> None:
    """Every address of the loopback network, in either version of the protocol, and no name that looks like one."""
    assert (is_loopback(host), is_wildcard(host)) == (loopback, wildcard)


def test_hosts_in_urls_and_lists() -> None:
    """IPv6 stands in brackets in the one; blanks and empty places count for nothing in the other."""
    assert [bracketed(host) for host in ("::1", "10.0.0.1", "mlflow")] == ["[::1]", "10.0.0.1", "mlflow"]
    assert listed(" a, ,b,") == ["a", "b"]
    assert listed(None) == []


def test_loopback_is_named_in_one_place() -> None:
    """A list of its own in another module would be another answer to the same question."""
    names = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}
    found = {
        file.relative_to(ROOT).as_posix()
        for file in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert found == {"machine/addresses.py", "servers/jupyter.py"}  # Jupyter's own setting names `localhost`
