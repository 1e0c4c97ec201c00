"""Compare two runs without executing anything: what they gave, and how they came to it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import CompareError
from jupyter_utils.runs.arguments import spelled

from .artifacts import compare_artifacts
from .code import compare_code
from .code_files import code_of
from .comparison import RESULTS
from .conditions import compare_inputs, compare_machine, compare_params, compare_system
from .metrics import STEPS_SECONDS, compare_metrics
from .outputs import compare_outputs
from .packages import compare_packages
from .repeats import repeated_artifacts, repeated_metrics
from .result import Comparison
from .sides import sides
from .tolerance import Tolerances, tolerances

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .comparison import Section
    from .sides import Side

SECTIONS = (*RESULTS, "params", "code", "inputs", "packages", "system", "machine")
_NAMED = 4


@spelled
def compare(  # noqa: PLR0913 - one question, one place
    a: Any,
    b: Any,
    tolerance: Any = None,
    *,
    by: Sequence[str] = RESULTS,
    mlf_uri: str | None = None,
    steps_seconds: float = STEPS_SECONDS,
) -> Comparison:
    """Compare two runs: metrics, artifacts, cells' outputs, params, code, inputs, packages, system, machine.

    Nothing of either is executed: values whose reading could run code (pickles) are compared by digest alone.

    Args:
        a: MLflow's id of a run, the id of an entry that waits (`jupyter-utils sync --list`), what `save_mlflow`
            returned, an entry's folder (`pathlib.Path`), or a `Side`.
        b: the same; several in a list are repetitions: each metric of A is then held against the interval of theirs.
        tolerance: how far numbers of B may be from A's: `{"f1": "abs:0.001", "*": "rel:1e-6"}`, by metrics' names or
            artifacts' paths, with `*` and `?`; or one text for all.
        by: the sections that decide the verdict.
        mlf_uri: the MLflow server of both; without it, as for `load_mlflow`.
        steps_seconds: for how long the steps of metrics are read from MLflow, which takes 0.4 s for 10,000; of what is
            left the last values are compared, and a note says so.

    Returns:
        a `Comparison`: `verdict` ("same", "approximate", "differs", "unknown"), `sections`, `to_html()`, `to_json()`.

    Raises:
        CompareError: one of them is not there, may not be read, or its server does not answer.

    Example::

        jupyter_utils.compare(before.run_id, after.run_id, {"f1": "abs:0.002"})
    """
    unknown = [name for name in by if name not in SECTIONS]
    if unknown or not by:
        near = [one for name in unknown for one in get_close_matches(name, SECTIONS, 1)]
        meant = f" Did you mean {', '.join(near)}?" if near else ""
        raise CompareError(
            f"by is {', '.join(map(str, by)) or 'empty'}, but must name sections: {', '.join(SECTIONS)}.{meant}"
        )
    allowed = tolerances(tolerance)
    (one,), others = sides(a, mlf_uri)[:1], sides(b, mlf_uri)
    if not others:
        raise CompareError("b is an empty list: give one run, or several repetitions.")
    found = compare_sides(one, others, allowed, steps_seconds)
    names = sorted({row.name for part in found if part.name in {"metrics", "artifacts"} for row in part.rows})
    notes = tuple(_unused(name, names) for name in allowed.unused())
    return Comparison(one.facts, tuple(other.facts for other in others), tuple(found), tuple(by), notes)


def _unused(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, 2) or names[:_NAMED]
    there = f": there are {', '.join(near)}" if near else ""
    return f"the tolerance of {name!r} fits no metric and no artifact{there}"


def compare_sides(
    a: Side, others: Sequence[Side], allowed: Tolerances, seconds: float = STEPS_SECONDS
) -> list[Section]:
    """Compare one side with another, or with several repetitions; conditions are those of the first of these."""
    b = others[0]
    code = (code_of(a), code_of(b))
    work: list[Callable[[], Section]] = [
        lambda: compare_metrics(a, b, allowed, seconds) if len(others) == 1 else repeated_metrics(a, others, allowed),
        lambda: compare_artifacts(a, b, allowed) if len(others) == 1 else repeated_artifacts(a, others, allowed),
        lambda: compare_outputs(*code),
        lambda: compare_params(a, b),
        lambda: compare_code(*code),
        lambda: compare_inputs(a, b),
        lambda: compare_packages(a, b),
        lambda: compare_system(a, b),
        lambda: compare_machine(a, b),
    ]
    return [one() for one in work]
