"""How commands list their commands: each with its whole first sentence, wrapped and aligned, never cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

# Longer than any sentence: click cuts off what is longer than its limit.
_WHOLE = 10_000


class WholeHelp(click.Group):
    """A group of commands whose help says of each all that its first sentence says."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = list(self._rows(ctx))
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def _rows(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                yield name, command.get_short_help_str(_WHOLE)
