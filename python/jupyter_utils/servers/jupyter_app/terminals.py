"""The terminals of JupyterLab, in the file browser's folder; `shells` says what they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server_terminals import api_handlers
from jupyter_server_terminals.terminalmanager import TerminalManager

from .shells import shell_command


class Terminals(TerminalManager):
    """Starts terminals; where a configuration of the user's names a shell, that is started as it stands there."""

    def new_terminal(self, **kwargs: Any) -> Any:
        """Start one, in the folder that is asked for, or the one that the file browser shows first."""
        server: Any = self.parent
        if not server.terminado_settings.get("shell_command"):
            self.shell_command: Any = shell_command()
        kwargs.setdefault("cwd", str(Path(server.root_dir).expanduser()))
        return super().new_terminal(**kwargs)


class TerminalsOfPage(api_handlers.TerminalRootHandler):
    """Takes the page's folders for what they are: below the file browser's root.

    The class above looks below the folder in which the lab was started first.
    """

    def get_json_body(self) -> dict[str, Any] | None:
        """Return what the page asks for, with an absolute folder; one that is not there is the root."""
        asked: dict[str, Any] | None = super().get_json_body()
        if asked and isinstance(asked.get("cwd"), str):
            root = Path(self.settings["server_root_dir"]).expanduser()
            folder = root / asked["cwd"]
            asked["cwd"] = str(folder if folder.is_dir() else root)
        return asked


def use_own_handler() -> None:
    """Have the terminals' extension answer the page by the class above; before it is loaded."""
    handlers: list[Any] = api_handlers.default_handlers
    for place, (path, kind) in enumerate(handlers):
        if kind is api_handlers.TerminalRootHandler:
            handlers[place] = (path, TerminalsOfPage)
