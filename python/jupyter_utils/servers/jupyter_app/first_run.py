"""The copy of an example that "A first run" opens: in the file browser's folder, beside whatever is there."""

from __future__ import annotations

import asyncio
import json
import os
from importlib import resources
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "first_run"
_LANGUAGES = ("en", "ja")


class FirstRun(APIHandler):
    """Makes the copy; takes `{"folder": ..., "language": "en" or "ja"}` and answers with `{"path": ...}`."""

    auth_resource = "contents"

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer 400 with the reason where there can be no copy."""
        asked = self.get_json_body() or {}
        folder, language = asked.get("folder", ""), asked.get("language")
        if not isinstance(folder, str) or language not in _LANGUAGES:
            raise web.HTTPError(400, f"folder is a path and language one of {', '.join(_LANGUAGES)}.")
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        try:
            made = await asyncio.to_thread(copy_example, folder_below(root, folder), language)
        except OSError as error:
            raise web.HTTPError(400, f"{folder or '/'}: {error.strerror or error}") from error
        self.finish(json.dumps({"path": made.relative_to(root).as_posix()}))


def folder_below(root: Path, folder: str) -> Path:
    """Return a folder of the file browser's; the root where it leads elsewhere, or is not there."""
    found = (root / folder.lstrip("/")).resolve()
    return found if found.is_dir() and found.is_relative_to(root) else root


def copy_example(folder: Path, language: str) -> Path:
    """Copy the example under the first name that is free; a copy that is still as it was made is taken again.

    Args:
        folder: where to.
        language: "en" or "ja".

    Raises:
        OSError: there is no writing.
    """
    content = (resources.files("jupyter_utils") / "examples" / f"{NAME}.{language}.ipynb").read_bytes()
    for file in _names(folder):
        if file.is_file() and file.read_bytes() == content:
            return file
        # Jupytext would take a text of that name for the notebook's twin.
        if os.path.lexists(file) or os.path.lexists(file.with_suffix(".py")):
            continue
        with file.open("xb") as made:
            made.write(content)
        return file
    raise AssertionError  # names do not end


def _names(folder: Path) -> Iterator[Path]:
    yield folder / f"{NAME}.ipynb"
    yield from (folder / f"{NAME}-{number}.ipynb" for number in count(2))
