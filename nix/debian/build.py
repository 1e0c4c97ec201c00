#!/usr/bin/env python3
"""Build an output of the debian base from what ./fetch.py brought, with one line that says how far it is.

    python3 nix/debian/build.py lab --out-link .cache/lab

The same as `nix build -f nix/debian lab --out-link .cache/lab`, which shows each derivation in a line where nobody's
terminal is; here they are in a log file below .cache/log, whose last lines are shown if the build fails.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fetching import FetchError, nix, pins, processes
from fetching.processes import Background
from fetching.program import run
from fetching.progress import Clock, duration
from fetching.screen import Log, Screen

TICK = 0.25
"""Seconds between two pictures of the progress."""
GRACE = 5.0
"""Seconds that Nix has to end its builders when it is told to."""
# What Nix's own events are about (src/libutil/logging.hh).
BUILDS, BUILD, WAITING = 104, 105, 111
LINE, COUNTS = 101, 105
ERROR = 0
SHOWN = 3
"""Derivations that are named at a time."""
TAIL = 15
"""Lines of a failed builder that are shown."""


class Build:
    """What Nix says that it does, event by event: the same in Nix 2.8 and in 2.34."""

    def __init__(self, log: Log) -> None:
        """Nothing is known yet."""
        self.log = log
        self.clock = Clock()
        self.kinds: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.tails: dict[str, deque[str]] = {}
        self.done = self.expected = 0
        self.errors: list[str] = []

    def hear(self, line: str) -> None:
        """Take a line of `--log-format internal-json`."""
        if not line.startswith("@nix "):
            self.log.add(line)
            return
        event = json.loads(line[5:])
        handler = {"start": self.begin, "stop": self.stop, "result": self.result, "msg": self.message}
        handler.get(event["action"], self.ignore)(event)

    def begin(self, event: dict[str, Any]) -> None:
        """Something begins; its text says what."""
        self.kinds[event["id"]] = event["type"]
        if event["type"] == BUILD:
            self.names[event["id"]] = name_of(event["fields"][0])
        if event["type"] in {BUILD, WAITING}:
            self.log.add(plain(event["text"]))

    def stop(self, event: dict[str, Any]) -> None:
        """Something has ended."""
        self.kinds.pop(event["id"], None)
        self.names.pop(event["id"], None)

    def result(self, event: dict[str, Any]) -> None:
        """Take a line that a builder printed, or a count that moved."""
        fields = event["fields"]
        if event["type"] == LINE and event["id"] in self.names:
            name, text = self.names[event["id"]], plain(fields[0])
            self.tails.setdefault(name, deque(maxlen=TAIL)).append(text)
            self.log.add(f"{name}> {text}")
        elif event["type"] == COUNTS and self.kinds.get(event["id"]) == BUILDS:
            # What proves to be there already is expected no more.
            self.done, self.expected = fields[:2]

    def message(self, event: dict[str, Any]) -> None:
        """Keep what Nix tells its user."""
        self.log.add(plain(event["msg"]))
        if event["level"] == ERROR:
            self.errors.append(plain(event["msg"]))

    def ignore(self, event: dict[str, Any]) -> None:
        """Let pass what a newer Nix says beyond that."""

    def progress(self) -> str:
        """Return how far it is."""
        if not self.names:
            return "waiting for another build ..." if WAITING in self.kinds.values() else ""
        named = ", ".join(list(self.names.values())[:SHOWN])
        return f"{self.done} of {self.expected} built{self.clock.left(self.done, self.expected)}: {named}"

    def failure(self) -> str:
        """Return what went wrong: the last lines of the builders that Nix blames, and its own words."""
        told = "\n".join(self.errors) or "nix build failed without a word"
        blamed = dict.fromkeys(name_of(path) for path in re.findall(r"/[^\s']+\.drv", told))
        lines = [f"{name}> {line}" for name in blamed for line in self.tails.get(name, [])]
        return "\n".join([*lines, told]) + nix.advice(told)


def name_of(derivation: str) -> str:
    """Return the name in the path of a derivation."""
    return Path(derivation).name.partition("-")[2].rpartition(".drv")[0]


def plain(text: str) -> str:
    """Return the text without colours."""
    return re.sub(r"\033\[[0-9;]*m", "", text)


def main(arguments: argparse.Namespace, screen: Screen) -> None:
    """Build."""
    output = nix.Output(arguments.output, arguments.lock, pins.chosen())
    link = ["--out-link", arguments.out_link] if arguments.out_link else ["--no-link"]
    words = [*nix.nix("build"), *output.base, output.name, *link, "--log-format", "internal-json"]
    log, begun = Log(f"build-{arguments.output}"), time.monotonic()
    build, codes = Build(log), []
    job = Background(lambda: codes.append(processes.lines(words, build.hear, grace=GRACE)))
    watch(build, job, screen)
    job.result()
    if codes != [0]:
        raise FetchError(log.mention(build.failure()))
    if build.done:
        screen.say(f"{output.name}: {build.done} derivations built in {duration(time.monotonic() - begun)}")


def watch(build: Build, job: Background, screen: Screen) -> None:
    """Show how far it is until the job has ended."""
    try:
        while job.is_alive():
            if text := build.progress():
                screen.show(text)
            job.join(TICK)
    finally:
        job.join()
        screen.clear()


def parse() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", help="the output to build: lab, lab-gpu, mlflow, python ...")
    parser.add_argument("--lock", metavar="FOLDER", help="a project's lock instead of ours")
    parser.add_argument("--out-link", metavar="PATH", help="a link to the result, which keeps it from being collected")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process, which started us, ends")
    return parser.parse_args()


if __name__ == "__main__":
    run("build", parse(), main, "what was built")
