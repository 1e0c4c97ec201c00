"""Names of artifacts, params and metrics: whatever a user comes up with."""

from __future__ import annotations

import posixpath

from hypothesis import example, given
from hypothesis import strategies as st
from jupyter_utils.artifacts.names import clashes, name_problem
from jupyter_utils.runs.values import check_metrics, check_params
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import verify_artifact_path
from mlflow.utils.uri import validate_path_is_safe
from mlflow.utils.validation import _validate_metric_name

names = st.text(st.sampled_from("ab./\\#?%: 猫\n\t\x00~-") | st.characters(), max_size=12)


@given(names)
@example("a/../..")
@example("a%2e%2e/b")
def test_an_accepted_name_stays_in_its_folder(name: str) -> None:
    """Whatever is accepted stays below its folder on disk, and passes MLflow's own checks of paths."""
    if name_problem(name) is not None:
        return
    joined = posixpath.normpath(posixpath.join("/root/dataset", name))
    assert joined == f"/root/dataset/{name}"
    verify_artifact_path(f"dataset/{name}")
    validate_path_is_safe(f"dataset/{name}")
    assert not name.endswith(";")
    assert not set(name) & set("#?%\n\t\x00\\")


@given(st.lists(st.sampled_from(["a", "a/b", "a/b/c", "ab", "b"]), unique=True))
def test_names_without_clashes_fit_into_one_folder(given_names: list[str]) -> None:
    """Names fit together exactly when none of them is a folder of another."""
    expected = {(one, other) for one in given_names for other in given_names if other.startswith(f"{one}/")}
    assert set(clashes(given_names)) == expected


@given(names)
def test_accepted_keys_are_those_that_mlflow_takes(name: str) -> None:
    """A name of a param or metric is accepted exactly when MLflow takes it (a line feed at its end excepted)."""
    try:
        _validate_metric_name(name)
    except MlflowException:
        taken = False
    else:
        taken = bool(name) and "\n" not in name
    assert bool(check_metrics({name: 1})[0]) == taken
    assert bool(check_params({name: 1})[0]) == taken


@given(st.integers() | st.floats() | st.booleans() | st.text() | st.none() | st.complex_numbers() | st.decimals())
def test_metrics_are_floats_or_refused(value: object) -> None:
    """Nothing but a float ever leaves, and nothing is dropped without a word."""
    good, problems = check_metrics({"m": value})
    assert len(good) + len(problems) == 1
    assert all(type(number) is float for number in good.values())
