"""A program of this step, from its start to its end: signals, the end of its parent, and the words for both."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from . import FetchError, processes
from .processes import Ended
from .screen import Screen

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def run(
    name: str, arguments: argparse.Namespace, work: Callable[[argparse.Namespace, Screen], None], kept: str
) -> None:
    """Do the work, and end as whoever started this expects; `kept` says what an interrupted one leaves to the next."""
    screen = Screen(name)
    try:
        processes.Signals()
        processes.end_with(arguments.parent)
        work(arguments, screen)
    except Ended as end:
        screen.say(f"interrupted; {kept} is in the store, the next start goes on from there")
        processes.die_by(end.number)
    except (FetchError, OSError) as error:
        screen.say(str(error))
        sys.exit(1)
