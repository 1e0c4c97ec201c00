"""Whose code is run: this user's own unasked, anybody else's only if somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_utils.entries.entry import read_raw, write_entry
from jupyter_utils.errors import ReproduceError
from jupyter_utils.reproduction.original import find_original
from jupyter_utils.reproduction.recorded_code import code_of
from jupyter_utils.reproduction.trust import make_sure
from jupyter_utils.runs.records.sealing import TAG, is_sealed, seal_tags
from recorded_runs import notebook, recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {"one.ipynb": notebook("1 + 1")}


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def check(entry: Path, *, trust: bool = False, ask: Callable[[str], bool] | None = None) -> None:
    original = find_original(entry)
    make_sure(original, code_of(original), trust=trust, ask=ask)


def test_what_this_user_has_saved_runs(tmp_path: Path) -> None:
    check(recorded(tmp_path, tmp_path, FILES))


def test_what_another_has_saved_is_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it is an error, which names the remedy; with one it is shown what would run."""
    entry = recorded(tmp_path, tmp_path, FILES, tags={"mlflow.user": "somebody"}, sealed=False)
    with pytest.raises(ReproduceError, match="--trust"):
        check(entry)
    with pytest.raises(ReproduceError, match="Nothing was executed"):
        check(entry, ask=lambda _: False)
    assert "somebody" in capsys.readouterr().out
    check(entry, ask=lambda _: True)
    check(entry, trust=True)


@pytest.mark.parametrize("change", ["code", "record", "more", "commit", "environment", "key", "entry"])
def test_a_change_breaks_the_seal(tmp_path: Path, change: str) -> None:
    """Whoever can write to the run can change its code, but not seal it again."""
    entry = recorded(tmp_path, tmp_path, FILES)
    own, said = entry / "artifacts" / "jupyter_utils", read_raw(entry)
    match change:
        case "code":
            (own / "code" / "one.ipynb").write_bytes(notebook("evil()"))
        case "record":
            (own / "code.json").write_text('{"root": "/x", "files": []}')
        case "more":
            (own / "call.json").write_text('{"arguments": ["--evil"]}')
        case "commit":
            said.tags["mlflow.source.git.commit"] = "f" * 40
        case "environment":
            said.tags["jupyter_utils.store_path"] = "/nix/store/evil"
        case "key":
            (tmp_path / "state" / "jupyter-utils" / "seal.key").write_text("00" * 32)
        case "entry":
            object.__setattr__(said, "id", "000000000000002-0123456789abcdef")
    write_entry(said, entry)
    with pytest.raises(ReproduceError, match="changed since"):
        check(entry)


def test_tags_of_people_break_nothing(tmp_path: Path) -> None:
    entry = recorded(tmp_path, tmp_path, FILES)
    said = read_raw(entry)
    said.tags.update({"mlflow.note.content": "good", "jupyter_utils.reproduced": "same 2026-11-28T13:00Z"})
    write_entry(said, entry)
    check(entry)


def test_a_reproduction_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's code may run in it, and must not have its saves taken for the user's own."""
    assert TAG in seal_tags("e", {}, {})
    monkeypatch.setenv("JUPYTER_UTILS_REPRODUCES", "0" * 32)
    assert seal_tags("e", {}, {}) == {}


def test_a_folder_for_keys_that_cannot_be_used_costs_the_seal_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert seal_tags("e", {}, {}) == {}
    assert not is_sealed("e", {}, {TAG: "0" * 64})
