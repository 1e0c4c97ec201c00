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


def compiler_parts(root: str, libraries: str, out: Path) -> list[str]:
    """Make the programs that gcc starts; return the options by which it takes them, and this root for the machine's.

    What it compiles must load in this root's Python: the machine's headers may be of a younger C library. Its own
    folder is a link: the C++ headers are looked for relative to that.
    """
    parts = out / "libexec" / "gcc"
    own = Path(root, "usr/lib/gcc/x86_64-linux-gnu/12")
    named = {name: own / name for name in ("cc1", "cc1plus", "collect2")}
    named |= {name: Path(root, "usr/bin", f"x86_64-linux-gnu-{name}") for name in ("as", "ld", "ar", "nm", "ranlib")}
    for name, path in named.items():
        program = os.path.realpath(path).removeprefix(root)
        write_program(parts / name, through_loader(root, libraries, program))
    (out / "lib").mkdir()
    (out / "lib" / "gcc").symlink_to(own.parents[1])
    return [f"--sysroot={root}", f"-B{parts}/"]


def main() -> None:
    """Write one script for each command, and Debian's long name of a compiler, which its Python starts."""
    root, libraries = argument("root"), argument("libraries")
    out = output()
    for command in argument("commands").split():
        settings = git_programs(root, libraries, out) if command == "git" else ""
        if command == "vim":
            settings = f"export VIM={root}/usr/share/vim\n"
        program = os.path.realpath(f"{root}/usr/bin/{command}").removeprefix(root)
        write_program(out / "bin" / command, settings + through_loader(root, libraries, program))
    options = compiler_parts(root, libraries, out)
    for command in ("gcc", "g++"):
        program = os.path.realpath(f"{root}/usr/bin/{command}").removeprefix(root)
        for name in (command, f"x86_64-linux-gnu-{command}"):
            write_program(out / "bin" / name, through_loader(root, libraries, program, *options))


main()
