"""Make programs of the Debian root run on any machine. Attributes: root, libraries, commands."""

import os
from pathlib import Path

from store import argument, output, through_loader, write_program

ELF = b"\x7fELF"


def git_programs(root: str, libraries: str, out: Path) -> str:
    """Make Git's own folder of helpers; return the settings by which Git finds it."""
    source = Path(root, "usr/lib/git-core")
    target = out / "libexec" / "git-core"
    target.mkdir(parents=True)
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            (target / entry.name).symlink_to(entry)
        elif entry.read_bytes()[:4] == ELF:
            write_program(target / entry.name, through_loader(root, libraries, f"/usr/lib/git-core/{entry.name}"))
        else:
            (target / entry.name).symlink_to(entry)
    templates = f"{root}/usr/share/git-core/templates"
    return f"export GIT_EXEC_PATH={target} GIT_TEMPLATE_DIR={templates}\n"


def main() -> None:
    """Write one script for each command."""
    root, libraries = argument("root"), argument("libraries")
    out = output()
    for command in argument("commands").split():
        settings = git_programs(root, libraries, out) if command == "git" else ""
        program = os.path.realpath(f"{root}/usr/bin/{command}").removeprefix(root)
        write_program(out / "bin" / command, settings + through_loader(root, libraries, program))


main()
