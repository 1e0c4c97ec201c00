"""What servers and notebooks do not inherit from the shell that started them."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine import inherited
from jupyter_utils.servers import environment
from jupyter_utils.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", sorted(set(inherited.LEFT_OUT) - {"LD_LIBRARY_PATH"}))
def test_what_must_not_get_in_is_left_out_and_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its reason, and with the setting that hands it on all the same."""
    monkeypatch.setenv(name, "/shadow")
    assert name not in environment.base_environment(read_settings())
    told = environment.left_out(read_settings()) or ""
    assert f"{name}=/shadow: {inherited.LEFT_OUT[name].why}" in told
    assert "JUPYTER_UTILS_KEEP=" in told


@pytest.mark.parametrize("name", ["PATH", "PYTHONHASHSEED", "JUPYTER_PATH", "IPYTHONDIR", "GIT_AUTHOR_NAME", "HF_HOME"])
def test_what_is_a_persons_own_is_handed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and places bring no code in front of the environment's."""
    monkeypatch.setenv(name, "/given")
    assert environment.base_environment(read_settings())[name] == "/given"


def test_the_working_tree_of_a_development_shell_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Alone: what else stands in PYTHONPATH goes, an empty entry, which means the current folder, too."""
    own = tmp_path / "checkout"
    own.mkdir()
    monkeypatch.setattr(inherited, "_PLACE", own)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(own), ""]))
    assert inherited.working_tree() is None  # a folder that somebody has installed into is no working tree
    (own / "poetry.lock").touch()
    found = inherited.inherited()
    assert found.variables["PYTHONPATH"] == str(own) == inherited.working_tree()
    assert found.left_out["PYTHONPATH"] == os.pathsep.join([str(tmp_path), ""])


def test_the_environments_own_modules_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python lists such a folder once: who takes it out for PYTHONPATH's sake has no modules left."""
    own = sysconfig.get_path("purelib")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), own]))
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), own])
    inherited.leave_callers_modules()
    assert sys.path == ["", own]
    assert inherited.brought()["PYTHONPATH"] == str(tmp_path)


def test_only_the_drivers_folders_stay_of_the_library_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """WSL and some clusters tell of the driver in no other way; a whole system's folder would bring its C library."""
    for folder, files in {"driver": ["libcuda.so.1"], "system": ["libcuda.so.1", "libc.so.6"], "conda": []}.items():
        (tmp_path / folder).mkdir()
        for file in files:
            (tmp_path / folder / file).touch()
    paths = [str(tmp_path / name) for name in ("conda", "driver", "system")]
    monkeypatch.setenv("LD_LIBRARY_PATH", os.pathsep.join(paths))
    found = inherited.inherited()
    assert found.variables["LD_LIBRARY_PATH"] == paths[1]
    assert found.left_out["LD_LIBRARY_PATH"] == os.pathsep.join([paths[0], paths[2]])


def test_a_setting_hands_on_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """To JupyterLab and its notebooks; MLflow needs none of it."""
    monkeypatch.setenv("PYTHONPATH", "/mine")
    monkeypatch.setenv("PYTHONSTARTUP", "/mine.py")
    monkeypatch.setenv("JUPYTER_UTILS_KEEP", " PYTHONPATH, ")
    settings = read_settings()
    assert environment.kept_environment(settings) == {"PYTHONPATH": "/mine"}
    assert "PYTHONPATH" not in environment.base_environment(settings)
    told = environment.left_out(settings) or ""
    assert "PYTHONSTARTUP" in told
    assert "PYTHONPATH" not in told
    monkeypatch.setenv("JUPYTER_UTILS_KEEP", "PYTHONPAHT")
    with pytest.raises(SettingsError, match=r"PYTHONPAHT.*take it out"):
        environment.left_out(read_settings())


def test_what_the_programs_set_aside_counts_as_the_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    """They keep it from Python itself; it is named and handed on as if they had not, under its own name."""
    monkeypatch.setenv("JUPYTER_UTILS_SHELL_PYTHONPATH", "/mine")
    assert inherited.inherited().left_out["PYTHONPATH"] == "/mine"
    kept = inherited.inherited(frozenset({"PYTHONPATH"})).variables
    assert kept["PYTHONPATH"] == "/mine"
    assert not [name for name in kept if name.startswith("JUPYTER_UTILS_SHELL_")]
