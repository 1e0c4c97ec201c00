"""Pairings of Jupytext's that need a program: without it the page does not offer them, and a save says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable  # noqa: TC003 - a field's type
from typing import Any, NamedTuple


class Program(NamedTuple):
    """A program that reads and writes one of Jupytext's formats."""

    name: str
    format: str
    """As the commands of Jupytext's extension of the page call it."""
    writes: Callable[[dict[str, Any]], bool]
    """Whether a format, in Jupytext's long form, is this one."""


PROGRAMS = (
    Program("quarto", "qmd", lambda one: one.get("extension") == ".qmd"),
    Program("pandoc", "md:pandoc", lambda one: one.get("format_name") == "pandoc"),
    Program("marimo", "py:marimo", lambda one: one.get("format_name") == "marimo"),
)


def missing_formats() -> list[str]:
    """Return the formats for which a program is missing, as the page's commands call them."""
    return [one.format for one in PROGRAMS if shutil.which(one.name) is None]


def missing_program(formats: list[dict[str, Any]]) -> Program | None:
    """Return the first program that is missing for a notebook's formats (Jupytext's long form)."""
    needed = (program for one in formats for program in PROGRAMS if program.writes(one))
    return next((program for program in needed if shutil.which(program.name) is None), None)
