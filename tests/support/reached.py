"""How tests reach servers, wherever these run: in a process, in a container, behind a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class Lab:
    """A JupyterLab whose `lab_url` holds the token."""

    lab_url: str

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.lab_url).query)["token"][0]


class Servers(Lab):
    """A JupyterLab and an MLflow server, on the ports of this machine that `env` names."""

    env: Mapping[str, str]

    @property
    def jupyter_url(self) -> str:
        """Without token and without a slash at the end."""
        return f"http://127.0.0.1:{self.env['JUPYTER_PORT']}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.env['MLFLOW_PORT']}"


def lab_url(printed: str) -> str:
    """Find the address of JupyterLab, with its token, among what was printed."""
    return next(word for word in printed.split() if "/lab" in word and word.startswith("http"))
