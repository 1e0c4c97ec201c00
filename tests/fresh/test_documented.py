"""No command of the README and of the pages is forgotten."""

from __future__ import annotations

from documented import LEFT, RUN, commands, unaccounted


def test_every_command_is_run_or_left_out_with_a_reason() -> None:
    """A new command is tried on fresh machines, or says why it is not."""
    assert unaccounted() == []


def test_nothing_is_run_that_no_page_says() -> None:
    """Both lists hold no more than the pages have."""
    assert [line for line in RUN if line not in commands()] == []
    left = [line for line in commands() if line not in RUN]
    assert [begin for begin in LEFT if not any(line.startswith(begin) for line in left)] == []
