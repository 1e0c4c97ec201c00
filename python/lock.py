#!/usr/bin/env python3
"""Refresh poetry.lock and the list of files that Nix reads (files.json) from pyproject.toml.

    python3 python/lock.py            # keep what is locked, add what is new
    python3 python/lock.py --update   # the newest of everything that resolves
    python3 python/lock.py --update transformers
    python3 python/lock.py --project DIR    # a lock of DIR/pyproject.toml's packages beside ours, in DIR/lock

Needs Python 3.11 on Linux x86_64 (`nix run .#debian.python -- python/lock.py` has it), because pip decides by its own
interpreter which packages and wheels are meant. Poetry and pip are installed into a temporary folder, from the index
that the machine's pip is configured for; no trace of that index stays in what is written.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOOLS = ["poetry==2.5.1", "poetry-plugin-export==1.10.0", "pip", "packaging"]
# What only CUDA needs.
CUDA = re.compile(r"nvidia-.*|cuda-.*|triton|torch")
LEGACY_SOURCE = re.compile(r'\n\[package\.source\]\ntype = "legacy"\nurl = "[^"]*"\nreference = "[^"]*"\n')
FILE_LINE = re.compile(r'^    \{file = "([^"]+)", hash = "sha256:([0-9a-f]{64})"\},\n', re.MULTILINE)


def main() -> None:
    """Lock, choose the files, write both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", nargs="*", metavar="PACKAGE", help="take newer versions (of these packages only)")
    parser.add_argument("--project", type=Path, metavar="DIR", help="lock a project's packages beside ours")
    arguments = parser.parse_args()
    if sys.version_info[:2] != (3, 11) or platform.machine() != "x86_64" or sys.platform != "linux":
        sys.exit("lock.py: needs Python 3.11 on Linux x86_64; try: nix run .#debian.python -- python/lock.py")
    files = Files(HERE) if arguments.project is None else project_files(arguments.project)
    with tempfile.TemporaryDirectory(prefix="lock-") as name:
        folder = Path(name)
        tools = Tools(folder / "tools")
        tools.install(TOOLS)
        text = locked(tools, files, folder, arguments.update)
        chosen = chosen_files(tools, files, folder, text)
        text = pruned(text, set(chosen.values()))
        files.lock.write_text(with_hash(tools, files, text))
        write_files(files, text, chosen)
        tools.run("poetry", "check", "--lock", "--project", str(files.folder))
    sys.stdout.write(f"{files.lock} and {files.list.name}: {len(chosen)} packages\n")


class Files:
    """The folder that Nix reads as the lock: what is asked for, what is locked, the flat list, torch's CPU wheel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wishes = folder / "pyproject.toml"
        self.lock = folder / "poetry.lock"
        self.list = folder / "files.json"
        self.torch_cpu = folder / "torch-cpu.json"

    def poetry(self) -> dict[str, Any]:
        """Return the [tool.poetry] table of what is asked for."""
        table: dict[str, Any] = tomllib.loads(self.wishes.read_text())["tool"]["poetry"]
        return table


def project_files(project: Path) -> Files:
    """Make DIR/lock: our wishes and lock, and the project's dependencies as one more group.

    Starting from our lock, Poetry keeps our versions and adds what is new.
    """
    wishes = project / "pyproject.toml"
    if not wishes.exists():
        sys.exit(f"lock.py: --project {project} has no pyproject.toml; write one with [tool.poetry.dependencies]")
    dependencies = tomllib.loads(wishes.read_text()).get("tool", {}).get("poetry", {}).get("dependencies", {})
    dependencies.pop("python", None)
    if not dependencies:
        sys.exit(f"lock.py: {wishes} names no package under [tool.poetry.dependencies]")
    odd = [name for name, version in dependencies.items() if not isinstance(version, str)]
    if odd:
        sys.exit(f"lock.py: {wishes}: only versions from the index can be locked here, written as strings: {odd}")
    files = Files(project / "lock")
    files.folder.mkdir(exist_ok=True)
    lines = "".join(f"{json.dumps(name)} = {json.dumps(version)}\n" for name, version in dependencies.items())
    group = f"\n# Made by lock.py from ../pyproject.toml.\n[tool.poetry.group.project.dependencies]\n{lines}"
    ours = Files(HERE)
    files.wishes.write_text(ours.wishes.read_text() + group)
    files.torch_cpu.write_text(ours.torch_cpu.read_text())
    if not files.lock.exists():
        files.lock.write_text(ours.lock.read_text())
    return files


class Tools:
    """Poetry and pip in a virtual environment of their own, which is made here."""

    def __init__(self, folder: Path) -> None:
        """Make it, with the pip of this interpreter if it has one: Debian's has no ensurepip to make one with."""
        self.bin = folder / "bin"
        self.pip = [str(self.bin / "python"), "-m", "pip"]
        own = importlib.util.find_spec("pip") is not None
        if own:
            self.pip = [sys.executable, "-m", "pip", "--python", str(self.bin / "python")]
        venv.create(folder, with_pip=not own)

    def install(self, requirements: list[str]) -> None:
        """Install packages, pip itself among them."""
        subprocess.run([*self.pip, "install", "--quiet", "--upgrade", *requirements], check=True)

    def run(self, program: str, *words: str, folder: Path | None = None) -> str:
        """Run one of them and return what it prints; its complaints go to the terminal."""
        result = subprocess.run([self.bin / program, *words], stdout=subprocess.PIPE, text=True, check=False, cwd=folder)
        if result.returncode:
            sys.exit(f"lock.py: {program} {' '.join(words[:2])} failed:\n{result.stdout}")
        return result.stdout

    def index(self) -> str:
        """Return the simple index that pip is configured for."""
        configured = dict(
            line.split("=", 1) for line in self.run("python", "-m", "pip", "config", "list").splitlines() if "=" in line
        )
        for key in (":env:.index-url", "global.index-url", "user.index-url"):
            if key in configured:
                return configured[key].strip("'")
        return self.run("python", "-c", "import pip._internal.models.index as i; print(i.PyPI.simple_url)").strip()


def locked(tools: Tools, files: Files, folder: Path, update: list[str] | None) -> str:
    """Resolve in a copy that names the index (Poetry's own way to PyPI is not what a mirror offers)."""
    work = folder / "project"
    work.mkdir()
    source = f'\n[[tool.poetry.source]]\nname = "index"\nurl = "{tools.index()}"\npriority = "primary"\n'
    (work / "pyproject.toml").write_text(files.wishes.read_text() + source)
    if files.lock.exists():
        (work / "poetry.lock").write_text(files.lock.read_text())
    if update is None:
        tools.run("poetry", "lock", folder=work)
    elif update:
        tools.run("poetry", "update", "--lock", *update, folder=work)
    else:
        tools.run("poetry", "lock", "--regenerate", folder=work)
    return LEGACY_SOURCE.sub("", (work / "poetry.lock").read_text())


def with_hash(tools: Tools, files: Files, text: str) -> str:
    """Write the content hash of the pyproject.toml that is committed, as Poetry computes it."""
    code = (
        "import sys; from pathlib import Path; from poetry.factory import Factory;"
        "print(Factory().create_poetry(Path(sys.argv[1])).locker._get_content_hash())"
    )
    value = tools.run("python", "-c", code, str(files.folder)).strip()
    return re.sub(r'(?m)^content-hash = ".*"$', f'content-hash = "{value}"', text)


def chosen_files(tools: Tools, files: Files, folder: Path, text: str) -> dict[str, str]:
    """Return package name -> sha256 of the one file that pip takes for it on this platform.

    Poetry says which packages the platform needs, pip which file of each. Neither is asked to check hashes here, since
    pip would download everything for that; each file is then looked up in the lock by its hash.
    """
    work = folder / "export"
    work.mkdir()
    (work / "pyproject.toml").write_text(files.wishes.read_text())
    (work / "poetry.lock").write_text(with_hash(tools, files, text))
    groups = ",".join(files.poetry()["group"])
    requirements = work / "requirements.txt"
    tools.run("poetry", "export", "--project", str(work), "--with", groups, "--without-hashes", "-o", str(requirements))
    # "===" leaves out torch's CPU wheel, whose version is 2.13.0+cpu: the lock means PyPI's.
    requirements.write_text(re.sub(r"(?m)^torch==", "torch===", requirements.read_text()))
    report = folder / "report.json"
    words = [
        "--dry-run",
        "--ignore-installed",
        "--no-deps",
        "--quiet",
        "--report",
        str(report),
        "-r",
        str(requirements),
    ]
    tools.run("python", "-m", "pip", "install", *words)
    installs = json.loads(report.read_text())["install"]
    return {
        normalized(item["metadata"]["name"]): item["download_info"]["archive_info"]["hashes"]["sha256"]
        for item in installs
    }


def normalized(name: str) -> str:
    """Return a package's name as the index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pruned(text: str, hashes: set[str]) -> str:
    """Leave in the lock only the files that were chosen: every reader then takes the same one.

    Wheels for other systems would also stop poetry2nix, which ends on platform tags younger than itself.
    """
    found = {match[2] for match in FILE_LINE.finditer(text)}
    if missing := hashes - found:
        sys.exit(f"lock.py: pip took files that the lock does not hold: {missing}")
    return FILE_LINE.sub(lambda match: match[0] if match[2] in hashes else "", text)


def asked_for(files: Files) -> str:
    """Return a hash of what pyproject.toml asks for, by which a test sees that the lock is older than the wish."""
    poetry = files.poetry()
    wishes = json.dumps([poetry["dependencies"], poetry["group"]], sort_keys=True)
    return hashlib.sha256(wishes.encode()).hexdigest()


def write_files(files: Files, text: str, chosen: dict[str, str]) -> None:
    """Write the flat list that Nix reads: name, version, file, sha256 and groups of each package."""
    hashes = {"asked": asked_for(files), "lock": hashlib.sha256(files.lock.read_bytes()).hexdigest()}
    rows: dict[str, list[dict[str, object]]] = {"common": [], "cuda": []}
    for package in tomllib.loads(text)["package"]:
        name = normalized(package["name"])
        if name not in chosen:
            continue
        (file,) = [entry["file"] for entry in package["files"] if entry["hash"] == f"sha256:{chosen[name]}"]
        row = {"name": name, "version": package["version"], "file": file, "sha256": chosen[name]}
        rows["cuda" if CUDA.fullmatch(name) else "common"].append({**row, "groups": package["groups"]})
    lines = [f'"{key}": "{value}"' for key, value in hashes.items()]
    lines += [f'"{key}": [\n' + ",\n".join(json.dumps(row) for row in rows[key]) + "\n]" for key in rows]
    files.list.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    cpu = json.loads(files.torch_cpu.read_text())["version"].partition("+")[0]
    cuda = next(row["version"] for row in rows["cuda"] if row["name"] == "torch")
    if cpu != cuda:
        sys.exit(
            f"lock.py: {files.torch_cpu.name} is of torch {cpu}, the lock of {cuda}: they must be the same release"
        )


if __name__ == "__main__":
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    main()
