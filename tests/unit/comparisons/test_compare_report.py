"""The report: one page for people, JSON for programs, a card, a table; names and values may be anybody's text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from jupyter_utils.comparisons import artifacts, holders
from jupyter_utils.comparisons.sides import Side, folder_side

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{ 7*7 }}\u202e\x1b[2J\ud800"


class Tags(HTMLParser):
    """Collects the elements of a page, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def hostile(folder: Path, number: int) -> Side:
    folder.mkdir()
    name = "<img src=x onerror=alert(1)>.txt"
    (folder / name).write_text(f"{HOSTILE[:-1]}{number}")
    (folder / "x.csv").write_text(f'"<script>a</script>",b\n"<script>{number}</script>",1\n')
    (folder / "x.json").write_text(json.dumps({"<script>": f"<script>{number}"}))
    (folder / "p.svg").write_text(f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert({number})'/>")
    texts = {HOSTILE: f"{HOSTILE}{number}"}
    return folder_side(folder, HOSTILE, metrics={HOSTILE: number}, params=texts, tags={"jupyter_utils.system": HOSTILE})


def test_hostile_names_and_values(tmp_path: Path) -> None:
    """A page of somebody else's runs runs nothing, loads nothing, and shows what there is."""
    found = jupyter_utils.compare(hostile(tmp_path / "a", 1), hostile(tmp_path / "b", 2))
    for text in (found.to_html(), found._repr_html_()):
        text.encode()
        assert "&lt;script&gt;" in text
        assert "{{ 7*7 }}" in text
        tags = Tags(text).found
        assert not {tag for tag, _ in tags} & {"script", "iframe", "object", "link", "svg", "form"}
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
        sources = [attributes.get("src") or attributes.get("href") or "" for _, attributes in tags]
        assert not [source for source in sources if source and not source.startswith(("data:image/", "#"))]
        assert not re.search("[\x1b\u202e\ud800]", text)
    assert not re.search("[\x1b\u202e\ud800]", repr(found))
    assert "default-src 'none'" in found.to_html()


def test_json_is_json(tmp_path: Path) -> None:
    """UTF-8 and whole, whatever stands in it."""
    found = jupyter_utils.compare(hostile(tmp_path / "a", 1), hostile(tmp_path / "b", 2))
    read = json.loads(found.to_json().encode())
    assert (read["format"], read["verdict"]) == (1, "differs")
    assert [one["name"] for one in read["sections"]][:3] == ["metrics", "artifacts", "outputs"]
    assert read["sections"][0]["rows"][0]["difference"] == "+1 (+100.00%)"


def test_a_report_of_very_much_stays_small(tmp_path: Path) -> None:
    """Thousands of metrics and params, long values: what is left out is counted."""
    sides = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        many = {f"m{at:05}": float(at + number) for at in range(5000)}
        sides.append(folder_side(tmp_path / str(number), metrics=many, params=dict.fromkeys(many, "長" * 5000)))
    found = jupyter_utils.compare(*sides)
    assert len(found.to_html()) < 3_000_000
    assert found["metrics"].left_out == 4700
    assert "and 4700 rows more" in found.to_html()
    assert len(repr(found).splitlines()) < 100


def test_very_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This package's own are found all the same, and that others were left out is said."""
    monkeypatch.setattr(holders, "MOST_FILES", 5)
    monkeypatch.setattr(artifacts, "MOST_FILES", 5)
    (tmp_path / "jupyter_utils").mkdir()
    for folder in ("a", "z"):
        (tmp_path / folder).mkdir()
        for number in range(9):
            (tmp_path / folder / f"{number}.txt").write_text("x")
    (tmp_path / "jupyter_utils" / "machine.json").write_text('{"format": 1, "gpus": []}')
    side = folder_side(tmp_path)
    found = jupyter_utils.compare(side, side)
    assert found["machine"].verdict == "same"
    assert "5 files or more" in found["artifacts"].notes[0]


def test_table_card_and_page_say_the_verdict(tmp_path: Path) -> None:
    """In one sentence, with Japanese names as they are."""
    (tmp_path / "a").mkdir()
    side = folder_side(tmp_path / "a", "感情分析", metrics={"精度": 0.9})
    found = jupyter_utils.compare(side, side)
    for text in (repr(found), found._repr_html_(), found.to_html()):
        assert "The same: metrics." in text
        assert "感情分析" in text
        assert "精度" in text


def test_what_neither_run_has_is_none_and_not_unknown(tmp_path: Path) -> None:
    """Nor the same: a run without anything is not another's equal. What was not recorded stays unknown."""
    pair = [folder_side(tmp_path / name, name, metrics={"f1": 0.5}) for name in ("a", "b")]
    found = jupyter_utils.compare(*pair)
    assert (found.verdict, found["artifacts"].verdict, found["machine"].verdict) == ("same", "unknown", "unknown")
    assert found["artifacts"].said == found["params"].said == "none"
    assert (found["machine"].said, found["inputs"].said) == ("unknown", "unknown")
    for text in (repr(found), found.to_html(), found._repr_html_()):
        assert "Not known: outputs of cells. Neither has: data, models and results." in text
    assert "Data, models and results: none" in repr(found)
    nothing = [folder_side(tmp_path / name, name) for name in ("c", "d")]
    assert jupyter_utils.compare(*nothing).verdict == "unknown"
    assert "Nothing was recorded that could be compared." in repr(jupyter_utils.compare(*nothing))


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a#b", ""])
def test_a_manifest_that_names_what_is_elsewhere(name: str, tmp_path: Path) -> None:
    """Nothing outside of the run is read."""
    sides = []
    for number in range(2):
        own = tmp_path / str(number) / "jupyter_utils"
        own.mkdir(parents=True)
        one = {"path": name, "section": "dataset", "key": "x", "type": "t", "kind": "str", "format": "text"}
        file = {"path": name, "size": 1, "sha256": str(number) * 64}
        manifest = {"format": 1, "artifacts": [one | {"details": {}}], "files": [file]}
        (own / "manifest.json").write_text(json.dumps(manifest))
        sides.append(folder_side(tmp_path / str(number)))
    (row,) = jupyter_utils.compare(*sides)["artifacts"].rows
    assert row.verdict == "differs"
    assert "no artifact may be called" in row.difference
