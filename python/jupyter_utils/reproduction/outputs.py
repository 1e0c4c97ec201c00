"""What the cells of two notebooks have shown, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .code import paired as paired_files
from .comparison import Detail, Pictures, Row, Section, section, short
from .notebooks import Cell, paired, read_notebook
from .pictures import MOST_BYTES
from .shown_text import lasting_outputs
from .texts import compare_texts
from .verdict import Verdict

if TYPE_CHECKING:
    from .code_files import Code

_LEFT_OUT = "left out: memory addresses, times, progress bars, ids, and this package's own card"
_RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")


def compare_outputs(a: Code, b: Code) -> Section:
    """Compare the outputs of cells whose text is the same; where the text differs, so may what it shows."""
    rows, notes = [], [_LEFT_OUT]
    for path, other in paired_files(a, b):
        if path in a.notebooks() and other in b.notebooks():
            found, changed = _notebook(str(path), a.text(str(path)), b.text(str(other)))
            rows += found
            if changed:
                notes.append(f"{path}: {changed} cells whose text differs are not compared")
    if not rows:
        notes = ["neither notebook's outputs are known" if not (a.notebooks() and b.notebooks()) else "no outputs"]
    return section("outputs", rows, notes, show_same=False)


def _notebook(path: str, one: str | None, other: str | None) -> tuple[list[Row], int]:
    cells = [read_notebook(text) if text else None for text in (one, other)]
    if cells[0] is None or cells[1] is None:
        return [], 0
    pairs = paired(cells[0], cells[1])
    rows = [
        _cell(path, left, right) for left, right in pairs if left and right and left.source == right.source
        if left.kind == right.kind == "code" and (left.outputs or right.outputs)
    ]  # fmt: skip
    changed = sum(1 for left, right in pairs if not (left and right and left.source == right.source))
    return [row for row in rows if row], changed


def _cell(path: str, one: Cell, other: Cell) -> Row:
    shown = [lasting_outputs(cell.outputs) for cell in (one, other)]
    name = f"{path}, cell {one.place + 1}"
    if shown[0] == shown[1]:
        return Row(name, Verdict.SAME)
    # Raster pictures are for the eye; all else is text.
    texts = ["\n".join(_line(kind, text) for kind, text in part) for part in shown]
    found = compare_texts(texts[0], texts[1])
    details: tuple[Detail, ...] = (*found.details, *_pictures(*shown))
    return Row(name, Verdict.DIFFERS, short(texts[0], 150), short(texts[1], 150), found.said, "", details)


def _line(kind: str, text: str) -> str:
    return f"[{kind}, {len(text)} characters]" if kind in _RASTER else text


def _pictures(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> list[Pictures]:
    left, right = ([pair for pair in part if pair[0] in _RASTER] for part in (one, other))
    return [Pictures(_address(*a), _address(*b)) for a, b in zip(left, right, strict=False) if a != b][:3]


def _address(kind: str, encoded: str) -> str:
    plain = "".join(encoded.split())
    is_base64 = plain.replace("+", "").replace("/", "").rstrip("=").isalnum() and plain.isascii()
    return f"data:{kind};base64,{plain}" if is_base64 and len(plain) <= MOST_BYTES else ""
