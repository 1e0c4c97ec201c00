"""The nixpkgs base, evaluated with the real poetry2nix on a nixpkgs that is old, pinned or yet to come.

Neither is part of this repository: POETRY2NIX and NIXPKGS_LIB name folders with them. The rest stands in.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from commands import ROOT, nix

STAND_IN = ROOT / "tests" / "evaluation" / "nixpkgs"
VARIANTS = ["environment", "environment-gpu"]
FILES: dict[str, Any] = json.loads((ROOT / "python" / "files.json").read_text())
ROWS = FILES["common"] + FILES["cuda"]


@dataclass(frozen=True)
class Base:
    """The nixpkgs base on what stands in for nixpkgs."""

    library: str
    poetry2nix: str

    def ask(self, what: str, nixpkgs: str = "") -> tuple[Any, str]:
        """Return the value of an expression in which `lab` is the base, and what was said of it."""
        expression = f"""
        let
          pkgs = import {STAND_IN} {{ library = "{self.library}"; {nixpkgs} }};
          lab = import {ROOT}/nix/nixpkgs {{ inherit pkgs; poetry2nix = /. + "{self.poetry2nix}"; }};
          application = name: lab.packages.${{name}}.passthru.jupyter-utils;
        in
        {what}
        """
        result = nix("eval", "--json", "--impure", "--expr", expression)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout), result.stderr


@pytest.fixture(scope="session")
def base(library: str, poetry2nix: str) -> Base:
    return Base(library, poetry2nix)


@pytest.mark.parametrize("name", VARIANTS)
def test_environment_is_the_same_where_ispy27_is_gone(base: Base, name: str) -> None:
    """The attribute went with nixpkgs of June 2026: the environment evaluates all the same, to the same derivation."""
    what = f'(application "{name}").drvPath'
    assert base.ask(what, "isPy27 = false;")[0] == base.ask(what, "isPy27 = true;")[0]


@pytest.mark.parametrize("name", VARIANTS)
def test_no_list_lies_within_a_list(base: Base, name: str) -> None:
    """Since 26.05 nested lists of inputs cost a warning a package, and some day not at all."""
    _path, said = base.ask(f'(application "{name}").drvPath', "isPy27 = true;")
    assert "nested list" not in said


def test_stand_in_warns_of_nested_lists(base: Base) -> None:
    """The test above would see one: the stand-in says what nixpkgs says."""
    package = '(pkgs.python311.pkgs.buildPythonPackage { pname = "p"; version = "1"; buildInputs = [ [ ] ]; }).drvPath'
    assert "nested list in buildInputs of p-1" in base.ask(package)[1]


def post_install(base: Base, font: str) -> str:
    """Return what the base adds to the installation of matplotlib."""
    what = '(application "environment").passthru.python.pkgs.matplotlib.postInstall'
    return str(base.ask(what, f'ipaexfont = "{font}"; isPy27 = true;')[0])


def installed(script: str, out: Path) -> subprocess.CompletedProcess[str]:
    """Run it on what it finds of matplotlib."""
    package = out / "lib" / "python3.11" / "site-packages" / "matplotlib"
    (package / "mpl-data" / "fonts" / "ttf").mkdir(parents=True)
    for name in ("font_manager.py", "_mathtext.py"):
        shutil.copyfile(Path(mpl.__file__).with_name(name), package / name)
    (out / "python3").symlink_to(sys.executable)
    environment = {"out": str(out), "PATH": f"{out}:/usr/bin:/bin"}
    return subprocess.run(["bash", "-euc", script], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("folder", ["opentype", "truetype", "truetype/ipaexfont"])
def test_japanese_font_is_found(base: Base, tmp_path: Path, folder: str) -> None:
    """Figures show Japanese wherever in its package a nixpkgs keeps the font."""
    fonts = tmp_path / "font" / "share" / "fonts" / folder
    fonts.mkdir(parents=True)
    (fonts / "ipaexg.ttf").write_text("a font")
    done = installed(post_install(base, str(tmp_path / "font")), tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert [path.read_text() for path in tmp_path.glob("out/**/fonts/ttf/ipaexg.ttf")] == ["a font"]


def test_missing_font_stops_the_build(base: Base, tmp_path: Path) -> None:
    """A nixpkgs without the font is told of in words, and not found out from empty figures."""
    (tmp_path / "font").mkdir()
    done = installed(post_install(base, str(tmp_path / "font")), tmp_path / "out")
    assert done.returncode != 0
    assert "ipaexg.ttf" in done.stderr


def addresses(base: Base, name: str) -> dict[str, list[str]]:
    """Return file -> where it is fetched from, of the packages of an application that come from the lock."""
    packages = f'(application "{name}").passthru.python.pkgs'
    names = "".join(f'"{row["name"]}" ' for row in ROWS)
    what = f"""
      builtins.listToAttrs (map (source: {{ inherit (source) name; value = source.urls; }}) (
        builtins.filter (source: source ? urls) (map (name: ({packages}.${{name}} or {{ }}).src or {{ }}) [ {names} ])))
    """
    return dict(base.ask(what)[0])


def test_files_are_fetched_by_their_direct_path_first(base: Base) -> None:
    """PyPI always has that one; the scheme that nixpkgs makes addresses by comes second; the host is nixpkgs' own."""
    found = addresses(base, "environment-gpu")
    rows = {row["file"]: row for row in ROWS}
    assert len(found) > 0.9 * len(rows)
    for file, urls in found.items():
        assert urls[0] == f"https://files.example.org/packages/{rows[file]['direct']}"
        assert urls[1].endswith(f"/{file}")
        assert len(urls) == 2


def test_file_without_a_direct_path_is_fetched_by_the_older_scheme(base: Base) -> None:
    """A project's lock may hold files of which nobody knew the path."""
    fetch = f"import {ROOT}/nix/nixpkgs/fetch.nix {{ inherit pkgs; files = {{ common = [ ]; cuda = [ ]; }}; }}"
    asked = '{ pname = "six"; version = "1"; file = "six-1-py3-none-any.whl"; hash = pkgs.lib.fakeHash; }'
    assert base.ask(f"({fetch} {asked}).urls")[0] == [
        "https://files.example.org/packages/py3/s/six/six-1-py3-none-any.whl"
    ]
