"""What is formatted and linted, and by which tool: the one list, for `nix fmt`, `nix flake check` and ./check.

    python3 nix/development/style.py                     look at everything; change nothing
    python3 nix/development/style.py types               one part; parts: format, format-nix, lint, types, shell
    python3 nix/development/style.py shell quickstart    one file
    python3 nix/development/style.py --fix               format Python and Nix files

Run it in the folder of the checkout, with the tools of `nix develop` or of the debian base's `python` on the path.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = "python/pyproject.toml"
# Not of this project: what is built, fetched, or made by running it.
LEFT_OUT = {".git", ".cache", ".direnv", ".venv", "volume", "wheels", "__pycache__"}
TYPED = [
    "python/jupyter_utils",
    "python/lock.py",
    "python/locking",
    "nix/debian/fetch.py",
    "nix/debian/build.py",
    "nix/debian/fetching",
    "nix/development/style.py",
    "docs/generate.py",
]


@dataclass(frozen=True)
class Part:
    """One tool: the command that looks, the files that it is given, and the command that mends where there is one."""

    look: list[str]
    files: Callable[[Path], list[str]]
    mend: list[str] | None = None

    @property
    def tool(self) -> str:
        """Return the program that must be on the path."""
        return self.look[0]


def project_files(root: Path) -> Iterator[Path]:
    """Give the files of the project, relative to its folder, names in order."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root)


def nix_files(root: Path) -> list[str]:
    """Return all files of Nix."""
    return [str(path) for path in project_files(root) if path.suffix == ".nix"]


def shell_scripts(root: Path) -> list[str]:
    """Return all scripts of sh and bash: by their name, or by their first line."""
    return [str(path) for path in project_files(root) if path.suffix == ".sh" or is_script(root / path)]


def is_script(path: Path) -> bool:
    with path.open("rb") as stream:
        return re.match(rb"#!.*\b(ba)?sh\b", stream.readline(100)) is not None


def everything(_root: Path) -> list[str]:
    return ["."]


RUFF = ["--config", CONFIG, "--no-cache"]
PARTS = {
    "format": Part(["ruff", "format", *RUFF, "--check"], everything, ["ruff", "format", *RUFF]),
    "format-nix": Part(["nixfmt", "--check"], nix_files, ["nixfmt"]),
    "lint": Part(["ruff", "check", *RUFF], everything),
    # That everything must be typed stands in the configuration.
    "types": Part(["mypy", "--config-file", CONFIG, "--cache-dir", os.devnull], lambda _root: TYPED),
    "shell": Part(["shellcheck", "-x"], shell_scripts),
}


def run(name: str, files: list[str], *, fix: bool) -> bool:
    """Run a part; whether it had nothing to say."""
    part = PARTS[name]
    command = part.mend if fix else part.look
    if command is None:
        return True
    if shutil.which(part.tool) is None:
        sys.stderr.write(f"style: {name}: no {part.tool} on the path; nix develop brings it\n")
        return False
    return subprocess.run([*command, *(files or part.files(Path()))], check=False).returncode == 0


def main() -> None:
    """Run the parts that are asked for, all of them even if one complains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true", help="format instead of looking")
    parser.add_argument("words", nargs="*", metavar="PART|FILE", help="parts, or one part and files (default: all)")
    arguments = parser.parse_args()
    names = [word for word in arguments.words if word in PARTS] or list(PARTS)
    files = [word for word in arguments.words if word not in PARTS]
    if files and len(names) != 1:
        parser.error(f"name one part ({', '.join(PARTS)}) before {' '.join(files)}")
    if not Path(CONFIG).exists():
        parser.error(f"no {CONFIG} below {Path.cwd()}: run this in the folder of the checkout")
    done = [run(name, files, fix=arguments.fix) for name in names]
    sys.exit(not all(done))


if __name__ == "__main__":
    main()
