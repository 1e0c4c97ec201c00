"""Poetry in a virtual environment of its own, and how its commands are run."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import venv
from typing import TYPE_CHECKING

from . import LockError, masked, say

if TYPE_CHECKING:
    from pathlib import Path

# Exactly these: another Poetry writes another lock of the same wishes. (packaging chooses the files.)
PINNED = ["poetry==2.5.1", "pip==26.3", "packaging==26.4"]
PATIENCE = 30.0
"""Seconds between two words that the work goes on."""
# What would send packages elsewhere, or make of a wheel a source to build; and other settings of Poetry's.
LEFT_OUT = re.compile(
    r"PIP_(USER|TARGET|PREFIX|ROOT|REQUIRE_VIRTUALENV|ONLY_BINARY|NO_BINARY|REQUIRE_HASHES|PYTHON)|VIRTUAL_ENV"
    r"|PYTHON(HOME|PATH|STARTUP|WARNINGS)|POETRY_(?!CACHE_DIR$).*"
)


class CommandError(Exception):
    """What a command said before it ended with an error."""


class Tools:
    """The virtual environment, which is made here."""

    def __init__(self, folder: Path) -> None:
        """Make it, with the pip of this interpreter if it has one: Debian's has no ensurepip to make one with."""
        self.bin = folder / "bin"
        self.pip = [str(self.bin / "python"), "-m", "pip"]
        own = importlib.util.find_spec("pip") is not None
        if own:
            self.pip = [sys.executable, "-m", "pip", "--python", str(self.bin / "python")]
        elif importlib.util.find_spec("ensurepip") is None:
            raise LockError("this Python has no pip: install it (Debian, Ubuntu: python3-pip), or use the lab's own")
        venv.create(folder, with_pip=not own)

    def install(self) -> None:
        """Install what is pinned."""
        try:
            self.run([*self.pip, "install", "--quiet", "--upgrade", "--no-input", *PINNED])
        except CommandError as error:
            lines = [line for line in str(error).splitlines() if line.startswith("ERROR")]
            raise LockError(
                f"Poetry cannot be installed from where pip is configured to look (PIP_INDEX_URL, pip.conf):\n"
                f"{masked(lines[-1] if lines else str(error)[-500:])}\n"
                "Name an index that has it, or the proxy that leads there (HTTPS_PROXY)"
            ) from error

    def python(self, *words: str | Path) -> str:
        """Run a script, or `-c CODE`."""
        return self.run([str(self.bin / "python"), *map(str, words)])

    def run(self, words: list[str], folder: Path | None = None, **environment: str) -> str:
        """Run a command and return what it prints; it ends with us."""
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=clean_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            output, complaints = patiently(process)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        if process.returncode:
            raise CommandError(complaints or output)
        return output


def clean_environment() -> dict[str, str]:
    """Return this process' environment without what would lead pip or Poetry astray."""
    kept = {name: value for name, value in os.environ.items() if not LEFT_OUT.fullmatch(name)}
    settings = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    return {**kept, **settings, "PYTHONUTF8": "1"}


def patiently(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a command's end, with a word now and then."""
    start = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            say(f"  {time.monotonic() - start:.0f} s; the first time takes some minutes")
