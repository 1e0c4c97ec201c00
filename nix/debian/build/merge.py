"""Merge packages and the standard library into one environment, by symbolic links.

Attributes: packages, stdlib, root, libraries, record (JSON).
"""

import filecmp
import sys
from pathlib import Path

from store import INTERPRETER, argument, output, write_python

PLACEHOLDER = f"#!{INTERPRETER}".encode()


class Merge:
    """One environment in the making."""

    def __init__(self, out: Path, packages: list[Path]) -> None:
        """Read which folders must be real."""
        self.out = out
        self.packages = packages
        self.real: set[str] = {"bin", "include", "lib", "lib/python3.11"}
        for package in packages:
            self.real.update((package / "nix-support" / "folders-with-libraries").read_text().splitlines())

    def folder(self, relative: Path, sources: list[Path]) -> None:
        """Merge `sources`, the folders of this name in all the packages that have one."""
        (self.out / relative).mkdir(exist_ok=True)
        names: dict[str, list[Path]] = {}
        for source in sources:
            for entry in source.iterdir():
                names.setdefault(entry.name, []).append(entry)
        for name in sorted(names):
            if name != "nix-support":
                self.entry(relative / name, names[name])

    def entry(self, relative: Path, entries: list[Path]) -> None:
        """Merge one name: a link where one package has it or all have the same, else a folder of its own."""
        folders = [entry for entry in entries if entry.is_dir()]
        if folders and (len(entries) > 1 or str(relative) in self.real):
            if len(folders) < len(entries):
                self.conflict(relative, entries)
            self.folder(relative, folders)
            return
        for other in entries[1:]:
            if not filecmp.cmp(entries[0], other, shallow=False):
                self.conflict(relative, [entries[0], other])
        self.link(relative, entries[0])

    def link(self, relative: Path, entry: Path) -> None:
        """Link a file; a script is copied with this environment's interpreter in its first line."""
        target = self.out / relative
        if relative.parts[0] == "bin" and entry.read_bytes().startswith(PLACEHOLDER):
            interpreter = str(self.out / "bin" / "python").encode()
            target.write_bytes(entry.read_bytes().replace(PLACEHOLDER, b"#!" + interpreter, 1))
            target.chmod(0o755)
        else:
            target.symlink_to(entry)

    def conflict(self, relative: Path, entries: list[Path]) -> None:
        """End the build: taking one of two different files in silence would be a riddle for somebody."""
        sys.exit(f"{relative}: these packages disagree: {', '.join(map(str, entries))}")


def main() -> None:
    """Merge everything and add the interpreter and the record."""
    out = output()
    stdlib = Path(argument("stdlib"))
    packages = [Path(package) for package in argument("packages").split()]
    Merge(out, packages).folder(Path(), packages)
    for entry in sorted((stdlib / "lib" / "python3.11").iterdir()):
        (out / "lib" / "python3.11" / entry.name).symlink_to(entry)
    # Where Python says that its headers are: torch.compile looks for them there.
    (out / "include").mkdir(exist_ok=True)
    (out / "include" / "python3.11").symlink_to(f"{argument('root')}/usr/include/python3.11")
    # Where Debian's Python says that programs are: `python -m ruff` looks for its own there.
    (out / "local").mkdir(exist_ok=True)
    (out / "local" / "bin").symlink_to("../bin")
    for name in ("python", "python3", "python3.11"):
        write_python(out / "bin" / name, argument("root"), argument("libraries"))
    record = out / "share" / "jupyter-utils"
    record.mkdir(parents=True, exist_ok=True)
    (record / "environment.json").write_text(argument("record"))


main()
