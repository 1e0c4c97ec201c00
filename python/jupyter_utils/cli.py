"""The console command `jupyter-utils`; `python -m jupyter_utils` is the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jupyter_utils.machine.inherited import leave_callers_modules

leave_callers_modules()

import click

from jupyter_utils.machine.urls import said
from jupyter_utils.machine.variables import given

from .commands.environment import environment
from .errors import JupyterUtilsError, SettingsError

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.

_EXTRA = click.argument("extra", nargs=-1, type=click.UNPROCESSED)
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show all output of the servers.")


# Names of release 0.1.0, which go on working: scripts and notes have them.
_OLD_NAMES = {"migrate": "import-file-store", "move": "copy-store"}


class _Group(click.Group):
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


main.add_command(environment)


@main.command()
@_VERBOSE
@_EXTRA
def lab(extra: tuple[str, ...], verbose: bool) -> None:
    """Run JupyterLab and MLflow in the foreground; arguments after -- go to `jupyter lab`."""
    from .servers.lab import run_lab
    from .settings import read_settings

    sys.exit(run_lab(read_settings(), extra, verbose=verbose))


@main.command()
@_VERBOSE
@_EXTRA
def mlflow(extra: tuple[str, ...], verbose: bool) -> None:
    """Run the MLflow server in the foreground; arguments after -- go to `mlflow server`."""
    from .servers.lab import run_mlflow
    from .settings import read_settings

    sys.exit(run_mlflow(read_settings(), extra, verbose=verbose))


@main.command()
def url() -> None:
    """Print the addresses of the lab that runs (of all, if there are several)."""
    from .machine.running import running

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
def health() -> None:
    """Ask whether what runs here answers; exit code 1 if not. What a container's health check runs."""
    from .deployment.health import unhealthy

    problems = list(unhealthy())
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


@main.command()
def copy_store() -> None:
    """Copy MLFLOW_STORE_DIR's runs and artifacts to MLFLOW_BACKEND_STORE_URI and MLFLOW_ARTIFACTS_DESTINATION."""
    from .settings import read_settings
    from .spool import Spool
    from .spool.home import bring_home
    from .store.copy_store import copy_store

    settings = read_settings()
    done = copy_store(settings)
    click.echo(
        f"{done.runs} runs ({done.rows} rows of all tables) and {done.files} artifact files are copied and compared. "
        "The old store is as it was; remove it when you have seen your runs."
    )
    if settings.mlflow_artifacts_destination:
        brought, left = bring_home(Spool(settings.spool_dir), settings.store_dir / "artifacts")
        if brought:
            click.echo(f"Files of {brought} runs that wait were copied into the spool: jupyter-utils sync sends them.")
        if left:
            click.echo(f"Send these before you remove the old store (jupyter-utils sync): {', '.join(left)}", err=True)


@main.command()
@click.argument("name")
def bucket(name: str) -> None:
    """Make the bucket NAME for artifacts in an S3 store (MLFLOW_S3_ENDPOINT_URL, AWS_*), unless it is there."""
    from .store.bucket import make_bucket

    click.echo(f"The bucket {name} is made." if make_bucket(name) else f"The bucket {name} is there.")


@main.command(hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": []})
@_EXTRA
def container(extra: tuple[str, ...]) -> None:
    """Settle the user of a container, then run lab, mlflow, or another program."""
    from .deployment.container.entry import enter
    from .settings import read_settings

    enter(read_settings(), extra)


@main.command()
def settings() -> None:
    """Print all settings: what each is now, where that comes from, and what it means."""
    from .settings import read_settings, table

    for row in table(read_settings()):
        click.echo(f"{row.name}={row.value}  ({row.origin})\n    {row.description}")


@main.command()
def import_file_store() -> None:
    """Turn the plain files of an MLflow below 3 in MLFLOW_STORE_DIR into the database that MLflow needs now."""
    from .settings import read_settings
    from .store.import_file_store import import_file_store
    from .store.locations import stay_message

    result = import_file_store(read_settings())
    click.echo(f"\n{result.runs} runs and {result.files} artifact files are in {result.database} and artifacts/ now.")
    for name in result.missing:
        click.echo(f"Run {name}: its artifact folder was not found; the run itself is there.", err=True)
    if result.elsewhere:
        click.echo(stay_message(result.elsewhere), err=True)
    click.echo(
        "Start with: jupyter-utils lab. The old files are as they were; remove them when you have seen your runs."
    )


@main.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Newest backups to keep; without it, all.")
def backup(directory: Path, keep: int | None) -> None:
    """Back up MLflow's data (SQLite and artifacts) into a new folder in DIRECTORY, while the server runs or not."""
    from .machine.sizes import size
    from .settings import read_settings
    from .store.backup import back_up

    made = back_up(read_settings(), directory, keep)
    click.echo(f"{made.path}: {made.runs} runs, {made.files} artifact files; {size(made.copied)} were new.")
    if made.elsewhere:
        click.echo(f"The artifacts at {made.elsewhere} are not in it.", err=True)


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
def restore(source: Path) -> None:
    """Put a backup in the place of MLflow's data; the server must not run. SOURCE: a backup, or the folder of all."""
    from .settings import read_settings
    from .store.restore import restore

    done = restore(read_settings(), source)
    click.echo(f"Restored {done.backup}: {done.runs} runs. Start the server now.")
    for place, kept in done.aside:
        click.echo(f"What was in {place} is in {kept} now; remove it when you have seen your runs.")


@main.command()
@click.option("--older-than", default="30d", show_default=True, help="Time since they were deleted, such as 7d or 12h.")
def gc(older_than: str) -> None:
    """Remove for good what was deleted in MLflow, artifacts included; the server must run."""
    from .servers import mlflow as server
    from .servers.environment import server_environment
    from .settings import read_settings
    from .store.gc import collect

    settings = read_settings()
    server.check_own(settings)
    collect(settings, older_than, server.tracking_uri(settings), server_environment(settings))


@main.command()
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
    from .deployment.units import Scope, install_plan, uninstall_plan

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


@main.command()
@click.option("--list", "listing", is_flag=True, help="List what waits, and send nothing.")
@click.option("--show", metavar="ID", help="Show one run that waits: its values, files, and why it is still here.")
@click.option("--drop", metavar="ID", help="Give up one run that waits; asks first.")
@click.option("--yes", is_flag=True, help="With --drop: do not ask.")
@click.option("--allow", is_flag=True, help="Send to whatever MLflow answers at a run's address, even another store.")
@click.option("--to", metavar="ADDRESS", help="Send all that waits to this MLflow, whichever it was for.")
def sync(  # noqa: PLR0913, PLR0917 - one command, one option each
    listing: bool, show: str | None, drop: str | None, yes: bool, allow: bool, to: str | None
) -> None:
    """Send the runs that MLflow does not have yet, in the order of their calls. Exit code 1 if some still wait."""
    from .runs import sync as command
    from .servers.environment import use_settings

    use_settings()
    if listing:
        command.list_waiting()
    elif show:
        command.show(show)
    elif drop:
        command.drop(drop, ask=not yes)
    else:
        sys.exit(command.send_all(allow=allow, to=to.rstrip("/") if to else None))


@main.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--tolerance",
    multiple=True,
    metavar="NAME=abs:X|rel:X",
    help="How far numbers of B may be from A's; NAME is a metric's or an artifact's, * stands for any. Repeatable.",
)
@click.option(
    "--by",
    default="metrics,artifacts,outputs",
    show_default=True,
    help="What decides the exit code; also params, code, inputs, packages, system, machine.",
)
@click.option(
    "--steps-seconds",
    type=click.FloatRange(0),
    default=60,
    show_default=True,
    help="For how long the steps of metrics are read; of the others the last values are compared, and that is said.",
)
@click.option("--html", metavar="FILE", help="Write all of it as one page, which needs no network; - prints it.")
@click.option("--json", metavar="FILE", help="Write all of it as JSON; - prints it.")
def compare(  # noqa: PLR0913, PLR0917 - one command, one option each
    a: str, b: str, tolerance: tuple[str, ...], by: str, html: str | None, json: str | None, steps_seconds: float
) -> None:
    """Compare two runs, by their ids (also of runs that wait), without executing anything.

    Exit code 0: the same, or within the tolerance; 1: they differ; 3: they could not be compared.
    """
    from .comparisons import command
    from .servers.environment import use_settings

    try:
        use_settings()
        text, code = command.run(a, b, tolerance, [name.strip() for name in by.split(",")], html, json, steps_seconds)
    except JupyterUtilsError as error:
        click.secho(f"Error: {said(error)}", fg="red", err=True)
        sys.exit(3)
    click.echo(text)
    sys.exit(code)


@main.command()
@click.argument("run")
@click.option("--check", is_flag=True, help="Only say what there is of the run: code, environment, inputs, machine.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="A folder with inputs that do not lie any more where they lay.",
)
@click.option(
    "--tolerance",
    multiple=True,
    metavar="NAME=abs:X|rel:X",
    help="How far numbers may be from the original's; as for `compare`. Repeatable.",
)
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1), help="How often it is run.")
@click.option("--keep", is_flag=True, help="Keep the work folder.")
@click.option("--as-run", is_flag=True, help="Replay the cells in the order in which they ran.")
@click.option("--trust", is_flag=True, help="Do not ask: run the code although it was not you who saved the run.")
def reproduce(run: str, **options: Any) -> None:
    """Run a RUN of save_mlflow again, from what it recorded, and say whether it gives the same.

    RUN is MLflow's id of a run, or the id of one that waits. Everything happens in a folder of its own; the report is a
    child of the run. Exit code 0: the same; 1: it differs; 3: it could not be reproduced.
    """
    from .reproduction.command import run_command

    sys.exit(run_command(run, **options))


@main.command()
@click.argument("run")
def show(run: str) -> None:
    """Tell in plain words what the run RUN records of itself, what differs, and what is missing."""
    from .runs import explain
    from .servers.environment import use_settings

    use_settings()
    click.echo(explain.show(run))


@main.command()
@click.argument("experiment", required=False)
@click.option("--notebook", type=click.Path(path_type=Path), help="The runs of this notebook; it need not be there.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many runs at most.")
@click.option("--csv", is_flag=True, help="All columns, as CSV with exact values, for other programs.")
def runs(experiment: str | None, notebook: Path | None, limit: int, csv: bool) -> None:
    """List the newest runs, those that wait included: of EXPERIMENT, of a notebook, or all."""
    from .runs import listing_command
    from .servers.environment import use_settings

    use_settings()
    listing_command.run(experiment, notebook, limit, csv=csv)


@main.command()
def allow() -> None:
    """Let `.env` of this folder count for you, as it is now; after a change it is to be allowed again."""
    from .machine.dotenv import allow_dotenv

    path = allow_dotenv()
    if path is None:
        raise SettingsError("There is no .env in this folder: go to the folder where it lies.")
    click.echo(f"{path} counts for you from now on, as it is.")


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
