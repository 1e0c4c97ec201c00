"""`save_mlflow`: all is checked, the notebook saved and committed, the run made complete on disk, and then sent."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_utils.kernels.inputs import unwatched
from jupyter_utils.machine.urls import without_credentials
from jupyter_utils.notebook import save_notebook
from jupyter_utils.notebook.kernel import variable
from jupyter_utils.spool import status_line
from jupyter_utils.tracking import run_path, run_url

from .arguments import spelled
from .call import Arguments, Call, check_call
from .code import Code, commit, look
from .keeping import interruptible, keep, write
from .records.inputs import record_inputs
from .records.ran import compare
from .records.recorded import Recorded
from .records.reproducing import as_reproduction
from .result import SaveResult, complete
from .sending import send

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jupyter_utils.notebook import Saved
    from jupyter_utils.tracking import SentRun

__all__ = ["SaveResult", "save_mlflow"]


@spelled
@unwatched
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
        jupyter_utils.overlay.inexact: those packages that cannot be had again exactly; of each, the SHA-256 of its
            file or the commit is in the artifact `jupyter_utils/overlay.json`.
        jupyter_utils.working_tree: the folder of this package, where a development shell put it before the locked.
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
        jupyter_utils.unseeded: the generators from which random numbers were drawn without a seed ("random", "numpy",
            "torch", "default_rng()"), or "tokenizers" for a trainer that gives another tokenizer each time: this
            run cannot give the same ones again.
        jupyter_utils.seal: that this user has saved the run with this code: `jupyter-utils reproduce` asks before it
            runs any other.
        jupyter_utils.reproduces, .verdict: of a run that `jupyter-utils reproduce` has made (where the variable
            JUPYTER_UTILS_REPRODUCES names a run, a save makes no commit and ignores `mlf_uri`); .reproduced: the last
            verdict on this run, and when.
        jupyter_utils.inputs: how many files were read, and of a hub; "partial" where there may be more. The list, with
            size, SHA-256 and cells, is `jupyter_utils/inputs.json`; a warning names what has changed since it was read.
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
    arguments = Arguments(
        experiment_name, run_name, description, params, metrics, values, do_commit, git_repo_dir, mlf_uri, notebook
    )
    call = check_call(as_reproduction(arguments))
    saved = save_notebook(call.notebook) if call.notebook else None
    with ExitStack() as stack:
        with interruptible():
            lease, staged, elsewhere = write(call, stack)
            inputs = record_inputs(call, lease.path)
        ran, code = _code(call, saved, lease.path)
        with _mentioning(code.commit if call.do_commit else None):
            recorded = keep(call, start_time, staged, code.tags | ran.tags | inputs.tags, lease)
            run, unsent = send(call, lease, code.commit)
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
            *inputs.warnings,
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
        inputs=inputs.shown or None,
        path=_path(call.uri, run) if run else None,
    )
    return complete(made)


def _path(uri: str, run: SentRun) -> str | None:
    # VS Code shows cards under no address of the lab's, even where its kernel is one of the lab's.
    return None if variable("__vsc_ipynb_file__") else run_path(uri, run.experiment_id, run.run_id)


def _code(call: Call, saved: Saved | None, directory: Path) -> tuple[Recorded, Code]:
    """Compare what ran with the notebook's file, and commit that, or look at what is checked out."""
    if call.notebook is None or saved is None:
        return Recorded({}), look(call, directory)
    ran = compare(call.notebook, saved, directory)
    notebook = call.notebook.path
    return ran, commit(call, notebook, directory, saved) if call.do_commit else look(call, directory)


@contextmanager
def _mentioning(commit: str | None) -> Iterator[None]:
    """Have every error from here on (an interrupt, too) say that the notebook is committed already."""
    try:
        yield
    except BaseException as error:
        if commit and commit not in str(error):
            error.add_note(f"The notebook is committed as {commit}; the run is not marked finished in MLflow.")
        raise
