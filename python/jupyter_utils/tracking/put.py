"""Sending one file to an artifact store."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

from jupyter_utils.adapters import mlflow as adapter

from .retry import with_retries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from jupyter_utils.entries.entry import EntryFile

_PIECE = 2**18
# Files up to this size are sent many at a time where the server can take them so (servers/mlflow_app/many_files.py).
_SMALL, _TOGETHER, _MANY = 256 * 2**10, 4 * 2**20, 8
_ARTIFACTS, _TOGETHER_PATH = "/api/2.0/mlflow-artifacts/artifacts", "/api/2.0/mlflow-artifacts/jupyter-utils"


class _Pieces:
    """A file for requests, which would read it in pieces of 16 kB: with larger ones both ends have less to do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece


def put(repository: Any, path: Path, name: str) -> None:
    """Send one file under a name below the run's artifacts: streamed, as a whole, or in parts where that is offered."""
    if not adapter.is_http_repository(repository) or adapter.goes_in_parts(repository, str(path)):
        # MLflow's own: in parts where the server offers its multipart protocol (S3 and the like), or past the server.
        repository.log_artifact(str(path), posixpath.dirname(name) or None)
        return
    adapter.put_artifact(repository, name, _Pieces(path) if path.stat().st_size else b"", path.name)


def put_small(repository: Any, root: Path, files: Sequence[EntryFile]) -> set[str]:
    """Send the small ones of many files together, where the server is one of this package's; give what is sent."""
    small = [file for file in files if file.size <= _SMALL]
    if len(small) < _MANY or _ARTIFACTS not in str(repository.artifact_uri):
        return set()
    sent: set[str] = set()
    try:
        for batch in _batches(small):
            with_retries(_post, repository, root, batch)
            sent |= {file.path for file in batch}
    except Exception:  # noqa: BLE001 - any other server says no in its own way; then they go one by one
        return sent
    return sent


def _batches(files: list[EntryFile]) -> Iterator[list[EntryFile]]:
    batch: list[EntryFile] = []
    size = 0
    for file in files:
        if batch and size + file.size > _TOGETHER:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    yield batch


def _post(repository: Any, root: Path, files: list[EntryFile]) -> None:
    server, _, run = str(repository.artifact_uri).partition(_ARTIFACTS)
    head = [{"path": file.path, "size": file.size, "sha256": file.sha256} for file in files]
    body = json.dumps(head).encode() + b"\n" + b"".join((root / file.path).read_bytes() for file in files)
    adapter.check_response(adapter.request(server, _TOGETHER_PATH + run, "POST", data=body))
