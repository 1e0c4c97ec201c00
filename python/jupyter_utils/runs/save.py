"""`save_mlflow`: all is checked, the notebook saved and committed, the run made complete on disk, and then sent."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.entry import Entry, measure_files, write_entry
from jupyter_utils.errors import SendError, SpoolError, StageError, UnsentError
from jupyter_utils.machine.urls import mask, without_credentials
from jupyter_utils.notebook import save_notebook, script_name
from jupyter_utils.spool import EntryLease, status_line
from jupyter_utils.tracking import (
    SentRun,
    artifact_folder,
    client_settings,
    is_http,
    run_url,
    why_down,
)

from .call import Arguments, Call, check_call
from .code import Code, commit, look
from .delivery import deliver, deliver_waiting
from .provenance import environment_tags, source_tags
from .result import SaveResult
from .staging import Staged, stage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["SaveResult", "save_mlflow"]


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
    `model` and `result` may hold folders (`"fold 1/train.csv"`), and their suffix chooses the format where it has a
    meaning (.csv, .parquet, .json, .pkl, .joblib, .safetensors). `load_mlflow(run_id)` gives everything back.

    Args:
        experiment_name: the MLflow experiment; made if it is not there yet.
        run_name: the run's name; MLflow makes one up without it.
        description: the run's description, Markdown.
        params: parameter name -> value; stored as text, values of more than 6,000 characters whole as an artifact.
        metrics: metric name -> number.
        dataset: file name -> object, stored under `dataset/`: str (UTF-8 text), pandas.DataFrame (CSV, UTF-8 with a
            byte order mark, no index), pathlib.Path (that file or directory), bytes, dict and list (JSON), numpy
            arrays, Polars and other data frames, matplotlib and Plotly figures, Hugging Face datasets, and what
            `register_writer` has added.
        model: file name -> model, stored under `model/`: transformers models and tokenizers (a directory for
            `from_pretrained`), PEFT adapters, torch.nn.Module (its state_dict, on the CPU), LightGBM (its model text),
            scikit-learn (skops where it can, else pickle).
        result: file name -> object, stored under `result/`; the same kinds as `dataset`.
        do_commit: whether to commit the notebook and its Jupytext twin, and nothing else. Never pushes.
        git_repo_dir: the notebook's Git repository; without it, the one around the notebook.
        mlf_uri: the MLflow server; without it, `MLFLOW_TRACKING_URI`, else the one that this environment starts.
            One that asks for a password finds it in `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
        notebook: the notebook's file, for front ends that tell their kernels nothing.

    Returns:
        a `SaveResult`: `run_id`, `experiment_id`, `url`, `commit`, `notebook`, `artifacts`, `warnings`, `entry`.
        A server that does not answer within two seconds, or fails on the way, is no error: the commit is made, and
        the run is complete on disk in the folder `entry` (`run_id` and `url` are None). The next call, the running lab
        or `jupyter-utils sync` sends it; there is exactly one run per call, and it is finished only when it is whole.

    Raises:
        SaveRefusedError: something is wrong with the call, the repository or the server; nothing was changed.
            Its subclasses (in `jupyter_utils.errors`) name the reason; `SeveralProblemsError` lists several.
        StageError, CommitError: something failed on the way; the message says what exists by then.
        SendError: the server refused the run for good; it is kept on disk, and what MLflow has of it is marked failed.

    The run's tags, besides MLflow's own:
        mlflow.source.git.commit, .branch, .repoURL: where the notebook is committed; never with credentials.
        jupyter_utils.entry: names the call; no two runs have the same.
        jupyter_utils.notebook.name, .path: the notebook; .differs: with `do_commit=False`, whether it differs from
            the commit that is checked out ("true": the difference is the artifact `jupyter_utils/notebook.diff`).
        jupyter_utils.lock: SHA-256 of the poetry.lock from which the environment was built.
        jupyter_utils.base, .variant, .system: "debian" or "nixpkgs", "cpu" or "cuda", the base's release: on debian the
            name of the Debian system in the Nix store, which its pin (nix/debian/system.json) decides.
        jupyter_utils.pinned: "false" where another Debian system stood in for the pinned one.
        jupyter_utils.store_path: where it lies in the Nix store. A commit of this project with this lock, this pin and
            the same nix/ builds the same environment, and the store path says whether it is.
        jupyter_utils.image: the container image's digest, where `JUPYTER_UTILS_IMAGE_DIGEST` tells it.
        jupyter_utils.python, .torch: their versions (torch only where it was imported).
        jupyter_utils.drifted: "true" where something came on top of the environment: .overlay, the packages that
            `%pip install` has added; .added, variables of the shell such as PYTHONPATH that bring code of their own.
        jupyter_utils.working_tree: the folder of this package, where a development shell put it before the locked.
        jupyter_utils.long_params: the names of the params that are stored whole as an artifact.

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
        lease, staged, elsewhere = _write(call, stack)
        code = commit(call, call.notebook.path) if call.do_commit and call.notebook else look(call, lease.path)
        with _mentioning(code.commit if call.do_commit else None):
            _keep(call, start_time, staged, code, lease)
            run, unsent = _send(call, lease, code.commit)
        entry = None if run else lease.path
    return SaveResult(
        run_id=run.run_id if run else None,
        experiment_id=run.experiment_id if run else None,
        url=run_url(call.uri, run.experiment_id, run.run_id) if run else None,
        commit=code.commit,
        notebook=call.notebook.path if call.notebook else None,
        artifacts=tuple(planned.path for planned in call.planned),
        warnings=(
            *call.warnings,
            *([saved] if saved else []),
            *([elsewhere] if elsewhere else []),
            *staged.warnings,
            *code.warnings,
            *([unsent] if unsent else []),
        ),
        entry=entry,
        spool=status_line(call.spool.idle()),
    )


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
                staged = stage(call, lease.path)
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


def _keep(call: Call, start_time: int, staged: Staged, code: Code, lease: EntryLease) -> None:
    """Complete the entry: from here on, sending needs nothing but its directory, and nobody but a sender removes it."""
    source = source_tags(call.notebook.path if call.notebook else None, script_name())
    try:
        entry = Entry(
            experiment_name=call.experiment_name,
            start_time=start_time,
            run_name=call.run_name,
            params=staged.params,
            metrics=call.metrics,
            tags=source | environment_tags() | code.tags | staged.tags,
            inputs=staged.inputs,
            files=measure_files(lease.path, known=staged.files),
            id=lease.id,
            uri=without_credentials(call.uri),
        )
        write_entry(entry, lease.path)
        call.spool.commit(lease)
    except OSError as error:
        raise StageError(
            f"The run could not be kept in {call.spool.path} ({error}): is the disk full? JUPYTER_UTILS_SPOOL_DIR "
            "names another folder. Nothing was sent to MLflow."
        ) from error


def _send(call: Call, lease: EntryLease, commit: str | None) -> tuple[SentRun | None, str | None]:
    """Send what waits for this server, in order, and then this run; where that must wait, say why."""
    try:
        _check_up(call)
        return deliver(call.spool, lease, uri=call.uri, experiment_id=call.server.experiment_id, fresh=True), None
    except UnsentError as error:
        return None, f"{error} {_wait(call, lease)}"
    except SendError as error:
        message = f"{error}\nThe run is kept: `jupyter-utils sync` tries again, with --drop {lease.id} you give it up."
        raise SendError(message, run_id=error.run_id, commit=commit) from error
    except KeyboardInterrupt as error:
        error.add_note(f"The run is kept in {lease.path} and will be sent later: jupyter-utils sync")
        raise


def _check_up(call: Call) -> None:
    """Send what waits for the server already.

    Raises:
        UnsentError: it is down, or goes down.
    """
    if call.server.down:
        raise UnsentError(
            f"The MLflow server at {mask(call.uri)} {call.server.down}. Is that the right one "
            "(mlf_uri=, MLFLOW_TRACKING_URI), and was it started (`jupyter-utils mlflow`)?"
        )
    waiting = deliver_waiting(call.spool, uri=call.uri)
    down = [error for error in waiting.unsent.values() if isinstance(error, UnsentError)]
    # One that fails again and again must not keep the others from a server that lives.
    if down and why_down(call.uri):
        raise down[0]


def _wait(call: Call, lease: EntryLease) -> str:
    """Make an entry that has to wait survive a power cut, too, and say who will send it."""
    try:
        call.spool.make_durable(lease)
    except OSError as error:
        return f"The run is kept in {lease.path}, but the disk could not be made to write it down ({error})."
    return "The next call, the running lab or `jupyter-utils sync` sends the run once the server can take it."
