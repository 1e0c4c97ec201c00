"""Pickles, for what no other format holds: reading one runs code of whoever wrote it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, Written

if TYPE_CHECKING:
    from pathlib import Path


def write_pickle(value: Any, path: Path) -> Written:
    try:
        with path.open("wb") as file:
            pickle.dump(value, file, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise CannotWriteError(f"cannot be pickled: {error}") from error
    return Written()


def read_pickle(path: Path, _: Details) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - the caller has said trust=True


def write_joblib(value: Any, path: Path) -> Written:
    import joblib

    try:
        joblib.dump(value, path)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise CannotWriteError(f"cannot be pickled: {error}") from error
    return Written()


def read_joblib(path: Path, _: Details) -> Any:
    import joblib

    return joblib.load(path)
