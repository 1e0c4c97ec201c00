"""The manifest of a run: what became of each value, for people and for `load_mlflow`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jupyter_utils.entries.entry import EntryFile

    from .failures import Failure
    from .registry import Details

# Where this package keeps what it notes of a run, beside the folders of the user's values.
OWN_FOLDER = "jupyter_utils"
MANIFEST = f"{OWN_FOLDER}/manifest.json"
MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class Stored:
    """What the manifest says of one value: its kind, the format that was chosen, and what the format cannot hold."""

    path: str
    section: str
    key: str
    type: str
    kind: str
    format: str
    details: Details = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_manifest(
    stored: list[Stored], files: Sequence[EntryFile], root: Path, failures: Sequence[Failure] = ()
) -> None:
    """Write the manifest, JSON for people and for `load_mlflow`: what became of each value, and all files so far."""
    path = root / MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "format": MANIFEST_FORMAT,
        "artifacts": [asdict(one) for one in stored],
        "files": [asdict(file) for file in files],
        **({"failed": [asdict(one) for one in failures]} if failures else {}),
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
