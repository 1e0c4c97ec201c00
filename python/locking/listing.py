"""files.json, the flat list that Nix reads: derived from the lock, one file a package."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from typing import Any

from . import LockError, normalized

# What only CUDA needs; nvidia-ml-py asks a driver that may be there in either environment.
CUDA = re.compile(r"nvidia-(?!ml-py$).*|cuda-.*|triton|torch|bitsandbytes")
FILE_LINE = re.compile(r'^    \{file = "([^"]+)", hash = "sha256:([0-9a-f]{64})"\},\n', re.MULTILINE)


def pruned(text: str, hashes: set[str]) -> str:
    """Leave in the lock only the files that were chosen: every reader then takes the same one.

    Wheels for other systems would also stop poetry2nix, which ends on platform tags younger than itself.
    """
    return FILE_LINE.sub(lambda match: match[0] if match[2] in hashes else "", text)


def asked_for(wishes: str) -> str:
    """Return a hash of what pyproject.toml asks for, by which one sees that the lock is older than the wish."""
    poetry = tomllib.loads(wishes)["tool"]["poetry"]
    asked = json.dumps([poetry["dependencies"], poetry["group"]], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def listed(wishes: str, text: str, paths: dict[str, str]) -> str:
    """Return files.json: name, version, file, sha256 and groups of each package of a pruned lock; its path if known."""
    hashes = {"asked": asked_for(wishes), "lock": hashlib.sha256(text.encode()).hexdigest()}
    rows: dict[str, list[str]] = {"common": [], "cuda": []}
    for package in tomllib.loads(text)["package"]:
        name = normalized(package["name"])
        if package["files"]:
            rows["cuda" if CUDA.fullmatch(name) else "common"].append(row(name, package, paths))
    lines = [f'"{key}": "{value}"' for key, value in hashes.items()]
    lines += [f'"{key}": [\n' + ",\n".join(rows[key]) + "\n]" for key in rows]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def row(name: str, package: dict[str, Any], paths: dict[str, str]) -> str:
    """Return a package's line."""
    if len(package["files"]) > 1:
        raise LockError(f"the lock has {len(package['files'])} files of {name}: one must remain")
    (file,) = package["files"]
    described = {"name": name, "version": package["version"], "file": file["file"]}
    sha256 = file["hash"].removeprefix("sha256:")
    direct = {"direct": paths[sha256]} if sha256 in paths else {}
    return json.dumps({**described, "sha256": sha256, **direct, "groups": package["groups"]})


def check_torch(text: str, torch_cpu: str) -> None:
    """Raise unless torch's CPU wheel is of the release that is locked."""
    cpu = json.loads(torch_cpu)["version"].partition("+")[0]
    versions = [package["version"] for package in tomllib.loads(text)["package"] if package["name"] == "torch"]
    if versions != [cpu]:
        raise LockError(f"torch-cpu.json is of torch {cpu}, the lock of {versions}: they must be the same release")
