"""What is done with MLflow's data: backup, restore, import, copy, garbage."""

from __future__ import annotations

from pathlib import Path

import click

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Newest backups to keep; without it, all.")
def backup(directory: Path, keep: int | None) -> None:
    """Back up MLflow's data (SQLite and artifacts) into a new folder in DIRECTORY, while the server runs or not."""
    from jupyter_utils.machine.sizes import size
    from jupyter_utils.settings import read_settings
    from jupyter_utils.store.backup import back_up

    made = back_up(read_settings(), directory, keep)
    click.echo(f"{made.path}: {made.runs} runs, {made.files} artifact files; {size(made.copied)} were new.")
    if made.elsewhere:
        click.echo(f"The artifacts at {made.elsewhere} are not in it.", err=True)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
def restore(source: Path) -> None:
    """Put a backup in the place of MLflow's data; the server must not run. SOURCE: a backup, or the folder of all."""
    from jupyter_utils.settings import read_settings
    from jupyter_utils.store.restore import restore

    done = restore(read_settings(), source)
    click.echo(f"Restored {done.backup}: {done.runs} runs. Start the server now.")
    for place, kept in done.aside:
        click.echo(f"What was in {place} is in {kept} now; remove it when you have seen your runs.")


@click.command()
@click.option("--older-than", default="30d", show_default=True, help="Time since they were deleted, such as 7d or 12h.")
def gc(older_than: str) -> None:
    """Remove for good what was deleted in MLflow, artifacts included; the server must run."""
    from jupyter_utils.servers import mlflow as server
    from jupyter_utils.servers.environment import server_environment
    from jupyter_utils.settings import read_settings
    from jupyter_utils.store.gc import collect

    settings = read_settings()
    server.check_own(settings)
    collect(settings, older_than, server.tracking_uri(settings), server_environment(settings))


@click.command()
def import_file_store() -> None:
    """Turn the plain files of an MLflow before 3.13 in MLFLOW_STORE_DIR into the database that MLflow needs now."""
    from jupyter_utils.settings import read_settings
    from jupyter_utils.store.import_file_store import import_file_store
    from jupyter_utils.store.locations import stay_message

    result = import_file_store(read_settings())
    click.echo(f"\n{result.runs} runs and {result.files} artifact files are in {result.database} and artifacts/ now.")
    for name in result.missing:
        click.echo(f"Run {name}: its artifact folder was not found; the run itself is there.", err=True)
    if result.elsewhere:
        click.echo(stay_message(result.elsewhere), err=True)
    click.echo(
        "Start with: jupyter-utils lab. The old files are as they were; remove them when you have seen your runs."
    )


@click.command()
def copy_store() -> None:
    """Copy MLFLOW_STORE_DIR's runs and artifacts to MLFLOW_BACKEND_STORE_URI and MLFLOW_ARTIFACTS_DESTINATION."""
    from jupyter_utils.settings import read_settings
    from jupyter_utils.spool import Spool
    from jupyter_utils.spool.home import bring_home
    from jupyter_utils.store.copy_store import copy_store

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


@click.command()
@click.argument("name")
def bucket(name: str) -> None:
    """Make the bucket NAME for artifacts in an S3 store (MLFLOW_S3_ENDPOINT_URL, AWS_*), unless it is there."""
    from jupyter_utils.store.bucket import make_bucket

    click.echo(f"The bucket {name} is made." if make_bucket(name) else f"The bucket {name} is there.")
