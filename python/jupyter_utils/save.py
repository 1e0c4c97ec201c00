"""`save_mlflow`: all is checked, the notebook saved and committed, the run made complete on disk, and then sent."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .artifacts import staging
from .call import Arguments, Call, check_call
from .entry import ARTIFACTS, DatasetInput, Entry, StagedFile, stage_files, write_entry
from .errors import SaveRefusedError, SendError, StageError, UnsentError
from .notebook import find_twins, save_notebook, script_name
from .progress import progress
from .record import cut, dataset_input, environment_tags, long_names, source_tags
from .repository import GitError, Repository, commit_notebook, describe, difference, find_repository, open_repository
from .result import SaveResult
from .spool import Held, check_room, deliver, deliver_waiting, status_line
from .tracking import SentRun, artifact_folder, client_settings, is_http, run_url, why_down, without_credentials

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

__all__ = ["SaveResult", "save_mlflow"]

# MLflow cuts longer values, with a warning in a log only.
_PARAM_CHARACTERS = 6000
_LONG_PARAMS = f"{staging.OWN_FOLDER}/long_params.json"
_DESCRIPTION = f"{staging.OWN_FOLDER}/description.md"
_DIFFERENCE = f"{staging.OWN_FOLDER}/notebook.diff"


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
        jupyter_utils.lock: SHA-256 of the poetry.lock from which the environment was built. The commit of this
            project that holds this lock builds the same environment again.
        jupyter_utils.base, .variant, .system: "debian" or "nixpkgs", "cpu" or "cuda", the base's release.
        jupyter_utils.store_path: where it lies in the Nix store.
        jupyter_utils.image: the container image's digest, where `JUPYTER_UTILS_IMAGE_DIGEST` tells it.
        jupyter_utils.python, .torch: their versions (torch only where it was imported).
        jupyter_utils.drifted, .overlay: "true" and the packages, where `%pip install` has added some.
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
    with call.spool.writing(_store(call)) as held:
        staged = _stage(call, held.path)
        code = _commit(call) if call.do_commit else _look(call, held.path)
        with _mentioning(code.commit if call.do_commit else None):
            _keep(call, start_time, staged, code, held)
            run, unsent = _send(call, held, code.commit)
        entry = None if run else held.path
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
            *staged.warnings,
            *code.warnings,
            *([unsent] if unsent else []),
        ),
        entry=entry,
        spool=status_line(call.spool.idle()),
    )


@dataclass(frozen=True)
class _Staged:
    """The values, written; what of the call MLflow cannot hold as given; the tags and warnings that say so."""

    params: dict[str, str]
    tags: dict[str, str]
    inputs: tuple[DatasetInput, ...]
    files: tuple[StagedFile, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Code:
    """The commit that holds the notebook or is checked out (if any), the tags that name it, and warnings."""

    commit: str | None
    tags: dict[str, str]
    warnings: tuple[str, ...] = ()


@contextmanager
def _mentioning(commit: str | None) -> Iterator[None]:
    """Have every error from here on (an interrupt, too) say that the notebook is committed already."""
    try:
        yield
    except BaseException as error:
        if commit and commit not in str(error):
            error.add_note(f"The notebook is committed as {commit}; the run is not marked finished in MLflow.")
        raise


def _stage(call: Call, directory: Path) -> _Staged:
    """Write every value, and what else becomes an artifact, below `directory`; nothing is committed or sent yet."""
    try:
        return _stage_all(call, directory)
    except OSError as error:
        raise StageError(
            f"The artifacts could not be written below {directory} ({error}): is the disk full? "
            "JUPYTER_UTILS_SPOOL_DIR names another place. Nothing was committed or sent to MLflow."
        ) from error


def _stage_all(call: Call, directory: Path) -> _Staged:
    root = directory / ARTIFACTS
    stored: list[staging.Stored] = []
    with progress("Writing artifacts", len(call.planned)) as bar:
        for planned in call.planned:
            stored.append(staging.write(planned, root))
            bar.update()
    files = stage_files(directory)
    if call.server.down:
        check_room(call.spool, sum(file.size for file in files))
    staging.write_manifest(stored, files, root)
    params, tags, warnings = _shorten_params(call.params, root)
    warnings += [
        f"{one.path} cannot be restored exactly from {one.format} ({one.details['inexact']}): name it .pkl for that."
        for one in stored
        if one.format in {"csv", "parquet"} and "inexact" in one.details
    ]
    if call.description is not None:
        tags["mlflow.note.content"] = cut(call.description)
        if tags["mlflow.note.content"] != call.description:
            (root / _DESCRIPTION).write_text(call.description, encoding="utf-8")
            warnings.append(
                f"The description is longer than MLflow's page holds; it is stored whole in {_DESCRIPTION}."
            )
    inputs = tuple(dataset_input(one.key, one.path, files) for one in stored if one.section == "dataset")
    return _Staged(params, tags, inputs, files, tuple(warnings))


def _shorten_params(params: dict[str, str], root: Path) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Store long values whole as an artifact, and give the params with these cut, a tag and a warning that say so."""
    whole = {name: value for name, value in params.items() if len(value) > _PARAM_CHARACTERS}
    if not whole:
        return params, {}, []
    (root / _LONG_PARAMS).write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
    names = list(whole)
    shortened = params | {name: cut(value, _PARAM_CHARACTERS) for name, value in whole.items()}
    warning = f"params longer than MLflow holds are stored whole in {_LONG_PARAMS}: {', '.join(names)}"
    return shortened, {"jupyter_utils.long_params": long_names(names)}, [warning]


def _commit(call: Call) -> _Code:
    """Commit the notebook and its twin as they are now on disk."""
    assert call.notebook is not None  # noqa: S101 - do_commit says so
    notebook = call.notebook.path
    repository = open_repository(notebook, find_twins(notebook), call.git_repo_dir)
    tags = describe(repository.work_tree)
    commit = commit_notebook(repository, _message(call))
    tags["mlflow.source.git.commit"] = commit.sha
    return _Code(commit.sha, tags, _ignored_warnings(repository))


def _message(call: Call) -> str:
    assert call.notebook is not None  # noqa: S101 - do_commit says so
    lines = [f"Run {call.notebook.path.name}", "", f"Experiment: {call.experiment_name}"]
    return "\n".join(lines + ([f"Run: {call.run_name}"] if call.run_name else []))


def _ignored_warnings(repository: Repository) -> tuple[str, ...]:
    return tuple(f".gitignore hides {file.name}, so it is not in the commit." for file in repository.ignored)


def _look(call: Call, directory: Path) -> _Code:
    """Without a commit: say which one is checked out, and whether the notebook differs from it."""
    place = call.notebook.path if call.notebook else Path(script_name()).absolute()
    try:
        repository = find_repository(place, find_twins(place) if call.notebook else [], call.git_repo_dir)
        tags = describe(repository.work_tree)
        diff = difference(repository) if call.notebook else ""
    except (SaveRefusedError, GitError):
        return _Code(None, {})
    if call.notebook:
        tags["jupyter_utils.notebook.differs"] = "true" if diff else "false"
    if diff:
        path = directory / ARTIFACTS / _DIFFERENCE
        path.write_text(diff + "\n", encoding="utf-8", errors="surrogateescape")
    return _Code(tags.get("mlflow.source.git.commit"), tags, _ignored_warnings(repository))


def _store(call: Call) -> Path | None:
    """Give the server's artifact folder where it is on this machine: then the files are written there at once."""
    if call.server.down or not is_http(call.uri):
        return None
    with client_settings(retries=0):
        return artifact_folder(call.uri)


def _keep(call: Call, start_time: int, staged: _Staged, code: _Code, held: Held) -> None:
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
            files=stage_files(held.path, known=staged.files),
            id=held.id,
            uri=without_credentials(call.uri) if is_http(call.uri) else call.uri,
        )
        write_entry(entry, held.path)
        call.spool.commit(held)
    except OSError as error:
        raise StageError(
            f"The run could not be kept in {call.spool.path} ({error}): is the disk full? JUPYTER_UTILS_SPOOL_DIR "
            "names another folder. Nothing was sent to MLflow."
        ) from error


def _send(call: Call, held: Held, commit: str | None) -> tuple[SentRun | None, str | None]:
    """Send what waits for this server, in order, and then this run; where that must wait, say why."""
    try:
        _check_up(call)
        return deliver(call.spool, held, uri=call.uri, experiment_id=call.server.experiment_id, fresh=True), None
    except UnsentError as error:
        return None, f"{error} {_wait(call, held)}"
    except SendError as error:
        message = f"{error}\nThe run is kept: `jupyter-utils sync` tries again, with --drop {held.id} you give it up."
        raise SendError(message, run_id=error.run_id, commit=commit) from error
    except KeyboardInterrupt as error:
        error.add_note(f"The run is kept in {held.path} and will be sent later: jupyter-utils sync")
        raise


def _check_up(call: Call) -> None:
    """Send what waits for the server already; raises `UnsentError` where it is down, or goes down."""
    if call.server.down:
        raise UnsentError(
            f"The MLflow server at {without_credentials(call.uri)} {call.server.down}. Is that the right one "
            "(mlf_uri=, MLFLOW_TRACKING_URI), and was it started (`jupyter-utils mlflow`)?"
        )
    waiting = deliver_waiting(call.spool, uri=call.uri)
    down = [error for error in waiting.unsent.values() if isinstance(error, UnsentError)]
    # One that fails again and again must not keep the others from a server that lives.
    if down and why_down(call.uri):
        raise down[0]


def _wait(call: Call, held: Held) -> str:
    """Make an entry that has to wait survive a power cut, too, and say who will send it."""
    try:
        call.spool.make_durable(held)
    except OSError as error:
        return f"The run is kept in {held.path}, but the disk could not be made to write it down ({error})."
    return "The next call, the running lab or `jupyter-utils sync` sends the run once the server can take it."
