"""The direct path of a file: ab/cd/REST/FILE below an index's `packages`; abcdREST is its BLAKE2b-256 in hex.

PyPI keeps every file there. The older scheme, by the Python that a wheel is for, answers only where its uploader named
the same Python. The index's own links say the path; where they do not, as on many mirrors, it is computed of a file
that lies in the Nix store.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import say
from .tools import CommandError

if TYPE_CHECKING:
    from .tools import Tools

PATH = re.compile(r"/([0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+)$")
# pip knows the way to the index: logins, proxies, certificates. It reads the pages of projects and no file.
ASK_PIP = """
import json, sys
from urllib.parse import unquote, urlsplit
from pip._internal.commands import create_command
command = create_command("download")
options, _words = command.parse_args([])
links = []
with command.main_context():
    finder = command._build_package_finder(options, command.get_default_session(options))
    for name in sys.argv[1:]:
        for candidate in finder.find_all_candidates(name):
            links.append((candidate.link.filename, unquote(urlsplit(candidate.link.url).path)))
print(json.dumps(links))
"""


def known(*folders: Path) -> dict[str, str]:
    """Return SHA-256 -> path, as the lists of these folders say."""
    found: dict[str, str] = {}
    for folder in folders:
        with suppress(OSError, ValueError, KeyError, TypeError):
            files = json.loads((folder / "files.json").read_text(encoding="utf-8"))
            rows = files["common"] + files["cuda"]
            found |= {row["sha256"]: row["direct"] for row in rows if fits(row.get("direct", ""), row["file"])}
    return found


def completed(tools: Tools, text: str, paths: dict[str, str]) -> dict[str, str]:
    """Return SHA-256 -> path of what is known, and of the lock's further files from the index and the store."""
    new = {
        file["hash"].removeprefix("sha256:"): (package["name"], file["file"])
        for package in tomllib.loads(text)["package"]
        for file in package["files"]
    }
    lacking = {sha256: which for sha256, which in new.items() if sha256 not in paths}
    links = linked(tools, sorted({name for name, _file in lacking.values()})) if lacking else {}
    found = {sha256: links.get(file) or stored(sha256, file) for sha256, (_name, file) in lacking.items()}
    return paths | {sha256: path for sha256, path in found.items() if path}


def linked(tools: Tools, names: list[str]) -> dict[str, str]:
    """Return file -> path, where the index's links have that form."""
    try:
        links = json.loads(tools.python("-c", ASK_PIP, *names).splitlines()[-1])
    except (CommandError, ValueError, IndexError):
        say("the index does not tell where its files lie; the nixpkgs base will look for new ones by their names")
        return {}
    # Another index, or a folder, may have the same file elsewhere.
    found = [(file, PATH.search(path)) for file, path in links]
    return {file: match[1] for file, match in found if match and fits(match[1], file)}


def fits(path: str, file: str) -> bool:
    """Whether this is a direct path, and that of the file."""
    return PATH.fullmatch(f"/{path}") is not None and path.endswith(f"/{file}")


def stored(sha256: str, file: str) -> str | None:
    """Return the path of a file that lies in the Nix store, where there is one."""
    if shutil.which("nix-store") is None:
        return None
    name = file.replace("!", "_").replace("~", "_")
    command = ["nix-store", "--print-fixed-path", "sha256", sha256, name]
    place = Path(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "/nonexistent")
    return computed(place, file) if place.is_file() else None


def computed(path: Path, file: str) -> str:
    """Return the path that a file's content gives it."""
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            digest.update(part)
    name = digest.hexdigest()
    return f"{name[:2]}/{name[2:4]}/{name[4:]}/{file}"
