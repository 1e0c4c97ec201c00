#!/usr/bin/env python3
"""Bring the pinned files of the debian base into the Nix store: the step that needs a network, and the only one.

    python3 nix/debian/fetch.py             # for .#debian.lab: one Debian system, about 200 wheels
    python3 nix/debian/fetch.py lab-gpu     # for .#debian.lab-gpu: with the CUDA wheels (3 GB)
    python3 nix/debian/fetch.py --locked    # the Debian system exactly as pinned, or an error

Uses the machine's own mmdebstrap, pip and Nix as they are configured, mirrors and proxies included, and nothing beyond
Python 3.9's standard library. Each file is checked against its pinned hash by pip, and by Nix as it is added.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fetching import FetchError, debian, nix, say, wheels

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Find out what is missing, fetch it, add it."""
    arguments = parse()
    wanted = nix.wanted_files(arguments.output, arguments.lock)
    with tempfile.TemporaryDirectory(prefix="jupyter-utils-fetch-", dir=arguments.directory) as name:
        folder = Path(name)
        # The system comes from another mirror than the wheels: both at once.
        system = Background(lambda: debian.fetch(folder, locked=arguments.locked))
        try:
            missing = nix.missing(wanted)
            if missing:
                wheels.fetch(missing, folder / "wheels", arguments.wheels)
        finally:
            system.join()


class Background(threading.Thread):
    """A function in a thread; `join` raises what it raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - handed on by join
            self.error = error

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        if self.error is not None:
            raise self.error


def parse() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "output", nargs="?", default="lab", help="the output to fetch for: lab, lab-gpu, mlflow, python ..."
    )
    parser.add_argument(
        "--lock", metavar="FOLDER", help="a project's lock instead of ours: what lock.py --project made"
    )
    parser.add_argument("--locked", action="store_true", help="an error where the mirror has newer Debian packages")
    parser.add_argument("--wheels", action="append", default=[], metavar="FOLDER", help="look for wheels here too")
    parser.add_argument("--directory", metavar="FOLDER", help="where to keep files meanwhile (default: as TMPDIR says)")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except FetchError as error:
        sys.exit(f"fetch: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"fetch: {' '.join(map(str, error.cmd[:3]))} ... failed with exit code {error.returncode}")
    except OSError as error:
        sys.exit(f"fetch: {error}")
    except KeyboardInterrupt:
        say("interrupted; what was complete is in the store, the next start goes on from there")
        sys.exit(130)
