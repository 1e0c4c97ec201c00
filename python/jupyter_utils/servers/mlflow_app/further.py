"""`mlflow server` with arguments of its own, around the application that is served here without any.

    python -P -m jupyter_utils.servers.mlflow_app.further ARGUMENTS of `mlflow server`

MLflow reads and checks its arguments, and starts what serves as a process below. Of that one's command this changes the
application and how connections are read, so that every check and limit holds with them as well.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from jupyter_utils.adapters import mlflow as adapter

from .applications import FACTORIES
from .prompt import PROTOCOL

APP_NAME = "basic-auth"


def changed(command: list[str]) -> list[str]:
    """Turn the command of MLflow's application into that of ours."""
    if command[1:3] != ["-m", "uvicorn"]:
        sys.exit(f"ERROR: MLflow would serve by {' '.join(command[:3])}, to which the limits here do not apply.")
    asks_password = command[-1].startswith("mlflow.server.auth")
    factory = FACTORIES[APP_NAME if asks_password else None]
    options = [word for word in command[3:-1] if word != "--factory"]
    # uvicorn's own default for the folder is the current one, whose files are no modules of the server's.
    added = ["--http", PROTOCOL, "--app-dir", str(Path(__file__).parents[3]), "--factory"]
    return [command[0], "-P", "-m", "uvicorn", *options, *added, f"{factory.__module__}:{factory.__name__}"]


def main() -> None:
    """Become the parent of the server."""
    warnings.simplefilter("ignore", DeprecationWarning)
    adapter.run_server(["--serve-artifacts", *sys.argv[1:]], changed)


if __name__ == "__main__":
    main()
