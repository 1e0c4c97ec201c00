"""`jupyter-utils lab` and its like: the servers, and whatever starts, asks or installs them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jupyter_utils.machine.variables import given

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.

_EXTRA = click.argument("extra", nargs=-1, type=click.UNPROCESSED)
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show all output of the servers.")


@click.command()
@_VERBOSE
@_EXTRA
def lab(extra: tuple[str, ...], verbose: bool) -> None:
    """Run JupyterLab and MLflow in the foreground; arguments after -- go to `jupyter lab`."""
    from jupyter_utils.servers.lab import run_lab
    from jupyter_utils.settings import read_settings

    sys.exit(run_lab(read_settings(), extra, verbose=verbose))


@click.command()
@_VERBOSE
@_EXTRA
def mlflow(extra: tuple[str, ...], verbose: bool) -> None:
    """Run the MLflow server in the foreground; arguments after -- go to `mlflow server`."""
    from jupyter_utils.servers.lab import run_mlflow
    from jupyter_utils.settings import read_settings

    sys.exit(run_mlflow(read_settings(), extra, verbose=verbose))


@click.command()
def url() -> None:
    """Print the addresses of the lab that runs (of all, if there are several)."""
    from jupyter_utils.machine.running import running

    found = running()
    for state in found:
        if len(found) > 1:
            click.echo(f"{state.root_dir} (process {state.pid})")
        for name, address in state.urls.items():
            click.echo(f"{name:12}{address}")
    if not found:
        click.echo(
            "No lab of yours is running, or it has not finished starting. Start one: jupyter-utils lab", err=True
        )
        sys.exit(1)


@click.command()
def health() -> None:
    """Ask whether what runs here answers; exit code 1 if not. What a container's health check runs."""
    from jupyter_utils.deployment.health import unhealthy

    problems = list(unhealthy())
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


@click.command()
@click.option(
    "--from",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The units; `nix run .#debian.units` gives its own.",
)
@click.option("--install", "action", flag_value="install", help="Install, enable and start them.")
@click.option("--uninstall", "action", flag_value="uninstall", help="Stop them and remove what --install wrote.")
@click.option("--user", is_flag=True, help="For your own service manager (no root needed) instead of the system's.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def units(folder: Path, action: str | None, user: bool, yes: bool) -> None:
    """Install the servers as systemd services; shows first what it will do."""
    from jupyter_utils.deployment.units import Scope, install_plan, uninstall_plan

    scope = Scope.user() if user else Scope.system()
    plan = uninstall_plan(folder, scope) if action == "uninstall" else install_plan(folder, scope)
    for line in plan.lines():
        click.echo(line)
    if action is None:
        click.echo("\nNothing was done. --install does it, --uninstall undoes it, --user is for your own services.")
        return
    plan.check()
    if not yes and not click.confirm("\nGo on?"):
        sys.exit(1)
    plan.run()
    for line in plan.after:
        click.echo(line)


@click.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": []})
@_EXTRA
def container(extra: tuple[str, ...]) -> None:
    """Settle the user of a container, then run lab, mlflow, or another program."""
    from jupyter_utils.deployment.container.entry import enter
    from jupyter_utils.settings import read_settings

    enter(read_settings(), extra)


@click.command(hidden=True)
@click.argument("name")
@click.option("--for", "address", default="", help="The server that it is for.")
@click.option("--served", is_flag=True, help="It is for the MLflow that is served here, by the settings of that one.")
def credential(name: str, address: str, served: bool) -> None:
    """Print a credential that systemd has handed to this service, and whom it is for, to whoever is connected to it."""
    if served:
        from jupyter_utils.servers.mlflow import tracking_uri
        from jupyter_utils.settings import read_settings

        address = tracking_uri(read_settings())
    secret = (Path(given("CREDENTIALS_DIRECTORY")) / name).read_text(encoding="utf-8").strip()
    click.echo(f"{secret}\n{address}")
