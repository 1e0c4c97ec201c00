"""`save_mlflow`: all is checked, the notebook saved and committed, the run made complete on disk, and then sent."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.entry import Entry, measure_files, write_entry
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import SendError, SpoolError, StageError, UnsentError
from jupyter_utils.machine.urls import mask, without_credentials
from jupyter_utils.notebook import executing_file, find_twins, save_notebook, script_name
from jupyter_utils.spool import EntryLease, status_line
from jupyter_utils.tracking import (
    Answer,
    SentRun,
    artifact_folder,
    client_settings,
    is_http,
    run_url,
    why_down,
)

from .arguments import spelled
from .call import Arguments, Call, check_call
from .calling import record_call
from .code import Code, commit, look
from .code_files import record_code
from .conditions import record_conditions
from .delivery import deliver, deliver_waiting
from .destination import Round, check, first_word
from .order import record_order
from .provenance import environment_tags, source_tags
from .ran import Comparison, compare
from .recorded import Recorded, together
from .result import SaveResult, complete
from .staging import Staged, stage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jupyter_utils.notebook import Saved

__all__ = ["SaveResult", "save_mlflow"]

_AGE = 1.0
"""Seconds for which the server's answer to the question who it is counts within one call."""


@spelled
def save_mlflow(  # noqa: PLR0913, PLR0917 - the signature that users know
    experiment_name: str,
    run_name: str | None = None,
    description: str | None = None,
    params: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    dataset: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    result: Mapping[str, Any] | None = None,
    do_commit: bool = True,
    git_repo_dir: str | os.PathLike[str] | None = None,
    mlf_uri: str | None = None,
    *,
    notebook: str | os.PathLike[str] | None = None,
) -> SaveResult:
    """Save and commit the calling notebook, then store one run in MLflow.

    Everything is checked before anything is written: a call that is refused has had no effect. Keys of `dataset`,
    `model` and `result` may hold folders (`"fold 1/train.csv"`), and their suffix decides the format, or is
    refused with those that work (.csv, .tsv, .xlsx, .parquet, .json, .jsonl, .yaml, .npy, .png, .pkl, .pt, .safetensors
    and so on; also .csv.gz). `load_mlflow(run_id)` gives everything back; a warning says where it is not as it was.

    Args:
        experiment_name: the MLflow experiment; made if it is not there yet.
        run_name: the run's name; MLflow makes one up without it.
        description: the run's description, Markdown.
        params: parameter name -> value; stored as text, arrays whole and functions by name; texts of more than 6,000
            characters are an artifact.
        metrics: metric name -> number; those that MLflow cannot hold exactly are kept exactly as an artifact.
        dataset: file name -> object, stored under `dataset/`: str (UTF-8 text), pandas.DataFrame (CSV, UTF-8 with a
            byte order mark, no index), pathlib.Path (that file or directory), bytes, dict and list (JSON), the same
            with tensors in them (torch's format), tensors, numpy arrays, Polars and other data frames, matplotlib and
            Plotly figures, Hugging Face datasets, and what `register_writer` has added.
        model: file name -> model, stored under `model/`: transformers models and tokenizers (a directory for
            `from_pretrained`), PEFT adapters (with the base unless its name gives it), torch.nn.Module (its state_dict,
            on the CPU), state_dicts and checkpoints, LightGBM (its model text), scikit-learn (skops where it can, else
            pickle). Wrappers (`torch.compile`, DataParallel, DDP) are left out.
        result: file name -> object, stored under `result/`; the same kinds as `dataset`.
        do_commit: whether to commit the notebook and its Jupytext twin, and nothing else. Never pushes.
        git_repo_dir: the notebook's Git repository; without it, the one around the notebook.
        mlf_uri: the MLflow server; without it, `MLFLOW_TRACKING_URI`, else the one that this environment starts.
            `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD` are for the server that `MLFLOW_TRACKING_URI`
            names; for another, `~/.mlflow/credentials` or the address itself (https://USER:PASSWORD@HOST) has them.
        notebook: the notebook's file, for front ends that tell their kernels nothing.

    Returns:
        a `SaveResult`: `run_id`, `experiment_id`, `url`, `commit`, `notebook`, `artifacts`, `warnings`, `entry`.
        A server that does not answer within two seconds, or fails on the way, is no error: the commit is made, and
        the run is complete on disk in the folder `entry` (`run_id` and `url` are None). The next call, the running lab
        or `jupyter-utils sync` sends it; there is exactly one run per call, and it is finished only when it is whole.

    Raises:
        SaveRefusedError: something is wrong with the call, the repository or the server; nothing was changed.
            Its subclasses (in `jupyter_utils.errors`) name the reason; `SeveralProblemsError` lists several.
        PartlySavedError: values could not be read or written (an error of CUDA, no memory, a full disk); all others
            are saved, the run's tag `jupyter_utils.failed` and the card name them, and `error.result` is the result.
        StageError, CommitError: something failed on the way; the message says what exists by then.
        SendError: the server refused the run for good; it is kept on disk, and what MLflow has of it is marked failed.

    The run's tags, besides MLflow's own:
        mlflow.source.git.commit, .branch, .repoURL: where the notebook is committed; never with credentials.
        jupyter_utils.entry: names the call; no two runs have the same.
        jupyter_utils.notebook.name, .path: the notebook; .differs: with `do_commit=False`, whether it differs from
            the commit that is checked out ("true": the difference is the artifact `jupyter_utils/notebook.diff`).
        jupyter_utils.ran.differs: whether a cell ran otherwise than it stands in the notebook's file ("true": the
            difference is the artifact `jupyter_utils/ran.diff`, and a warning names the cells).
        jupyter_utils.script.differs: whether a script, or what `%run` runs, differs from the commit, or was changed
            after it had been started ("true": the difference is the artifact `jupyter_utils/script.diff`).
        jupyter_utils.lock: SHA-256 of the poetry.lock from which the environment was built. The commit of this
            project that holds this lock builds the same environment again.
        jupyter_utils.base, .variant, .system: "debian" or "nixpkgs", "cpu" or "cuda", the base's release.
        jupyter_utils.store_path: where it lies in the Nix store.
        jupyter_utils.image: the container image's digest, where `JUPYTER_UTILS_IMAGE_DIGEST` tells it.
        jupyter_utils.python, .torch: their versions (torch only where it was imported).
        jupyter_utils.drifted, .overlay: "true" and the packages, where `%pip install` has added some.
        jupyter_utils.code.differs: whether a module of the user's that ran is in no commit as it ran ("true": a warning
            names it). All code lies below `jupyter_utils/code/`, listed in `jupyter_utils/code.json`.
        jupyter_utils.order: how the cells ran: "linear", "out of order", or "hidden" (some are not in the notebook);
            the list is `jupyter_utils/cells.json`.
        jupyter_utils.call: the number of this call in its process; the cell, or the script with its arguments, is in
            `jupyter_utils/call.json`.
        jupyter_utils.processor, .gpus, .driver: the machine; all of it, with threads and torch's switches, is the
            artifact `jupyter_utils/machine.json`.
        jupyter_utils.seed, .deterministic: what `fix_seeds` fixed, and whether torch was held to computing the same
            each time.
        jupyter_utils.failed: the values that could not be saved, and why, a line each.
        jupyter_utils.long_params: the names of the params that are stored whole as an artifact.
        jupyter_utils.exact_metrics: those of the metrics that MLflow cannot hold exactly, kept as an artifact.

    Example (in a notebook that lies in a Git repository)::

        import jupyter_utils
        import pandas as pd
        from sklearn.linear_model import LogisticRegression

        train_df = pd.DataFrame({"x": [0.0, 1.0], "y": [0, 1]})
        model = LogisticRegression().fit(train_df[["x"]], train_df["y"])
        jupyter_utils.save_mlflow(experiment_name="test_exp", params={"lr": 0.1}, metrics={"f1": 0.9},
                                  dataset={"train.csv": train_df}, model={"classifier.mdl": model})
    """
    start_time = int(time.time() * 1000)
    values = {"dataset": dataset, "model": model, "result": result}
    call = check_call(
        Arguments(
            experiment_name, run_name, description, params, metrics, values, do_commit, git_repo_dir, mlf_uri, notebook
        )
    )
    saved = save_notebook(call.notebook) if call.notebook else None
    with ExitStack() as stack:
        with _interruptible():
            lease, staged, elsewhere = _write(call, stack)
        ran, code = _code(call, saved, lease.path)
        with _mentioning(code.commit if call.do_commit else None):
            recorded = _keep(call, start_time, staged, code.tags | ran.tags, lease)
            run, unsent = _send(call, lease, code.commit)
        entry = None if run else lease.path
    made = SaveResult(
        run_id=run.run_id if run else None,
        experiment_id=run.experiment_id if run else None,
        url=run_url(call.uri, run.experiment_id, run.run_id) if run else None,
        commit=code.commit,
        notebook=call.notebook.path if call.notebook else None,
        artifacts=staged.stored,
        warnings=(
            *call.warnings,
            *ran.warnings,
            *([elsewhere] if elsewhere else []),
            *staged.warnings,
            *code.warnings,
            *recorded.warnings,
            *([unsent] if unsent else []),
        ),
        entry=entry,
        spool=status_line(call.spool.idle()),
        uri=without_credentials(call.uri),
        failed=tuple(map(str, staged.failures)),
    )
    return complete(made)


def _write(call: Call, stack: ExitStack) -> tuple[EntryLease, Staged, str | None]:
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


def _code(call: Call, saved: Saved | None, directory: Path) -> tuple[Comparison, Code]:
    """Compare what ran with the notebook's file, and commit that, or look at what is checked out."""
    if call.notebook is None or saved is None:
        return Comparison({}), look(call, directory)
    ran = compare(call.notebook, saved, directory)
    notebook = call.notebook.path
    return ran, commit(call, notebook, directory, saved) if call.do_commit else look(call, directory)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have an interrupt, which is the user's wish and no value's failure, say that nothing has come of the call."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note("The run was not whole on disk yet, so it is not kept: nothing was committed or sent to MLflow.")
        raise


@contextmanager
def _mentioning(commit: str | None) -> Iterator[None]:
    """Have every error from here on (an interrupt, too) say that the notebook is committed already."""
    try:
        yield
    except BaseException as error:
        if commit and commit not in str(error):
            error.add_note(f"The notebook is committed as {commit}; the run is not marked finished in MLflow.")
        raise


def _store(call: Call) -> Path | None:
    """Return the server's artifact folder where it is on this machine: then the files are written there at once."""
    if call.server.down or not is_http(call.uri):
        return None
    with client_settings(retries=0):
        return artifact_folder(call.uri)


def _keep(call: Call, start_time: int, staged: Staged, code: dict[str, str], lease: EntryLease) -> Recorded:
    """Complete the entry: from here on, sending needs nothing but its directory, and nobody but a sender removes it."""
    source = source_tags(call.notebook.path if call.notebook else None, script_name())
    try:
        recorded = _record(call, lease.path)
        entry = Entry(
            experiment_name=call.experiment_name,
            start_time=start_time,
            run_name=call.run_name,
            params=staged.params,
            metrics=call.metrics,
            tags=source | environment_tags() | code | recorded.tags | staged.tags,
            inputs=staged.inputs,
            files=measure_files(lease.path, known=staged.files),
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
    twins = find_twins(notebook) if notebook else []
    order = {"order": lambda: record_order(notebook, directory)} if notebook else {}
    return together(
        {
            **order,
            "code": lambda: record_code(notebook, twins, executing_file(), directory),
            "machine": lambda: record_conditions(directory),
            "call": lambda: record_call(notebook, directory),
        }
    )


def _meant(call: Call) -> str:
    """Return the identity of the store that answered, or, where that is down or another, of the one that is known."""
    if not call.server.down:
        return call.answer.store
    return next(iter(KnownStores(call.spool.path).meant(call.uri)), "")


def _send(call: Call, lease: EntryLease, commit: str | None) -> tuple[SentRun | None, str | None]:
    """Send what waits for this server, in order, and then this run; where that must wait, say why.

    Returns:
        the run, if it was sent, and what is to be said of it.
    """
    try:
        plain = _check_up(call)
        return deliver(call.spool, lease, uri=call.uri, experiment_id=call.server.experiment_id, fresh=True), plain
    except UnsentError as error:
        return None, f"{error} {_wait(call, lease)}"
    except SendError as error:
        message = f"{error}\nThe run is kept: `jupyter-utils sync` tries again, with --drop {lease.id} you give it up."
        raise SendError(message, run_id=error.run_id, commit=commit) from error
    except KeyboardInterrupt as error:
        error.add_note(f"The run is kept in {lease.path} and will be sent later: jupyter-utils sync")
        raise


def _check_up(call: Call) -> str | None:
    """Send what waits for the server already, and return what is to be said of the server.

    Raises:
        UnsentError: it is down, or goes down, or is another than the one that is meant.
    """
    known = KnownStores(call.spool.path)
    answer = _answer(call, known)
    if down := call.server.down or answer.down:
        hint = "Is that the right one (mlf_uri=, MLFLOW_TRACKING_URI), and was it started (`jupyter-utils mlflow`)?"
        raise UnsentError(f"The MLflow server at {mask(call.uri)} {down}." + ("" if answer.is_stranger else f" {hint}"))
    said = first_word(call.uri, answer.store, known)
    waiting = deliver_waiting(call.spool, servers=Round(known, only=call.uri, answer=answer))
    failed = [error for error in waiting.unsent.values() if type(error) is UnsentError]
    # One that fails again and again must not keep the others from a server that lives.
    if failed and why_down(call.uri):
        raise failed[0]
    return said


def _answer(call: Call, known: KnownStores) -> Answer:
    """Return who answered; asked again where writing the values took so long that another may have taken the port."""
    if call.server.down or time.monotonic() - call.answer.at < _AGE:
        return call.answer
    answer = check(call.uri, known)
    if answer.down is None and answer.store != call.answer.store:
        return replace(answer, down="became another store during this call", is_stranger=True)
    return answer


def _wait(call: Call, lease: EntryLease) -> str:
    """Make an entry that has to wait survive a power cut, too, and say who will send it."""
    try:
        call.spool.make_durable(lease)
    except OSError as error:
        return f"The run is kept in {lease.path}, but the disk could not be made to write it down ({error})."
    return "The next call, the running lab or `jupyter-utils sync` sends the run once the server can take it."
