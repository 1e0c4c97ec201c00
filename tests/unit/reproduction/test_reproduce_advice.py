"""What is said where a run gives something else when it is run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_utils.comparisons.comparison import Facts, Row, section
from jupyter_utils.comparisons.result import Comparison
from jupyter_utils.comparisons.verdict import Verdict
from jupyter_utils.reproduction.advice import advice
from jupyter_utils.reproduction.original import Original, find_original
from jupyter_utils.reproduction.plan import Finding, Plan, Status, part
from jupyter_utils.reproduction.surroundings import Room
from recorded_runs import notebook, recorded

if TYPE_CHECKING:
    from pathlib import Path

EXACT = Plan("x", (part("code", [], "all"), part("inputs", [Finding(Status.UNKNOWN, "not said")], "")))
OTHER_INPUT = Plan("x", (part("inputs", [Finding(Status.APPROXIMATE, "a.csv is another")], ""),))


def compared(verdict: Verdict) -> Comparison:
    facts = Facts("x", "x")
    return Comparison(facts, (facts,), (section("metrics", [Row("f1", verdict)]),))


def run(folder: Path, **tags: str) -> Original:
    named = {f"jupyter_utils.{name}": value for name, value in tags.items()}
    return find_original(recorded(folder, folder, {"one.ipynb": notebook("1 + 1")}, tags=named))


@pytest.mark.parametrize(
    ("repeat", "said"), [(1, "--repeat 20"), (3, "in 50 of 100 cases"), (20, "still lies outside")]
)
def test_nothing_was_seeded(repeat: int, said: str, tmp_path: Path) -> None:
    """What drew without a seed is named, how little few executions say, and how to have the run again."""
    words = list(advice(run(tmp_path, unseeded="numpy.random"), EXACT, compared(Verdict.DIFFERS), repeat))
    assert "without a seed (numpy.random)" in words[0]
    assert said in words[0]
    assert "jupyter_utils.fix_seeds" in words[1]


def test_a_tokenizer_that_is_another_each_time(tmp_path: Path) -> None:
    """No seed helps there, and none is asked for; beside generators both are said."""
    (words,) = advice(run(tmp_path, unseeded="tokenizers"), EXACT, compared(Verdict.DIFFERS), 1)
    assert "BpeTrainer" in words
    assert "without a seed" not in words
    both = list(advice(run(tmp_path, unseeded="numpy, tokenizers"), EXACT, compared(Verdict.DIFFERS), 1))
    assert [("BpeTrainer" in one, "(numpy)" in one) for one in both] == [(True, False), (False, True), (False, False)]


def test_nothing_recorded_explains_it(tmp_path: Path) -> None:
    """Then what is not recorded is named; where an input explains it, or nothing differs, nothing is said."""
    original = run(tmp_path)
    (words,) = advice(original, EXACT, compared(Verdict.DIFFERS), 1)
    for one in ("variables of the shell", "listing of a folder", "the time", "network"):
        assert one in words
    assert list(advice(original, OTHER_INPUT, compared(Verdict.DIFFERS), 1)) == []
    assert list(advice(original, EXACT, compared(Verdict.SAME), 1)) == []


def test_what_shuts_nothing_in_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the remedy, where there is one."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert "could reach your files" in Room(None, "no bwrap").words()
    assert "apt-get install bubblewrap" in Room(None, "no bwrap").words()
