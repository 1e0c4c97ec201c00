"""The overlay for `%pip install`: a place beside the notebooks, since the environment itself is read-only.

It is a virtual environment that sees the environment's packages (venv with system site packages), in
`JUPYTER_ROOT_DIR/.jupyter-utils/overlay`. pip takes what the environment has for granted, installs the rest there, and
never touches the environment. The lab loads it into every kernel, which puts the
overlay before the environment, as in any virtual environment, and sends `%pip` there; `pip` in a terminal or after `!`
goes the same way. A broken overlay costs a warning, never the kernel.
"""

from __future__ import annotations

import importlib
import os
import shlex
import site
import subprocess
import sys
import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.environments.overlay_base import STAMP, Base
from jupyter_utils.environments.overlay_sources import installed, recording
from jupyter_utils.errors import OverlayError
from jupyter_utils.machine.variables import given
from jupyter_utils.machine.writing import write_whole

from .overlay_trust import is_usable, mark_made, refusal
from .shadowing import Shadows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_utils.environments.overlay_record import Package

OVERLAY_VARIABLE = "JUPYTER_UTILS_OVERLAY"
"""Environment variable by which the lab tells kernels and terminals where the overlay is."""


def overlay_dir(root_dir: Path) -> Path:
    """Return the overlay of the notebooks below `root_dir`."""
    return root_dir / ".jupyter-utils" / "overlay"


def overlay_packages(path: Path | None = None) -> list[tuple[str, str]]:
    """List what has been added to the environment: (name, version), sorted; empty without an overlay.

    Args:
        path: the overlay; default: that of the lab which started this process.
    """
    overlay = Overlay(path) if path else Overlay.of_environment()
    return overlay.packages() if overlay else []


@dataclass(frozen=True)
class Overlay:
    """An overlay at `path`, which need not exist yet."""

    path: Path

    @classmethod
    def of_environment(cls) -> Overlay | None:
        """Return the overlay that the lab names, if a lab started this process, and if it may be used."""
        named = cls.named()
        return named if named and is_usable(named.path) else None

    @classmethod
    def named(cls) -> Overlay | None:
        """Return the overlay that the lab names, whether it may be used or not."""
        path = given(OVERLAY_VARIABLE)
        return cls(Path(path)) if path else None

    @property
    def python(self) -> Path:
        """The interpreter that sees the overlay and the environment."""
        return self.path / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where the overlay's packages are."""
        return Base.here().site_packages(self.path)

    def packages(self) -> list[tuple[str, str]]:
        """List (name, version) of the overlay's packages, sorted."""
        found = metadata.distributions(path=[str(self.site_packages)])
        return sorted((dist.name, dist.version) for dist in found if dist.name)

    def sources(self) -> tuple[Package, ...]:
        """Return the packages with what each was installed from."""
        return installed(self.path, self.site_packages)

    def recording(self) -> AbstractContextManager[dict[str, str]]:
        """Keep what pip installs in the block, which it is to be started with the variables for that this gives."""
        return recording(self.path, self.site_packages)

    def shadowed(self) -> list[str]:
        """List what stands in place of the environment's own: `numpy 1.26.4 (the environment has 2.4.6)`."""
        places = _environment_places()
        own = {dist.name.lower(): dist.version for dist in metadata.distributions(path=places) if dist.name}
        return [
            f"{name} {version} (the environment has {own[name.lower()]})"
            for name, version in self.packages()
            if own.get(name.lower(), version) != version
        ]

    def is_current(self) -> bool:
        """Return whether it was made for this environment and is complete."""
        stamp = self.path / STAMP
        return stamp.is_file() and stamp.read_text(encoding="utf-8") == _base().stamp and self.python.exists()

    def check(self) -> None:
        """Make sure that it may be used, or made.

        Raises:
            OverlayError: it may not.
        """
        if why := refusal(self.path):
            raise OverlayError(why)

    def ensure(self) -> None:
        """Make it, or fit it to this environment: a newer one lies elsewhere. Its packages stay.

        Raises:
            OverlayError: it cannot be made there.
        """
        from filelock import FileLock  # kernels that never call pip need not wait for it

        try:
            made = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            if made:
                mark_made(self.path)
            write_whole(self.path.parent / ".gitignore", "*\n")
            with FileLock(self.path.parent / "overlay.lock", timeout=120):
                if not self.is_current():
                    _base().make(self.path)
        except (OSError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stderr", None) or error
            raise OverlayError(
                f"The overlay {self.path} for pip cannot be made ({detail}). JUPYTER_ROOT_DIR must be writable; "
                "if the overlay is damaged, remove that directory and install your packages again."
            ) from error

    def pip(self, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs pip on the overlay."""
        given = list(arguments)
        if given[:1] == ["uninstall"] and not {"-y", "--yes"} & set(given):
            given.insert(1, "--yes")  # nobody can answer a question in a notebook
        # -P: the twin of a notebook called pip.ipynb, in the current folder, is not the pip that is meant.
        return [str(self.python), "-P", "-m", "pip", "--disable-pip-version-check", *given]

    def activate(self) -> None:
        """Let this process import the overlay's packages, before the environment's of the same name."""
        place = str(self.site_packages)
        if place in sys.path:
            return
        before = set(sys.path)
        site.addsitedir(place)
        added = [entry for entry in sys.path if entry not in before]
        others = [entry for entry in sys.path if entry in before]
        at = next((others.index(entry) for entry in _environment_places() if entry in others), len(others))
        sys.path[:] = [*others[:at], *added, *others[at:]]


def _base() -> Base:
    """Return the environment of this process; the overlay that it has is none of it."""
    named = Overlay.of_environment()
    return Base.here(without=(named.site_packages,) if named else ())


def _environment_places() -> list[str]:
    return list(_base().places)


class _Kernel:
    """The overlay in a running kernel."""

    def __init__(self, shell: InteractiveShell, overlay: Overlay) -> None:
        self._shell = shell
        self._overlay = overlay
        self._seen = 0
        self._shadows = Shadows([str(overlay.site_packages), *_environment_places()])

    def pip(self, line: str) -> None:
        """Run pip on the overlay beside the notebooks: `%pip install x`. `%pip list` shows the environment's, too."""
        try:
            self._overlay.check()
            self._overlay.ensure()
        except OverlayError as error:
            print(error, file=sys.stderr)  # noqa: T201 - a cell's output
            return
        before = set(self._overlay.shadowed())
        command = f"{shlex.join(self._overlay.pip(()))} {self._arguments(line)}"
        with self._overlay.recording() as told:
            # Before the command, so that it holds for no other that the line has after it.
            self._shell.system(" ".join([*(f"{name}={shlex.quote(value)}" for name, value in told.items()), command]))
        self.refresh()
        for changed in sorted(set(self._overlay.shadowed()) - before):
            print(f"Note: {changed}. Remove it with %pip uninstall to go back.")  # noqa: T201
        print("Note: restart the kernel to use a new version of what is imported already.")  # noqa: T201

    def _arguments(self, line: str) -> str:
        # The line goes to the shell as it is, so that quotes and $variables mean what they do in IPython's own %pip.
        command, _, rest = line.strip().partition(" ")
        return f"uninstall --yes {rest}" if command == "uninstall" else line

    def before_cell(self) -> None:
        """See what has changed since the last cell."""
        self.refresh()
        for warning in self._shadows.new():
            print(f"Note: {warning}")  # noqa: T201 - a cell's output

    def refresh(self) -> None:
        """See what pip has changed, here or in a terminal."""
        try:
            changed = self._overlay.site_packages.stat().st_mtime_ns
        except OSError:
            return
        if changed != self._seen and is_usable(self._overlay.path):
            self._seen = changed
            self._overlay.activate()
            importlib.invalidate_caches()


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Bring the overlay into a kernel; called in every one of the lab."""
    try:
        overlay = Overlay.named()
        if overlay is None:
            return
        kernel = _Kernel(shell, overlay)
        kernel.refresh()
        shell.register_magic_function(kernel.pip, "line", "pip")  # type: ignore[arg-type]
        shell.events.register("pre_run_cell", lambda *_: kernel.before_cell())
    except Exception as error:  # noqa: BLE001 - a notebook without extra packages beats none
        warnings.warn(f"The overlay of %pip could not be used: {error!r}. Its packages are missing.", stacklevel=2)


def write_commands(folder: Path) -> None:
    """Write the commands `pip` and `pip3`, which run pip on the overlay, for the PATH of notebooks and terminals."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("pip", "pip3"):
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m {__spec__.name} "$@"\n'
        write_whole(folder / name, script, mode=0o755)


def main(arguments: Sequence[str]) -> int:
    """Run pip on the overlay and return its exit code: this is `pip` in a terminal of the lab."""
    overlay = Overlay.named()
    if overlay is None:
        raise OverlayError(
            f"{OVERLAY_VARIABLE} names no overlay: this pip works in notebooks and terminals of the lab."
        )
    overlay.check()
    overlay.ensure()
    with overlay.recording() as told, subprocess.Popen(overlay.pip(arguments), env=dict(os.environ) | told) as pip:
        while True:
            try:
                code = pip.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:  # pip, which the terminal has told as well, tidies up and ends
                continue


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OverlayError as failure:
        sys.exit(str(failure))
