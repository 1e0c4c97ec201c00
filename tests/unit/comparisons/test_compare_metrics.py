"""Metrics of two sides: exactly, within a tolerance, step by step, and against repetitions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from jupyter_utils.comparisons.sides import Side, folder_side
from jupyter_utils.comparisons.steps import compare_steps
from jupyter_utils.comparisons.tolerance import tolerances
from jupyter_utils.comparisons.verdict import Verdict
from jupyter_utils.errors import CompareError, ToleranceError

if TYPE_CHECKING:
    from pathlib import Path

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def made(tmp_path: Path) -> Any:
    def make(name: str = "run", **metrics: Any) -> Side:
        (tmp_path / name).mkdir(exist_ok=True)
        return folder_side(tmp_path / name, metrics=metrics)

    return make


def verdicts(a: Any, b: Any, tolerance: Any = None) -> dict[str, str]:
    return {row.name: row.verdict.value for row in jupyter_utils.compare(a, b, tolerance)["metrics"].rows}


def test_values_exactly(made: Any) -> None:
    """NaN is NaN, an infinity is itself, whether MLflow has kept it or not; absent and new are differences."""
    a = made(f1=0.1 + 0.2, nan=NAN, inf=INF, gone=1.0, sign=INF, kept=1.7976931348623157e308, big=2**53)
    b = made(f1=0.3, nan=NAN, inf=INF, new=1.0, sign=-INF, kept=INF, big=2**53 + 1)
    assert verdicts(a, b) == {
        "f1": "differs",
        "nan": "same",
        "inf": "same",
        "gone": "differs",
        "new": "differs",
        "sign": "differs",
        "kept": "same",
        "big": "differs",
    }
    notes = {row.name: row.note for row in jupyter_utils.compare(a, b)["metrics"].rows}
    assert (notes["gone"], notes["new"]) == ("only in A", "only in B")


def test_tolerance_by_name_and_pattern(made: Any) -> None:
    """An exact name comes first, then the last pattern that fits; only finite numbers are near each other."""
    a, b = made(f1=0.9, loss=100.0, nan=NAN, zero=0.0), made(f1=0.95, loss=101.0, nan=1.0, zero=1e-9)
    assert verdicts(a, b, {"f1": "abs:0.1"})["f1"] == "approximate"
    assert verdicts(a, b, {"*": "rel:0.02"}) == {
        "f1": "differs",
        "loss": "approximate",
        "nan": "differs",
        "zero": "differs",
    }
    assert verdicts(a, b, ["f1=abs:0.001", "*=abs:10"])["f1"] == "differs"
    assert verdicts(a, b, "abs:10") == {**dict.fromkeys(("f1", "loss", "zero"), "approximate"), "nan": "differs"}
    found = jupyter_utils.compare(a, b, {"fl": "abs:1"})
    assert found.notes == ("the tolerance of 'fl' fits no metric and no artifact: there are f1",)


@pytest.mark.parametrize(
    "wrong", ["f1", "f1=0.1", "f1=abs:x", "f1=rel:-1", "f1=abs:nan", {"f1": "±1"}, {"f1": None}, 0.1]
)
def test_what_is_no_tolerance_is_refused(wrong: Any) -> None:
    """With the form that is one."""
    with pytest.raises(ToleranceError, match="abs:"):
        tolerances(wrong)


def test_names_with_an_equals_sign() -> None:
    """Python's callers can give them; the command line reads from the right."""
    assert tolerances(["k=5/f1=abs:0.1"]).of("k=5/f1")


def test_what_decides_is_named(made: Any) -> None:
    """By default what the runs gave; without anything to compare nobody can say."""
    a, b = made(f1=1.0), made(f1=1.0)
    b.params = {"lr": "0.1"}
    assert jupyter_utils.compare(a, b).exit_code == 0
    assert jupyter_utils.compare(a, b, by=["params"]).exit_code == 1
    assert jupyter_utils.compare(made(), made()).exit_code == 3
    with pytest.raises(CompareError, match="sections: metrics"):
        jupyter_utils.compare(a, b, by=["metric"])


def test_a_reproduction_elsewhere_is_at_most_approximate(made: Any) -> None:
    """Whoever ran it in another environment says so, and the same numbers are no proof."""
    found = jupyter_utils.compare(made(f1=1.0), made(f1=1.0))
    assert replace(found, at_most=Verdict.APPROXIMATE).verdict == "approximate"
    differing = jupyter_utils.compare(made(f1=1.0), made(f1=2.0))
    assert replace(differing, at_most=Verdict.APPROXIMATE).verdict == "differs"


def test_steps() -> None:
    """Compared by step, several of one step in their order; where they part is shown."""
    a = [(step, 5, 1.0 / (step + 1)) for step in range(1000)]
    assert compare_steps(a, [(step, 9, value) for step, _, value in a], None).said == "all 1000 steps"
    b = [(step, 9, value + (step >= 990) * 0.1) for step, _, value in a]
    found = compare_steps(a, b, None)
    assert (found.verdict.value, found.said) == ("differs", "10 of 1000 steps differ")
    assert found.details[0].rows[0][0] == "990"
    assert compare_steps(a, b, tolerances("abs:0.11").of("x")).verdict == "approximate"
    assert compare_steps(a, a[:-1], None).said == "1 only in A"
    assert compare_steps([(0, 1, 1.0), (0, 2, 2.0)], [(0, 1, 2.0), (0, 2, 1.0)], None).verdict == "differs"
    assert compare_steps([(0, 1, NAN), (1, 2, 2.0)], [(0, 1, NAN), (1, 2, 2.0)], None).verdict == "same"
    assert compare_steps([(0, 1, 1.0)], [(7, 1, 2.0)], None) is None


def test_repetitions(made: Any) -> None:
    """Is the old value inside of what the new ones give? Minimum, maximum and the values are shown."""
    a = made(same=1.0, inside=0.5, outside=0.9, near=0.9, nan=NAN, some=1.0, gone=1.0)
    several = [
        made(f"r{at}", same=1.0, inside=0.25 + at / 4, outside=0.25 + at / 4, near=0.9 + 1e-9, nan=NAN, new=1.0)
        for at in range(3)
    ]
    several[0].metrics["some"] = 1.0
    rows = {row.name: row for row in jupyter_utils.compare(a, several, {"near": "abs:1e-6"})["metrics"].rows}
    assert {name: row.verdict.value for name, row in rows.items()} == {
        "same": "same",
        "inside": "approximate",
        "outside": "differs",
        "near": "approximate",
        "nan": "same",
        "some": "differs",
        "gone": "differs",
        "new": "differs",
    }
    assert rows["outside"].b == "0.25 … 0.75"
    assert [value for _, value in rows["outside"].details[0].rows] == ["0.25", "0.5", "0.75"]
    assert rows["some"].note == "only in 1 of 3 repetitions"


def test_what_varies_by_itself_is_not_held_against_a_run(made: Any, tmp_path: Path) -> None:
    """An unseeded model differs from each of its repetitions, and these from each other; what they agree on counts."""
    a, several = made("a", f1=0.5), [made(f"r{at}", f1=0.5) for at in range(3)]
    for at, one in enumerate((a, *several)):
        folder = tmp_path / one.facts.name
        (folder / "model").mkdir()
        (folder / "model" / "unseeded.txt").write_text(f"{at}")
        (folder / "model" / "seeded.txt").write_text("old" if one is a else "new")
        (folder / "model" / "same.txt").write_text("same")
    rows = {row.name: row.verdict.value for row in jupyter_utils.compare(a, several)["artifacts"].rows}
    assert rows == {"model/unseeded.txt": "approximate", "model/seeded.txt": "differs", "model/same.txt": "same"}
