"""Writers of users: what they may return, and what of it comes back to their readers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_utils import errors, register_writer
from jupyter_utils.artifacts import registry, writing
from jupyter_utils.artifacts.registry import Written
from round_trips import round_trip

if TYPE_CHECKING:
    from pathlib import Path


class Corpus(list[str]):
    """A type that only a user knows."""


@pytest.fixture(autouse=True)
def own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no writer behind for other tests."""
    monkeypatch.setattr(registry, "kinds", dict(registry.kinds))
    monkeypatch.setattr(registry, "by_type", {name: list(kinds) for name, kinds in registry.by_type.items()})


def returning(returned: Any) -> None:
    def write(corpus: Corpus, path: Path) -> Any:
        path.write_text("\n".join(corpus))
        return returned

    register_writer(Corpus, write, read=lambda path, details: (path.read_text(), details), name="corpus")


@pytest.mark.parametrize(
    ("returned", "details"),
    [
        (None, {}),
        ({}, {}),
        ({"language": "日本語"}, {"language": "日本語"}),
        ({"language": "ja", "sidecar": b"\x00\xff"}, {"language": "ja", "sidecar": b"\x00\xff"}),
        (Written(), {}),
        (Written({"language": "ja"}, b""), {"language": "ja", "sidecar": b""}),
    ],
)
def test_what_a_writer_returns_comes_back_to_its_reader(returned: Any, details: dict[str, Any]) -> None:
    """Nothing, a dict, or the result of the built-in writers; bytes are kept beside the manifest."""
    returning(returned)
    assert round_trip(Corpus(["猫", "犬"])) == ("猫\n犬", {**details, "trust": True})


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (["ja"], "returned a list, but must return a dict"),
        ("ja", "returned a str"),
        ({"languages": {"ja"}}, "JSON cannot hold"),
        ({"sidecar": "text"}, "a str as 'sidecar'"),
    ],
)
def test_what_no_manifest_can_hold_is_refused_by_name(returned: Any, said: str, tmp_path: Path) -> None:
    """Before anything is committed or sent; the error names the value."""
    returning(returned)
    (planned,), _ = writing.plan("result", {"c": Corpus("a")})
    with pytest.raises(errors.StageError, match=said) as caught:
        writing.write(planned, tmp_path)
    assert "result['c']" in str(caught.value)


def test_the_writers_own_dict_is_left_alone(tmp_path: Path) -> None:
    """A writer may return one and the same dict each time."""
    details = {"language": "ja", "sidecar": b"x"}
    returning(details)
    for key in ("a", "b"):
        stored = writing.write(writing.plan("result", {key: Corpus("a")})[0][0], tmp_path)
        assert (tmp_path / json.loads(json.dumps(stored.details))["sidecar"]).read_bytes() == b"x"
    assert details == {"language": "ja", "sidecar": b"x"}
