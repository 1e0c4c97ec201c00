"""Asking who answers at an address, before a run or a password goes there.

The question itself holds neither: no login, no cookie, and no redirect is followed, since another could answer then.
The door of a lab, or a gateway, lets no question through without a login: there it is asked a second time, with the
token that the user has set for this very address.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jupyter_utils.entries.identity import PATH, new_nonce, of_database, proven
from jupyter_utils.machine.addresses import is_loopback
from jupyter_utils.machine.lab_store import note_proven, token_for
from jupyter_utils.machine.threads import within
from jupyter_utils.machine.urls import said, sqlite_file, without_credentials
from jupyter_utils.machine.variables import given

from .server import certificates, is_http, why_down

_OK, _SERVER_ERROR, _REDIRECTS = 200, 500, range(300, 400)
_REFUSED = (*_REDIRECTS, 401, 403)
_SECONDS = 10.0
_LENGTH = 4096
"""Bytes of an answer that are read, which is far more than a proof has."""


@dataclass(frozen=True)
class Answer:
    """Who answered.

    Attributes:
        store: the identity that was proven; empty for an MLflow that has none.
        down: why nobody did, as words that follow the server's address.
        is_stranger: whether it is down for us because it is another store than the one that is meant.
        at: when, in seconds of a clock that only goes forward.
    """

    store: str = ""
    down: str | None = None
    is_stranger: bool = False
    at: float = field(default_factory=time.monotonic)


def ask(uri: str) -> Answer:
    """Ask a server whether it lives and who it is; of a database, read it from the file beside."""
    down = why_down(uri)
    if not is_http(uri):
        return Answer(down=down) if down else Answer(of_database(sqlite_file(uri)))
    answer = Answer(down=down) if down else ask_living(uri)
    note_proven(uri, answer.store)
    return answer


def ask_living(uri: str) -> Answer:
    """Ask a server, which answers its health check, who it is."""
    seconds = _timeout()
    try:
        return within(seconds, _ask, uri, seconds)
    except TimeoutError:
        return Answer(down=f"lives, but cannot answer (not within {seconds:g} s)")


def _ask(uri: str, seconds: float) -> Answer:
    import requests

    plain, nonce = without_credentials(uri).rstrip("/"), new_nonce()
    verify = certificates()
    with requests.Session() as session:
        if is_loopback(urlsplit(plain).hostname):
            session.trust_env = False
            verify = (given("REQUESTS_CA_BUNDLE") or True) if verify is True else verify

        def get(**headers: str) -> requests.Response:
            return session.get(
                f"{plain}{PATH}{nonce}",
                auth=lambda request: request,  # no login from ~/.netrc either
                headers=headers,
                timeout=seconds,
                verify=verify,
                allow_redirects=False,
                stream=True,
            )

        try:
            answer = get()
            if answer.status_code in _REFUSED and (token := token_for(plain)):
                answer = get(Authorization=f"Bearer {token}")
            content = next(answer.iter_content(_LENGTH), b"")
        except Exception as error:  # noqa: BLE001 - whatever it is, it did not answer
            return Answer(down=f"lives, but cannot answer ({said(error)})")
    if answer.status_code in _REDIRECTS:
        where = without_credentials(answer.headers.get("Location", "elsewhere"))
        return Answer(down=f"leads to {where.partition(PATH)[0]}: name the address of the server itself")
    if answer.status_code >= _SERVER_ERROR:
        return Answer(down=f"lives, but cannot answer (status {answer.status_code})")
    return Answer(proven(content.decode("utf-8", "replace"), nonce) if answer.status_code == _OK else "")


def _timeout() -> float:
    try:
        return float(given("MLFLOW_HTTP_REQUEST_TIMEOUT") or _SECONDS)
    except ValueError:
        return _SECONDS
