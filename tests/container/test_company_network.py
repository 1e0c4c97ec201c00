"""Containers behind a company's proxy, and with its own certificate authority."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import containers
import kernels

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = (
    "import requests\n"
    "try: requests.get('http://outside.example.org/', timeout=20); print('reached')\n"
    "except requests.exceptions.ProxyError as error: print('asked the proxy')\n"
)
SAVE = "import jupyter_utils; print(jupyter_utils.save_mlflow('proxied', do_commit=False).run_id)"
DEAD = "http://hanako:secret@127.0.0.1:9"
AUTHORITY = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Company CA", "-days", "2"]


def test_a_dead_proxy_and_a_company_certificate(tmp_path: Path) -> None:
    """Local traffic passes the proxy by, what goes outside goes to it; EXTRA_CA_CERTS is trusted by every tool."""
    folder = tmp_path / "company"
    folder.mkdir()
    subprocess.run(
        [*AUTHORITY, "-keyout", folder / "key.pem", "-out", folder / "ca.pem"], check=True, capture_output=True
    )
    settings = {"HTTP_PROXY": DEAD, "HTTPS_PROXY": DEAD, "EXTRA_CA_CERTS": "./ca.pem", **containers.own_user()}
    with containers.stack(folder, **settings) as stack, kernels.kernel(stack) as kernel:
        assert len(kernel.run(SAVE).strip()) == 32, "the container beside this one was not reached"
        assert kernel.run(OUTSIDE) == "asked the proxy\n"
        trusted = kernel.run("import os; print(open(os.environ['REQUESTS_CA_BUNDLE']).read())")
        assert (folder / "ca.pem").read_text().strip() in trusted
        assert kernel.run("print(os.environ['GIT_SSL_CAINFO'] == os.environ['REQUESTS_CA_BUNDLE'])") == "True\n"
        assert "hanako" not in stack.compose("logs"), "the proxy's password stands in a log"
