"""MLflow's page and what it is made of, from this environment's own MLflow.

The page stands under JupyterLab's address, where a script can run cells. So the server that it shows is not asked for
it: that may be another's. And the page's policy lets nothing run but its own scripts, which a number of its own marks,
and what these load. A picture or a page that is stored as an artifact, opened by itself in a tab, is bound to that too.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tornado import web

from jupyter_utils.machine.urls import said
from jupyter_utils.tracking import is_http

from .handler import BAD_GATEWAY, NOT_FOUND, DoorHandler

_SCRIPT = Path(__file__).parent / "page.js"
OWN_VERSION = importlib.metadata.version("mlflow")
_OK, _REFUSED = 200, (401, 403)
_PREVIEW = Path(__file__).parent / "preview.html"
_PREVIEW_POLICY = "sandbox allow-scripts; connect-src 'none'; form-action 'none'; frame-ancestors 'self'"
_YEAR = 365 * 24 * 3600


def build() -> Path:
    """Find the folder of MLflow's pages without importing MLflow, which takes seconds."""
    package = importlib.util.find_spec("mlflow")
    return Path(str(package and package.origin)).parent / "server" / "js" / "build"


def policy(nonce: str) -> str:
    """Return the page's Content-Security-Policy.

    Charts are drawn by code that is made while the page runs (Vega), hence `unsafe-eval`.
    """
    return (
        f"script-src 'nonce-{nonce}' 'strict-dynamic' 'unsafe-eval'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; connect-src 'self' blob: data:; "
        "frame-src 'self' blob:; frame-ancestors 'self'"
    )


def with_script(page: str, nonce: str) -> str:
    """Return MLflow's page with a script of ours before its own, all of them marked."""
    script = f"<script>{_SCRIPT.read_text(encoding='utf-8')}</script>"
    return page.replace("<head>", f"<head>{script}", 1).replace("<script", f'<script nonce="{nonce}"')


class ToPage(DoorHandler):
    """The door without its slash at the end."""

    def get(self) -> None:
        self.redirect(self.door)


class Page(DoorHandler):
    """MLflow's page; which of its views, stands behind the # and stays in the browser."""

    async def get(self) -> None:
        query = {name: [v.decode("utf-8", "replace") for v in found] for name, found in self.request.arguments.items()}
        if query.pop("token", None):
            # It has logged in: it need not stand in the history, nor go along to other pages.
            self.redirect(f"{self.door}{'?' if query else ''}{urlencode(query, doseq=True)}")
            return
        if not await self._is_there():
            return
        self.xsrf_token  # noqa: B018 - makes the cookie that the page needs to change something
        nonce = secrets.token_urlsafe(16)
        page = (build() / "index.html").read_text(encoding="utf-8")
        self.set_header("Content-Security-Policy", policy(nonce))
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        self.finish(with_script(page, nonce))

    async def _is_there(self) -> bool:
        if not is_http(self.upstream.uri):
            self.say(
                NOT_FOUND,
                "There is no MLflow server.",
                f"MLFLOW_TRACKING_URI={self.upstream.uri} has no pages: unset it and start the lab again, which then "
                "starts an MLflow of its own.",
            )
            return False
        try:
            status, version = await self.upstream.version()
        except Exception as error:  # noqa: BLE001 - whatever it is, it did not answer
            self.say_down(said(error) or "nothing came in time")
            return False
        if status in _REFUSED:
            self.say_refused()
        elif status != _OK:
            self.say_down(f"answers {status}")
        elif version.partition(".")[0] != OWN_VERSION.partition(".")[0]:
            self.say(
                BAD_GATEWAY,
                "The pages here do not fit that MLflow.",
                f"{self.upstream.uri} runs MLflow {version}, and this environment has the pages of {OWN_VERSION}. Open "
                f"{self.upstream.uri} itself.",
            )
        return not self._finished


class Preview(DoorHandler):
    """The frame in which MLflow's page shows a stored page: alone in a sandbox, which no request leaves."""

    def get(self) -> None:
        self.set_header("Content-Security-Policy", _PREVIEW_POLICY)
        self.set_header("Cache-Control", "no-store")
        self.finish(_PREVIEW.read_text(encoding="utf-8"))


class Static(DoorHandler, web.StaticFileHandler):
    """Scripts and pictures of the page."""

    def initialize(self, upstream: Any) -> None:  # type: ignore[override]
        DoorHandler.initialize(self, upstream)
        web.StaticFileHandler.initialize(self, str(build()))

    def get_cache_time(self, path: str, *_: Any) -> int:
        """Keep what has its digest in its name."""
        return _YEAR if path.startswith("static/") else 0

    def compute_etag(self) -> str | None:
        return web.StaticFileHandler.compute_etag(self)
