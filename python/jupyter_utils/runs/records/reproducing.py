"""What a save does differently where a run is reproduced: the variable `JUPYTER_UTILS_REPRODUCES` says which one.

Such a save makes no commit, goes to the MLflow of the environment whatever the notebook names, and belongs to the
notebook that `JUPYTER_UTILS_NOTEBOOK` names. Its run says what it reproduces.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from jupyter_utils.runs.call import Arguments

VARIABLE = "JUPYTER_UTILS_REPRODUCES"
TAG = "jupyter_utils.reproduces"


def reproduced_run() -> str:
    """Return the id of the run that is reproduced here; empty where none is."""
    return given(VARIABLE)


def as_reproduction(arguments: Arguments) -> Arguments:
    """Leave out of a call what would reach beyond the reproduction; elsewhere the call is as it was."""
    if not reproduced_run():
        return arguments
    return dataclasses.replace(arguments, do_commit=False, git_repo_dir=None, mlf_uri=None, notebook=None)


def reproduction_tags() -> dict[str, str]:
    """Return the tag that names the run which is reproduced."""
    return {TAG: run} if (run := reproduced_run()) else {}
