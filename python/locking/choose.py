"""Choose the one file of each package that Python 3.11 takes on Linux x86_64.

Run by the Python that Poetry was installed for, which has `packaging`: choose.py NEW OLD prints the hashes as JSON.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

# Debian 12's glibc, the oldest that the environment runs on, is 2.36. Named, so that no machine's own glibc counts.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)]
PLATFORMS += [f"{name}_x86_64" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
TAGS = [
    *cpython_tags((3, 11), platforms=PLATFORMS),
    *compatible_tags((3, 11), interpreter="cp311", platforms=PLATFORMS),
]
RANK = {tag: rank for rank, tag in reversed(list(enumerate(TAGS)))}
SOURCE = len(TAGS)


def chosen(text: str, old: str) -> list[str]:
    """Return the hash of one file of each package that is needed here; one that was chosen before stays."""
    before = {file["hash"] for package in tomllib.loads(old).get("package", []) for file in package["files"]}
    return [best(package, before) for package in tomllib.loads(text)["package"] if needed(package)]


def needed(package: dict[str, Any]) -> bool:
    """Whether a group needs the package on this platform: its markers, where it has some, are one or one a group."""
    markers = package.get("markers", {})
    if isinstance(markers, str):
        markers = dict.fromkeys(package["groups"], markers)
    return any(group not in markers or Marker(markers[group]).evaluate() for group in package["groups"])


def best(package: dict[str, Any], before: set[str]) -> str:
    """Return the hash of a package's best file."""
    ranked = [(rank(file["file"]), file["hash"]) for file in package["files"]]
    usable = [(*place, hash_) for place, hash_ in ranked if place is not None]
    if not usable:
        sys.exit(f"{package['name']} {package['version']} has no file for Python 3.11 on Linux x86_64")
    kept = [hash_ for *_, hash_ in usable if hash_ in before]
    return str(kept[0] if kept else min(usable)[-1]).removeprefix("sha256:")


def rank(file: str) -> tuple[int, int] | None:
    """Return a file's place, smaller is better: the closest wheel, the newest build of it, then the source."""
    if file.endswith((".tar.gz", ".zip")):
        return (SOURCE, 0)
    try:
        _name, _version, build, tags = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return None
    places = [RANK[tag] for tag in tags if tag in RANK]
    return (min(places), -build[0] if build else 0) if places else None


if __name__ == "__main__":
    new, old = (Path(path).read_text(encoding="utf-8") for path in sys.argv[1:])
    sys.stdout.write(json.dumps(chosen(new, old)))
