"""Every error that this package raises on purpose: one class each, under one base class."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

_PACKAGE = str(Path(__file__).parent)
_WHOLE = "Verbose"
"""IPython's mode of tracebacks (`%xmode`) in which ours are as long as any."""


_RED, _NORMAL = "\033[31m", "\033[39m"


def _place(error: BaseException) -> list[str]:
    """Say in which line of the user's own code a function of this package was called."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((_PACKAGE, "<")):
            cell = Path(frame.filename).parent.name.startswith("ipykernel_")
            return [f"(line {frame.lineno} of {'this cell' if cell else frame.filename}: {frame.line})"]
    return []


DAMAGED = "it was changed or lost after the run was saved; a backup of the store may have it (jupyter-utils restore)"
"""What is said of a file of a run that is not what was stored."""


class JupyterUtilsError(Exception):
    """Base of all errors of this package; the message names the setting or argument, its value and the remedy.

    A notebook shows the message, and where it came from in the user's own code; after `%xmode Verbose` the traceback.
    """

    def _render_traceback_(self, *_: Any) -> list[str]:
        """Return what IPython shows of this error (the name is IPython's)."""
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        formatter: Any = getattr(shell, "InteractiveTB", None)
        if getattr(formatter, "mode", "") == _WHOLE:
            whole: list[str] = formatter.structured_traceback(type(self), self, self.__traceback__, tb_offset=1)
            return whole
        plain = str(getattr(shell, "colors", "")).lower() == "nocolor"
        name = type(self).__name__
        said = f"{name if plain else f'{_RED}{name}{_NORMAL}'}: {self}"
        return [said, *getattr(self, "__notes__", []), *_place(self)]


class SettingsError(JupyterUtilsError):
    """An environment variable (or a line of .env) has a value that cannot be used."""


class PortTakenError(JupyterUtilsError):
    """Another program listens on the port that a server was to use."""


class DirectoryError(JupyterUtilsError):
    """A directory that a server needs cannot be made, written to, or lies outside of the one that must hold it."""


class OldStoreError(JupyterUtilsError):
    """MLFLOW_STORE_DIR holds a plain file store, which MLflow has refused to open since 3.13."""


class ImportFileStoreError(JupyterUtilsError):
    """The plain file store could not be imported into a database; the old store is as it was."""


class CopyStoreError(JupyterUtilsError):
    """MLflow's data could not be copied to another database or artifact store; the old one is as it was."""


class BackupError(JupyterUtilsError):
    """MLflow's data could not be backed up, or a backup not be restored; what was there is as it was."""


class StoreBusyError(JupyterUtilsError):
    """Others work on MLflow's data: its server, or a command that wants it alone. Nothing was changed."""


class UnitsError(JupyterUtilsError):
    """The systemd units could not be installed or removed."""


class OverlayError(JupyterUtilsError):
    """The overlay for `%pip install` could not be made or used."""


class SeedError(JupyterUtilsError, ValueError):
    """`fix_seeds` was given what is no seed; nothing was changed."""


class InputError(JupyterUtilsError, ValueError):
    """`record_input` was given what is no file or folder; nothing was recorded."""


class SaveRefusedError(JupyterUtilsError):
    """`save_mlflow` found a problem before anything was written, committed or sent: nothing has changed."""


class SeveralProblemsError(SaveRefusedError):
    """A call has more than one problem; `problems` holds the error of each."""

    def __init__(self, problems: tuple[JupyterUtilsError, ...]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {number}. {problem}" for number, problem in enumerate(problems, 1))
        super().__init__(f"{len(problems)} problems; nothing was written, committed or sent:\n{lines}")


class ArgumentError(SaveRefusedError):
    """An argument of `save_mlflow` has a type or a value that cannot be used."""


class ArgumentNameError(ArgumentError, TypeError):
    """A function was called with an argument that it does not have; nothing was done."""


class ParamError(SaveRefusedError):
    """A parameter has a name that MLflow refuses, or a value that cannot be stored."""


class MetricError(SaveRefusedError):
    """A metric is not a number, or has a name that MLflow refuses."""


class UnsupportedObjectError(SaveRefusedError):
    """No writer takes an object of this type in this argument."""


class ArtifactNameError(SaveRefusedError):
    """The name of an artifact would leave its folder, clash with another one, or be corrupted by MLflow's HTTP API."""


class ArtifactValueError(SaveRefusedError):
    """An object is of a supported kind, but this very one cannot be stored: a missing path, a model not yet fitted."""


class NotebookNotFoundError(SaveRefusedError):
    """The calling notebook cannot be told, or the one that was named does not exist."""


class WorkerNotebookError(NotebookNotFoundError):
    """In a worker process of a kernel's nothing tells which notebook calls; the run is stored without one."""


class GitNotFoundError(SaveRefusedError):
    """The `git` command is not on the path."""


class NotInRepositoryError(SaveRefusedError):
    """The notebook lies outside of any Git repository, or outside of the one that was named."""


class BareRepositoryError(SaveRefusedError):
    """The Git repository has no work tree, so nothing can be committed from it."""


class RepositoryOwnerError(SaveRefusedError):
    """Git refuses the repository because its files belong to another user."""


class RepositoryBusyError(SaveRefusedError):
    """A merge, rebase, cherry-pick or revert is under way, during which Git cannot commit single files."""


class GitIdentityError(SaveRefusedError):
    """Git does not know whom to name as the author: `user.name` or `user.email` is not set."""


class NotebookIgnoredError(SaveRefusedError):
    """`.gitignore` hides the notebook and its Jupytext twin, so there is nothing to commit."""


class TrackingServerError(SaveRefusedError):
    """The MLflow server does not answer, or refuses the caller."""


class ExperimentError(SaveRefusedError):
    """The experiment cannot take runs: it was deleted."""


class SpoolError(SaveRefusedError):
    """The folder in which calls are kept until MLflow has them cannot be used, or its settings make no sense."""


class SpoolFullError(SpoolError):
    """The server does not answer, and as much waits for it already as the limit allows."""


class StageError(JupyterUtilsError):
    """What a run consists of could not be written to the disk; nothing was committed or sent."""


class PartlySavedError(StageError):
    """Some values could not be read or written; the run holds all others, and `result` says where it is."""

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class CommitError(JupyterUtilsError):
    """Git refused the commit (a hook, the signing key, a lock that stayed); nothing was sent."""


class EntryError(JupyterUtilsError):
    """A staged entry is incomplete or was changed after it was written."""


class UnsentError(JupyterUtilsError):
    """MLflow cannot be reached now, or has no room: the entry stays in the spool, and is sent again later."""

    def __init__(self, message: str, *, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


class OtherStoreError(UnsentError):
    """Another MLflow answers than the one that a run is for: nothing was sent there, neither run nor password.

    `fact` says so without the remedy, as a question needs it.
    """

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(f"{fact} {remedy}")
        self.fact = fact


class SendError(JupyterUtilsError):
    """MLflow refused the run for good; `run_id` (None: not even begun) and `commit` say what exists already.

    The entry stays in the spool: nothing of the call is lost.
    """

    def __init__(self, message: str, *, run_id: str | None = None, commit: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.commit = commit


class LoadError(JupyterUtilsError):
    """A run's artifact cannot be read back."""


class UntrustedFormatError(LoadError):
    """Reading this artifact can run code of whoever wrote it; `trust=True` allows that."""


class ListingError(JupyterUtilsError, ValueError):
    """`runs` was given what names no experiment, no notebook or no number of runs; nothing was asked."""


class CompareError(JupyterUtilsError):
    """Two runs cannot be compared: one is not there, may not be read, or its server does not answer."""


class ToleranceError(CompareError):
    """A tolerance is not given as one."""


class RecipeError(JupyterUtilsError):
    """What should be the recipe of an environment is none, or not the one that its run names."""


class NixError(JupyterUtilsError):
    """Nix is not here, or has failed at what a command asked of it."""


class ArchiveError(JupyterUtilsError):
    """An archive of environments lacks what is asked for, is damaged, or is signed by another key."""


class ReproduceError(JupyterUtilsError):
    """A run could not be reproduced: it is not there, a part of it is missing, or nobody allowed to run its code."""


# The names that these had when their commands were called `migrate` and `move`.
MigrationError = ImportFileStoreError
MoveError = CopyStoreError
