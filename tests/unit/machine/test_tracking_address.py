"""The address of an MLflow server as people give it."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_utils.machine.tracking_address import address_problem, named, understood


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.0.1:15000", "http://127.0.0.1:15000"),
        (" localhost:15000/ ", "http://localhost:15000"),
        ("[::1]:15000", "http://[::1]:15000"),
        ("me:secret@lab.example:15000/mlflow", "http://me:secret@lab.example:15000/mlflow"),
        ("http://lab:15000/#/experiments/1/runs/abc", "http://lab:15000"),
        ("https://lab/mlflow/#/experiments/1?searchFilter=a%2Fb", "https://lab/mlflow"),
        ("http://lab:15000/?x=1#/experiments/1", "http://lab:15000"),
        ("HTTP://lab:15000/", "HTTP://lab:15000"),
        ("postgresql://me@db/mlflow", "postgresql://me@db/mlflow"),
        ("databricks", "databricks"),
        ("sqlite:///mlflow.db", f"sqlite:///{Path.cwd()}/mlflow.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("./mlruns", f"{Path.cwd()}/mlruns"),
    ],
)
def test_understood(text: str, meant: str) -> None:
    """Without a scheme, and copied from the browser; a file of this machine is absolute, since others may send."""
    assert understood(text) == meant
    assert address_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "lab.example",
        "htp://lab:15000",
        "http://",
        "http:/lab:15000",
        "http://lab:port",
        "http://lab:99999",
        "http://a b:15000",
        "15000",
        "://lab",
        "http://me:sec/ret@lab:15000",
    ],
)
def test_refused_in_one_line(text: str) -> None:
    """With the argument, the remedy, and no password."""
    said = named("mlf_uri", text)
    assert said is not None
    assert "http://HOST:PORT" in said
    assert "\n" not in said
    assert "sec/ret" not in said
