"""What a run records by itself: its code, the order of its cells, the machine; each kept among its artifacts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS

from .provenance import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

UNRECORDED = "jupyter_utils.unrecorded"


@dataclass(frozen=True)
class Recorded:
    """The tags that tell of a record, warnings of what in it a person must know, and what the card shows of it."""

    tags: dict[str, str]
    warnings: tuple[str, ...] = ()
    shown: str = ""


def together(records: Mapping[str, Callable[[], Recorded]], directory: Path) -> Recorded:
    """Make each record; one that fails, if only for a full disk, costs itself, which the run says, and never the run.

    Args:
        records: what each is called, and what makes it.
        directory: the run's entry, which holds nothing of a record that failed.
    """
    folder = directory / ARTIFACTS / OWN_FOLDER
    tags: dict[str, str] = {}
    warnings: list[str] = []
    for name, make in records.items():
        before = set(folder.rglob("*"))
        try:
            folder.mkdir(exist_ok=True)
            made = make()
        except Exception as error:  # noqa: BLE001 - a notebook, a repository, a machine that nobody has seen yet
            _remove(set(folder.rglob("*")) - before)
            why = f"{name}: {type(error).__name__}: {error}"
            tags[UNRECORDED] = cut("; ".join(filter(None, (tags.get(UNRECORDED), why))))
            warnings.append(f"The run does not record everything of itself ({why}).")
        else:
            tags |= made.tags
            warnings += made.warnings
    return Recorded(tags, tuple(warnings))


def _remove(paths: Iterable[Path]) -> None:
    """Remove files, and folders that hold nothing else."""
    for path in sorted(paths, reverse=True):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
