"""The short way: an artifact store on this machine, into which files come by a rename instead of through HTTP.

The launcher of the MLflow server announces its artifact folder. Before anything is written there, the server is asked
for the digest of a file of random content: then it is the same folder, and the server lets us in. One that does not
know the question, of an earlier release, gets the files through HTTP.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.entries.entry import INCOMING
from jupyter_utils.entries.proof import LENGTH, PATH, proof
from jupyter_utils.machine.threads import within
from jupyter_utils.machine.urls import place
from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEME = "mlflow-artifacts"
_SECONDS = 5.0
_OK = 200
_DAY = 24 * 3600.0


def artifact_folder(uri: str) -> Path | None:
    """Return the folder in which the server at this address keeps its artifacts, if proven to be this machine's."""
    return next((folder for folder in _announced(uri) if _is_ours(folder) and _is_same(uri, folder)), None)


def _announced(uri: str) -> Iterator[Path]:
    if given("JUPYTER_UTILS_LOCAL_ARTIFACTS") == "off":
        return
    from jupyter_utils.machine.running import running

    with contextlib.suppress(Exception):  # no folder for state: then there is nobody to announce anything
        for state in running():
            yield from (Path(folder) for one, folder in state.artifacts.items() if place(one) == place(uri))


def _is_ours(folder: Path) -> bool:
    """Return whether it is our user's: another's server could not remove or replace what we put there."""
    with contextlib.suppress(OSError):
        return folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK | os.X_OK)
    return False


def _is_same(uri: str, folder: Path) -> bool:
    name, content = f"nonce-{secrets.token_hex(16)}", secrets.token_bytes(LENGTH)
    nonce = folder / INCOMING / name
    try:
        nonce.parent.mkdir(exist_ok=True)
        _remove_old(nonce.parent)
        nonce.write_bytes(content)
        answer = within(_SECONDS, partial(adapter.request, uri, PATH + name, "GET", max_retries=0, timeout=_SECONDS))
        return bool(answer.status_code == _OK and answer.text == proof(content))
    except Exception:  # noqa: BLE001 - then the files go the long way
        return False
    finally:
        with contextlib.suppress(OSError):
            nonce.unlink(missing_ok=True)


def _remove_old(folder: Path) -> None:
    """Remove what a killed process left of its proof."""
    for path in folder.glob("nonce-*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - _DAY:
                path.unlink()


def run_folder(store: Path, artifact_uri: str) -> Path | None:
    """Return the folder of a run's artifacts in the store, where MLflow itself would put them.

    >>> run_folder(Path("/store"), "mlflow-artifacts:/1/abc/artifacts")
    PosixPath('/store/1/abc/artifacts')
    >>> run_folder(Path("/store"), "s3://bucket/1/abc/artifacts")
    """
    parts = urlsplit(artifact_uri)
    inner = Path(parts.path.lstrip("/"))
    if parts.scheme != _SCHEME or parts.netloc or ".." in inner.parts or inner.parent == Path():
        return None
    return store / inner


def move_in(source: Path, target: Path, names: Any) -> None:
    """Make the files of an entry a run's artifacts: the whole folder by one rename, or what is left one by one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        source.rename(target)
        return
    for name in names:
        if (source / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).replace(target / name)
