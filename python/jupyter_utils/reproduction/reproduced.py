"""What `reproduce` returns: the verdict, the plan, the comparison, and where the report is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_utils.comparisons.report import rendered
from jupyter_utils.comparisons.terminal import table
from jupyter_utils.comparisons.verdict import Verdict
from jupyter_utils.machine.plain_text import plain

from .child import as_json

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_utils.comparisons.result import Comparison

    from .child import Delivered
    from .executing import Failure
    from .plan import Plan

SAME, DIFFERS, COULD_NOT, CHECKED = "same", "differs", "could not", "checked"
APPROXIMATELY = "same, approximately"
_CODES = {DIFFERS: 1, COULD_NOT: 3}


@dataclass(frozen=True)
class Reproduction:
    """A run that was run again, or the plan of it.

    Attributes:
        run: the id of the original.
        verdict: "same", "same, approximately" (within a tolerance, or not everything around it was as it was),
            "differs", "could not"; "checked" where nothing was run.
        plan: what there was of it.
        comparison: what came of it; None where nothing did.
        failure: the cell or script that ended it.
        notes: what else is to be said.
        child: the run with the report.
        folder: the work folder, where it was kept.
    """

    run: str
    verdict: str
    plan: Plan
    comparison: Comparison | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    child: Delivered | None = None
    folder: Path | None = None

    @property
    def exit_code(self) -> int:
        """0 same, 1 differs, 3 could not be reproduced."""
        if self.verdict == CHECKED:
            return 3 if self.plan.blocked else 0
        return _CODES.get(self.verdict, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        failure = self.failure
        return {
            "format": 1,
            "run": self.run,
            "verdict": self.verdict,
            "plan": self.plan.to_dict()["parts"],
            "failure": {"position": failure.position, "error": failure.error} if failure else None,
            "notes": list(self.notes),
            "comparison": self.comparison.to_dict() if self.comparison else None,
        }

    def to_json(self) -> str:
        """Return all of it as JSON, for programs."""
        return as_json(self.to_dict()).encode("utf-8", errors="backslashreplace").decode()

    def to_html(self) -> str:
        """Return all of it as one page of HTML, which needs no network and no script."""
        head = rendered(__package__, "reproduction.html.j2", it=self)
        if self.comparison is None:
            return rendered(__package__, "alone.html.j2", it=self, head=head)
        whole, body = self.comparison.to_html(), "<body>\n"
        return whole.replace(body, f"{body}{head}", 1)  # a sum with Markup would escape the tag

    def _repr_html_(self) -> str:
        card = self.comparison._repr_html_() if self.comparison else ""
        return rendered(__package__, "reproduction.html.j2", it=self) + card

    def __repr__(self) -> str:
        lines = self.plan.lines()
        if self.comparison is not None:
            lines += ["", table(self.comparison)]
        lines += ["", *([plain(str(self.failure))] if self.failure else []), *map(plain, self.notes)]
        if self.child and self.child.run_id:
            lines.append(f"Report: run {self.child.run_id}" + (f" {self.child.url}" if self.child.url else ""))
        elif self.child and self.child.entry:
            lines.append(f"The report waits in {self.child.entry} ({plain(self.child.why)}): jupyter-utils sync")
        if self.folder:
            lines.append(f"Work folder: {self.folder}")
        if self.verdict != CHECKED:
            lines.append(f"Verdict: {self.verdict}")
        return "\n".join(lines)


def verdict_of(comparison: Comparison, plan: Plan) -> str:
    """Return the verdict in words: what is the same in another environment, or with other inputs, is approximate."""
    match comparison.verdict:
        case Verdict.SAME:
            return SAME if plan.is_exact else APPROXIMATELY
        case Verdict.APPROXIMATE:
            return APPROXIMATELY
        case Verdict.DIFFERS:
            return DIFFERS
    return COULD_NOT
