"""What there is of a run to run it again: a table of four parts, each with what is not exact, why, and the remedy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Status(StrEnum):
    """How near a part comes to what it was; the worst last."""

    EXACT = "exact"
    UNKNOWN = "unknown"
    APPROXIMATE = "approximate"
    MISSING = "missing"


_ORDER = list(Status)


@dataclass(frozen=True)
class Finding:
    """One sentence about a part; `blocks` where the run cannot be run without it."""

    status: Status
    reason: str
    remedy: str = ""
    blocks: bool = False


@dataclass(frozen=True)
class Part:
    """The code, the environment, the inputs or the machine."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """The worst of its findings."""
        return max((one.status for one in self.findings), key=_ORDER.index, default=Status.UNKNOWN)


@dataclass(frozen=True)
class Plan:
    """The parts of one run."""

    run: str
    parts: tuple[Part, ...]

    def __getitem__(self, name: str) -> Part:
        """Return a part by its name."""
        return next(part for part in self.parts if part.name == name)

    @property
    def blocked(self) -> list[Finding]:
        """What is missing, without which nothing can be run."""
        return [one for part in self.parts for one in part.findings if one.blocks]

    @property
    def is_exact(self) -> bool:
        """Whether code, environment, inputs and machine are what they were, as far as anybody knows."""
        return all(part.status in {Status.EXACT, Status.UNKNOWN} for part in self.parts)

    def lines(self) -> list[str]:
        """Return it for a terminal."""
        return [line for part in self.parts for line in _lines(part)]

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        parts = [{"name": part.name, "status": part.status.value} | asdict(part) for part in self.parts]
        return {"run": self.run, "parts": parts}

    def __repr__(self) -> str:
        return "\n".join([f"Run {self.run}", *self.lines()])


def part(name: str, findings: Iterable[Finding], otherwise: str) -> Part:
    """Make a part; `otherwise` is said of one that has nothing but what is exact."""
    found = tuple(findings)
    return Part(name, found or (Finding(Status.EXACT, otherwise),))


def _lines(part: Part) -> list[str]:
    lines = []
    for number, one in enumerate(part.findings):
        name = part.name if number == 0 else ""
        lines.append(f"{name:13}{one.status.value:13}{one.reason}")
        if one.remedy:
            lines.append(f"{'':26}-> {one.remedy}")
    return lines
