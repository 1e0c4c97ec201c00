"""The README says the same in both languages, and what it says is so."""

from __future__ import annotations

import re
from pathlib import Path

from jupyter_utils.artifacts.registry import kinds
from jupyter_utils.settings import Settings

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
JAPANESE = (ROOT / "README.ja.md").read_text(encoding="utf-8")


def code(text: str) -> list[str]:
    """Return the indented blocks, which are the same in both languages."""
    return re.findall(r"(?m)^    \S.*$", text)


def names(text: str) -> list[str]:
    """Return what stands in the first column of the settings table."""
    return list(re.findall(r"(?m)^\| (`[^|]+) \|", text))


def test_both_languages_have_the_same_parts() -> None:
    """Headings, code, settings and pictures stand in both, in the same order."""
    for part in (r"(?m)^#+ ", r"!\[[^\]]*\](\([^)]*\))", r"(?m)^\d\. ", r"(?m)^- "):
        assert re.findall(part, ENGLISH) == re.findall(part, JAPANESE)
    assert code(ENGLISH) == code(JAPANESE)
    assert names(ENGLISH) == names(JAPANESE)


def test_every_setting_is_in_the_table() -> None:
    """No setting is read that the README does not explain."""
    listed = set(re.findall("`([A-Z_]+)`", " ".join(names(ENGLISH))))
    assert {name.upper() for name in Settings.model_fields} <= listed


def test_every_suffix_is_in_the_table() -> None:
    """Both list the suffixes under which each kind of value is written, as the package has them."""
    rows = {kind.name: kind.working_suffixes() for kind in kinds.values() if len(kind.formats) > 1}
    for text in (ENGLISH, JAPANESE):
        assert {name: line.split() for name, line in re.findall(r"(?m)^\| ([^|]+) \| (`\.[^|]+) \|$", text)} == {
            name: [f"`{suffix}`" for suffix in suffixes] for name, suffixes in rows.items()
        }


def test_what_it_refers_to_is_there() -> None:
    """Pictures, scripts and files that the README names exist."""
    paths = re.findall(r"\]\(([^):]+)\)|`((?:nix|python)/[\w./-]+)`", ENGLISH)
    assert [path for pair in paths for path in pair if path and not (ROOT / path).exists()] == []
