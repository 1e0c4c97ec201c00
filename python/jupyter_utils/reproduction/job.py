"""The plan of a run that is to be run again, with all that is needed for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.machine.masking import MASK
from jupyter_utils.machine.sizes import counted

from .conditions_now import environment_findings, machine_findings
from .notebook_job import LINEAR, order_of
from .plan import Finding, Plan, Status, part
from .recorded_code import code_of
from .recorded_inputs import inputs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .original import Original
    from .recorded_code import Code, CodeFile
    from .recorded_inputs import Input


@dataclass(frozen=True)
class Job:
    """What is executed, where, and with which arguments.

    Attributes:
        original: the run.
        plan: what there is of it.
        code: its code.
        inputs: what it read.
        data: the folder with inputs that the caller names.
        as_run: whether the cells are replayed in the order in which they ran.
    """

    original: Original
    plan: Plan
    code: Code
    inputs: list[Input]
    data: Path | None = None
    as_run: bool = False

    @property
    def main(self) -> CodeFile:
        """The notebook or the script; there is one where nothing blocks the plan."""
        assert self.code.main  # noqa: S101 - see above
        return self.code.main

    @property
    def directory(self) -> Path:
        """The working directory, as it was."""
        call = self.original.record("call.json")
        named = Path(str(call.get("started") or call.get("directory") or ""))
        return named if named.is_absolute() and ".." not in named.parts else self.main.place.parent

    @property
    def arguments(self) -> list[str]:
        """Those of a script."""
        return _arguments(self.original)

    @property
    def notes(self) -> list[str]:
        """What is to be said of how it is executed."""
        order = order_of(self.original)
        if not order or order == LINEAR or self.as_run or self.main.role != "notebook":
            return []
        return [f"The cells had run {_WORDS.get(order, order)}; now they ran from top to bottom."]


_WORDS = {"out of order": "out of order", "hidden": "otherwise than they stand in the notebook"}


def job_of(original: Original, data: Path | None = None, *, as_run: bool = False) -> Job:
    """Plan a run.

    Raises:
        ReproduceError: what it records is damaged.
    """
    code = code_of(original, near=Path.cwd())
    inputs, said = inputs_of(original, code, data)
    parts = (
        part(
            "code",
            [*code.findings, *_order(original, as_run=as_run), *_call(original), *_seeds(original)],
            _exact(code),
        ),
        part("environment", environment_findings(original), "the same store path"),
        part(
            "inputs",
            said,
            f"{counted(len(inputs), 'file')}, as {'it was' if len(inputs) == 1 else 'they were'}"
            if inputs
            else "it read none",
        ),
        part("machine", machine_findings(original), "the same processor, cores and GPUs"),
    )
    return Job(original, Plan(original.id, parts), code, inputs, data, as_run)


def _exact(code: Code) -> str:
    origins = list(dict.fromkeys(file.origin for file in code.files if file.content is not None))
    return f"{counted(len(code.files), 'file')}, from {' and '.join(origins)}"


def _order(original: Original, *, as_run: bool) -> Iterator[Finding]:
    order = order_of(original)
    if order and order != LINEAR and not as_run:
        reason = f"the cells had run {_WORDS.get(order, order)}, and will run from top to bottom"
        yield Finding(Status.APPROXIMATE, reason, "--as-run replays what ran, in that order")


def _call(original: Original) -> Iterator[Finding]:
    masked = [one for one in _arguments(original) if MASK in one]
    if masked:
        reason = f"arguments of the script that look like secrets are not kept: {' '.join(masked)}"
        yield Finding(Status.MISSING, reason, "run the script by hand", blocks=True)


def _seeds(original: Original) -> Iterator[Finding]:
    if drawn := original.tag("unseeded"):
        reason = f"something has no seed ({drawn[:200]}): what depends on it varies by itself"
        remedy = "--repeat N shows by how much; jupyter_utils.fix_seeds fixes random numbers, BpeTrainer a tokenizer"
        yield Finding(Status.UNKNOWN, reason, remedy)


def _arguments(original: Original) -> list[str]:
    found = original.record("call.json").get("arguments")
    return [str(one) for one in found] if isinstance(found, list) else []
