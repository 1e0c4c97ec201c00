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


def groups(group: click.Group, *above: str) -> list[tuple[str, ...]]:
    """List a group and those inside of it, as they are called."""
    inner = [(name, one) for name, one in group.commands.items() if isinstance(one, click.Group)]
    return [above, *(path for name, one in inner for path in groups(one, *above, name))]


@pytest.mark.parametrize("path", groups(main), ids=" ".join)
def test_help_is_whole(path: tuple[str, ...]) -> None:
    """At 80 columns no command's line ends in dots, none is longer than the terminal, and all begin in one column."""
    said = CliRunner().invoke(main, [*path, "--help"], terminal_width=80).output
    assert "..." not in said.partition("\n")[2]
    assert max(map(len, said.splitlines())) <= 80
    lines = said.partition("Commands:\n")[2].splitlines()
    widest = max(len(line.split()[0]) for line in lines if line[2] != " ")
    assert all(line[2 + widest : 4 + widest].strip() == "" and line[4 + widest] != " " for line in lines)
