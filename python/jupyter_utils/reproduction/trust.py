"""Whose code is about to run: what this user has saved runs; anything else is shown first, and asked about."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from jupyter_utils.errors import ReproduceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .original import Original
    from .recorded_code import Code

_NAMED = 10


def make_sure(original: Original, code: Code, *, trust: bool, ask: Callable[[str], bool] | None = None) -> None:
    """Go on if this user has saved the run, if it is trusted, or if the user says so now.

    Args:
        original: the run.
        code: what would be executed.
        trust: whether the caller trusts it.
        ask: asks a question; without it, a terminal is asked, and nobody where there is none.

    Raises:
        ReproduceError: nobody has allowed it.
    """
    if trust or original.is_own():
        return
    shown = "\n".join(facts(original, code))
    asking = ask or (_ask if sys.stdin.isatty() else None)
    if asking is None:
        raise ReproduceError(
            f"The run was not saved by you on this machine, or was changed since:\n{shown}\n"
            "Nothing was executed. If you trust whoever saved it: --trust (in Python: trust=True)."
        )
    click.echo(f"The run was not saved by you on this machine, or was changed since:\n{shown}")
    if not asking("Run this code?"):
        raise ReproduceError("Nothing was executed.")


def facts(original: Original, code: Code) -> list[str]:
    """Say who saved a run, from where, and what of it would be executed."""
    names = [f"{file.place} ({file.role}, from {file.origin})" for file in code.files if file.content is not None]
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    told = {
        "run": f"{original.id} {original.side.facts.name}".strip(),
        "saved by": original.tags.get("mlflow.user", "nobody says"),
        "on": original.uri,
        "would run": "\n            ".join([*names[:_NAMED], *more]) or "nothing that is known",
    }
    return [f"  {name:10}{value}" for name, value in told.items()]


def _ask(question: str) -> bool:
    return click.confirm(question, default=False)
