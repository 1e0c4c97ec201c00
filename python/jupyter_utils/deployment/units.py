"""`jupyter-utils units`: systemd units, which Nix made, installed on a machine that is not NixOS, and removed again.

Nothing is done before it has been shown, and only files that this wrote are ever removed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import UnitsError
from jupyter_utils.machine.files import state_dir
from jupyter_utils.machine.variables import given
from jupyter_utils.machine.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "# Installed by `jupyter-utils units`. Changes belong into a drop-in: systemctl edit NAME\n"
_STORE = Path("/nix/store")


@dataclass(frozen=True)
class Scope:
    """Whose service manager.

    Attributes:
        name: `system` or `user`, as the folders of units are called.
        units: where its units go.
        root: link that keeps the units' programs from Nix's garbage collector.
        settings: folder of the files in which a machine's own settings are written.
        users: where descriptions of system users go; None where there are none.
    """

    name: str
    units: Path
    root: Path
    settings: Path
    users: Path | None = None

    @classmethod
    def system(cls) -> Scope:
        etc = Path("/etc")
        root = Path("/var/lib/jupyter-utils/units")
        return cls("system", etc / "systemd" / "system", root, etc / "jupyter-utils", etc / "sysusers.d")

    @classmethod
    def user(cls) -> Scope:
        config = Path(given("XDG_CONFIG_HOME") or Path.home() / ".config")
        return cls("user", config / "systemd" / "user", state_dir() / "units", config / "jupyter-utils")

    def systemctl(self, *words: str) -> list[str]:
        return ["systemctl", *(["--user"] if self.name == "user" else []), *words]


@dataclass
class Plan:
    """What will be done, to be shown first: files, then commands.

    Attributes:
        scope: whose service manager.
        folders: folders to make where they are missing.
        write: file -> its text.
        remove: files to remove after `before`.
        before: commands that come before the files.
        then: commands that come after them.
        after: what to tell the user in the end.
    """

    scope: Scope
    folders: list[Path] = field(default_factory=list)
    write: dict[Path, str] = field(default_factory=dict)
    remove: list[Path] = field(default_factory=list)
    before: list[list[str]] = field(default_factory=list)
    then: list[list[str]] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return what will be done, one step a line."""
        if not (self.write or self.remove or self.before or self.then):
            return ["Nothing is installed, and nothing is to be done."]
        return [
            *(f"run     {' '.join(command)}" for command in self.before),
            *(f"make    {path}" for path in self.folders if not path.is_dir()),
            *(f"write   {path}" for path in self.write),
            *(f"remove  {path}" for path in self.remove),
            *(f"run     {' '.join(command)}" for command in self.then),
        ]

    def check(self) -> None:
        """Make sure that it can be done.

        Raises:
            UnitsError: there is no systemd, no right to do it, or a file of somebody else in the way.
        """
        if not Path("/run/systemd/system").is_dir():
            raise UnitsError(
                "systemd does not run this machine. On WSL2: write [boot] and systemd=true into /etc/wsl.conf, then "
                "`wsl --shutdown` in Windows. Elsewhere, start the servers by hand: jupyter-utils lab."
            )
        if self.scope.name == "system" and os.geteuid() != 0:
            raise UnitsError(
                "Services of the system need root: run it with sudo, or with --user for your own services."
            )
        if self.scope.name == "user" and not given("XDG_RUNTIME_DIR"):
            raise UnitsError(
                "XDG_RUNTIME_DIR is not set, so your service manager cannot be reached: log in (not by su)."
            )
        strangers = [path for path in self.write if path.exists() and not _is_ours(path)]
        if strangers:
            raise UnitsError(f"Not written by this program, and in the way: {_names(strangers)}. Move them away first.")

    def run(self) -> None:
        """Do it.

        Raises:
            UnitsError: a command failed; the message holds its words.
        """
        for command in self.before:
            _run(command)
        for path in self.folders:
            path.mkdir(parents=True, exist_ok=True)
        for path, text in self.write.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)  # systemd may be reading it
        for path in self.remove:
            path.unlink(missing_ok=True)
        for command in self.then:
            _run(command)


def install_plan(folder: Path, scope: Scope) -> Plan:
    """Plan the installation of the units in `folder`, or the change from other ones that were installed before."""
    plan = Plan(scope, [scope.settings])
    start = json.loads((folder / "start.json").read_text(encoding="utf-8"))[scope.name]
    for source in sorted((folder / scope.name).iterdir()):
        plan.write[scope.units / source.name] = MARK + source.read_text(encoding="utf-8")
    if scope.users:
        source = folder / "sysusers.conf"
        plan.write[scope.users / "jupyter-utils.conf"] = MARK + source.read_text(encoding="utf-8")
        plan.then.append(["systemd-sysusers", str(scope.users / "jupyter-utils.conf")])
    plan.then += _keep(folder, scope)
    plan.then += [scope.systemctl("daemon-reload"), scope.systemctl("enable", *start)]
    # Restarted where it ran in another form; what has not changed goes on, its kernels too.
    changed = [path.name for path, text in plan.write.items() if path.parent == scope.units and _read(path) != text]
    plan.then += [scope.systemctl("restart" if name in changed else "start", name) for name in start]
    plan.then += [scope.systemctl("try-restart", _instances(name)) for name in changed if _is_template(name)]
    plan.after = [f"See how they do: {' '.join(scope.systemctl('status', *start))}"]
    if scope.name == "user":
        plan.after.append("To have them run without you being logged in: loginctl enable-linger")
    return plan


def uninstall_plan(folder: Path, scope: Scope) -> Plan:
    """Plan the removal of what `install_plan` wrote, of this version or an earlier one; data stays."""
    plan = Plan(scope)
    installed = sorted(path for path in _candidates(scope) if path.is_file() and _is_ours(path))
    if not installed:
        return plan
    names = [path.name for path in installed if path.parent == scope.units]
    instances = [_instances(name) for name in names if _is_template(name)]
    enabled = sorted({link.name for one in instances for link in scope.units.glob(f"*.wants/{one}")})
    plan.before = [scope.systemctl("disable", "--now", *(name for name in names if not _is_template(name)), *enabled)]
    if instances:
        plan.before.append(scope.systemctl("stop", *instances))
    plan.remove = [*installed, *([scope.root] if scope.root.is_symlink() else [])]
    plan.then = [
        scope.systemctl("daemon-reload"),
        *([scope.systemctl("reset-failed", *instances)] if instances else []),
    ]
    kept = json.loads((folder / "start.json").read_text(encoding="utf-8"))["data"][scope.name]
    plan.after = [f"Your data stays: {', '.join(kept)}"]
    return plan


def _is_template(name: str) -> bool:
    return "@." in name


def _instances(template: str) -> str:
    """Return the pattern of what systemd runs of a template."""
    return template.replace("@.", "@*.")


def _candidates(scope: Scope) -> list[Path]:
    found = [path for kind in ("service", "socket", "timer") for path in scope.units.glob(f"*.{kind}")]
    return [*found, *([scope.users / "jupyter-utils.conf"] if scope.users else [])]


def _is_ours(path: Path) -> bool:
    return _read(path).startswith(MARK[:30])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _keep(folder: Path, scope: Scope) -> list[list[str]]:
    """Keep the units' programs from Nix's garbage collector, where Nix is here to be told."""
    real = folder.resolve()
    if not real.is_relative_to(_STORE) or shutil.which("nix-store") is None:
        return []
    path = Path(*real.parts[:4])
    return [["nix-store", "--realise", str(path), "--add-root", str(scope.root), "--indirect"]]


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UnitsError(f"`{' '.join(command)}` could not be run: {error}") from error
    if done.returncode:
        raise UnitsError(f"`{' '.join(command)}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
