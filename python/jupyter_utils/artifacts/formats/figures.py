"""Figures of matplotlib and Plotly, and Pillow's images."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import SIDECAR, CannotWriteError, Details, Written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Pillow's names of the formats that it writes, by suffix; matplotlib has the same suffixes for its own.
PICTURES = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".gif": "GIF",
    ".bmp": "BMP", ".avif": "AVIF",
}  # fmt: skip
DRAWINGS = ("png", "svg", "pdf", "jpg", "jpeg", "webp", "tif", "tiff", "eps", "ps", "svgz")


def matplotlib_writer(form: str) -> Callable[[Any, Path], Written]:
    """Make a writer for one of matplotlib's file formats (`DRAWINGS`)."""

    def write(value: Any, path: Path) -> Written:
        value.savefig(path, format=form, bbox_inches="tight")
        return Written()

    return write


def read_picture(path: Path, _: Details) -> Path:
    """Return the picture's file: a drawn figure cannot become an object again."""
    return path


def image_writer(form: str) -> Callable[[Any, Path], Written]:
    """Make a writer for one of Pillow's file formats (the values of `PICTURES`)."""

    def write(value: Any, path: Path) -> Written:
        try:
            with path.open("wb") as file:
                value.save(file, format=form)
        except (OSError, ValueError, KeyError) as error:
            if getattr(error, "errno", None):  # the disk, not the format
                raise
            raise CannotWriteError(f"{form} cannot hold it ({error}): convert('RGB') it, or name it .png") from error
        return Written({"mode": value.mode, "size": list(value.size)})

    return write


def read_image(path: Path, details: Details) -> Any:
    """Return the image, in memory; of JPEG and the like what its compression has left of it."""
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        return image if image.mode == details["mode"] else image.convert(details["mode"])


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


def plotly_image_writer(form: str) -> Callable[[Any, Path], Written]:
    """Make a writer of a picture (kaleido draws it in a browser); the figure itself is kept beside the manifest."""

    def write(value: Any, path: Path) -> Written:
        try:
            path.write_bytes(value.to_image(format=form))
        except Exception as error:
            raise CannotWriteError(f"kaleido could not draw it ({error}): name it .html") from error
        return Written(sidecar=value.to_json().encode())

    return write
