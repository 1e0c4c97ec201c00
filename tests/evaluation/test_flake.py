"""What can be held of the flake without its inputs."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from commands import OPTIONS, ROOT, evaluated, nix

# Images are labelled with the commit that the flake knows.
LABELLED = ["load", "load-gpu", "save", "save-gpu"]
RESULTS = ["environment", "recipe-environment", "lab"]
OUTPUTS = ["lab", "lab-gpu", "mlflow", "shell", "python", "python-gpu", "units", "units-gpu", *LABELLED]
SYSTEM = "x86_64-linux"
# What people were told that they can ask for. More may come; none of these may go.
PROMISED = {
    "packages": {
        *("default", "lab", "lab-gpu", "mlflow", "jupyter-utils", "environment", "environment-gpu"),
        *("environment-all", "environment-all-gpu"),
        *("image", "image-gpu", "image-mlflow"),
    },
    "apps": {"default", "lab", "lab-gpu", "mlflow", "load", "load-gpu", "lock"},
    "devShells": {"default", "gpu"},
    "checks": {"format", "lint", "unit", "environment"},
    "legacyPackages": {"debian", "vm"},
    "lib": {"mkLab", "mkDebianLab"},
    "nixosConfigurations": {"workstation", "gpu-server", "behind-nginx"},
    "overlays": {"default"},
    "templates": {"default"},
    "formatter": {SYSTEM},
    "nixosModules": {"default", "jupyterlab", "mlflow"},
}
# The flake with inputs that may be named, but not looked into: names of outputs cost nobody a download.
NAMES = f"""
let
  flake = import {ROOT}/flake.nix;
  unread = throw "an output's name depends on an input";
  self = flake.outputs {{
    inherit self;
    nixpkgs.legacyPackages.{SYSTEM} = unread;
    poetry2nix = unread;
  }};
in
builtins.mapAttrs (_name: output: builtins.attrNames (output.{SYSTEM} or output)) (removeAttrs self [ "formatter" ])
// {{ formatter = builtins.attrNames self.formatter; debian = builtins.attrNames self.legacyPackages.{SYSTEM}.debian; }}
// {{ vm = builtins.attrNames self.legacyPackages.{SYSTEM}.vm; }}
"""
NIX_FILES = sorted(ROOT.glob("**/*.nix"))


@pytest.mark.parametrize("path", NIX_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_parses(path: Path) -> None:
    """Every Nix file parses."""
    subprocess.run(["nix-instantiate", "--parse", str(path)], check=True, capture_output=True)


def test_files_are_short() -> None:
    """flake.nix is a table of contents, and each file of nix/ is about one thing."""
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in NIX_FILES}
    assert lines["flake.nix"] <= 80
    assert {name: count for name, count in lines.items() if count > 200} == {}


def test_lock_equals_the_pins_of_the_flake() -> None:
    """flake.lock, which is written by hand, locks exactly the inputs that flake.nix names."""
    nodes = json.loads((ROOT / "flake.lock").read_text())["nodes"]
    urls = dict(re.findall(r'(\w+)(?:\.url = | = \{\s*url = )"github:([^"]+)";', (ROOT / "flake.nix").read_text()))
    assert urls.keys() == nodes["root"]["inputs"].keys() == {"nixpkgs", "poetry2nix"}
    for name, url in urls.items():
        original = nodes[name]["original"]
        assert "/".join(original[key] for key in ("owner", "repo", "ref") if key in original) == url
        assert nodes[name]["locked"]["owner"] == original["owner"]
        assert re.fullmatch("[0-9a-f]{40}", nodes[name]["locked"]["rev"])
        assert re.fullmatch("sha256-[A-Za-z0-9+/]{43}=", nodes[name]["locked"]["narHash"])


@pytest.fixture(scope="session")
def names() -> dict[str, set[str]]:
    """Return kind of output -> names in it, and `debian` -> names on the debian base."""
    result = nix("eval", "--json", "--impure", "--expr", NAMES)
    assert result.returncode == 0, result.stderr
    return {kind: set(found) for kind, found in json.loads(result.stdout).items()}


def test_outputs_are_those_that_were_promised(names: dict[str, set[str]]) -> None:
    """Every name that people may have in a script or a flake of their own is there, and found without any input."""
    missing = {kind: promised - names[kind] for kind, promised in PROMISED.items() if promised - names[kind]}
    assert missing == {}
    assert set(OUTPUTS) <= names["debian"]


def test_checks_need_no_kvm(names: dict[str, set[str]]) -> None:
    """`nix flake check` works on any machine: tests in virtual machines are asked for by the names in the page."""
    assert names["checks"] == PROMISED["checks"]
    text = (ROOT / "docs" / "en" / "nix.md").read_text(encoding="utf-8")
    first, others = re.findall(r"nix build \.#vm\.(\w+) .*; also (.*)", text)[0]
    assert names["vm"] == {first, *others.split(", ")}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_outputs_that_the_pages_name_exist(names: dict[str, set[str]], language: str) -> None:
    """No command of the pages asks the flake for something that it does not have."""
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / language).glob("*.md"))
    mentioned = re.findall(r"nix (?:run|develop|build) [^\s`]*#([a-z][\w.-]*\w)|[\s`]\.#([a-z][\w.-]*\w)", text)
    flat = {name for pair in mentioned for name in pair if name}
    known = names["packages"] | names["apps"] | names["devShells"]
    known |= {f"{base}.{name}" for base in ("debian", "vm") for name in names[base]}
    assert len(flat) > 5
    assert flat <= known


def test_metadata_is_readable() -> None:
    """`nix flake metadata` shows the two inputs and asks no network."""
    result = nix("flake", "metadata", "--json", "--offline")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["locks"]["nodes"].keys() == {"nixpkgs", "poetry2nix", "root"}


@pytest.mark.parametrize("output", OUTPUTS)
def test_debian_base_needs_no_input(output: str) -> None:
    """Each output of the debian base is pure, touches no input, and is one thing by flake and by file."""
    source = json.loads(nix("flake", "metadata", "--json", "--offline").stdout)["path"]
    by_flake = evaluated("--offline", f".#debian.{output}.drvPath")
    by_file = evaluated("-f", f"{source}/nix/debian", f"{output}.drvPath")
    assert output in LABELLED or by_flake == by_file


@pytest.mark.parametrize("output", OUTPUTS)
def test_outputs_say_what_they_are(output: str) -> None:
    """`nix run` finds the program, `nix search` a description."""
    meta = json.loads(nix("eval", "--json", "-f", "nix/debian", f"{output}.meta").stdout)
    assert meta["mainProgram"] == output
    assert len(meta["description"]) > 20


def test_missing_file_says_who_brings_it(tmp_path: Path) -> None:
    """A wheel that is not in the store is no riddle: the error names it and the command that fetches it."""
    expression = f'import {ROOT}/nix/debian/missing.nix {{ name = "some-1.0.whl"; hash = "{"0" * 64}"; }}'
    result = nix("build", "--no-link", "--impure", "--expr", expression, TMPDIR=str(tmp_path))
    assert result.returncode != 0
    assert "some-1.0.whl is not in the Nix store yet" in result.stderr
    assert "python3 nix/debian/fetch.py lab" in result.stderr


@pytest.mark.parametrize(
    ("output", "name", "command"),
    [
        ("lab", "six", "fetch.py lab"),
        ("units", "six", "fetch.py lab"),
        ("python", "pytest", "fetch.py python"),
        ("lab-gpu", "triton", "fetch.py lab-gpu"),
        ("python-gpu", "pytest", "fetch.py python-gpu"),
    ],
)
def test_what_is_missing_names_the_fetch_that_brings_it(output: str, name: str, command: str) -> None:
    """No circle: the command that is named brings the file, whichever output lacks it."""
    derivation = evaluated("-f", "nix/debian", f"{output}.drvPath")
    closure = subprocess.run(["nix-store", "-qR", derivation], check=True, capture_output=True, text=True).stdout
    fetched = [Path(path).read_text() for path in closure.split() if re.search(rf"-{name}-[^/]*\.whl\.drv$", path)]
    assert [re.search(r"nix/debian/fetch\.py [\w-]+", text)[0].rpartition("/")[2] for text in fetched] == [command]
    named = evaluated("-f", "nix/debian", f"{command.split()[1]}.drvPath")
    closure = subprocess.run(["nix-store", "-qR", named], check=True, capture_output=True, text=True).stdout
    assert re.search(rf"-{name}-[^/]*\.whl\.drv$", closure, re.MULTILINE)


@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_bits_of_the_disk_make_no_other_paths(tmp_path: Path, mode: int) -> None:
    """A disk that shows every file as executable, or none, gives the same store paths."""
    for name in ("nix", "python"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "LICENSE", tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.chmod(mode)
    for output in ("python", "units", "save"):
        assert evaluated("-f", f"{tmp_path}/nix/debian", f"{output}.outPath") == evaluated(
            "-f", "nix/debian", f"{output}.outPath"
        )


def test_every_checkout_has_the_same_bytes(tmp_path: Path) -> None:
    """Git for Windows' core.autocrlf changes no line of a clone."""
    git = ["git", "-c", "core.autocrlf=true", "-c", "safe.directory=*"]
    subprocess.run([*git, "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
    changed = [
        path
        for path in (tmp_path / "clone").rglob("*")
        if path.is_file() and ".git" not in path.parts and path.suffix != ".png" and b"\r\n" in path.read_bytes()
    ]
    assert changed == []


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [
        ("package", {"six-1.17.0", "six-1.17.0-py2.py3-none-any.whl", *RESULTS}),
        (
            "launcher",
            {"jupyter-utils-source", "jupyter-utils-0.1.0-wheel", "jupyter-utils-0.1.0", *RESULTS},
        ),
    ],
)
def test_a_change_rebuilds_only_what_it_touches(tmp_path: Path, change: str, rebuilt: set[str]) -> None:
    """Another version of one package, or a line in a launcher, leaves every other derivation as it was."""
    for name in ("nix", "python"):
        shutil.copytree(ROOT / name, tmp_path / name)
    before = derivations(tmp_path)
    if change == "package":
        path = tmp_path / "python" / "files.json"
        row = next(row for row in json.loads(path.read_text())["common"] if row["name"] == "six")
        path.write_text(path.read_text().replace(row["sha256"], "0" * 64))
    else:
        path = tmp_path / "python" / "jupyter_utils" / "cli.py"
        path.write_text(path.read_text() + "\n# changed\n")
    assert {path.partition("-")[2].removesuffix(".drv") for path in derivations(tmp_path) - before} == rebuilt


def derivations(folder: Path) -> set[str]:
    """Return all derivations of the CPU lab of a copy of the project."""
    top = evaluated("-f", f"{folder}/nix/debian", "lab.drvPath")
    closure = subprocess.run(["nix-store", "-qR", top], check=True, capture_output=True, text=True).stdout.split()
    return {Path(path).name for path in closure if path.endswith(".drv")}


def test_no_cache_is_asked(tmp_path: Path) -> None:
    """With Nix's default caches out of reach a build of the debian base waits for none of them."""
    for name in ("nix", "python"):
        shutil.copytree(ROOT / name, tmp_path / name)
    with (tmp_path / "python" / "jupyter_utils" / "cli.py").open("a") as file:
        file.write(f"# {tmp_path}\n")
    with socket.create_server(("127.0.0.1", 0)) as cache:
        address = f"http://127.0.0.1:{cache.getsockname()[1]}"
        words = ["nix", *OPTIONS[:2], "build", "--no-link", "-f", f"{tmp_path}/nix/debian", "jupyter-utils"]
        # Such a server takes connections and never answers: whoever asks it waits.
        environment = {**os.environ, "NIX_CONFIG": f"{os.environ.get('NIX_CONFIG', '')}\nsubstituters = {address}"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        cache.setblocking(False)
        with pytest.raises(BlockingIOError):
            cache.accept()
