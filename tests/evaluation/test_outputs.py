"""The flake as people see it, by Nix' own commands, on stand-ins for its two inputs.

POETRY2NIX and NIXPKGS_LIB name folders with the real poetry2nix and nixpkgs' `lib`. The rest stands in.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from commands import OPTIONS, ROOT, evaluated

HERE = Path(__file__).parent
SYSTEM = "x86_64-linux"
STAND_IN = "{ outputs = _inputs: import ./nixpkgs/outputs.nix { library = ./lib; }; }"
# An input that gives nothing: what evaluates with it asks nothing of it.
EMPTY = "{ outputs = _inputs: { }; }"
ADDRESS = re.compile(r'inputs\.lab\.url = "([^"]+)";')
DEBIAN = f"legacyPackages.{SYSTEM}.debian"
# Descriptions of a set of derivations; null where there is none.
DESCRIPTIONS = """
set: builtins.mapAttrs (_name: one: one.meta.description or null) (
  builtins.removeAttrs set (builtins.filter (name: (set.${name}.type or "") != "derivation") (builtins.attrNames set)))
"""


@dataclass
class Inputs:
    """Folders that are given to Nix in place of the flake's inputs."""

    nixpkgs: Path
    poetry2nix: Path
    # Flakes that have the flake as an input call its inputs by longer names.
    prefix: str = ""
    folder: Path = field(default=ROOT)

    def nix(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Nix on the flake of the folder."""
        given: list[str] = ["--no-write-lock-file"]
        for name, path in (("nixpkgs", self.nixpkgs), ("poetry2nix", self.poetry2nix)):
            given += ["--override-input", f"{self.prefix}{name}", f"path:{path}"]
        command = ["nix", *OPTIONS, *words, *given]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def ask(self, attribute: str, function: str = "value: value") -> Any:
        """Return what a function makes of an output."""
        said = self.nix("eval", "--json", f".#{attribute}", "--apply", function)
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)


def flake(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "flake.nix").write_text(text)
    return folder


@pytest.fixture(scope="session")
def stand_in(library: str, poetry2nix: str, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Return inputs of which all that we make can be evaluated."""
    folder = flake(tmp_path_factory.mktemp("nixpkgs"), STAND_IN)
    shutil.copytree(library, folder / "lib")
    for name in ("nixpkgs", "modules"):
        shutil.copytree(HERE / name, folder / name)
    return Inputs(folder, Path(poetry2nix))


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Return inputs that are empty."""
    folder = flake(tmp_path_factory.mktemp("nothing"), EMPTY)
    return Inputs(folder, folder)


def wordless(descriptions: dict[str, str | None]) -> dict[str, str | None]:
    """Return those that tell a stranger nothing: too short, or no sentence."""
    return {name: said for name, said in descriptions.items() if not said or len(said) < 20 or not said[0].isupper()}


@pytest.mark.parametrize("kind", ["packages", "apps", "devShells", "checks", "formatter", "legacyPackages.vm"])
def test_output_says_what_it_is(stand_in: Inputs, kind: str) -> None:
    """Whoever reads `nix flake show` or searches knows what each name is for."""
    outer, _dot, inner = kind.partition(".")
    if kind == "formatter":
        found = {"formatter": stand_in.ask(f"formatter.{SYSTEM}.meta.description")}
    elif kind == "apps":
        found = stand_in.ask(f"apps.{SYSTEM}", "builtins.mapAttrs (_name: app: app.meta.description or null)")
    else:
        found = stand_in.ask(".".join(filter(None, (outer, SYSTEM, inner))), DESCRIPTIONS)
    assert found
    assert wordless(found) == {}
    # default is another name of the lab.
    others = [said for name, said in found.items() if name != "default"]
    assert len(set(others)) == len(others), "two outputs say the same"


def test_machines_of_the_vm_tests_evaluate(stand_in: Inputs) -> None:
    """They cannot run here; but no machine of theirs sets an option that is not there, or that NixOS refuses."""
    found = stand_in.ask(f"legacyPackages.{SYSTEM}.vm", "builtins.mapAttrs (_name: test: test.drvPath)")
    assert found.keys() == {path.stem for path in (ROOT / "nix" / "tests").glob("*.nix")} - {"default", "lib"}


def test_debian_outputs_say_what_they_are(nothing: Inputs) -> None:
    """Also where nothing of nixpkgs is in reach."""
    found = nothing.ask(DEBIAN, DESCRIPTIONS)
    assert len(found) > 10
    assert wordless(found) == {}


def test_template_says_what_it_is(nothing: Inputs) -> None:
    """And what to do after `nix flake init`."""
    template = nothing.ask("templates.default", 'template: removeAttrs template [ "path" ]')
    assert wordless({"default": template["description"]}) == {}
    assert "inputs.lab.url" in template["welcomeText"]


def test_flake_show_shows_everything(stand_in: Inputs) -> None:
    """Nix' own command evaluates every output's name, and shows what was said of it."""
    said = stand_in.nix("flake", "show", "--json")
    assert said.returncode == 0, said.stderr
    shown = json.loads(said.stdout)
    # Nix 2.36 and newer may show more around it.
    shown = shown.get("inventory", shown)
    for kind in ("packages", "devShells", "checks"):
        assert wordless({name: one.get("description") for name, one in shown[kind][SYSTEM].items()}) == {}
    assert shown["nixosModules"].keys() == {"default", "jupyterlab", "mlflow"}
    assert shown["templates"]["default"]["description"]


def test_flake_check_evaluates_everything(stand_in: Inputs) -> None:
    """Nix' own check finds every output of its kind, the examples as machines whose assertions hold."""
    said = stand_in.nix("flake", "check", "--no-build")
    assert said.returncode == 0, said.stderr
    systems = "builtins.mapAttrs (_name: machine: machine.config.system.build.toplevel.name)"
    assert stand_in.ask("nixosConfigurations", systems) == {
        "workstation": "nixos-system-workstation",
        "gpu-server": "nixos-system-gpu-server",
        "behind-nginx": "nixos-system-lab",
    }


def test_flake_is_a_table_of_contents() -> None:
    """Names and the files that they come from; nothing is made in flake.nix itself."""
    text = (ROOT / "flake.nix").read_text()
    outputs = text.partition("outputs =")[2]
    assert len(outputs.splitlines()) < 60
    assert not re.findall(r"\b(mapAttrs|mkDefault|mkDerivation|runCommand|if|services\.\w+ =)\b", outputs)


def started(folder: Path, address: str) -> Path:
    """Run `nix flake init` in an empty folder."""
    folder.mkdir()
    command = ["nix", *OPTIONS, "flake", "init", "-t", address]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project that `nix flake init` made, with its one line changed."""
    folder = started(tmp_path / "project", str(ROOT))
    text = (folder / "flake.nix").read_text()
    assert len(ADDRESS.findall(text)) == 1
    (folder / "flake.nix").write_text(ADDRESS.sub(f'inputs.lab.url = "git+file://{ROOT}";', text))
    return folder


def of_project(inputs: Inputs, project: Path) -> Inputs:
    return Inputs(inputs.nixpkgs, inputs.poetry2nix, "lab/", project)


@pytest.mark.parametrize("address", [str(ROOT), f"git+file://{ROOT}#default"], ids=["path", "address"])
def test_template_is_whole(tmp_path: Path, address: str) -> None:
    """All that the pages name is there, and the one line to change says so."""
    folder = started(tmp_path / "project", address)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {".envrc", "flake.nix", "notebooks/first.ipynb", "pyproject.toml", "tests/test_notebooks.py"}
    before, line, _after = (folder / "flake.nix").read_text().partition("inputs.lab.url")
    assert line
    assert "# The one line to change" in before
    subprocess.run(["nix-instantiate", "--parse", str(folder / "flake.nix")], check=True, capture_output=True)


def test_template_has_the_labs_own_environment_at_first(project: Path, nothing: Inputs) -> None:
    """On the debian base without any input; that packages of its own are left out is said aloud."""
    said = of_project(nothing, project).nix("eval", "--raw", f".#{DEBIAN}.lab.drvPath")
    assert said.returncode == 0, said.stderr
    assert said.stdout == evaluated(".#debian.lab.drvPath")
    assert "there is no ./lock" in said.stderr


def test_template_takes_its_lock(project: Path, nothing: Inputs) -> None:
    """What `lock.py --project` made is the environment, and nothing is left to say."""
    (project / "lock").mkdir()
    for name in ("pyproject.toml", "poetry.lock", "files.json", "torch-cpu.json"):
        shutil.copy(ROOT / "python" / name, project / "lock")
    path = project / "lock" / "files.json"
    row = next(row for row in json.loads(path.read_text())["common"] if row["name"] == "six")
    path.write_text(path.read_text().replace(row["sha256"], "0" * 64))
    said = of_project(nothing, project).nix("eval", "--raw", f".#{DEBIAN}.lab.drvPath")
    assert said.returncode == 0, said.stderr
    assert said.stdout != evaluated(".#debian.lab.drvPath")
    assert "./lock" not in said.stderr


@pytest.mark.parametrize("output", ["packages", "devShells"])
def test_template_gives_what_the_lab_gives(project: Path, stand_in: Inputs, output: str) -> None:
    """Programs, images and shells have the names that they have here."""
    paths = "builtins.mapAttrs (_name: one: one.drvPath)"
    found = of_project(stand_in, project).ask(f"{output}.{SYSTEM}", paths)
    assert found.keys() == stand_in.ask(f"{output}.{SYSTEM}", paths).keys()


def test_template_with_its_line_unchanged_names_the_address(tmp_path: Path) -> None:
    """Who forgets the line is told which address is not there."""
    shutil.copytree(ROOT / "nix" / "template", tmp_path / "project")
    address = ADDRESS.findall((ROOT / "nix" / "template" / "flake.nix").read_text())[0]
    command = ["nix", *OPTIONS, "eval", "--no-write-lock-file", ".#packages"]
    done = subprocess.run(command, cwd=tmp_path / "project", capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert address.removeprefix("git+file://") in done.stderr
