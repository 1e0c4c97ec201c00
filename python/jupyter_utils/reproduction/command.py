"""`jupyter-utils reproduce`."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import click

from jupyter_utils.errors import JupyterUtilsError
from jupyter_utils.machine.urls import said
from jupyter_utils.runs.sources import named_run
from jupyter_utils.servers.environment import use_settings

from .reproduce import reproduce
from .reproduced import COULD_NOT, Reproduction

_FAILED, _INTERRUPTED = 3, 130


def run_command(run: str, **options: Any) -> int:
    """Run it, print what came of it, and return the exit code; whatever keeps it from being run is 3."""
    options["tolerance"] = list(options.pop("tolerance", ()))
    try:
        use_settings()
        found = reproduce(named_run(run), tell=partial(click.echo, err=True), **options)
    except JupyterUtilsError as error:
        click.secho(f"Error: {said(error)}", fg="red", err=True)
        _say_notes(error)
        return _FAILED
    except KeyboardInterrupt as error:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # its tasks ended with it: nothing to tell
        _say_notes(error)
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a traceback's exit code 1 would say that the run differs
        click.secho(f"Error: {type(error).__name__}: {said(error)}", fg="red", err=True)
        _say_notes(error)
        return _FAILED
    click.echo(repr(found))
    _say_blocked(found)
    return found.exit_code


def _say_notes(error: BaseException) -> None:
    """Print where what was made so far lies."""
    for note in dict.fromkeys(getattr(error, "__notes__", [])):
        click.echo(note, err=True)


def _say_blocked(found: Reproduction) -> None:
    if found.verdict == COULD_NOT and found.plan.blocked:
        click.secho("Nothing was executed: see what is missing above.", fg="red", err=True)
