"""Who else has an account on this machine, and so can reach what listens on its loopback address."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

_ETC = Path("/etc")
_STATE = Path("/var/lib")
# Of shadow's login.defs(5), where that says nothing.
_RANGE = {"UID_MIN": 1000, "UID_MAX": 60000}
_NO_SHELLS = frozenset({"nologin", "false", "sync", "halt", "shutdown", "git-shell"})
# Services of nsswitch.conf(5) that know no people beside those of the files: systemd's own users, containers, the
# system accounts of images.
_NO_PEOPLE = frozenset({"files", "compat", "systemd", "mymachines", "altfiles"})
_FIELDS = 7


def others(etc: Path = _ETC, state: Path = _STATE, uid: int | None = None) -> str | None:
    """Say who else can log in here, as the object of a sentence; None where nobody can.

    These are login accounts (login.defs' UID_MIN to UID_MAX, with a shell) beside this user's. Where accounts come
    from elsewhere too, they are not counted (a directory may have thousands), and somebody is assumed to be there.

    Args:
        etc: where passwd, login.defs and nsswitch.conf lie.
        state: where systemd-homed and extrausers keep accounts.
        uid: this user.
    """
    services = _services(etc / "nsswitch.conf")
    elsewhere = [name for name in services if name not in _NO_PEOPLE and name != "extrausers"]
    files = [etc / "passwd", *([state / "extrausers" / "passwd"] if "extrausers" in services else [])]
    lines = [line for file in files for line in _text(file).splitlines()]
    if any(line.startswith("+") for line in lines):
        elsewhere.append("nis")
    if _has_homed(etc, state):
        elsewhere.append("systemd-homed")
    if elsewhere:
        return f"accounts of {', '.join(elsewhere)} (/etc/nsswitch.conf)"
    names = _login_accounts(lines, etc / "login.defs", os.geteuid() if uid is None else uid)
    return f"the account{'s' * (len(names) > 1)} {_listed(names)}" if names else None


@functools.cache
def others_here() -> str | None:
    """Say it of this machine, which is looked at once."""
    return others()


def _listed(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _login_accounts(lines: list[str], login_defs: Path, uid: int) -> list[str]:
    text = _text(login_defs)
    first, last = (_number(text, name) for name in ("UID_MIN", "UID_MAX"))
    found = []
    for fields in (line.split(":") for line in lines):
        if len(fields) != _FIELDS or not fields[2].isdigit():
            continue
        number, shell = int(fields[2]), Path(fields[6].strip()).name
        if first <= number <= last and number != uid and shell not in _NO_SHELLS:
            found.append(fields[0])
    return found


def _number(text: str, name: str) -> int:
    found = re.search(rf"^\s*{name}\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else _RANGE[name]


def _services(nsswitch: Path) -> list[str]:
    found = re.search(r"^\s*passwd:([^#\n]*)", _text(nsswitch), re.MULTILINE)
    return re.sub(r"\[[^\]]*\]", " ", found[1]).split() if found else ["files"]


def _has_homed(etc: Path, state: Path) -> bool:
    for folder, pattern in ((state / "systemd" / "home", "*.identity"), (etc / "userdb", "*.user")):
        try:
            if folder.is_dir() and any(name.match(pattern) for name in folder.iterdir()):
                return True
        except PermissionError:
            return True
        except OSError:
            continue
    return False


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
