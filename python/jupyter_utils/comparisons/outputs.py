"""What the cells of two notebooks have shown, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.machine.sizes import counted

from .comparison import Detail, Pictures, Row, Section, section, short
from .notebooks import Cell, paired
from .pictures import MOST_BYTES
from .showing import shown_by
from .shown_text import lasting_outputs
from .texts import compare_texts
from .verdict import Verdict

if TYPE_CHECKING:
    from .code_files import Code

_LEFT_OUT = "left out: memory addresses, times, progress bars, ids, and this package's own card and refusals"
_RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")


def compare_outputs(a: Code, b: Code) -> Section:
    """Compare the outputs of cells whose text is the same; where the text differs, so may what it shows."""
    one, other = shown_by(a), shown_by(b)
    if one is None or other is None:
        missing = " and ".join(name for name, shown in (("A", one), ("B", other)) if shown is None)
        return section("outputs", (), (f"the outputs of {missing} are not known",))
    bare = [name for name, shown in (("A", one), ("B", other)) if not any(cell.outputs for cell in shown.cells)]
    if len(bare) == 1:
        return section("outputs", (), (f"the notebook of {bare[0]} was saved without outputs",))
    rows, changed, later = [], 0, 0
    for left, right in paired(one.cells, other.cells):
        if left is None or right is None or left.source != right.source:
            changed += 1
        elif left.kind == "code" and (left.outputs or right.outputs):
            if left.place in one.whole and right.place in other.whole:
                rows.append(_cell(one.path, left, right))
            else:
                later += 1
    notes = [_LEFT_OUT]
    notes += [f"not compared: {counted(changed, 'cell')} whose text differs"] if changed else []
    notes += [f"not compared: {counted(later, 'cell')} that called save_mlflow, or ran after it"] if later else []
    return section("outputs", rows, notes, show_same=False)


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
