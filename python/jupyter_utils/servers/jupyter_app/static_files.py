"""Static files of pages: each page gets its own, whatever another one calls by the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.utils import filefind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_server.serverapp import ServerApp


class StaticFiles(FileFindHandler):
    """Looks for a file in the page's own folders each time.

    The class above (`FileFindHandler._static_paths` of jupyter_server 2.21) remembers by its name alone where a file
    lies, for all pages together. JupyterLab and Notebook 7 have fonts of the same names: the page that was opened
    second got 403.
    """

    @classmethod
    def get_absolute_path(cls, roots: Sequence[str], path: str) -> str:
        """Return where a file lies, in the first of these folders that has it; nothing if none has."""
        try:
            return filefind(path, roots)
        except OSError:
            return ""


def use_own_static_files(server: ServerApp) -> None:
    """Have pages' files served by the class above, before the server is set up; what a user has set stays."""
    server.tornado_settings.setdefault("static_handler_class", StaticFiles)
