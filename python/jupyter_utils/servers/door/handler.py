"""What all of the door's addresses have in common: JupyterLab's login, and no other web site."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from .paths import DOOR

if TYPE_CHECKING:
    from .upstream import Upstream

FORBIDDEN, NOT_FOUND, BAD_GATEWAY, UNAVAILABLE = 403, 404, 502, 503
_SERVER_ERROR = 500
_OWN_SITES = frozenset({"same-origin", "none"})
_PLAIN = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


class DoorHandler(JupyterHandler):
    """An address of the door. `self.door` is where it stands, `self.upstream` leads to MLflow."""

    upstream: Upstream
    _is_said = False

    def initialize(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def prepare(self) -> None:  # type: ignore[override]
        """Let nobody in whom JupyterLab would not let in, whatever the method."""
        await super().prepare()
        if not self._finished:
            web.authenticated(lambda _: None)(self)

    @property
    def door(self) -> str:
        return url_path_join(self.base_url, DOOR)

    def is_foreign(self) -> bool:
        """Return whether another web site's page asks, the ports of this machine beside JupyterLab's among them.

        What changes something is also held by JupyterLab's own check (a header that only its own pages can set), and
        whoever comes with a token is a program.
        """
        site = self.request.headers.get("Sec-Fetch-Site", "none")
        return not self.token_authenticated and (site not in _OWN_SITES or not self.check_origin())

    def is_page(self) -> bool:
        """Return whether the answer is to be read by a person."""
        return self.request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"

    def get_login_url(self) -> str:
        """Lead people to the login page, and nobody else."""
        if not self.is_page():
            raise web.HTTPError(FORBIDDEN)
        return super().get_login_url()

    def say(self, status: int, title: str, text: str, *, again: bool = False) -> None:
        """Answer with a plain page, or to a page of MLflow's with an error in its own form.

        Args:
            status: of the answer.
            title: what is the matter.
            text: why, and what to do.
            again: whether the page asks again by itself.
        """
        self._is_said = True
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", _PLAIN)
        if not self.is_page():
            self.finish({"error_code": "TEMPORARILY_UNAVAILABLE", "message": f"{title} {text}"})
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        refresh = '<meta http-equiv="refresh" content="5">' if again else ""
        style = "font-family:sans-serif;max-width:42em;margin:4em auto;padding:0 1em;line-height:1.5"
        self.finish(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}<title>MLflow</title></head>'
            f'<body style="{style}"><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p></body></html>'
        )

    def say_down(self, why: object) -> None:
        """Say that MLflow cannot be reached, and what to do."""
        self.say(
            UNAVAILABLE,
            "MLflow does not answer.",
            f"At {self.upstream.uri}: {why}. The MLflow that a lab started comes back by itself within a minute, and "
            "this page tries again every five seconds. Any other: start it (jupyter-utils mlflow), or correct "
            "MLFLOW_TRACKING_URI and start the lab again. Runs that are saved meanwhile wait and are sent later.",
            again=True,
        )

    def say_refused(self) -> None:
        """Say that MLflow does not take the lab's login."""
        self.say(
            BAD_GATEWAY,
            "MLflow does not let the lab in.",
            f"{self.upstream.uri} refuses the user and password that this lab has for it: {self.upstream.remedy}",
        )

    def _log(self) -> None:
        """Keep what MLflow's page asks for in vain (it does, at every start) out of the lab's terminal."""
        if self.get_status() >= _SERVER_ERROR and not self._is_said:
            super()._log()

    def data_received(self, chunk: bytes) -> Any:
        """Take a piece of a body, where bodies are streamed."""
