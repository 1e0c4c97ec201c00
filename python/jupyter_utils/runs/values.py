"""Check the params, metrics and texts of a call and bring them into the form that MLflow stores.

The limits are MLflow's own (mlflow/utils/validation.py, 3.17); where it would cut or refuse a value half-way through
a run, the value is refused here before the run exists, or stored whole in another place.
"""

from __future__ import annotations

import numbers
import posixpath
import re
from collections.abc import Mapping
from typing import Any, SupportsFloat

from jupyter_utils.artifacts.failures import Failure, failure
from jupyter_utils.errors import ArgumentError, MetricError, ParamError, SaveRefusedError

_NAME = re.compile(r"^[/\w.\- :]+$")
_NAME_LENGTH = 250
_EXPERIMENT_LENGTH = 500
_SHOWN = 60
"""Characters of a value that fit into a line of a message."""


def text_problems(arguments: Mapping[str, object]) -> list[SaveRefusedError]:
    """Check the arguments that are texts: a str that UTF-8 can hold, or None; `experiment_name` is required."""
    problems: list[SaveRefusedError] = []
    for name, value in arguments.items():
        if value is None and name != "experiment_name":
            continue
        if not isinstance(value, str):
            problems.append(ArgumentError(f"{name} is a {type(value).__name__}, but must be a str."))
        elif not _is_utf8(value):
            problems.append(ArgumentError(f"{name} holds half a character (a lone surrogate), which UTF-8 cannot."))
    experiment = arguments.get("experiment_name")
    if isinstance(experiment, str) and (not experiment.strip() or len(experiment) > _EXPERIMENT_LENGTH):
        problems.append(
            ArgumentError(f"experiment_name has {len(experiment)} characters, but must have 1 to {_EXPERIMENT_LENGTH}.")
        )
    return problems


def check_params(
    params: object, failures: list[Failure] | None = None
) -> tuple[dict[str, str], list[SaveRefusedError]]:
    """Return each parameter's value as the text that MLflow stores, and every problem.

    Values that raise errors of their own when they are read go to `failures`, so that the others are kept.

    numpy's and torch's numbers become Python's first, so that 0.1 does not become `tensor(0.1000)`.

    >>> check_params({"lr": 0.1, "layers": [1, 2], "精度": None})[0]
    {'lr': '0.1', 'layers': '[1, 2]', '精度': 'None'}
    """
    return _check(params, "params", ParamError, _param_text, failures)


def check_metrics(
    metrics: object, failures: list[Failure] | None = None
) -> tuple[dict[str, float], list[SaveRefusedError]]:
    """Return each metric's value as a float, and every problem. NaN and infinities are numbers to MLflow, bool is not.

    >>> check_metrics({"f1": 1})[0]
    {'f1': 1.0}
    >>> print(check_metrics({"f1": "0.9"})[1][0])
    metrics['f1'] is a str ('0.9'), but a metric must be a number: convert it with float().
    """
    return _check(metrics, "metrics", MetricError, _metric_number, failures)


def _check(
    values: object,
    argument: str,
    error: type[SaveRefusedError],
    convert: Any,
    failures: list[Failure] | None,
) -> tuple[dict[str, Any], list[SaveRefusedError]]:
    if values is None:
        return {}, []
    if not isinstance(values, Mapping):
        return {}, [ArgumentError(f"{argument} is a {type(values).__name__}, but must be a dict: name -> value.")]
    good: dict[str, Any] = {}
    problems: list[SaveRefusedError] = []
    for name in values:
        if wrong := _name_problem(name):
            problems.append(error(f"{argument}: the name {name!r} {wrong}."))
            continue
        value = None
        try:
            value = values[name]
            good[name] = convert(name, value)
        except SaveRefusedError as problem:
            problems.append(problem)
        except Exception as raised:
            if failures is None:
                raise
            failures.append(failure(argument, name, value, raised))
    return good, problems


def _name_problem(name: object) -> str | None:
    if not isinstance(name, str):
        return f"is a {type(name).__name__}, but must be a str"
    if not _NAME.match(name) or "\n" in name:
        return "may hold only letters and digits of any script, _ - . / : and blanks (MLflow refuses others)"
    if len(name) > _NAME_LENGTH:
        return f"has {len(name)} characters, but MLflow takes at most {_NAME_LENGTH}"
    if posixpath.normpath(name) != name or name.startswith(("/", "..")) or name == ".":
        return "reads like a path that leads elsewhere ('..', '/' at an end, '//'), which MLflow refuses"
    return None


def _param_text(name: str, value: object) -> str:
    text = str(plain(value))
    if not _is_utf8(text):
        raise ParamError(f"params[{name!r}] holds half a character (a lone surrogate), which UTF-8 cannot.")
    return text


def _metric_number(name: str, value: object) -> float:
    number = plain(value)
    described = f"metrics[{name!r}] is a {type(value).__name__} ({_short(value)}), but a metric must be"
    if isinstance(number, bool):
        raise MetricError(f"{described} a number: convert it with int().")
    if not (isinstance(number, numbers.Number) and isinstance(number, SupportsFloat)):  # a complex number is not
        raise MetricError(f"{described} a number: convert it with float().")
    try:
        return float(number)
    except (OverflowError, ValueError, TypeError) as error:
        raise MetricError(f"{described} a number that a float holds: {error}.") from error


def plain(value: Any) -> Any:
    """Turn a scalar of numpy or torch (or an array of one element) into Python's own number; leave others alone."""
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(plain(one) for one in value)
    library = type(value).__module__.partition(".")[0]
    if library in {"numpy", "torch"} and callable(getattr(value, "item", None)) and _elements(value) == 1:
        return value.item()
    return value


def _elements(value: Any) -> int:
    count = getattr(value, "numel", None)
    return int(count()) if callable(count) else int(getattr(value, "size", 0))


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - what is wrong with the value is said in any case
        return "which cannot be shown"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
