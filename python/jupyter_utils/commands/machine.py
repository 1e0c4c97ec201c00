"""This machine: its settings, what is allowed here, what is to be mended."""

from __future__ import annotations

import sys

import click

from jupyter_utils.errors import SettingsError

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.


@click.command()
def settings() -> None:
    """Print all settings: what each is now, where that comes from, and what it means."""
    from jupyter_utils.settings import read_settings, table

    for row in table(read_settings()):
        click.echo(f"{row.name}={row.value}  ({row.origin})\n    {row.description}")


@click.command()
def allow() -> None:
    """Let `.env` of this folder count for you, as it is now; after a change it is to be allowed again."""
    from jupyter_utils.machine.dotenv import allow_dotenv

    path = allow_dotenv()
    if path is None:
        raise SettingsError("There is no .env in this folder: go to the folder where it lies.")
    click.echo(f"{path} counts for you from now on, as it is.")


@click.command()
def doctor() -> None:
    """Check this machine: GPU, disk, ports, proxies, certificates, Git. Exit code 1 if something must be mended."""
    from jupyter_utils.doctor import examine
    from jupyter_utils.settings import read_settings

    worst = 0
    marks = {"ok": ("ok     ", "green"), "warning": ("warning", "yellow"), "error": ("ERROR  ", "red")}
    for finding in examine(read_settings()):
        mark, colour = marks[finding.level]
        click.echo(f"{click.style(mark, fg=colour)} {finding.subject}: {finding.message}")
        if finding.remedy:
            click.echo(f"        -> {finding.remedy}")
        worst = max(worst, int(finding.level == "error"))
    sys.exit(worst)
