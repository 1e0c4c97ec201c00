"""The console command `jupyter-utils`, a table of its commands; `python -m jupyter_utils` is the same."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_utils.machine.inherited import leave_callers_modules

leave_callers_modules()

import click

from jupyter_utils.machine.urls import said
from jupyter_utils.machine.variables import given

from .commands import environment, machine, runs, servers, store
from .commands.help import WholeHelp
from .errors import JupyterUtilsError

_COMMANDS = (
    *(servers.lab, servers.mlflow, servers.url, servers.health, servers.units, servers.container),
    servers.credential,
    *(runs.sync, runs.runs, runs.show, runs.compare, runs.reproduce),
    *(store.backup, store.restore, store.gc, store.import_file_store, store.copy_store, store.bucket),
    environment.environment,
    *(machine.doctor, machine.settings, machine.allow),
)
# Names of release 0.1.0, which go on working: scripts and notes have them.
_OLD_NAMES = {"migrate": "import-file-store", "move": "copy-store"}


class _Group(WholeHelp):
    """Turns this package's errors into a message and exit code 1, and knows commands by their old names too."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, _OLD_NAMES.get(cmd_name, cmd_name))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except JupyterUtilsError as error:
            click.secho(f"Error: {said(error)}", fg="red", err=True)
            sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter-utils")
@click.pass_context
def main(context: click.Context) -> None:
    """Run a reproducible JupyterLab with MLflow. `jupyter-utils settings` lists the environment variables it reads."""
    if given("JUPYTER_UTILS_PROFILE") == "container":
        from .deployment.container.entry import drop_empty_settings, step_down

        drop_empty_settings()
        # The entry and the health check, which Docker starts as root, know themselves what to do.
        if context.invoked_subcommand not in {"container", "health", "url"}:
            from .settings import read_settings

            step_down(read_settings())


for _command in _COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
