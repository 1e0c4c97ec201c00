"""How two runs came to what they gave: inputs, packages, machine, as far as they recorded it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from jupyter_utils.comparisons.sides import Side, folder_side

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def made(tmp_path: Path) -> Any:
    def make(name: str, tags: dict[str, str] | None = None, **records: Any) -> Side:
        own = tmp_path / name / "jupyter_utils"
        own.mkdir(parents=True)
        for record, data in records.items():
            (own / f"{record}.json").write_text(json.dumps(data))
        return folder_side(tmp_path / name, tags={f"jupyter_utils.{key}": value for key, value in (tags or {}).items()})

    return make


def inputs(*files: dict[str, Any], complete: bool = True, hub: Any = ()) -> dict[str, Any]:
    return {"format": 1, "complete": complete, "partial": [] if complete else ["why"], "files": files, "hub": hub}


def rows(section: str, *sides: Side) -> dict[str, str]:
    return {row.name: row.verdict.value for row in jupyter_utils.compare(*sides)[section].rows}


def test_inputs_by_digest(made: Any) -> None:
    """A file of which no digest is known may be another; one that only one run has read is a difference."""
    a = made(
        "a",
        inputs=inputs(
            *({"path": name, "size": 1, "sha256": "a" * 64} for name in ("same", "other", "gone")),
            *({"path": "unknown", "size": 1}, {"path": "large", "size": 2**30, "sampled": "x"}),
            hub=[{"kind": "model", "repository": "m", "revision": "1"}],
        ),
    )
    b = made(
        "b",
        inputs=inputs(
            *({"path": name, "size": 1, "sha256": name[0] * 64} for name in ("other", "new")),
            *({"path": "same", "size": 1, "sha256": "a" * 64}, {"path": "unknown", "size": 1}),
            {"path": "large", "size": 2**30, "sampled": "x"},
            hub=[{"kind": "model", "repository": "m", "revision": "2"}],
        ),
    )
    assert rows("inputs", a, b) == {
        **dict.fromkeys(("other", "gone", "new", "model m"), "differs"),
        **dict.fromkeys(("same", "large"), "same"),
        "unknown": "unknown",
    }


def test_what_was_not_recorded_is_unknown(made: Any) -> None:
    """And a run that has read nothing is not one of which nothing is known."""
    none, nothing, partly = (
        made("none"),
        made("nothing", inputs=inputs()),
        made("partly", inputs=inputs(complete=False)),
    )
    file = made("file", inputs=inputs({"path": "x", "size": 1, "sha256": "a" * 64}))
    found = {
        (name, other): jupyter_utils.compare(one, two)["inputs"].verdict.value
        for name, one in {"none": none, "nothing": nothing, "file": file}.items()
        for other, two in {"none": none, "nothing": nothing, "file": file, "partly": partly}.items()
    }
    assert {pair: verdict for pair, verdict in found.items() if "none" in pair} == {
        pair: "unknown" for pair in found if "none" in pair
    }
    assert (found["nothing", "nothing"], found["nothing", "file"], found["file", "file"]) == ("same", "differs", "same")
    assert (found["nothing", "partly"], found["file", "partly"]) == ("unknown", "unknown")
    assert "why" in " ".join(jupyter_utils.compare(file, partly)["inputs"].notes)


def recipe(side: Side, name: str, content: str) -> Side:
    """Give a run a recipe with one lock."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in {"nix/debian/default.nix": "x", name: content}.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    place = side.holder.folder / "jupyter_utils" / "recipe.tar.gz"  # type: ignore[attr-defined]
    place.write_bytes(gzip.compress(packed.getvalue()))
    return side


def test_which_packages_moved(made: Any) -> None:
    """By the locks in the recipes, whichever form they have, and by what was installed on top."""
    overlay = [
        {"format": 1, "packages": [{"name": "sudachipy", "version": version}]} for version in ("0.6.9", "0.6.10")
    ]
    sides = [made(str(at), {"lock": str(at) * 64}, overlay=one) for at, one in enumerate(overlay)]
    rows_ = {"common": [{"name": "numpy", "version": "2.4.6"}, {"name": "torch", "version": "2.13.0"}], "lock": "x"}
    recipe(sides[0], "python/files.json", json.dumps(rows_))
    package = '[[package]]\nname = "{}"\nversion = "{}"\n'
    recipe(sides[1], "python/poetry.lock", package.format("numpy", "2.4.6") + package.format("Torch", "2.14.0"))
    assert rows("packages", *sides) == dict.fromkeys(("lock", "torch", "on top: sudachipy"), "differs")
    bare = [made(f"bare {at}", {"lock": str(at) * 64}) for at in range(2)]
    assert "not listed" in jupyter_utils.compare(*bare)["packages"].notes[0]
    (bare[0].holder.folder / "jupyter_utils" / "recipe.tar.gz").write_bytes(b"no archive")
    assert "not listed" in jupyter_utils.compare(*bare)["packages"].notes[0]


def test_machines(made: Any) -> None:
    """By path; only what differs is listed."""
    a, b = (made(name, machine={"format": 1, "gpus": [{"name": name}], "seeds": None}) for name in ("H100", "H200"))
    assert rows("machine", a, b) == {"gpus[0].name": "differs"}
    assert jupyter_utils.compare(a, made("none"))["machine"].verdict == "unknown"
