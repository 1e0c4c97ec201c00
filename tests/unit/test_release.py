"""Version and licence stand in python/pyproject.toml; whatever else names them says the same."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "python" / "pyproject.toml").read_text())["tool"]["poetry"]


def test_the_licence_is_the_one_that_is_named() -> None:
    """LICENSE holds the text of the licence that the package's metadata names, with the developers' name."""
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["license"] == "MIT"
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The jupyter-utils developers\n")
    assert PROJECT["authors"] == ["The jupyter-utils developers"]


def test_what_is_installed_says_so() -> None:
    """`pip show jupyter-utils` names the version and the licence."""
    said = importlib.metadata.metadata("jupyter-utils")
    assert said["Version"] == PROJECT["version"]
    assert (said.get("License-Expression") or said.get("License")) == PROJECT["license"]


@pytest.mark.parametrize(
    ("label", "value"), [("version", PROJECT["version"]), ("licenses", PROJECT["license"])], ids=["version", "licence"]
)
def test_the_dockerfile_says_so(label: str, value: str) -> None:
    """`docker-compose build` cannot read pyproject.toml: its labels are written out, in one place."""
    text = (ROOT / "Dockerfile").read_text()
    assert re.findall(rf"org\.opencontainers\.image\.{label}=(\S+)", text) == [value]


def test_the_changelog_has_the_version() -> None:
    """The newest release of CHANGELOG.md is this version; what came since stands above it."""
    headings = re.findall(r"(?m)^## (.*)$", (ROOT / "CHANGELOG.md").read_text())
    releases = [heading for heading in headings if heading != "Unreleased"]
    assert re.fullmatch(rf"{re.escape(PROJECT['version'])} - \d{{4}}-\d\d-\d\d", releases[0])
    assert headings == ["Unreleased", *releases]


def test_the_citation_says_so() -> None:
    """CITATION.cff names the version, its day, the licence and the authors as the others do."""
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (said["version"], said["license"]) == (PROJECT["version"], PROJECT["license"])
    assert [author["name"] for author in said["authors"]] == PROJECT["authors"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {said['version']} - {said['date-released']}\n" in text
    assert {"cff-version", "message", "title", "type"} <= said.keys()
