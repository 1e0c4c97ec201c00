"""`jupyter-utils environment`: which environment this is, or that of a run."""

from __future__ import annotations

import click

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.


@click.group()
def environment() -> None:
    """Say which environment this is, or that of a run."""


@environment.command()
@click.argument("run", required=False)
def show(run: str | None) -> None:
    """Show this environment, or the one in which RUN (MLflow's id, or the id of an entry that waits) was made."""
    from jupyter_utils.environments.showing import rows, this_environment
    from jupyter_utils.runs.provenance import environment_tags

    tags = _tags_of(run) if run else this_environment(environment_tags())
    for name, value in rows(tags):
        click.echo(f"{name:12}{value}")


def _tags_of(run: str) -> dict[str, str]:
    from jupyter_utils.runs.sources import find_source
    from jupyter_utils.servers.environment import use_settings

    use_settings()
    return find_source(run, None).describe().tags
