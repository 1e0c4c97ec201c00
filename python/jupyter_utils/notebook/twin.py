"""The Jupytext twins of a notebook: the text files that Jupytext writes when the notebook is saved."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

# Every text notebook that Jupytext pairs names its formats in its header, e.g. `formats: ipynb,py:percent`.
_HEADER = re.compile(r"^\W*jupytext\s*:", re.MULTILINE)
_HEADER_CHARACTERS = 4000


def find_twins(notebook: Path) -> list[Path]:
    """Give the files that are paired with a notebook and exist; empty when it is not paired.

    The pairing is read from the notebook's own metadata, else from Jupytext's configuration, else from files of
    the same stem whose header says that Jupytext wrote them (a server may pair by default without saying so).

    Raises nothing: a notebook that cannot be read has no twins that we know of.
    """
    candidates = _paired(notebook) or _same_stem(notebook)
    return [path for path in candidates if path != notebook and path.is_file()]


def _paired(notebook: Path) -> list[Path]:
    metadata = _metadata(notebook)
    formats = (metadata.get("jupytext") or {}).get("formats") or metadata.get("jupytext_formats")
    try:
        # Jupytext's own rules: prefixes, suffixes, folders, `auto` extensions. Slow to import, so only when needed.
        if not formats and not _has_configuration(notebook):
            return []
        from jupytext import config, paired_paths  # type: ignore[import-untyped]  # noqa: PLC0415

        pair = config.notebook_formats(
            {"metadata": metadata}, config.load_jupytext_config(str(notebook)), str(notebook)
        )
        paths = paired_paths.paired_paths(str(notebook), {"extension": notebook.suffix}, pair)
        return [Path(path) for path, _ in paths]
    except Exception:  # noqa: BLE001 - Jupytext absent, or its formats wrong: what lies beside the notebook tells
        return []


def _has_configuration(notebook: Path) -> bool:
    names = ("jupytext.toml", ".jupytext.toml", "jupytext.yml", ".jupytext", ".jupytext.py", "pyproject.toml")
    return any((folder / name).is_file() for folder in notebook.parents for name in names)


def _metadata(notebook: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata")
    except (OSError, ValueError, AttributeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _same_stem(notebook: Path) -> list[Path]:
    beside = sorted(path for path in notebook.parent.glob("*") if path.stem == notebook.stem and path.suffix)
    return [path for path in beside if path != notebook and _is_text_notebook(path)]


def _is_text_notebook(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8") as file:
            return bool(_HEADER.search(file.read(_HEADER_CHARACTERS)))
    except (OSError, UnicodeDecodeError):
        return False
