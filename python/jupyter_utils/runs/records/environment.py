"""In which environment a run was computed, and what came on top of it."""

from __future__ import annotations

from .provenance import environment_tags
from .recorded import Recorded

_SHOWN_CHARACTERS = 300


def record_environment() -> Recorded:
    """Return its tags, and a warning where the lock alone would not give what ran."""
    tags = environment_tags()
    overlay, added = tags.get("jupyter_utils.overlay"), tags.get("jupyter_utils.added")
    parts = [*([f"packages of %pip ({_short(overlay)})"] if overlay else []), *([_short(added)] if added else [])]
    if not parts:
        return Recorded(tags)
    said = f"On top of the locked environment came {'; '.join(parts)}: the run can only be had again with that."
    return Recorded(tags, (said,))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} …"
