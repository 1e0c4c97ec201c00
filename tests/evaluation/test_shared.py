"""What stands once, in nix/shared, is what both bases make."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from commands import ROOT, nix

if TYPE_CHECKING:
    from pathlib import Path

SHARED = ROOT / "nix" / "shared"
PINNED = json.loads((ROOT / "nix" / "debian" / "system.json").read_text())["include"]
# The debian base's files of an image; a stand-in for the Debian system, which is only named.
DEBIAN = f"""
import {ROOT}/nix/debian/image-files.nix {{
  system = {{ root = "/debian"; suite = "bookworm"; }};
  descriptions = import {SHARED}/image/config.nix {{ revision = "r"; lockHash = "l"; name = _variant: "n"; }};
}} "/environment" "/recipe"
"""
# What the nixpkgs base hands to nixpkgs' maker of images, with stand-ins for nixpkgs.
NIXPKGS = f"""
let
  pkgs = builtins.listToAttrs (map (name: {{ inherit name; value = name; }}) [
    "git" "openssh" "less" "vim" "tmux" "htop" "curl" "wget" "unzip" "procps" "bash" "openssl" "nano" "tini" "coreutils"
    "bashInteractive" "findutils" "gnugrep" "gnused"
    "util-linux" "cacert" "tzdata"
  ]) // {{
    stdenv.cc = "cc";
    buildEnv = arguments: arguments;
    runCommand = name: _attributes: _script: name;
    writeShellApplication = arguments: arguments;
    dockerTools.streamLayeredImage = arguments: arguments // {{ overrideAttrs = _change: arguments; }};
    lib = {{
      importTOML = path: builtins.fromTOML (builtins.readFile path);
      concatStrings = builtins.concatStringsSep "";
      mapAttrsToList = function: set: map (name: function name set.${{name}}) (builtins.attrNames set);
      mapAttrs = builtins.mapAttrs;
      escapeShellArg = text: "'${{text}}'";
    }};
  }};
  all = {{
    environment = 0;
    environment-gpu = 0;
    environment-mlflow = 0;
  }};
  made = import {ROOT}/nix/nixpkgs/images.nix {{
    inherit pkgs;
    environments = pkgs.lib.mapAttrs (_name: _value: "/environment") all;
    recipes = pkgs.lib.mapAttrs (_name: _value: "/recipe") all;
    name = variant: variant;
    lock = {ROOT}/python;
    revision = "r";
  }};
in
{{
  inherit (made.images.image) extraCommands config;
  tools = (builtins.head made.images.image.contents).paths;
}}
"""


def value(expression: str) -> Any:
    """Evaluate an expression of Nix."""
    result = nix("eval", "--impure", "--json", "--expr", expression)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="session")
def debian() -> dict[str, dict[str, Any]]:
    return value(DEBIAN)


@pytest.fixture(scope="session")
def nixpkgs() -> dict[str, Any]:
    return value(NIXPKGS)


@pytest.fixture
def root(nixpkgs: dict[str, Any], tmp_path: Path) -> Path:
    """Return the root folder of the nixpkgs base's image, as its commands write it."""
    subprocess.run(["bash", "-euc", nixpkgs["extraCommands"]], cwd=tmp_path, check=True)
    return tmp_path


def test_images_of_both_bases_have_the_same_files(debian: dict[str, dict[str, Any]], root: Path) -> None:
    """Folders with their modes, and the profile: volumes and shells are alike whatever the base."""
    # `apt-get install` and an answer to conda are of the debian base alone.
    own = ("etc/apt/", "usr/local/bin/")
    written = {
        name: what
        for name, what in debian.items()
        if "mode" in what and "base" not in what and not name.startswith(own)
    }
    assert {"home/jovyan", "opt/jupyter", "opt/mlflow", "tmp", "etc/profile.d/environment.sh"} <= written.keys()
    for name, what in written.items():
        path = root / name
        assert stat.S_IMODE(path.stat().st_mode) == int(what["mode"], 8), name
        assert path.is_dir() if "text" not in what else path.read_text() == what["text"]


@pytest.mark.parametrize("name", ["etc/passwd", "etc/group"])
def test_images_of_both_bases_have_the_same_users(debian: dict[str, dict[str, Any]], root: Path, name: str) -> None:
    """Root and jupyter, with the same numbers, home and shell, in a file that group 0 may add to."""
    what = debian[name]
    assert stat.S_IMODE((root / name).stat().st_mode) == int(what["mode"], 8)
    # Debian's own line of root is replaced in passwd, and stays in group.
    first = next(iter(what.get("replace", {"": "root:x:0:\n"}).values()))
    assert (root / name).read_text() == first + what["append"]


def test_debians_own_root_is_the_one_that_is_replaced(debian: dict[str, dict[str, Any]]) -> None:
    """The line of /etc/passwd that moves root into the common home differs from Debian's in the home alone."""
    ((before, after),) = debian["etc/passwd"]["replace"].items()
    assert before == "root:x:0:0:root:/root:/bin/bash\n"
    assert after == before.replace(":/root:", ":/home/jovyan:")


@pytest.mark.parametrize(
    "before", ["/usr/bin:/bin", "/opt/environment/bin:/usr/bin:/bin", "/usr/bin:/opt/environment/bin"]
)
def test_a_login_shell_has_the_environment_once(before: str, root: Path) -> None:
    """The profile puts the environment first, and a shell within a shell does not put it there again."""
    profile = root / "etc/profile.d/environment.sh"
    script = f'. {profile}; . {profile}; echo "$PATH"'
    shown = subprocess.run(["sh", "-c", script], env={"PATH": before}, check=True, capture_output=True, text=True)
    folders = shown.stdout.strip().split(":")
    assert folders.count("/opt/environment/bin") == 1
    assert [folder for folder in folders if folder in before.split(":")] == before.split(":")


@pytest.mark.parametrize("base", ["nixpkgs", "debian"])
def test_programs_of_both_bases_have_one_path(base: str) -> None:
    """Environment, then the machine's own, then our tools; by the one line that says so."""
    assert "path.program environment tools" in (ROOT / "nix" / base / "programs.nix").read_text()
    line = value(f'(import {SHARED}/path.nix).program "/environment" "/tools"')
    for given, expected in [("/bin", "/environment/bin:/bin:/tools/bin"), ("", "/environment/bin:/tools/bin")]:
        shown = subprocess.run(
            ["/bin/sh", "-c", f'{line}; echo "$PATH"'], env={"PATH": given}, check=True, capture_output=True, text=True
        )
        assert shown.stdout.strip() == expected


def test_tools_are_in_both_systems(nixpkgs: dict[str, Any]) -> None:
    """Each tool is a package that the Debian system is pinned with, and one of nixpkgs' image."""
    tools = value(f"import {SHARED}/tools.nix")
    for tool in tools["lab"] + tools["image"]:
        assert tool["debian"] in PINNED
        assert tool["nixpkgs"] in nixpkgs["tools"]
        assert tool["commands"]


def dockerfile() -> dict[str, str]:
    """Return stage -> its lines, lines that go on on the next made one."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    stages = re.split(r"(?m)^FROM \S+ AS ", text)[1:]
    return {name: lines for name, _, lines in (stage.partition("\n") for stage in stages)}


def variables(lines: str, instruction: str) -> dict[str, str]:
    """Return the names and values of an instruction such as ENV."""
    found = {}
    for line in re.findall(rf"(?m)^{instruction} (.*)$", lines):
        found |= {name: text.strip('"') for name, text in re.findall(r'([\w.-]+)=("[^"]*"|\S+)', line)}
    return found


def words(lines: str, instruction: str) -> Any:
    """Return the list that an instruction such as CMD takes."""
    return json.loads(re.findall(rf"(?m)^{instruction} .*?(\[.*\])$", lines)[0])


@pytest.mark.parametrize("kind", ["lab", "lab-gpu", "mlflow"])
def test_the_dockerfile_says_what_nix_says(kind: str) -> None:
    """Variables, ports, programs and labels of `docker-compose build` are those of the images that Nix builds."""
    arguments = r'{ revision = "\${REVISION}"; lockHash = "\${LOCK}"; name = _variant: "\${ENVIRONMENT}"; }'
    described = value(f"(import {SHARED}/image/config.nix {arguments}).{kind}.config")
    stages = dockerfile()
    lines = stages["image"] + stages[kind]
    assert variables(lines, "ENV") == dict(entry.split("=", 1) for entry in described["Env"])
    assert variables(lines, "LABEL") == described["Labels"]
    assert words(lines, "ENTRYPOINT") == described["Entrypoint"]
    assert words(lines, "CMD") == described["Cmd"]
    assert ["CMD", *words(lines, "HEALTHCHECK")] == described["Healthcheck"]["Test"]
    ports = re.findall(r"(?m)^EXPOSE (.*)$", lines)[0].split()
    assert {f"{port}/tcp" for port in ports} == described["ExposedPorts"].keys()


def test_the_callers_python_settings_are_set_aside() -> None:
    """In the shell, before Python starts: a module of the caller's could keep the launcher itself from starting."""
    lines = nix("eval", "--raw", "--impure", "--expr", f"(import {SHARED}/path.nix).aside").stdout
    env = {"PATH": "/bin", "PYTHONPATH": "/a b:$HOME", "PYTHONHOME": "", "LD_PRELOAD": "/none.so", "name": "kept"}
    command = ["sh", "-c", f"{lines}\nexec /usr/bin/env"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert found["JUPYTER_UTILS_SHELL_PYTHONPATH"] == "/a b:$HOME"
    assert found["JUPYTER_UTILS_SHELL_LD_PRELOAD"] == "/none.so"
    assert found["name"] == "kept"
    assert not {"PYTHONPATH", "PYTHONHOME", "LD_PRELOAD", "JUPYTER_UTILS_SHELL_PYTHONHOME"} & set(found)
