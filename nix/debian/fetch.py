#!/usr/bin/env python3
"""Bring the pinned files of the debian base into the Nix store: the step that needs a network, and the only one.

    python3 nix/debian/fetch.py             # for .#debian.lab: one Debian system, about 290 wheels
    python3 nix/debian/fetch.py lab-gpu     # for .#debian.lab-gpu: with the CUDA wheels (3.7 GB)
    python3 nix/debian/fetch.py --locked    # the Debian system exactly as pinned, or an error
    python3 nix/debian/fetch.py --update-pin   # the mirror's present Debian packages become the pin
    python3 nix/debian/fetch.py --missing   # fetches nothing, only says what would be: "system", "wheels", or nothing

Where the output is in the store already, nothing is fetched, though its sources be gone. --missing needs neither
network nor pip nor mmdebstrap: "system" is what mmdebstrap is needed for, "wheels" what pip is needed for, one a line.

ENVIRONMENTS names archives that `jupyter-utils environment archive` made, each a folder or an address and the key that
signed it, separated by commas: what they have is taken from there before anything else is asked.

The pinned Debian packages come from this machine's mirror, and those that it has dropped from Debian's snapshot service
(DEBIAN_SNAPSHOT names a mirror of it; off: never). Where neither has them, the mirror's present ones stand in, as
another environment, loudly; that is kept in .cache, and the pin stays as it is.

Uses the machine's own mmdebstrap, pip and Nix as they are configured, mirrors and proxies included, and nothing beyond
Python 3.9's standard library. Each file is checked against its pinned hash, and by Nix as it is added.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fetching import FetchError, archives, debian, pins
from fetching.nix import Output
from fetching.processes import Background
from fetching.program import run
from fetching.screen import Log, Screen
from fetching.wheels import Wheels
from fetching.workplace import Workplace, remove

TICK = 0.25
"""Seconds between two pictures of the progress."""


def main(arguments: argparse.Namespace, screen: Screen) -> None:
    """Find out what is missing, fetch it, add it."""
    own = Path(arguments.pin) if arguments.pin else None
    pin = own if own or arguments.locked or arguments.update_pin else pins.chosen()
    output = Output(arguments.output, arguments.lock, pin)
    if arguments.missing:
        sys.stdout.write("".join(f"{kind}\n" for kind in missing(output, update=arguments.update_pin)))
        return
    if pin and pin != own:
        screen.say(pins.told(pins.read(pin)))
    if arguments.update_pin or any(output.missing()):
        place = Workplace(arguments.directory)
        with place.held(screen.say):
            log = Log(f"fetch-{arguments.output}")
            try:
                fetch(output, place, arguments, screen, log)
            except (FetchError, OSError) as error:
                raise FetchError(log.mention(str(error))) from error


def missing(output: Output, *, update: bool) -> list[str]:
    """Return which kinds of files are to be fetched; all where there is no Nix yet."""
    nix = shutil.which("nix")
    if nix and archives.may_have(output):
        return []
    if nix is None or not os.path.lexists("/nix/store"):
        return ["system", "wheels"]
    system, wheels = output.missing()
    return [kind for kind, wanted in (("system", system or update), ("wheels", wheels)) if wanted]


def fetch(output: Output, place: Workplace, arguments: argparse.Namespace, screen: Screen, log: Log) -> None:
    """Fetch what is missing now that no other fetch runs: that one may have brought it."""
    archives.take(output, screen, log)
    system, entries = output.missing()
    wheels = Wheels(entries, screen, log)
    for folder in place.leftovers():
        kept = wheels.store(folder)
        screen.say(f"removing what an interrupted fetch left in {folder}" + (f"; {kept} files kept" if kept else ""))
        remove(folder)
    with place.run() as folder:
        # The system comes from another mirror than the wheels: both at once.
        parts: list[tuple[Wheels | debian.System, Background]] = []
        if wheels.left():
            parts.append((wheels, Background(lambda: wheels.fetch(folder / "wheels", arguments.wheels))))
        if system or arguments.update_pin:
            pinned = pins.read(Path(arguments.pin) if arguments.pin else None)
            debians = debian.System(screen, log, pinned, locked=arguments.locked, update=arguments.update_pin)
            parts.append((debians, Background(lambda: debians.fetch(folder))))
        watch(parts, screen)


def watch(parts: list[tuple[Wheels | debian.System, Background]], screen: Screen) -> None:
    """Show how far it is until all have ended; raise what the first of them raised."""
    try:
        while any(job.is_alive() for _, job in parts):
            screen.show("; ".join(part.progress() for part, job in parts if job.is_alive()))
            time.sleep(TICK)
    finally:
        # Told to end: they end soon, and put what arrived into the store.
        for _, job in parts:
            job.join()
        screen.clear()
    for _, job in parts:
        job.result()


def parse() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "output", nargs="?", default="lab", help="the output to fetch for: lab, lab-gpu, mlflow, python ..."
    )
    parser.add_argument(
        "--lock", metavar="FOLDER", help="a project's lock instead of ours: what lock.py --project made"
    )
    parser.add_argument("--missing", action="store_true", help="say what would be fetched, and fetch nothing")
    system = parser.add_mutually_exclusive_group()
    parser.add_argument("--pin", metavar="FILE", help="the pin of a recipe instead of the checkout's; with --locked")
    system.add_argument("--locked", action="store_true", help="an error where the pinned Debian packages are gone")
    system.add_argument(
        "--update-pin", action="store_true", help="make the mirror's present Debian packages the pin of this checkout"
    )
    parser.add_argument("--wheels", action="append", default=[], metavar="FOLDER", help="look for wheels here too")
    parser.add_argument("--directory", metavar="FOLDER", help="where to keep files meanwhile (default: as TMPDIR says)")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process, which started us, ends")
    return parser.parse_args()


if __name__ == "__main__":
    run("fetch", parse(), main, "what was complete")
