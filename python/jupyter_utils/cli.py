"""The console command `jupyter-utils`; `python -m jupyter_utils` is the same."""

from __future__ import annotations

import sys
from typing import Any

import click

from .errors import JupyterUtilsError

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.
# ruff: noqa: PLC0415

_EXTRA = click.argument("extra", nargs=-1, type=click.UNPROCESSED)
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show all output of the servers.")


class _Group(click.Group):
    """Turns this package's errors into a message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except JupyterUtilsError as error:
            click.secho(f"Error: {error}", fg="red", err=True)
            sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter-utils")
def main() -> None:
    """Run a reproducible JupyterLab with MLflow. `jupyter-utils settings` lists the environment variables it reads."""


@main.command()
@_VERBOSE
@_EXTRA
def lab(extra: tuple[str, ...], verbose: bool) -> None:
    """Run JupyterLab and MLflow in the foreground; arguments after -- go to `jupyter lab`."""
    from .launchers.lab import run_lab
    from .settings import read_settings

    sys.exit(run_lab(read_settings(), extra, verbose=verbose))


@main.command()
@_VERBOSE
@_EXTRA
def mlflow(extra: tuple[str, ...], verbose: bool) -> None:
    """Run the MLflow server in the foreground; arguments after -- go to `mlflow server`."""
    from .launchers.lab import run_mlflow
    from .settings import read_settings

    sys.exit(run_mlflow(read_settings(), extra, verbose=verbose))


@main.command()
def url() -> None:
    """Print the addresses of the lab that runs (of all, if there are several)."""
    from .launchers.state import running

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


@main.command()
def settings() -> None:
    """Print all settings: what each is now, where that comes from, and what it means."""
    from .settings import read_settings, table

    for row in table(read_settings()):
        click.echo(f"{row.name}={row.value}  ({row.origin})\n    {row.description}")


@main.command()
def migrate() -> None:
    """Turn the plain files of an MLflow below 3 in MLFLOW_STORE_DIR into the database that MLflow needs now."""
    from .migrate import migrate
    from .settings import read_settings

    result = migrate(read_settings())
    click.echo(f"\n{result.runs} runs and {result.files} artifact files are in {result.database} and artifacts/ now.")
    for name in result.missing:
        click.echo(f"Run {name}: its artifact folder was not found; the run itself is there.", err=True)
    for address in sorted(set(result.elsewhere)):
        click.echo(f"Artifacts at {address} stay there.", err=True)
    click.echo(
        "Start with: jupyter-utils lab. The old files are as they were; remove them when you have seen your runs."
    )


@main.command()
def doctor() -> None:
    """Check this machine: GPU, disk, ports, proxies, certificates, Git. Exit code 1 if something must be mended."""
    from .doctor import examine
    from .settings import read_settings

    worst = 0
    marks = {"ok": ("ok     ", "green"), "warning": ("warning", "yellow"), "error": ("ERROR  ", "red")}
    for finding in examine(read_settings()):
        mark, colour = marks[finding.level]
        click.echo(f"{click.style(mark, fg=colour)} {finding.subject}: {finding.message}")
        if finding.remedy:
            click.echo(f"        -> {finding.remedy}")
        worst = max(worst, int(finding.level == "error"))
    sys.exit(worst)


if __name__ == "__main__":
    main()
