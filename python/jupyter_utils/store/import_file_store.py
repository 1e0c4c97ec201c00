"""`jupyter-utils import-file-store`: an older MLflow's plain files become a database that this MLflow opens.

MLflow's own `mlflow migrate-filestore` copies runs, metrics and models, but leaves every artifact address as it was: a
path of the machine, or container, that wrote it. The server here hands artifacts out itself, so these become addresses
of its artifact proxy, and the files are copied to where it looks for them: a second name for the same data would let a
later change of an artifact reach the old store. The old files stay as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from jupyter_utils.errors import ImportFileStoreError
from jupyter_utils.machine.files import little_space, writable_dir
from jupyter_utils.machine.urls import said, sqlite_uri
from jupyter_utils.settings import DATABASE

from . import identity, lock, sqlite
from .layout import file_store
from .privacy import close_copies, tell_kept_private, writing_privately

if TYPE_CHECKING:
    from sqlite3 import Connection

    from jupyter_utils.settings import Settings

PROXY = "mlflow-artifacts:/"
MARGIN = 64 * 2**20
"""Bytes that must be free beside those of the copies: an empty database, and work to follow."""
# Where addresses of artifacts stand, with the place below this server's artifact folder that each gets (the one that
# the server would choose itself), and how each is replaced.
_RUNS = (
    "SELECT run_uuid, artifact_uri, experiment_id || '/' || run_uuid || '/artifacts' FROM runs",
    "UPDATE runs SET artifact_uri = ? WHERE artifact_uri = ?",
)
_MODELS = (
    "SELECT model_id, artifact_location, experiment_id || '/models/' || model_id || '/artifacts' FROM logged_models",
    "UPDATE logged_models SET artifact_location = ? WHERE artifact_location = ?",
)
_TRACES = (
    """SELECT request_id, value, experiment_id || '/traces/' || request_id || '/artifacts'
    FROM trace_tags JOIN trace_info USING (request_id) WHERE key = 'mlflow.artifactLocation'""",
    "UPDATE trace_tags SET value = ? WHERE value = ? AND key = 'mlflow.artifactLocation'",
)


@dataclass
class ImportedStore:
    """What came of it.

    Attributes:
        database: the new database.
        runs: number of runs.
        files: number of artifact files.
        elsewhere: artifact addresses outside of this machine's folders, kept as they are.
        missing: runs whose address names a folder that is not there.
    """

    database: Path
    runs: int = 0
    files: int = 0
    elsewhere: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def import_file_store(settings: Settings) -> ImportedStore:
    """Import the plain file store in MLFLOW_STORE_DIR into `mlflow.db` beside it.

    Raises:
        ImportFileStoreError: there is nothing to import, a database already or too little room, or MLflow's tool
            failed. Nothing is changed.
        StoreBusyError: a server runs on the store, or another command works on it.
    """
    store_dir, destination = settings.store_dir, Path(settings.artifacts_destination)
    root, database = _check(settings)
    _check_space(root, destination, settings)
    with writing_privately(settings):
        writable_dir(store_dir, "MLFLOW_STORE_DIR")
        with lock.alone(database):
            result = _import(root, database, destination)
        close_copies(destination, settings)
    tell_kept_private(settings)
    return result


def _import(root: Path, database: Path, destination: Path) -> ImportedStore:
    store_dir = database.parent
    aside = store_dir / f"{DATABASE}.migrating"
    sqlite.remove(aside)
    adoption = _Adoption(root, destination, ImportedStore(database))
    try:
        _run_mlflow(root, aside)
        _adopt_artifacts(adoption, aside)
        identity.retire(database)
        aside.rename(database)
    except BaseException as error:
        sqlite.remove(aside)
        adoption.undo()
        if not isinstance(error, Exception):  # Ctrl-C
            raise
        raise ImportFileStoreError(
            f"{root} could not be imported: {said(error)}. The old files are as they were."
        ) from error
    return adoption.result


def _check(settings: Settings) -> tuple[Path, Path]:
    store_dir = settings.store_dir
    root, database = file_store(store_dir), store_dir / DATABASE
    if root is None:
        raise ImportFileStoreError(
            f"MLFLOW_STORE_DIR={store_dir} holds no plain file store (numbered folders with a meta.yaml, or mlruns). "
            "Set MLFLOW_STORE_DIR to the directory that holds it."
        )
    if database.exists():
        raise ImportFileStoreError(
            f"{database} exists already and would have to be overwritten. If it is of no use, move it away; "
            "else import into another directory: copy the old files there and set MLFLOW_STORE_DIR to it."
        )
    if settings.mlflow_backend_store_uri or "://" in settings.artifacts_destination:
        raise ImportFileStoreError(
            "MLFLOW_BACKEND_STORE_URI and a remote MLFLOW_ARTIFACTS_DESTINATION cannot be imported into: MLflow's tool "
            "writes SQLite only. Unset both for this command."
        )
    return root, database


def _check_space(root: Path, destination: Path, settings: Settings) -> None:
    """Make sure that a copy of the old store's files has room; the database takes no more than the small ones."""
    setting, place = "MLFLOW_STORE_DIR", settings.store_dir
    if settings.mlflow_artifacts_destination:
        setting, place = "MLFLOW_ARTIFACTS_DESTINATION", destination
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_relative_to(destination))
    needed = sum(path.stat().st_size for path in files)
    if said := little_space(place, setting, needed + MARGIN):
        raise ImportFileStoreError(
            f"Artifacts are copied, so that the old store stays whole. {said} Nothing was changed."
        )


def _run_mlflow(root: Path, target: Path) -> None:
    """Run `mlflow migrate-filestore`; in a process of its own, because it leaves the database open."""
    # It looks for a folder called mlruns below its source, so the root itself is given only where it has another name.
    source = root.parent if root.name == "mlruns" else root
    command = [
        sys.executable,
        "-P",
        "-m",
        "mlflow",
        "migrate-filestore",
        f"--source={source}",
        f"--target={sqlite_uri(target)}",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
        lines: deque[str] = deque(maxlen=20)
        for line in tool.stdout or ():
            lines.append(line)
            if line.startswith("["):  # "[3/8] Migrating experiment 2...": this may take long
                click.echo(line, nl=False)
    if tool.returncode:
        raise ImportFileStoreError("mlflow migrate-filestore failed:\n" + "".join(lines))


def _adopt_artifacts(adoption: _Adoption, database: Path) -> None:
    # MLflow's tool left a write-ahead log; the file must be complete on its own before it gets its name.
    sqlite.complete(database)
    with sqlite.opened(database) as connection:
        for select, update in (_RUNS, _MODELS, _TRACES):
            moves = [(adoption.adopt(*row), row[1]) for row in connection.execute(select).fetchall()]
            connection.executemany(update, moves)
        _rewrite_experiments(connection)
        _rewrite_prefixes(connection, adoption.moves)
        connection.commit()
    adoption.result.runs = sqlite.count_runs(database)


@dataclass
class _Adoption:
    """Artifact folders on their way from `root` to `destination`.

    Attributes:
        root: the old store.
        destination: where the server looks for artifacts.
        result: what has come of it so far.
        moves: old address -> new one.
        made: folders that were not there before.
    """

    root: Path
    destination: Path
    result: ImportedStore
    moves: dict[str, str] = field(default_factory=dict)
    made: list[Path] = field(default_factory=list)

    def adopt(self, name: str, address: str, relative: str) -> str:
        """Copy one folder of artifacts to its new place; return the new address, or the old one if it stays."""
        if not _is_local(address):
            if not address.startswith(PROXY):
                self.result.elsewhere.append(address)
            return address
        self.moves[address] = PROXY + relative
        if source := _find(self.root, address):
            target = self.destination / relative
            self._copy(source, target)
            self.result.files += sum(path.is_file() for path in target.rglob("*"))
        else:
            self.result.missing.append(name)
        return self.moves[address]

    def _copy(self, source: Path, target: Path) -> None:
        if target.exists():
            if source.samefile(target):
                return
        else:
            self.made.append(target)
        shutil.copytree(source, target, dirs_exist_ok=True)

    def undo(self) -> None:
        """Remove what was copied; only what this import has made."""
        for folder in self.made:
            shutil.rmtree(folder, ignore_errors=True)
            for parent in folder.parents[: len(folder.relative_to(self.destination).parts)]:
                with suppress(OSError):  # not empty
                    parent.rmdir()


def _is_local(address: str) -> bool:
    return urlsplit(address).scheme in ("", "file")


def _find(root: Path, address: str) -> Path | None:
    """Find where the files of an address are now: below the store, wherever that was when they were written."""
    path = Path(unquote(urlsplit(address).path) if address.startswith("file:") else address)
    parts = path.parts
    # At least `RUN/artifacts` must agree. MLflow moves deleted experiments to .trash and leaves the address.
    tails = [parts[start:] for start in range(1, len(parts) - 1)]
    places = [folder.joinpath(*tail) for tail in tails for folder in (root, root / ".trash")]
    return next((place for place in (*places, path) if place.is_dir()), None)


def _rewrite_experiments(connection: Connection) -> None:
    """Send new runs of old experiments to the proxy, too."""
    rows = connection.execute("SELECT experiment_id, artifact_location FROM experiments").fetchall()
    connection.executemany(
        "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
        [(f"{PROXY}{number}", number) for number, address in rows if _is_local(address or "")],
    )


def _rewrite_prefixes(connection: Connection, moves: dict[str, str]) -> None:
    """Follow the artifacts of runs, into which registered models point."""
    for column in ("source", "storage_location"):
        for old, new in moves.items():
            connection.execute(
                f"UPDATE model_versions SET {column} = ? || substr({column}, ?) "  # noqa: S608 - names from above
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, old + "/"),
            )
