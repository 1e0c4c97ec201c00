"""`jupyter-utils reproduce`."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.urls import said

from .reproduce import reproduce
from .reproduced import COULD_NOT, Reproduction

_FAILED = 3


def run_command(run: str, **options: Any) -> int:
    """Run it, print what came of it, and return the exit code; whatever keeps it from being run is 3."""
    options["tolerance"] = list(options.pop("tolerance", ()))
    try:
        found = reproduce(run, tell=partial(click.echo, err=True), **options)
    except JupyterUtilsError as error:
        click.secho(f"Error: {said(error)}", fg="red", err=True)
        for note in getattr(error, "__notes__", []):
            click.echo(note, err=True)
        return _FAILED
    except KeyboardInterrupt as error:
        for note in getattr(error, "__notes__", []):
            click.echo(note, err=True)
        raise click.Abort from None
    click.echo(repr(found))
    _say_blocked(found)
    return found.exit_code


def _say_blocked(found: Reproduction) -> None:
    if found.verdict == COULD_NOT and found.plan.blocked:
        click.secho("Nothing was executed: see what is missing above.", fg="red", err=True)
