"""Making an overlay: a virtual environment that sees the packages of the environment below it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PACKAGES = ("site-packages", "dist-packages")
"""How the folder of an environment's packages is called; Debian has the second."""
STAMP = "environment"
"""In the overlay: which environment it was made for."""
_LINK = "_environment.pth"
_ASK = "import json, sys; print(json.dumps([sys.executable, sys.prefix, sys.version, sys.version_info[:2], sys.path]))"


@dataclass(frozen=True)
class Base:
    """The environment below an overlay: its interpreter, prefix and version, and the folders of its packages."""

    python: str
    prefix: str
    version: str
    release: tuple[int, int]
    places: tuple[str, ...]

    @classmethod
    def here(cls, without: Collection[Path] = ()) -> Base:
        """Return that of this process; `without` are folders of packages that are no part of it."""
        places = [entry for entry in sys.path if entry and Path(entry) not in without]
        return cls._of(sys.executable, sys.prefix, sys.version, sys.version_info[:2], places)

    @classmethod
    def of(cls, python: Path) -> Base:
        """Ask another interpreter.

        Raises:
            OSError, subprocess.SubprocessError: it cannot be run.
        """
        executable, prefix, version, release, path = json.loads(run([str(python), "-I", "-c", _ASK]))
        return cls._of(executable, prefix, version, (release[0], release[1]), path)

    @classmethod
    def _of(cls, python: str, prefix: str, version: str, release: tuple[int, int], path: Sequence[str]) -> Base:
        return cls(python, prefix, version, release, tuple(one for one in path if Path(one).name in PACKAGES))

    @property
    def stamp(self) -> str:
        """What is written into an overlay that was made for it."""
        return f"{self.python}\n{self.prefix}\n{self.version}\n"

    def site_packages(self, overlay: Path) -> Path:
        """Return the folder of an overlay's packages."""
        return overlay / "lib" / "python{}.{}".format(*self.release) / "site-packages"

    def make(self, overlay: Path) -> None:
        """Make the overlay, or fit one that was made for another environment; its packages stay.

        Raises:
            OSError, subprocess.SubprocessError: it cannot be made there.
        """
        python, packages = overlay / "bin" / "python", self.site_packages(overlay)
        for link in (overlay / "bin").glob("python*"):
            link.unlink()
        (overlay / "pyvenv.cfg").unlink(missing_ok=True)
        run([self.python, "-P", "-m", "venv", "--without-pip", "--system-site-packages", str(overlay)])
        (packages / _LINK).unlink(missing_ok=True)
        # A virtual environment made from one sees the base interpreter's packages, not its parent's.
        seen = run([str(python), "-I", "-c", "import sys; print(*sys.path, sep='\\n')"]).splitlines()
        missing = [place for place in self.places if place not in seen]
        if missing:
            (packages / _LINK).write_text("\n".join(missing) + "\n", encoding="utf-8")
        run([str(python), "-I", "-c", "import pip"])
        (overlay / STAMP).write_text(self.stamp, encoding="utf-8")


def run(command: Sequence[str]) -> str:
    """Run a command of Python's, without the variables that lead it to another one; return its output."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=env)
    return done.stdout
