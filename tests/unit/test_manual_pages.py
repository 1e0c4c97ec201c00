"""The examples' tables: of pages that may be used, with the notice that they ask for, and made again from Debian."""

from __future__ import annotations

import csv
import filecmp
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "python" / "manual_pages.py"
DATA = SCRIPT.parent / "jupyter_utils" / "examples" / "data"
FILES = ["LICENSE.txt", "manual_pages.en.csv", "manual_pages.ja.csv"]
MADE = runpy.run_path(str(SCRIPT))


def rows(language: str) -> list[dict[str, str]]:
    with (DATA / f"manual_pages.{language}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_passage_is_whole(language: str) -> None:
    """One label a page, no text twice, no formatting left, and no section's number that gives the answer away."""
    found = rows(language)
    texts = [row["text"] for row in found]
    assert len(texts) == len(set(texts)) > 500
    assert len({(row["page"], row["section"]) for row in found}) == len({row["page"] for row in found})
    assert {row["section"] for row in found} == set(MADE["LANGUAGES"][language].labels)
    assert not [text for text in texts if "\\" in text or "(2)" in text or "(3)" in text or "(7)" in text]


def test_they_are_small() -> None:
    """They are in the package, so in every image, and in the recipe of every run."""
    assert all((DATA / name).stat().st_size < 300_000 for name in FILES)
    assert sorted(path.name for path in DATA.iterdir()) == FILES


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_notice_names_every_page(language: str) -> None:
    """With the licence's own words and the copyright lines of each page."""
    text = (DATA / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Permission is granted to make and distribute verbatim copies" in text
    part = text.partition(f"\nmanual_pages.{language}.csv\n\n")[2].partition("\n\nmanual_pages.")[0]
    groups = [group.splitlines() for group in part.strip().split("\n\n")]
    named = {page for group in groups for page in group[0].split()}
    assert {row["page"] for row in rows(language)} == named
    assert all(any(line.startswith("    ") for line in group[1:]) for group in groups), "a page without its people"


WHOSE = '.\\" Copyright (C) 2006 Somebody\n'
HEAD = '.\\" %%%LICENSE_START(VERBATIM)\n.\\" Permission is granted\n.\\" %%%LICENSE_END\n.TH X 2\n'


@pytest.mark.parametrize(
    ("page", "used"),
    [
        (WHOSE + HEAD, True),
        (HEAD, False),
        (WHOSE + '.\\" SPDX-License-Identifier: Linux-man-pages-copyleft\n.TH X 2\n', True),
        (WHOSE + '.\\" SPDX-License-Identifier: Linux-man-pages-copyleft-1-para\n.TH X 2\n', False),
        (WHOSE + '.\\" SPDX-License-Identifier: GPL-2.0-or-later\n.TH X 2\n', False),
        (WHOSE + HEAD.replace("VERBATIM", "GPLv2+_DOC_FULL"), False),
        (WHOSE + '.\\" SPDX-License-Identifier: BSD-3-Clause\n' + HEAD, False),
        ('.TH X 2\n.\\" %%%LICENSE_START(VERBATIM)\n', False),
        (".TH X 2\n", False),
    ],
)
def test_only_pages_under_one_licence_are_used(page: str, used: bool) -> None:
    """A page that names none, or another one, too, or nobody whose it is, is left out."""
    assert MADE["may_be_used"](page) is used


def test_passages_are_plain_text() -> None:
    """Fonts, escapes, code and comments are gone; what a font request joins stays joined."""
    page = (
        '.SH DESCRIPTION\n.BR open (2)\nopens\n.I pathname\nfor\\ \\fBreading\\fP.\n.\\" a comment\n.nf\nint x;\n.fi\n'
        ".PP\nA \\-1 \\(aqx\\(aq.\n.SH BUGS\nNone.\n"
    )
    found = MADE["paragraphs"](page, ("DESCRIPTION",))
    assert [MADE["tidy"](text) for text in found] == ["open opens pathname for reading.", "A -1 'x'."]


@pytest.mark.full
def test_the_script_makes_them_again(tmp_path: Path) -> None:
    """From the packages, the same to the byte."""
    package = MADE["LANGUAGES"]["ja"].packages[0]
    wanted = f"{package.name}={package.version}"
    if (
        not shutil.which("apt-get")
        or subprocess.run(
            ["apt-get", "download", "--print-uris", wanted], cwd=tmp_path, capture_output=True, check=False
        ).returncode
    ):
        pytest.skip(f"apt-get does not have {wanted}")
    subprocess.run([sys.executable, SCRIPT, tmp_path], check=True)
    assert filecmp.cmpfiles(DATA, tmp_path, FILES, shallow=False)[0] == FILES
