"""What a run records besides the caller's values: where its code came from, and in which environment it ran."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.entries.entry import DatasetInput
from jupyter_utils.environments.record import built_environment
from jupyter_utils.machine.inherited import brought, working_tree
from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_utils.entries.entry import EntryFile

# The words that MLflow's page uses for what a dataset was for, by what its name holds.
_CONTEXTS = {"train": "training", "val": "validation", "dev": "validation", "test": "testing"}

# MLflow cuts longer tags, with a warning in a log only.
TAG_CHARACTERS = 8000
_CUT = " … (cut; whole in the artifacts)"


def source_tags(notebook: Path | None, script: str) -> dict[str, str]:
    """Return the tags that say what called: MLflow's own, and the notebook's name and path.

    MLflow's own come first (user, and what it finds of a notebook or script); what it cannot find is added.
    """
    tags = _mlflow_tags()
    if notebook is None:
        return tags | {"mlflow.source.name": script, "mlflow.source.type": "LOCAL"}
    # The same two tags that MLflow sets in a notebook, but right after a rename and where MLflow finds no server.
    tags |= {"mlflow.source.name": notebook.name, "mlflow.source.type": "NOTEBOOK"}
    return tags | {"jupyter_utils.notebook.name": notebook.name, "jupyter_utils.notebook.path": str(notebook)}


def _mlflow_tags() -> dict[str, str]:
    with suppress(Exception):  # a context provider of MLflow's that fails must not lose the run
        # Not its Git tags: in a kernel they name the repository around the interpreter, if there is one.
        found = adapter.context_tags()
        return {name: value for name, value in found.items() if not name.startswith("mlflow.source.git.")}
    return {}


def environment_tags() -> dict[str, str]:
    """Return the tags that name the environment: Python, lock, base and image where known, CPU or CUDA, the overlay.

    The lock and the base's own release decide together what is built; the store path says whether it is the same.
    """
    tags = {"jupyter_utils.python": platform.python_version()}
    if record := built_environment():
        tags |= record.tags()
    # An image cannot know its own digest; whoever runs it may tell.
    if digest := given("JUPYTER_UTILS_IMAGE_DIGEST"):
        tags["jupyter_utils.image"] = digest
    torch = sys.modules.get("torch")
    if torch is not None:
        tags["jupyter_utils.torch"] = str(torch.__version__)
        tags.setdefault("jupyter_utils.variant", "cuda" if torch.version.cuda else "cpu")
    if tree := working_tree():
        tags["jupyter_utils.working_tree"] = tree
    # What came on top of the environment: it cannot be had again from the lock alone.
    overlay, added = _overlay(), [*(f"{name}={value}" for name, value in brought().items()), *_startup_files()]
    if overlay or added:
        tags["jupyter_utils.drifted"] = "true"
    if overlay:
        tags["jupyter_utils.overlay"] = cut(", ".join(overlay))
    if added:
        tags["jupyter_utils.added"] = cut(", ".join(added))
    return tags


def dataset_input(key: str, path: str, files: Sequence[EntryFile]) -> DatasetInput:
    """Describe one dataset for MLflow's page: runs that used the same data show the same digest."""
    own = [file for file in files if file.path == path or file.path.startswith(path + "/")]
    content = "\n".join(f"{file.sha256} {file.path.removeprefix(path)}" for file in own)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    context = next((name for part, name in _CONTEXTS.items() if part in key.lower()), "dataset")
    return DatasetInput(name=key, digest=digest, context=context, path=path)


def _startup_files() -> list[str]:
    """Return what IPython has run in this kernel before its first cell: files of the user's profile."""
    with suppress(Exception):  # no kernel, or a profile that cannot be read
        shell = sys.modules["IPython"].get_ipython()
        folder = Path(shell.profile_dir.startup_dir)
        return [f"IPython startup: {file}" for file in sorted(folder.iterdir()) if file.suffix in {".py", ".ipy"}]
    return []


def _overlay() -> list[str]:
    with suppress(Exception):  # not every environment has an overlay
        from jupyter_utils.kernels.overlay import overlay_packages

        return [f"{name}=={version}" for name, version in overlay_packages()]
    return []


def cut(text: str, length: int = TAG_CHARACTERS) -> str:
    """Cut a text to what MLflow stores, and say so at its end.

    >>> cut("short")
    'short'
    >>> len(cut("x" * 10_000))
    8000
    """
    return text if len(text) <= length else text[: length - len(_CUT)] + _CUT


def long_names(names: list[str]) -> str:
    """Return a tag that lists names, cut where MLflow would cut it."""
    return cut(json.dumps(names, ensure_ascii=False))
