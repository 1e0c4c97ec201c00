"""What a run records by itself: its code, the order of its cells, the machine; each kept among its artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .provenance import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNRECORDED = "jupyter_utils.unrecorded"


@dataclass(frozen=True)
class Recorded:
    """The tags that tell of a record, and warnings of what in it a person must know."""

    tags: dict[str, str]
    warnings: tuple[str, ...] = ()


def together(records: Mapping[str, Callable[[], Recorded]]) -> Recorded:
    """Make each record; one that fails costs itself, which the run says, and never the run.

    Raises:
        OSError: the disk does not take it.
    """
    tags: dict[str, str] = {}
    warnings: list[str] = []
    for name, make in records.items():
        try:
            made = make()
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - a notebook, a repository, a machine that nobody has seen yet
            why = f"{name}: {type(error).__name__}: {error}"
            tags[UNRECORDED] = cut("; ".join(filter(None, (tags.get(UNRECORDED), why))))
            warnings.append(f"The run does not record everything of itself ({why}).")
        else:
            tags |= made.tags
            warnings += made.warnings
    return Recorded(tags, tuple(warnings))
