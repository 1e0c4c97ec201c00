"""An overlay again, as a run recorded it: each package from the same file or commit, or not at all.

pip installs it (`--require-hashes`, without dependencies: all of them are in the record). Only the hash decides; where
a file comes from does not: a folder of wheels, the file or address that it was installed from, or the index that pip is
configured for. A wheel runs nothing here; a source distribution and a commit are built, which runs their code.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import OverlayError
from jupyter_utils.machine.urls import local_folder, mask

from .overlay_base import Base
from .overlay_record import Package, canonical
from .overlay_sources import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_COMMIT = re.compile(r"git\+[^#]+@[0-9a-f]{40,64}(#.*)?")
_WEB = ("https://", "http://")
_ANOTHER = "what is offered has another SHA-256"
_HASHES = "--require-hashes"


@dataclass(frozen=True)
class Restored:
    """What came of a record: what is there exactly as it was, and what is not there, since nobody knows what it was."""

    installed: tuple[Package, ...]
    left: tuple[Package, ...]


def restore_overlay(
    record: Iterable[Package], target: Path, *, wheels: Path | None = None, python: Path | None = None
) -> Restored:
    """Make an overlay with the packages of a record, exactly.

    Args:
        record: the packages, as `read_record` gives them.
        target: the overlay's folder, made here: it must not be there, or be empty.
        wheels: a folder with wheels and source distributions, which is looked at first.
        python: the interpreter of the environment below it; without it, the one that runs this.

    Returns:
        the packages that are there, and those that the record does not know exactly (`note` says why), which are not.

    Raises:
        OverlayError: a package cannot be had, or only with another content; all such are named, and nothing is left.
    """
    packages = tuple(record)
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise OverlayError(f"The overlay cannot be restored to {target}, which is there: name a folder of its own.")
    if wheels and not wheels.is_dir():
        raise OverlayError(f"There is no folder {wheels}, which was to hold the overlay's wheels (--wheels).")
    known = [one for one in packages if _is_known(one)]
    try:
        base = Base.of(python) if python else Base.here()
        base.make(target)
        lost = _Pip(target, base, wheels).install(known)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(target, ignore_errors=True)
        detail = getattr(error, "stderr", None) or error
        raise OverlayError(f"The overlay {target} cannot be made ({detail}): can its folder be written?") from error
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    if lost:
        shutil.rmtree(target, ignore_errors=True)
        raise OverlayError(_refusal(lost))
    return Restored(tuple(known), tuple(one for one in packages if one not in known))


def _is_known(package: Package) -> bool:
    return package.exact and bool(package.sha256 or _COMMIT.fullmatch(package.url or ""))


def _refusal(lost: Mapping[Package, str]) -> str:
    named = "\n".join(
        f"  {one}: {why}" + (f" (wanted: {one.file or 'a file'}, SHA-256 {one.sha256})" if one.sha256 else "")
        for one, why in lost.items()
    )
    return f"The overlay cannot be had as it was:\n{named}\n--wheels FOLDER takes these files from a folder."


class _Pip:
    """Installs into one overlay; each way is tried for what the ones before did not have."""

    def __init__(self, overlay: Path, base: Base, wheels: Path | None) -> None:
        self._overlay = overlay
        self._python = overlay / "bin" / "python"
        self._packages = base.site_packages(overlay)
        self._wheels = wheels

    def install(self, packages: Sequence[Package]) -> dict[Package, str]:
        """Return what could not be had, and why."""
        commits = [one for one in packages if not one.sha256]
        lost = self._each(commits, lambda one: f"{one.name} @ {one.url}")
        files = {one: file for one in packages if one.sha256 and (file := self._file(one))}
        rest = [one for one in packages if one.sha256 and not (one in files and _is_wheel(files[one]))]
        with tempfile.TemporaryDirectory(prefix="jupyter-utils-overlay-") as folder:
            page = _page(Path(folder), files)
            # Wheels at hand need no index, and no setting of pip's may offer another file in their place.
            failed = self._each([one for one in files if one not in rest], _hashed, page, alone=True)
            by_address = [one for one in rest if one not in files and (one.url or "").startswith(_WEB)]
            failed |= self._each(by_address, lambda one: f"{one.name} @ {one.url} --hash=sha256:{one.sha256}")
            by_name = [one for one in rest if one not in by_address or one in failed]
            found = self._each(by_name, _hashed, page)
        return lost | {one: why for one, why in failed.items() if one not in by_name} | found

    def _file(self, package: Package) -> Path | None:
        """Return the package's file, if it is in the folder of wheels, or still where it was installed from."""
        prefix = canonical(package.name) + "-"
        own = local_folder(package.url) if package.url else None
        near = sorted(self._wheels.iterdir()) if self._wheels else []
        for file in [*(one for one in near if canonical(one.name).startswith(prefix)), *([Path(own)] if own else [])]:
            with suppress(OSError), file.open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() == package.sha256:
                    return file
        return None

    def _each(
        self, packages: Sequence[Package], line: Callable[[Package], str], links: str | None = None, alone: bool = False
    ) -> dict[Package, str]:
        """Install all at once, or, if that fails, one by one, to know which; return those, and why."""
        if not packages or not self._run(list(map(line, packages)), links, alone):
            return {}
        found = {one: self._run([line(one)], links, alone) for one in packages}
        return {one: why for one, why in found.items() if why}

    def _run(self, lines: Sequence[str], links: str | None, alone: bool) -> str:
        """Run pip for some lines of a requirements file; return what is wrong, or nothing."""
        options = [_HASHES] if "--hash=" in lines[0] else []
        options += ["--find-links", links] if links else []
        options += ["--no-index"] if alone else []
        told = {name: value for name, value in os.environ.items() if not (alone and name.startswith("PIP_"))}
        told |= {"PIP_CONFIG_FILE": os.devnull} if alone else {}
        with (
            recording(self._overlay, self._packages) as report,
            tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file,
        ):
            file.write("\n".join([*lines, ""]))
            file.flush()
            command = [str(self._python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            command += ["--no-deps", "--ignore-installed", "--progress-bar", "off", *options, "-r", file.name]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=told | report)
        return _why(done.stderr) if done.returncode else ""


def _hashed(package: Package) -> str:
    return f"{package}  --hash=sha256:{package.sha256}"


def _page(folder: Path, files: Mapping[Package, Path]) -> str:
    """Write a page of links to files as an index has it: with their hashes, by which pip leaves all others alone."""
    links = [f"{file.absolute().as_uri()}#sha256={one.sha256}" for one, file in files.items()]
    page = folder / "files.html"
    page.write_text("".join(f'<a href="{html.escape(link)}">file</a>\n' for link in links), encoding="utf-8")
    return str(page)


def _is_wheel(file: Path) -> bool:
    return file.suffix == ".whl"


def _why(said: str) -> str:
    """Return the decisive line of what pip says."""
    if "DO NOT MATCH THE HASHES" in said:
        return _ANOTHER
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")]
    return mask(errors[-1].removeprefix("ERROR: ") if errors else said.strip()[-300:])
