"""Check the params, metrics and texts of a call and bring them into the form that MLflow stores.

The limits are MLflow's own (mlflow/utils/validation.py, 3.17); where it would cut or refuse a value half-way through
a run, the value is refused here before the run exists, or stored whole in another place.
"""

from __future__ import annotations

import numbers
import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Any, SupportsFloat

from jupyter_utils.artifacts.failures import Failure, failure
from jupyter_utils.errors import ArgumentError, MetricError, ParamError, SaveRefusedError

from .exact_metrics import exact
from .param_text import NoTextError, elements, param_text

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
            problems.append(
                ArgumentError(
                    f"{name} holds half a character (a lone surrogate), which UTF-8 cannot: give "
                    "text.encode(errors='replace').decode()."
                )
            )
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

    The text is the whole value, whatever print options are set (see `param_text`). Values that raise errors of their
    own when they are read go to `failures`, so that the others are kept.

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


def exact_metrics(metrics: object, checked: Collection[str]) -> dict[str, dict[str, str]]:
    """Return those of the checked metrics that MLflow cannot hold exactly, with type and text.

    >>> exact_metrics({"loss": float("inf"), "f1": 0.9}, ["loss", "f1"])
    {'loss': {'type': 'float', 'value': 'inf'}}
    """
    given = metrics if isinstance(metrics, Mapping) else {}
    found = {name: exact(plain(given[name])) for name in checked}
    return {name: kept for name, kept in found.items() if kept}


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
    try:
        text = param_text(value)
    except NoTextError as error:
        raise ParamError(f"params[{name!r}] {error}.") from error
    if not _is_utf8(text):
        raise ParamError(
            f"params[{name!r}] holds half a character (a lone surrogate), which UTF-8 cannot: give "
            "text.encode(errors='replace').decode()."
        )
    return text


def _metric_number(name: str, value: object) -> float:
    number = plain(value)
    described = f"metrics[{name!r}] is a {type(value).__name__} ({_short(value)}), but a metric must be"
    if isinstance(number, bool):
        raise MetricError(f"{described} a number: convert it with int().")
    if not (isinstance(number, numbers.Number) and isinstance(number, SupportsFloat)):  # a complex number is not
        raise MetricError(f"{described} a number: {_instead(name, value)}.")
    try:
        return float(number)
    except (OverflowError, ValueError, TypeError) as error:
        raise MetricError(f"{described} a number that a float holds: {error}. As a param it is kept whole.") from error


def _instead(name: str, value: object) -> str:
    """Say what to do with a value that is no number."""
    file = name.rpartition("/")[2]
    if isinstance(value, Mapping):
        key = next(iter(value), "NAME")
        return (
            f"give each of its numbers a name of its own ({{'{name}/{key}': ...}}), and store the whole as "
            f"result={{'{file}.json': ...}}"
        )
    if isinstance(value, list | tuple | set) or elements(value) > 1:
        suffix = "json" if isinstance(value, list | tuple | set) else "npy"
        return f"give the one that counts (the last, the mean), and store all as result={{'{file}.{suffix}': ...}}"
    if isinstance(value, str):
        return "convert it with float()"
    return "convert it with float(), or leave it out"


def plain(value: Any) -> Any:
    """Turn a scalar of numpy or torch (or an array of one element) into Python's own number; leave others alone."""
    library = type(value).__module__.partition(".")[0]
    if library in {"numpy", "torch"} and callable(getattr(value, "item", None)) and elements(value) == 1:
        return value.item()
    return value


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
