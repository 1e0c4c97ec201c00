"""What the packages of an overlay were installed from.

What was named by its address says so itself (PEP 610, direct_url.json). Of what an index gave, pip tells the file and
its hash only while it installs, in its report: that is kept in the overlay, with a digest of the package's list of
files, so that it counts for this installation and for no later one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jupyter_utils.machine.inherited import REPOSITORY
from jupyter_utils.machine.urls import local_folder, without_credentials
from jupyter_utils.machine.writing import write_whole

from .overlay_record import Package, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEPT = "installed.json"
"""In the overlay: canonical name -> what pip's report said of its file."""
_GIT_SECONDS = 20
_UNKNOWN = (
    "not installed by %pip or pip of the lab, or by an earlier version of it: the file is not known. "
    "%pip install --force-reinstall --no-deps {} has it recorded from now on"
)
_NO_SHA256 = "the index names its file by no SHA-256"
_BUILT = "a source distribution, which is built again where it is installed"
_LOCAL_GIT = "the repository is one of the machine that saved the run"
_MASKED = "the address held a secret, which is left out"
_REVISION = "only a commit of Git's names its content"


@contextmanager
def recording(overlay: Path, site_packages: Path) -> Iterator[dict[str, str]]:
    """Keep what pip installs in the block, which it is to be started with the variables for that this gives.

    Whatever fails of it costs the record (the package is then not exact), and never the installation.
    """
    before = _lists(site_packages)
    with tempfile.TemporaryDirectory(prefix="jupyter-utils-pip-") as folder:
        report = Path(folder) / "report.json"
        try:
            yield {"PIP_REPORT": str(report)}
        finally:
            with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
                _keep(overlay, site_packages, before, _reported(report))


def installed(overlay: Path, site_packages: Path) -> tuple[Package, ...]:
    """Return the packages of an overlay, by name."""
    kept = _kept(overlay)
    found = {dist.name: dist for dist in metadata.distributions(path=[str(site_packages)]) if dist.name}
    return tuple(_package(found[name], kept.get(canonical(name), {})) for name in sorted(found))


def _lists(site_packages: Path) -> dict[Path, tuple[int, int]]:
    """Return each installed package's list of its files, and which file that is: pip writes a new one each time."""
    found = {path: path.stat() for path in site_packages.glob("*.dist-info/RECORD")}
    return {path: (status.st_ino, status.st_mtime_ns) for path, status in found.items()}


def _reported(report: Path) -> dict[str, dict[str, Any]]:
    """Return canonical name -> what pip was about to install (it writes its report before, and may have failed)."""
    found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {canonical(one["metadata"]["name"]): one for one in found}


def _keep(
    overlay: Path, site_packages: Path, before: Mapping[Path, tuple[int, int]], said: Mapping[str, dict[str, Any]]
) -> None:
    from filelock import FileLock  # kernels that never call pip need not wait for it

    new = {}
    for path, which in _lists(site_packages).items():
        dist = metadata.Distribution.at(path.parent)
        one = said.get(canonical(dist.name))
        if one and before.get(path) != which and one["metadata"]["version"] == dist.version:
            new[canonical(dist.name)] = _source(one["download_info"]) | {"record": _digest(dist)}
    if new:
        with FileLock(overlay / f"{KEPT}.lock", timeout=120):
            write_whole(overlay / KEPT, json.dumps(_kept(overlay) | new, indent=1))


def _kept(overlay: Path) -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError):
        found = json.loads((overlay / KEPT).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {name: one for name, one in found.items() if isinstance(one, dict)}
    return {}


def _source(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is worth keeping of pip's word on one file; the address of an index is not."""
    if "dir_info" in info:
        return {"commit": _commit(local_folder(info["url"]))}
    archive = info.get("archive_info", {})
    return {"sha256": _sha256(archive), "file": _file(info["url"])}


def _sha256(archive: Mapping[str, Any]) -> str | None:
    found: str | None = archive.get("hashes", {}).get("sha256")
    return found or (archive.get("hash", "").partition("sha256=")[2] or None)


def _file(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


def _digest(dist: metadata.Distribution) -> str:
    """Return what tells one installation of a version from another, wherever the overlay is moved or copied to."""
    said = [dist.read_text(name) or "" for name in ("RECORD", "WHEEL", "METADATA")]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()


def _package(dist: metadata.Distribution, kept: Mapping[str, Any]) -> Package:
    fits = kept.get("record") == _digest(dist)
    with suppress(ValueError, LookupError, TypeError, AttributeError):
        if direct := json.loads(dist.read_text("direct_url.json") or "null"):
            return _direct(dist, direct, kept.get("commit") if fits else None)
    if not fits:
        return Package(dist.name, dist.version, exact=False, note=_UNKNOWN.format(f"{dist.name}=={dist.version}"))
    return _archive(dist, kept.get("sha256"), kept.get("file"))


def _archive(dist: metadata.Distribution, sha256: str | None, file: str | None, url: str | None = None) -> Package:
    one = Package(dist.name, dist.version, exact=bool(sha256), sha256=sha256, file=file, url=url)
    notes = [*([] if sha256 else [_NO_SHA256]), *([_BUILT] if one.is_source else [])]
    return _noted(one, *notes, *([_MASKED] if url and "***" in url else []))


def _direct(dist: metadata.Distribution, direct: Mapping[str, Any], commit: str | None) -> Package:
    url = _plain(direct["url"])
    if "vcs_info" in direct:
        return _versioned(dist, url, direct)
    if "dir_info" in direct:
        return _folder(dist, url, bool(direct["dir_info"].get("editable")), commit)
    return _archive(dist, _sha256(direct.get("archive_info", {})), _file(url), url)


def _versioned(dist: metadata.Distribution, url: str, direct: Mapping[str, Any]) -> Package:
    system, commit = direct["vcs_info"]["vcs"], direct["vcs_info"]["commit_id"]
    inside = f"#subdirectory={direct['subdirectory']}" if direct.get("subdirectory") else ""
    exact = system == "git"
    one = Package(dist.name, dist.version, exact=exact, url=f"{system}+{url}@{commit}{inside}", commit=commit)
    notes = [*([] if exact else [_REVISION]), *([_LOCAL_GIT] if local_folder(url) else [])]
    return _noted(one, *notes, *([_MASKED] if "***" in url else []))


def _folder(dist: metadata.Distribution, url: str, editable: bool, commit: str | None) -> Package:
    commit = _commit(local_folder(url)) if editable else commit
    how = "used where it lies (editable)" if editable else "installed from a folder"
    note = f"{how}: its files are not in this record, and may be others than those of the commit"
    return Package(dist.name, dist.version, exact=False, url=url, editable=editable, commit=commit, note=note)


def _noted(package: Package, *notes: str) -> Package:
    return replace(package, note="; ".join(notes) or None)


def _plain(url: str) -> str:
    """Return an address without credentials; `git@` is nobody's name, and SSH does not do without it.

    >>> _plain("ssh://git@host/name"), _plain("https://me:secret@host/name")
    ('ssh://git@host/name', 'https://host/name')
    """
    plain = without_credentials(url)
    return plain.replace("ssh://", "ssh://git@", 1) if url.startswith("ssh://git@") else plain


def _commit(folder: str | None) -> str | None:
    """Ask Git which commit is checked out in a folder, in a way that runs nothing which the repository names."""
    if folder is None:
        return None
    command = ["git", "-c", "core.fsmonitor=false", "-C", folder, "rev-parse", "-q", "--verify", "HEAD"]
    try:
        env = {name: value for name, value in os.environ.items() if name not in REPOSITORY}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_GIT_SECONDS, env=env)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
