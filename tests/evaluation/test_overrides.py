"""What the nixpkgs base says about the lock's wheels holds for the wheels that the lock names now.

The nixpkgs base runs autoPatchelf over every wheel with compiled code. A library that it cannot find stops the build,
at the user's. So each wheel's needs are looked up here, in the environment that the debian base built of these wheels.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, evaluated, nix
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from packaging.utils import canonicalize_name

NATIVE: dict[str, Any] = json.loads((ROOT / "nix" / "nixpkgs" / "native-needs.json").read_text())
NEEDS: dict[str, Any] = NATIVE["cuda"]
FILES: dict[str, Any] = json.loads((ROOT / "python" / "files.json").read_text())
# PEP 599: what poetry2nix hands to autoPatchelf; then what glibc and the compiler's own libraries bring.
MANYLINUX = {
    *("libgcc_s.so.1", "libstdc++.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libc.so.6", "libnsl.so.1"),
    *("libutil.so.1", "libpthread.so.0", "libresolv.so.2", "libX11.so.6", "libXext.so.6", "libXrender.so.1"),
    *("libICE.so.6", "libSM.so.6", "libGL.so.1", "libgobject-2.0.so.0", "libgthread-2.0.so.0", "libglib-2.0.so.0"),
    *("libz.so.1", "libexpat.so.1", "ld-linux-x86-64.so.2", "libatomic.so.1", "libgomp.so.1"),
}
GLIBC = {
    *("ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"),
    *("libnsl.so.1", "libutil.so.1", "libresolv.so.2"),
}
# What nix/nixpkgs/overrides.nix sets for every package of the list, by a nixpkgs of which only the list's part exists.
UNTOUCHED = """
let
  needs = builtins.fromJSON (builtins.readFile {root}/nix/nixpkgs/native-needs.json);
  named = value: names: builtins.listToAttrs (map (name: {{ inherit name; value = value name; }}) names);
  overrides = import {root}/nix/nixpkgs/overrides.nix {{
    lock = {root}/python;
    variant = "{variant}";
    interpreter = {{
      sitePackages = "site";
      pkgs = {{ bootstrap = null; installer = null; wheel = null; }};
    }};
    pkgs.lib = {{
      importJSON = path: builtins.fromJSON (builtins.readFile path);
      subtractLists = less: builtins.filter (item: !builtins.elem item less);
      genAttrs = names: value: named value names;
      optionalAttrs = wanted: attributes: if wanted then attributes else {{ }};
      mapAttrs = builtins.mapAttrs;
      makeOverridable = function: function;
    }};
  }};
  previous = named (_name: {{ overridePythonAttrs = given: given; }}) needs.glibc;
  made = overrides made previous;
in
named (name: made.${{name}}) needs.glibc
"""


def named_in_overrides() -> set[str]:
    """Return the package names that nix/nixpkgs/overrides.nix changes."""
    text = (ROOT / "nix" / "nixpkgs" / "overrides.nix").read_text()
    return set(re.findall(r'(?:change|withSetuptools|lean|withoutPrograms) "([\w-]+)"', text))


def test_every_override_names_a_package_of_the_lock() -> None:
    """An override of a package that has left the lock would stay unseen, and break the evaluation."""
    locked = {row["name"] for row in FILES["common"] + FILES["cuda"]}
    siblings = {name for need in NEEDS.values() for name in need.get("siblings", [])}
    assert len(named_in_overrides()) > 4
    assert named_in_overrides() | NEEDS.keys() | siblings | set(NATIVE["glibc"]) <= locked


def test_what_is_left_out_is_left_out_of_packages_of_the_lock_on_both_bases() -> None:
    """A package that has left the lock would break the nixpkgs base, and one that it does not name would stay whole."""
    arguments = '{ site = "s"; torchCpu.version = "v"; }'
    expression = f"builtins.attrNames (import {ROOT}/nix/shared/left-out.nix {arguments})"
    names = set(json.loads(nix("eval", "--impure", "--json", "--expr", expression).stdout)) - {"v"}
    assert names <= {row["name"] for row in FILES["common"] + FILES["cuda"]}
    text = (ROOT / "nix" / "nixpkgs" / "overrides.nix").read_text()
    assert {name for name in names if f'"{name}"' not in text} == set()


def test_file_names_are_of_the_form_that_nixpkgs_fetcher_builds() -> None:
    """The fetcher puts a file's address together from the parts of its name, and knows no build number."""
    for row in FILES["common"] + FILES["cuda"]:
        if row["file"].endswith(".whl"):
            assert row["file"].count("-") == 4, row["file"]
        else:
            assert row["file"] == f"{row['name']}-{row['version']}.tar.gz"


def installed(variant: str) -> dict[str, list[Path]]:
    """Return package -> its shared libraries in the environment of a variant; skip where that is not built."""
    output = {"cpu": "environment-all", "cuda": "environment-all-gpu"}[variant]
    site = Path(evaluated("-f", "nix/debian", f"{output}.outPath"), "lib", "python3.11", "dist-packages")
    if not site.exists():
        pytest.skip(f"not built here: nix build -f nix/debian {output}")
    return {
        canonicalize_name(distribution.name): [
            site / file
            for file in distribution.files or []
            # Not what nix/shared/left-out.nix has removed.
            if re.search(r"\.so(\.|$)", file.name) and (site / file).exists()
        ]
        for distribution in importlib.metadata.distributions(path=[str(site)])
    }


def needed_by(path: Path) -> set[str]:
    """Return the names of the libraries that a library of this platform needs."""
    with path.open("rb") as stream:
        if stream.read(4) != b"\x7fELF":
            return set()
        stream.seek(0)
        elf = ELFFile(stream)
        if elf["e_machine"] != "EM_X86_64":
            return set()
        sections = [section for section in elf.iter_sections() if isinstance(section, DynamicSection)]
        return {tag.needed for section in sections for tag in section.iter_tags("DT_NEEDED")}


@pytest.mark.parametrize("variant", ["cpu", pytest.param("cuda", marks=pytest.mark.full)])
def test_every_library_that_a_wheel_needs_is_accounted_for(variant: str) -> None:
    """It is in the wheel, in a sibling that an override names, in the manylinux list, or ignored with a reason."""
    libraries = installed(variant)
    unmet = {}
    for name, own in libraries.items():
        need = NEEDS.get(name, {}) if variant == "cuda" else {}
        siblings = [path for sibling in need.get("siblings", []) for path in libraries[sibling]]
        provided = {path.name for path in [*own, *siblings]} | MANYLINUX | set(need.get("ignore", []))
        if rest := set().union(*map(needed_by, own)) - provided:
            unmet[name] = rest
    assert unmet == {}
    assert len([name for name in libraries if libraries[name]]) > 30


def test_libraries_that_need_only_glibc_are_listed() -> None:
    """They are left as they come: patchelf before 0.19 destroys the large library of mypy by touching it."""
    own = {name: set().union(*map(needed_by, paths)) for name, paths in installed("cpu").items()}
    assert {name for name, needed in own.items() if needed and needed <= GLIBC} == set(NATIVE["glibc"])
    assert "mypy" in NATIVE["glibc"]


@pytest.mark.parametrize("variant", ["cpu", "cuda"])
def test_libraries_that_need_only_glibc_are_not_patched(variant: str) -> None:
    """Whatever patchelf a nixpkgs has, autoPatchelf doesn't run over them."""
    evaluated = nix("eval", "--impure", "--json", "--expr", UNTOUCHED.format(root=ROOT, variant=variant))
    made = json.loads(evaluated.stdout)
    assert made == {name: {"dontAutoPatchelf": True} for name in NATIVE["glibc"]}


def test_every_ignored_library_is_really_needed() -> None:
    """The ignore lists hold nothing that would hide a later mistake."""
    libraries = installed("cuda")
    for name, need in NEEDS.items():
        really = set().union(*map(needed_by, libraries[name]))
        assert set(need.get("ignore", [])) <= really, name
