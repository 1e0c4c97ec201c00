#!/usr/bin/env python3
"""Refresh poetry.lock and the list of files that Nix reads (files.json) from pyproject.toml.

    python3 python/lock.py            # keep what is locked, add what is new
    python3 python/lock.py --update   # the newest of everything that resolves
    python3 python/lock.py --update transformers
    python3 python/lock.py --project DIR    # a lock of DIR/pyproject.toml's packages beside ours, in DIR/lock

Needs Python 3.11 on Linux x86_64 (`nix run .#debian.python -- python/lock.py` has it). Poetry is installed into a
temporary folder, from the index that the machine's pip is configured for; no trace of that index stays in what is
written. A lock that fits is left as it is, and a run that fails or is interrupted leaves everything as it was.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
from pathlib import Path


def main() -> None:
    """Read the command line and lock; an error is one message and no traceback."""
    check_interpreter()
    # An older Python cannot import these, and is to be told why by the line above.
    from locking import LockError
    from locking.command import lock

    arguments = parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        lock(Path(__file__).resolve().parent, arguments.project, arguments.update)
    except LockError as error:
        sys.exit(f"lock.py: {error}")
    except KeyboardInterrupt:
        sys.stderr.write("lock.py: interrupted; nothing is half written\n")
        sys.exit(130)


def check_interpreter() -> None:
    """End where this Python is not the lock's: it builds source distributions, and its markers count."""
    version = platform.python_version()
    if sys.version_info[:2] != (3, 11) or platform.machine() != "x86_64" or sys.platform != "linux":
        sys.exit(
            f"lock.py: needs Python 3.11 on Linux x86_64, this is {version} on {sys.platform} {platform.machine()}; "
            "try: nix run .#debian.python -- python/lock.py"
        )


def parse() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", nargs="*", metavar="PACKAGE", help="take newer versions (of these packages only)")
    parser.add_argument("--project", type=Path, metavar="DIR", help="lock a project's packages beside ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
