"""The Jupytext twins of a notebook: the text files that Jupytext writes when the notebook is saved."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jupyter_utils.machine.variables import given

# Every text notebook that Jupytext pairs names its formats in its header, e.g. `formats: ipynb,py:percent`.
_HEADER = re.compile(r"^\W*jupytext\s*:", re.MULTILINE)
_HEADER_CHARACTERS = 4000
_EXTENSION = re.compile(r"^\.?(?P<extension>\w+)(?::\w+)?$")
# The formats in which the server pairs every notebook that says nothing else: our launcher tells its kernels.
FORMATS_VARIABLE = "JUPYTER_UTILS_FORMATS"


def find_twins(notebook: Path) -> list[Path]:
    """Return the files that are paired with a notebook and exist; empty when it is not paired.

    A notebook that cannot be read has no twins that we know of.
    """
    return [path for path in expected_twins(notebook) if path.is_file()]


def expected_twins(notebook: Path) -> list[Path]:
    """Return the files that are paired with a notebook, those too that its first saving has still to write.

    The pairing is read from the notebook's own metadata, else from Jupytext's configuration, else from what our
    launcher told; else from files of the same stem whose header says that Jupytext wrote them (a server may pair
    by default without saying so).
    """
    return [path for path in _paired(notebook) or _same_stem(notebook) if path != notebook]


def _paired(notebook: Path) -> list[Path]:
    metadata = _metadata(notebook)
    formats = (metadata.get("jupytext") or {}).get("formats") or metadata.get("jupytext_formats")
    if not formats and not _has_configuration(notebook):
        formats = given(FORMATS_VARIABLE) if notebook.suffix == ".ipynb" else None
        if not formats:
            return []
    return _beside(notebook, str(formats or "")) or _as_jupytext_says(notebook, metadata)


def _beside(notebook: Path, formats: str) -> list[Path]:
    """Return the paired files for formats that name extensions and no more, as nearly all do; else none.

    >>> _beside(Path("a/x.ipynb"), "ipynb,py:percent")
    [PosixPath('a/x.ipynb'), PosixPath('a/x.py')]
    """
    plain = [_EXTENSION.match(one.strip()) for one in formats.split(",")]
    # `auto` is the extension of the notebook's language.
    found = [one["extension"] for one in plain if one and one["extension"] != "auto"]
    return [notebook.with_suffix(f".{extension}") for extension in found] if len(found) == len(plain) else []


def _as_jupytext_says(notebook: Path, metadata: dict[str, Any]) -> list[Path]:
    """Ask Jupytext, which knows prefixes, suffixes, folders and configuration; importing it takes a while."""
    try:
        return list(_formats(notebook, metadata)[0])
    except Exception:  # noqa: BLE001 - Jupytext absent, or its formats wrong: what lies beside the notebook tells
        return []


def twin_formats(notebook: Path) -> tuple[dict[Path, dict[str, Any]], Any]:
    """Return the format of each file with which a notebook is paired, and Jupytext's configuration for it.

    Raises:
        Exception: Jupytext is not there, or does not understand the formats; its own kinds.
    """
    return _formats(notebook, _metadata(notebook))


def is_paired_by_name(notebook: Path) -> bool:
    """Tell whether the notebook itself, or a configuration of Jupytext's around it, names its twins."""
    metadata = _metadata(notebook)
    if (metadata.get("jupytext") or {}).get("formats") or metadata.get("jupytext_formats"):
        return True
    return _has_configuration(notebook) and bool(_as_jupytext_says(notebook, metadata))


def _formats(notebook: Path, metadata: dict[str, Any]) -> tuple[dict[Path, dict[str, Any]], Any]:
    from jupytext import config, paired_paths

    found = config.load_jupytext_config(str(notebook))
    used = found or config.JupytextConfiguration(formats=given(FORMATS_VARIABLE))
    pair = config.notebook_formats({"metadata": metadata}, used, str(notebook))
    paths = paired_paths.paired_paths(str(notebook), {"extension": notebook.suffix}, pair)
    return {Path(path): dict(fmt) for path, fmt in paths}, used


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
