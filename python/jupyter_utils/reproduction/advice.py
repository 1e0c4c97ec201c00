"""What to look at where a run gives something else when it is run again, beyond what the plan and the tables say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.comparisons.verdict import Verdict
from jupyter_utils.runs.records.unseeded import TOKENIZERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.comparisons.result import Comparison

    from .original import Original
    from .plan import Plan

_DRAWN = 200
_MORE = 20
"""Executions of which the interval misses a further value of the same kind about once in ten times."""


def advice(original: Original, plan: Plan, comparison: Comparison, repeat: int) -> Iterator[str]:
    """Yield sentences on why two results may differ; none where they do not.

    Args:
        original: the run.
        plan: what there was of it.
        comparison: what came of it.
        repeat: how often it was run.
    """
    if comparison.verdict is not Verdict.DIFFERS:
        return
    names = list(filter(None, original.tag("unseeded").split(", ")))
    if TOKENIZERS in names:
        yield (
            "The run trained a tokenizer by UnigramTrainer or WordPieceTrainer, which give another one each time: "
            "BpeTrainer does not, and one that was stored can be loaded."
        )
    if drawn := ", ".join(name for name in names if name != TOKENIZERS):
        yield from _unseeded(drawn[:_DRAWN], repeat)
    if not names and plan.is_exact:
        yield (
            "Code, environment and inputs are what they were, as far as they are recorded. Not recorded are variables "
            "of the shell, the names that a listing of a folder gave and their order, the time, and what came over the "
            "network: look there first. --repeat 3 shows whether it varies by itself."
        )


def _unseeded(drawn: str, repeat: int) -> Iterator[str]:
    seeds = f"Random numbers were drawn without a seed ({drawn})"
    if repeat == 1:
        yield f"{seeds}, so each execution gives something else: --repeat {_MORE} shows how far apart they lie."
    elif repeat < _MORE:
        share = round(200 / (repeat + 1))
        yield (
            f"{seeds}. {repeat} executions are few: by chance alone, a further value of the same kind lies outside of "
            f"what {repeat} give in {share} of 100 cases. --repeat {_MORE} says more."
        )
    else:
        yield f"{seeds}, and it still lies outside of what {repeat} executions give."
    yield "jupyter_utils.fix_seeds(0) in the first cell lets a run be had again."
