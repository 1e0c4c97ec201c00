#!/usr/bin/env python3
"""Make the examples' tables of passages from Debian's manual pages: which section is a passage from?

    python3 python/manual_pages.py           # write python/jupyter_utils/examples/data anew
    python3 python/manual_pages.py FOLDER    # write the same files into FOLDER

Needs apt-get, dpkg-deb and Python 3.11. The packages are taken at the version and with the SHA-256 that stand below, so
that the same files come out, on every machine. Only pages under the "verbatim" licence of the Linux man-pages project
(SPDX: Linux-man-pages-copyleft) are used; it asks that all that is derived carries the same notice (LICENSE.txt).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).resolve().parent / "jupyter_utils" / "examples" / "data"
SECTIONS = ("2", "3", "7")
# At most so many passages of one page; section 7 has few pages, and long ones.
PASSAGES = {"2": 2, "3": 1, "7": 5}


class Package(NamedTuple):
    """A package of Debian 12, and the digest of its file."""

    name: str
    version: str
    sha256: str


class Language(NamedTuple):
    """Where the pages of a language are, and what a passage of it looks like."""

    packages: tuple[Package, ...]
    labels: tuple[str, ...]
    headings: tuple[str, ...]
    characters: tuple[int, int]
    # The least share of Japanese characters: parts of the translations are still in English.
    japanese: float


LANGUAGES = {
    "ja": Language(
        (
            Package(
                "manpages-ja",
                "0.5.0.0.20221215+dfsg-1",
                "4d270e9a1e83be4de0c072a110892a17dc9caa4b501257324006ac28d82c5743",
            ),
            Package(
                "manpages-ja-dev",
                "0.5.0.0.20221215+dfsg-1",
                "eab2ad5f14a87b3911c48c90cef92f85d0e77ca5356923f9f9fbc38a86601d1e",
            ),
        ),
        ("システムコール", "ライブラリ関数", "概説"),
        ("説明", "注意"),
        (60, 200),
        0.5,
    ),
    "en": Language(
        (
            Package("manpages", "6.03-2", "efa1ba4cd19ad7baeae959c9209a7eb74be2ebb858bcabb412597bfc9f588c91"),
            Package("manpages-dev", "6.03-2", "96f55cb5e26231d5567c89b692bced63825a14a2d5bd18fdf16ea2ed44eb9838"),
        ),
        ("system call", "library function", "overview"),
        ("DESCRIPTION", "NOTES"),
        (100, 300),
        0,
    ),
}
JAPANESE = "[\u3040-\u30ff\u4e00-\u9fff、。\uff08\uff09「」]"
# Lines of a page's head that tell whose it is.
AUTHORS = re.compile(
    r"copyright|\(c\)|©|japanese version|translated|written by|rights reserved|^and .*@", re.IGNORECASE
)
# What a formatter makes of groff's escapes: of fonts, sizes and joints nothing.
ESCAPES = (
    (re.compile(r"\\f(?:\(..|\[[^]]*\]|.)|\\s[-+]?\d+|\\[&/,:c%]|\\\".*"), ""),
    (re.compile(r"\\([-.' `])"), r"\1"),
    (re.compile(r"\\~"), " "),
    (re.compile(r"\\\(aq"), "'"),
    (re.compile(r"\\\([lLr]?[dq]q?"), '"'),
    (re.compile(r"\\\(em"), "—"),
    (re.compile(r"\\\(en"), "\u2013"),
    (re.compile(r"\\\(ha"), "^"),
    (re.compile(r"\\\(ti"), "~"),
)


def unpack(package: Package) -> dict[str, str]:
    """Download a package and read its manual pages: name with section -> source."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["apt-get", "download", "-q", f"{package.name}={package.version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (file,) = Path(folder).glob("*.deb")
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != package.sha256:
            sys.exit(f"manual_pages.py: {package.name} {package.version} has the SHA-256 {found}, not {package.sha256}")
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", file], check=True, capture_output=True).stdout
    pages = {}
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            path = Path(member.name)
            if member.isfile() and path.suffix == ".gz" and path.parent.name.startswith("man"):
                content = archive.extractfile(member)
                pages[path.stem] = gzip.decompress(content.read() if content else b"").decode()
    return pages


def head(page: str) -> list[str]:
    """Give the comments above a page's title."""
    above = f"\n{page}".partition("\n.TH ")[0]
    return [line[3:].strip() for line in above.splitlines() if line.startswith('.\\"')]


def may_be_used(page: str) -> bool:
    """Whether the page is under the "verbatim" licence and no other, by its own head, which says whose it is."""
    text = " ".join(head(page))
    named = re.findall(r"%%%LICENSE_START\((\S+)\)|SPDX-License-Identifier:\s*(.+?)(?:\s|$)", text)
    return [a or b for a, b in named] in (["VERBATIM"], ["Linux-man-pages-copyleft"]) and bool(people(page))


def people(page: str) -> list[str]:
    """Give the lines of a page's head that tell whose it is; none of the licence's own."""
    lines = re.sub(r"(?s)Permission is granted.*?authors of this work", "", "\n".join(head(page))).splitlines()
    return [" ".join(line.split()) for line in lines if AUTHORS.search(line)]


def plain(text: str) -> str:
    """Take groff's escapes out of a line."""
    for escape, character in ESCAPES:
        text = escape.sub(character, text)
    return text


def fonts(line: str) -> str | None:
    """Give the text of a line that sets words in fonts (.BR open (2)); None for other requests."""
    match = re.match(r"\.(SM|SB|[BI]|[BIR]{2})\s+(.+)", line)
    if not match:
        return None
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|(?:\\ |\S)+', match[2])]
    alternating = len(match[1]) > 1 and "S" not in match[1]
    return plain(("" if alternating else " ").join(words))


def paragraphs(page: str, headings: tuple[str, ...]) -> list[str]:
    """Give the running text below these headings; neither lists of code nor tables."""
    found: list[list[str]] = [[]]
    wanted = literal = False
    for line in page.splitlines():
        if line.startswith(".SH "):
            wanted = line[4:].strip(' "') in headings
        if re.match(r"\.(nf|EX|TS)\b", line):
            literal = True
        elif re.match(r"\.(fi|EE|TE)\b", line):
            literal = False
        text = fonts(line) if line.startswith(".") else plain(line).strip()
        if text and wanted and not literal:
            found[-1].append(text)
        elif not line.startswith(('.\\"', ".ad", ".hy", ".na", ".nh")):
            found.append([])
    return [" ".join(lines) for lines in found if lines]


def tidy(text: str) -> str:
    """Make one line of it, without the numbers of sections (open(2) becomes open), which would give the answer away."""
    text = re.sub(r"\([1-8][a-z]*\)", "", " ".join(text.split()))
    text = re.sub(f"(?<={JAPANESE}) (?={JAPANESE})", "", text)
    return re.sub(r" +([,.;:、。)])", r"\1", text).strip()


def fits(text: str, language: Language) -> bool:
    """Whether it is a whole passage of the language."""
    shortest, longest = language.characters
    japanese = len(re.findall(JAPANESE, text)) / max(len(text), 1)
    whole = text.endswith(("。", ".")) and not re.search(r"[\\|\t]|^[^\w\"'/「\uff08(]", text)
    return whole and shortest <= len(text) <= longest and japanese >= language.japanese


def spread(texts: list[str], number: int) -> list[str]:
    """Choose so many of them, evenly over the whole page."""
    return (
        [texts[round((i + 0.5) * len(texts) / number - 0.5)] for i in range(number)] if len(texts) > number else texts
    )


def passages(language: Language, pages: dict[str, str]) -> list[tuple[str, str, str]]:
    """Give (page, label, text) of the pages that may be used, each text once."""
    labels = dict(zip(SECTIONS, language.labels, strict=True))
    seen: set[str] = set()
    rows = []
    for name, page in sorted(pages.items()):
        section = name.rpartition(".")[2]
        if section not in labels or not may_be_used(page):
            continue
        texts = [tidy(text) for text in paragraphs(page, language.headings)]
        new = [text for text in dict.fromkeys(texts) if fits(text, language) and text not in seen]
        seen.update(new)
        rows += [(name, labels[section], text) for text in spread(new, PASSAGES[section])]
    return rows


def notice(pages: dict[str, str]) -> str:
    """Give the licence's own words, as they stand in a page's head."""
    page = next(text for _, text in sorted(pages.items()) if may_be_used(text) and "%%%LICENSE_START" in text)
    return "\n".join(head(page)).partition("%%%LICENSE_START(VERBATIM)\n")[2].partition("\n%%%LICENSE_END")[0]


def authors(pages: dict[str, str], names: list[str]) -> str:
    """Give whose the pages are, each list of people once: the pages' names, then the lines of their heads."""
    by_people: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        by_people.setdefault(tuple(people(pages[name])), []).append(name)
    return "\n\n".join(
        " ".join(pages) + "".join(f"\n    {line}" for line in people) for people, pages in by_people.items()
    )


LICENCE = """\
The tables in this folder, manual_pages.ja.csv and manual_pages.en.csv, are derived from the manual pages in these
packages of Debian 12:

{packages}

They were made by python/manual_pages.py of this project: passages were chosen, formatting and the numbers of sections
were taken out, and each passage got the section of its page as its label. Only pages under the notice below are in
them, and the tables are distributed under the terms of that same notice, not under the licence of the rest of this
project. Of the Japanese translations, Debian's manpages-ja says: "Since JM Project doesn't impose any additional
restrictions to the translated man pages, you can use them under the same license as the original man pages". The
sources of the pages are Debian's source packages "manpages" and "manpages-ja". After the notice, the copyright holders,
authors and translators are named, as the pages' own heads name them.

----------------------------------------------------------------------------------------------------------------------
{notice}
----------------------------------------------------------------------------------------------------------------------

{authors}
"""


def main() -> None:
    """Write both tables and their licence."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else DATA
    folder.mkdir(parents=True, exist_ok=True)
    people, words = [], ""
    for name, language in LANGUAGES.items():
        pages = {page: text for package in language.packages for page, text in unpack(package).items()}
        rows = passages(language, pages)
        with (folder / f"manual_pages.{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("page", "section", "text"), *rows])
        words = words or notice(pages)
        people.append(f"manual_pages.{name}.csv\n\n" + authors(pages, list(dict.fromkeys(row[0] for row in rows))))
    packages = [f"    {p.name} {p.version}" for language in LANGUAGES.values() for p in language.packages]
    text = LICENCE.format(packages="\n".join(packages), notice=words, authors="\n\n".join(people))
    (folder / "LICENSE.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
