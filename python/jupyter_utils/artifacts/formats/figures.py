"""Figures of matplotlib and Plotly."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import SIDECAR, Details, Written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def matplotlib_writer(form: str) -> Callable[[Any, Path], Written]:
    """Make a writer for one of matplotlib's file formats: png, svg, pdf."""

    def write(value: Any, path: Path) -> Written:
        value.savefig(path, format=form, bbox_inches="tight")
        return Written()

    return write


def read_picture(path: Path, _: Details) -> Path:
    """Return the picture's file: a drawn figure cannot become an object again."""
    return path


def write_plotly_html(value: Any, path: Path) -> Written:
    """Write a page that shows the figure without any network; the figure itself is kept beside the manifest."""
    path.write_text(value.to_html(include_plotlyjs=True), encoding="utf-8")
    return Written(sidecar=value.to_json().encode())


def read_plotly_html(_: Path, details: Details) -> Any:
    return importlib.import_module("plotly.io").from_json(details[SIDECAR].decode())


def write_plotly_json(value: Any, path: Path) -> Written:
    path.write_text(value.to_json(), encoding="utf-8")
    return Written()


def read_plotly_json(path: Path, _: Details) -> Any:
    return importlib.import_module("plotly.io").from_json(path.read_text(encoding="utf-8"))
