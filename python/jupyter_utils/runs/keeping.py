"""Keeping a run: its values, and what it records of itself, made complete on disk before anything is sent."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import Entry, measure_files, write_entry
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import SpoolError, StageError
from jupyter_utils.kernels.sources import is_recording
from jupyter_utils.machine.urls import without_credentials
from jupyter_utils.notebook import executing_file, script_name
from jupyter_utils.tracking import artifact_folder, client_settings, is_http

from .records.calling import record_call
from .records.code_files import record_code
from .records.conditions import record_conditions
from .records.environment import record_environment
from .records.order import record_order
from .records.overlay import record_overlay
from .records.provenance import source_tags
from .records.recipe import record_recipe
from .records.recorded import Recorded, together
from .records.reproducing import reproduction_tags
from .records.sealing import seal_tags
from .records.unseeded import record_unseeded
from .staging import Staged, stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_utils.spool import EntryLease

    from .call import Call


def write(call: Call, stack: ExitStack) -> tuple[EntryLease, Staged, str | None]:
    """Write the values where they become the run's by a rename, or, where that disk cannot take them, into the spool.

    Returns:
        the entry, which `stack` holds; what was written; and a word where it is not in the store.
    """
    store, said = _store(call), None
    if store is not None:
        with ExitStack() as tried:
            try:
                lease = tried.enter_context(call.spool.writing(store))
                staged = stage(call, lease.path, last=False)
            except (StageError, SpoolError) as error:
                if not isinstance(error.__cause__, OSError):
                    raise
                said = f"MLflow's disk could not take the files ({error.__cause__}), so they were written to the spool."
            else:
                stack.push(tried.pop_all())
                return lease, staged, None
    lease = stack.enter_context(call.spool.writing(None))
    return lease, stage(call, lease.path), said


@contextmanager
def interruptible() -> Iterator[None]:
    """Have an interrupt, which is the user's wish and no value's failure, say that nothing has come of the call."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note("The run was not whole on disk yet, so it is not kept: nothing was committed or sent to MLflow.")
        raise


def _store(call: Call) -> Path | None:
    """Return the server's artifact folder where it is on this machine: then the files are written there at once."""
    if call.server.down or not is_http(call.uri):
        return None
    with client_settings(retries=0):
        return artifact_folder(call.uri)


def keep(call: Call, start_time: int, staged: Staged, code: dict[str, str], lease: EntryLease) -> Recorded:
    """Complete the entry: from here on, sending needs nothing but its directory, and nobody but a sender removes it."""
    source = source_tags(call.notebook.path if call.notebook else None, script_name())
    try:
        recorded = _record(call, lease.path)
        files = measure_files(lease.path, known=staged.files)
        tags = source | recorded.tags | code | staged.tags | reproduction_tags()
        entry = Entry(
            experiment_name=call.experiment_name,
            start_time=start_time,
            run_name=call.run_name,
            params=staged.params,
            metrics=call.metrics,
            tags=tags | seal_tags(lease.id, {file.path: file.sha256 for file in files}, tags),
            inputs=staged.inputs,
            files=files,
            id=lease.id,
            uri=without_credentials(call.uri),
            store=_meant(call),
            experiment=call.server.experiment,
        )
        write_entry(entry, lease.path)
        call.spool.commit(lease)
    except OSError as error:
        raise StageError(
            f"The run could not be kept in {call.spool.path} ({error}): is the disk full? JUPYTER_UTILS_SPOOL_DIR "
            "names another folder. Nothing was sent to MLflow."
        ) from error
    return recorded


def _record(call: Call, directory: Path) -> Recorded:
    """Keep what the run records by itself among its artifacts; after the commit, with which the code is compared."""
    notebook = call.notebook.path if call.notebook else None
    records = {
        "environment": record_environment,
        "machine": lambda: record_conditions(directory),
        "overlay": lambda: record_overlay(directory),
        "recipe": lambda: record_recipe(directory),
        "seeds": record_unseeded,
    }
    if is_recording():
        records = {
            "order": lambda: record_order(notebook, directory),
            "code": lambda: record_code(notebook, executing_file(), directory),
            **records,
            "call": lambda: record_call(notebook, directory),
        }
    return together(records, directory)


def _meant(call: Call) -> str:
    """Return the identity of the store that answered, or, where that is down or another, of the one that is known."""
    if not call.answer.down:
        return call.answer.store
    return next(iter(KnownStores(call.spool.path).meant(call.uri)), "")
