"""What is done with runs: sent, shown, compared, run again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.urls import said

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.


@click.command()
@click.option("--list", "listing", is_flag=True, help="List what waits, and send nothing.")
@click.option("--show", metavar="ID", help="Show one run that waits: its values, files, and why it is still here.")
@click.option("--drop", metavar="ID", help="Give up one run that waits; asks first.")
@click.option("--yes", is_flag=True, help="With --drop: do not ask.")
@click.option("--allow", is_flag=True, help="Send to whatever MLflow answers at a run's address, even another store.")
@click.option("--to", metavar="ADDRESS", help="Send all that waits to this MLflow, whichever it was for.")
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long a run is waited for that another process (the lab, a notebook) is just sending.",
)
def sync(  # noqa: PLR0913, PLR0917 - one command, one option each
    listing: bool, show: str | None, drop: str | None, yes: bool, allow: bool, to: str | None, wait: int
) -> None:
    """Send the runs that MLflow does not have yet, in the order of their calls.

    What another process is just sending is waited for. Exit code 0 if nothing is left, 1 if some runs still wait, with
    each one's reason.
    """
    from jupyter_utils.runs import sync as command
    from jupyter_utils.servers.environment import use_settings

    use_settings()
    if listing:
        command.list_waiting()
    elif show:
        command.show(show)
    elif drop:
        command.drop(drop, ask=not yes)
    else:
        sys.exit(command.send_all(allow=allow, to=to, patience=wait))


@click.command()
@click.argument("run")
def show(run: str) -> None:
    """Tell in plain words what a run records of itself, what differs, and what is missing.

    RUN is MLflow's id of a run, its first digits, the address of its page, or the id of one that waits.
    """
    from jupyter_utils.runs import explain
    from jupyter_utils.servers.environment import use_settings

    use_settings()
    click.echo(explain.show(run))


@click.command()
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
    """Compare two runs, without executing anything.

    A and B are MLflow's ids of runs, their first digits, the addresses of their pages, or the ids of runs that wait.

    Exit code 0: the same, or within the tolerance; 1: they differ; 3: they could not be compared.
    """
    from jupyter_utils.comparisons import command
    from jupyter_utils.servers.environment import use_settings

    try:
        use_settings()
        text, code = command.run(a, b, tolerance, [name.strip() for name in by.split(",")], html, json, steps_seconds)
    except JupyterUtilsError as error:
        click.secho(f"Error: {said(error)}", fg="red", err=True)
        sys.exit(3)
    click.echo(text)
    sys.exit(code)


@click.command()
@click.argument("experiment", required=False)
@click.option("--notebook", type=click.Path(path_type=Path), help="The runs of this notebook; it need not be there.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many runs at most.")
@click.option("--csv", is_flag=True, help="All columns, as CSV with exact values, for other programs.")
def runs(experiment: str | None, notebook: Path | None, limit: int, csv: bool) -> None:
    """List the newest runs, those that wait included: of EXPERIMENT, of a notebook, or all."""
    from jupyter_utils.runs.listing import command as listing_command
    from jupyter_utils.servers.environment import use_settings

    use_settings()
    listing_command.run(experiment, notebook, limit, csv=csv)


@click.command()
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
@click.option("--keep", is_flag=True, help="Keep the work folder; it says where.")
@click.option("--as-run", is_flag=True, help="Replay the cells in the order in which they ran.")
@click.option("--trust", is_flag=True, help="Do not ask: run the code although it was not you who saved the run.")
def reproduce(run: str, **options: Any) -> None:
    """Run a RUN of save_mlflow again, from what it recorded, and say whether it gives the same.

    RUN is MLflow's id of a run, its first digits, the address of its page, or the id of one that waits. Everything
    happens in a folder of its own below ~/.cache/jupyter-utils/reproductions; the report is a child of the run. What a
    killed execution leaves there is removed by a later one, after a week. Exit code 0: the same; 1: it differs; 3: it
    could not be reproduced.
    """
    from jupyter_utils.reproduction.command import run_command

    sys.exit(run_command(run, **options))
