"""What the builders share: bytecode that fits the Nix store, and programs that run from a foreign root."""

import compileall
import os
import py_compile
import stat
import sys
from pathlib import Path

# Where Debian's Python looks for packages, outside and inside of virtual environments.
SITE = Path("lib/python3.11/dist-packages")
# Stands for the environment's interpreter in the scripts of a package, until there is an environment.
INTERPRETER = "@python@"


def compile_bytecode(folder: Path) -> bool:
    """Compile all modules below `folder`, so that two builds give the same bytes.

    The store has no usable file times and is never written to: bytecode is "unchecked", which saves a hash at every
    import. The path inside is relative to `folder`: packages that ship the same module then have the same bytecode.
    One process in one order, because what is marshalled depends on what the process has seen before.

    Whether all could be compiled: packages carry templates and examples that are no Python.
    """
    compiled = compileall.compile_dir(
        folder,
        quiet=2,
        workers=1,
        maxlevels=100,
        stripdir=str(folder),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return bool(compiled)


def write_program(path: Path, body: str) -> None:
    """Write a shell script that replaces itself by a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def through_loader(root: str, libraries: str, program: str, *options: str) -> str:
    """Return the shell line that starts `program` of the Debian `root` by that root's own loader.

    The library path goes to this one process: children, the machine's own programs among them, inherit nothing.
    """
    path = ":".join([libraries, *argument("driver").split()])
    words = [f"{libraries}/ld-linux-x86-64.so.2", "--argv0", '"$0"', "--library-path", path, f"{root}{program}"]
    return " ".join(["exec", *words, *options, '"$@"'])


def write_python(path: Path, root: str, libraries: str) -> None:
    """Write an interpreter whose prefix is the folder above the folder of `path`.

    `-s`: what the user once installed into the home folder is no part of the environment.
    """
    write_program(path, "unset PYTHONHOME\n" + through_loader(root, libraries, "/usr/bin/python3.11", "-s"))


def argument(name: str, default: str | None = None) -> str:
    """Return an attribute of the derivation, or end with a message."""
    value = os.environ.get(name, default)
    if value is None:
        sys.exit(f"the derivation lacks the attribute {name!r}")
    return value


def output() -> Path:
    """Return the folder to build, made."""
    out = Path(argument("out"))
    out.mkdir(parents=True)
    return out
