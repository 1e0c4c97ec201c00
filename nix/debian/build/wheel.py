"""Install one wheel as PyPA's installer does. The environment puts its interpreter into the scripts later.

Attributes: installer (a wheel); wheel and fileName, or wheel as a folder that holds one; leftOut, patterns of what is
not kept; perhaps patch, a script, and strip, the words that start binutils' program of this name.
"""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

from store import INTERPRETER, SITE, argument, compile_bytecode, output


def named_wheel() -> Path:
    """Return the wheel under its own name, which carries meaning."""
    given = Path(argument("wheel"))
    if given.is_dir():
        (wheel,) = given.iterdir()
        return wheel
    wheel = Path.cwd() / argument("fileName")
    wheel.symlink_to(given)
    return wheel


def install(wheel: Path, out: Path) -> None:
    """Unpack the wheel into `out`, checked against its own list of hashes."""
    sys.path.insert(0, argument("installer"))
    from installer import install as install_wheel  # from the wheel that was just put on the path
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    site = str(out / SITE)
    scheme = {
        "purelib": site,
        "platlib": site,
        "headers": str(out / "include"),
        "scripts": str(out / "bin"),
        "data": str(out),
    }
    destination = SchemeDictionaryDestination(scheme, interpreter=INTERPRETER, script_kind="posix")
    with WheelFile.open(wheel) as source:
        install_wheel(source, destination, additional_metadata={"INSTALLER": b"nix"})


def leave_out(out: Path, patterns: list[str]) -> None:
    """Remove what matches; a pattern that matches nothing is out of date."""
    for pattern in patterns:
        found = list(out.glob(pattern))
        if not found:
            sys.exit(
                f"nothing matches {pattern!r} any more: see what of it this release still has, and mend wheels.nix"
            )
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)  # it lay in a folder that has just gone


def strip(out: Path, program: list[str]) -> None:
    """Take what only a debugger reads out of the compiled modules."""
    libraries = [path for path in sorted(out.rglob("*.so")) if path.is_file() and not path.is_symlink()]
    for path in libraries:
        path.chmod(0o755)
    subprocess.run([*program, "--strip-debug", *libraries], check=True)


def folders_with_libraries(out: Path) -> list[str]:
    """Return the folders at or above shared libraries, relative to `out`.

    A library finds its neighbours relative to its own folder, across packages; these folders must be real ones in the
    merged environment, while all others can be links.
    """
    found: set[Path] = set()
    for path in out.rglob("*.so*"):
        found.update(path.relative_to(out).parents)
    return sorted(str(folder) for folder in found)


def main() -> None:
    """Install the wheel, patch it where asked, compile it."""
    out = output()
    install(named_wheel(), out)
    leave_out(out, argument("leftOut").split())
    if program := argument("strip", ""):
        strip(out, program.split())
    if patch := argument("patch", ""):
        sys.argv[1:] = [str(out / SITE)]
        runpy.run_path(patch, run_name="__main__")
    compile_bytecode(out / SITE)
    support = out / "nix-support"
    support.mkdir()
    (support / "folders-with-libraries").write_text("\n".join(folders_with_libraries(out)))


main()
