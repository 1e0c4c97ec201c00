"""The documents say the same in both languages, and what they say is so."""

from __future__ import annotations

import re
import runpy
from typing import TYPE_CHECKING

import documents
import jupyter_utils
import pytest
from click.testing import CliRunner
from documents import DOCS, MADE, PAGES, PAIRS, ROOT
from jupyter_utils.artifacts.registry import kinds
from jupyter_utils.cli import main
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

GENERATE = runpy.run_path(str(DOCS / "generate.py"))
IDS = [pair[0].name for pair in PAIRS]
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
# Other words for what has a name of its own, and for what nobody calls so.
WRONG_WORDS = {
    "写し": "コピー",
    "道具": "ツール",
    "成果物": "アーティファクト",
    "実行を保存": "ランを保存",
    "実行の一覧": "ランの一覧",
    "実行 ID": "ラン ID",
    "実行を比": "ランを比",
    "子実行": "子ラン",
}


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_both_languages_have_the_same_parts(pair: tuple[Path, Path]) -> None:
    """Headings, commands, figures, examples, lists and tables stand in both, in the same order."""
    english, japanese = map(documents.shape, pair)
    assert japanese == english


@pytest.mark.parametrize(
    ("part", "said", "instead"),
    [
        ("headings", "\n## Run it again\n", "\n### Run it again\n"),
        ("commands", "jupyter-utils reproduce RUN ", "jupyter-utils reproduce RUN --keep "),
        ("pictures", "pictures/report.png", "pictures/terminal.png"),
        ("code", 'experiment_name="test_exp"', 'experiment_name="test"'),
        ("items", "\n- **", "\n**"),
    ],
)
def test_a_page_that_was_changed_alone_is_seen(tmp_path: Path, part: str, said: str, instead: str) -> None:
    """Each part is really compared: a front page that is changed in one place has another shape, in that part."""
    text = PAIRS[0][0].read_text(encoding="utf-8")
    assert said in text
    changed = tmp_path / "README.md"
    changed.write_text(text.replace(said, instead), encoding="utf-8")
    before, after = documents.shape(PAIRS[0][1]), documents.shape(changed)
    assert [name for name, value in before.items() if after[name] != value] == [part]


def test_both_languages_have_the_same_pages() -> None:
    """No page is in one language alone."""
    assert sorted(page.name for page in (DOCS / "ja").iterdir()) == sorted(
        page.name for page in (DOCS / "en").iterdir()
    )


@pytest.mark.parametrize("pair", PAIRS, ids=IDS)
def test_each_page_is_in_its_language(pair: tuple[Path, Path]) -> None:
    """Also in remarks of code and alternative texts; and things bear the names of the field."""
    english, japanese = pair
    lines = english.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if JAPANESE.search(line.replace("日本語", ""))] == []
    if english.name not in MADE:
        remarks = re.findall(r"(?m)(?:^|\s)# (.+)$", "".join(one.text for one in documents.blocks(japanese)))
        assert [remark for remark in remarks if not JAPANESE.search(remark)] == []
    assert [alternative for alternative, _ in documents.pictures(japanese) if not JAPANESE.search(alternative)] == []
    assert [word for word in WRONG_WORDS if word in japanese.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file, and a heading of it where it names one; no page has an absolute link to us."""
    broken = []
    for target in documents.links(page):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in documents.anchors(file)):
            broken.append(target)
    assert broken == []


def test_pictures_have_a_text_and_are_small() -> None:
    """Whoever cannot see them reads what is to be seen; the front page is light; and none lies about unused."""
    found = {(page.parent / place).resolve(): text for page in PAGES for text, place in documents.pictures(page)}
    assert [place.name for place, text in found.items() if len(text) < 15] == []
    assert {place.name: place.stat().st_size for place in found if place.stat().st_size > 150_000} == {}
    assert set((DOCS / "pictures").iterdir()) == set(found)


def test_every_page_is_in_the_index() -> None:
    """And each page leads back to it."""
    for folder in (DOCS / "en", DOCS / "ja"):
        index = documents.links(folder / "README.md")
        pages = [page for page in folder.glob("*.md") if page.name != "README.md"]
        assert [page.name for page in pages if page.name not in index] == []
        assert [page.name for page in pages if "README.md" not in documents.links(page)] == []


def test_the_front_page_is_short() -> None:
    """A stranger decides in three minutes."""
    assert [len(page.read_text(encoding="utf-8").splitlines()) <= 120 for page in PAIRS[0]] == [True, True]


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_made_pages_are_what_the_code_says(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions, commands and settings: `python docs/generate.py` would change nothing, whoever ran what before.

    That is: in a terminal of any width, and after a command has run in this process (of which click remembers options).
    """
    monkeypatch.setenv("COLUMNS", columns)
    CliRunner().invoke(main, ["compare", "--no-such-option"])
    wrong = [str(file) for file, text in GENERATE["pages"]().items() if file.read_text(encoding="utf-8") != text]
    assert wrong == [], "run python docs/generate.py"


def test_every_setting_and_name_has_its_place() -> None:
    """Both tables hold what the code has and no more, but for what only the setup scripts read."""
    listed = {name for group in GENERATE["SETTINGS"]["group"] for name in group["settings"]}
    of_scripts = {"DEBIAN_MIRROR", "DEBIAN_SECURITY_MIRROR", "DEBIAN_SNAPSHOT", "ENVIRONMENTS"}
    assert listed == {name.upper() for name in Settings.model_fields} | of_scripts
    assert sorted(GENERATE["REFERENCE"]["functions"]) == sorted(jupyter_utils.__all__)
    assert sorted(GENERATE["REFERENCE"]["commands"]) == sorted(
        name for name, _ in GENERATE["all_commands"](GENERATE["cli"], "")
    )


def test_docstrings_become_markdown() -> None:
    """Sections are lists, examples are code, paragraphs stay."""
    made = GENERATE["markdown"](
        "Do it.\n\nMore.\n\nArgs:\n    a, b: one\n        of two.\n    c: x\n\nExample::\n\n    do(1)"
    )
    assert (
        made
        == "Do it.\n\nMore.\n\n**Args**\n\n- `a`, `b`: one of two.\n- `c`: x\n\n**Example**\n\n```python\ndo(1)\n```\n"
    )


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_suffix_is_in_the_table(language: str) -> None:
    """Both list the suffixes under which each kind of value is written, as the package has them."""
    rows = {kind.name: kind.working_suffixes() for kind in kinds.values() if len(kind.formats) > 1}
    text = (DOCS / language / "names.md").read_text(encoding="utf-8")
    assert {name: line.split() for name, line in re.findall(r"(?m)^\| ([^|]+) \| (`\.[^|]+) \|$", text)} == {
        name: [f"`{suffix}`" for suffix in suffixes] for name, suffixes in rows.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_are_there(page: Path) -> None:
    """Folders and files of the checkout, also where they are no links."""
    text = documents.prose(page)
    named = re.findall(r"`((?:nix|python|docs|tests|examples|benchmarks|\.ci|\.github)/[\w./-]*\w/?)`", text)
    named = [name for name in named if page.name != "CHANGELOG.md" and "tests/unit/NAME" not in name]
    assert [name for name in named if not (ROOT / name).exists()] == []
