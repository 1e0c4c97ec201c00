"""The console command's names: those of today are listed, those of earlier releases still work."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from jupyter_utils import errors
from jupyter_utils.cli import main

OLD = {"migrate": "import-file-store", "move": "copy-store"}


@pytest.mark.parametrize(("old", "new"), OLD.items())
def test_old_names_do_the_same(old: str, new: str) -> None:
    """A script, a note or `docker-compose run` with the name of an earlier release goes on working."""
    context = click.Context(main)
    assert main.get_command(context, old) is main.get_command(context, new) is not None
    done = [CliRunner().invoke(main, [name, "--help"]) for name in (old, new)]
    assert [one.exit_code for one in done] == [0, 0]
    assert done[0].output.partition("\n")[2] == done[1].output.partition("\n")[2]


def test_help_lists_the_new_names_alone() -> None:
    """Nobody new learns a name that says something else than what happens."""
    listed = {line.split()[0] for line in CliRunner().invoke(main, ["--help"]).output.splitlines() if line.strip()}
    assert set(OLD.values()) <= listed
    assert not set(OLD) & listed
    assert CliRunner().invoke(main, ["mover"]).exit_code == 2


@pytest.mark.parametrize(("old", "new"), [("MigrationError", "ImportFileStoreError"), ("MoveError", "CopyStoreError")])
def test_errors_can_be_caught_by_their_old_names(old: str, new: str) -> None:
    """Code that catches them need not change."""
    assert getattr(errors, old) is getattr(errors, new)
