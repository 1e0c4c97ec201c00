"""No command of the README is forgotten."""

from __future__ import annotations

from readme_commands import LEFT, RUN, commands, unaccounted


def test_every_command_is_run_or_left_out_with_a_reason() -> None:
    """A new command of the README is tried on fresh machines, or says why it is not."""
    assert unaccounted() == []


def test_nothing_is_run_that_the_readme_does_not_say() -> None:
    """Both lists hold no more than the README has."""
    assert [line for line in RUN if line not in commands()] == []
    assert [begin for begin in LEFT if not any(line.startswith(begin) for line in commands())] == []
