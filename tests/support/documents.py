"""The documents, as tests read them: pages, headings, blocks of code, links.

python3 tests/support/documents.py      a table of all pages: what both languages have, and whether it is equal
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAIRS = [(ROOT / "README.md", ROOT / "README.ja.md")]
PAIRS += [(page, DOCS / "ja" / page.name) for page in sorted((DOCS / "en").glob("*.md"))]
"""Each page in English and in Japanese."""
OTHERS = [ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")]
"""What there is in English alone."""
PAGES = [page for pair in PAIRS for page in pair] + OTHERS
MADE = {"reference.md", "commands.md"}
"""Written by docs/generate.py; the Japanese ones give a line each and link the English ones."""


@dataclass(frozen=True)
class Block:
    """A block of code: the word behind its fence, and the lines, without the list's indentation."""

    language: str
    text: str


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """Return the blocks of a page, in order; of one language where it is named."""
    found = re.findall(r"(?ms)^( *)```(\w*)\n(.*?)^\1```$", page.read_text(encoding="utf-8"))
    made = [Block(word, re.sub(rf"(?m)^{indent}", "", text)) for indent, word, text in found]
    return [block for block in made if language in (None, block.language)]


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"(?ms)^( *)```\w*\n.*?^\1```$", "", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    r"""Return the commands of a page's blocks of shell, without remarks; what `\` continues is one."""
    lines = "".join(block.text for block in blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+", " ", without_remark(line)).strip() for line in lines if without_remark(line)]


def without_remark(line: str) -> str:
    """Return a line of code without what follows `#` and is for readers."""
    return re.split(r"(?:^|\s)\s*# ", line)[0].rstrip()


def headings(page: Path) -> list[tuple[int, str]]:
    """Return level and text of each heading."""
    return [(len(marks), text) for marks, text in re.findall(r"(?m)^(#+) (.+)$", prose(page))]


def anchors(page: Path) -> set[str]:
    """Return what a link may name behind `#`, as GitHub makes it of the headings."""
    return {re.sub(r"[^\w\- ]", "", text.replace("`", "").lower()).replace(" ", "-") for _, text in headings(page)}


def links(page: Path) -> list[str]:
    """Return where the page's links and pictures lead to."""
    return [unquote(target) for target in re.findall(r"\]\(([^)\s]+)\)", prose(page))]


def pictures(page: Path) -> list[tuple[str, str]]:
    """Return the alternative text and the place of each picture."""
    return re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", prose(page))


def shape(page: Path) -> dict[str, list[object]]:
    """Return what a page must have in common with its other language, by kind."""
    text = prose(page)
    parts: dict[str, list[object]] = {"headings": [level for level, _ in headings(page)]}
    if page.name not in MADE:
        parts["commands"] = [*commands(page)]
        parts["pictures"] = [Path(place).name for _, place in pictures(page)]
        parts["code"] = [
            (block.language, [without_remark(line) for line in block.text.splitlines()])
            for block in blocks(page)
            if block.language not in {"sh", "text"}
        ]
        parts["items"] = [len(re.findall(part, text)) for part in (r"(?m)^- ", r"(?m)^\d\. ", r"(?m)^\|")]
    return parts


def table() -> str:
    """Return how many headings, commands, figures and examples each page has in English and in Japanese."""
    names = ("headings", "commands", "pictures", "code")
    lines = ["| page | headings | commands | figures | examples | equal |", "|---|---|---|---|---|---|"]
    for pair in PAIRS:
        english, japanese = map(shape, pair)
        counts = [f"{len(english.get(name, []))}, {len(japanese.get(name, []))}" for name in names]
        equal = "yes" if english == japanese else "no"
        lines.append(f"| {pair[0].relative_to(ROOT)} | {' | '.join(counts)} | {equal} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201 - what it is asked for
