"""How two runs came to what they gave: params, system, machine, inputs. As far as they recorded it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import CompareError

from .comparison import Row, Section, section, short
from .pairs import compare_pairs, flat
from .verdict import Verdict

if TYPE_CHECKING:
    from .sides import Side

_SYSTEM = (
    *(
        "python",
        "base",
        "system",
        "variant",
        "pinned",
        "environment",
        "recipe",
        "image",
        "store_path",
        "drifted",
        "added",
    ),
    "working_tree",
)
_NO_DIGEST = "no digest"
_FORMAT = "format"


def compare_params(a: Side, b: Side) -> Section:
    """Compare the params, which are texts."""
    rows = compare_pairs(a.params, b.params)
    return section("params", rows, () if rows else ("neither has params",))


def compare_system(a: Side, b: Side) -> Section:
    """Compare Python, the environment's base, its system and its place, by the tags."""
    tags = [{name: one.tags[f"jupyter_utils.{name}"] for name in _SYSTEM if f"jupyter_utils.{name}" in one.tags}
            for one in (a, b)]  # fmt: skip
    return section("system", *_both(tags[0], tags[1], "neither run says in which system it ran"))


def compare_machine(a: Side, b: Side) -> Section:
    """Compare processor, memory, GPUs, threads and switches, as `jupyter_utils/machine.json` has them."""
    found = [flat(_record(one, "machine.json") or {}) for one in (a, b)]
    for one in found:
        one.pop(_FORMAT, None)
    return section("machine", *_both(found[0], found[1], "neither run recorded its machine"), show_same=False)


def compare_inputs(a: Side, b: Side) -> Section:
    """Compare what the runs read, as `jupyter_utils/inputs.json` has it."""
    records = [_record(one, "inputs.json") or {} for one in (a, b)]
    found = [_inputs(one) for one in records]
    rows, notes = _both(
        found[0], found[1], "no file is known that either read" if any(records) else "neither run recorded what it read"
    )
    rows = [replace(row, verdict=Verdict.UNKNOWN) if _NO_DIGEST in row.a + row.b else row for row in rows]
    for name, one in zip("AB", records, strict=True):
        if one and one.get("complete") is not True:
            reasons = one.get("partial") if isinstance(one.get("partial"), list) else []
            notes = (*notes, short(f"what {name} read is not known completely: {'; '.join(map(str, reasons or []))}"))
    return section("inputs", rows, notes)


def _record(side: Side, name: str) -> dict[str, Any] | None:
    try:
        return side.record(name)
    except CompareError:
        return None


def _inputs(record: dict[str, Any]) -> dict[str, str]:
    files = [one for one in record.get("files", []) if isinstance(one, dict) and "path" in one]
    found = {str(one["path"]): _content(one) for one in files}
    hub = [one for one in record.get("hub", []) if isinstance(one, dict)]
    found |= {f"{one.get('kind')} {one.get('repository')}": str(one.get("revision")) for one in hub}
    # A run that is known to have read nothing is not one of which nothing is known.
    return found or ({"(no file)": "none"} if record.get("complete") is True else {})


def _content(file: dict[str, Any]) -> str:
    """Describe a file by what tells whether it is the same."""
    sampled = f"sampled {file['sampled']}" if file.get("sampled") else _NO_DIGEST
    digest = str(file.get("sha256") or sampled)
    changed = ", changed while it was read" if file.get("changed") else ""
    return f"{digest}, {file.get('size')} bytes{changed}"


def _both(a: dict[str, Any], b: dict[str, Any], neither: str) -> tuple[list[Row], tuple[str, ...]]:
    """Compare two records; where one is missing nothing is known, which is not the same as different."""
    if a and b:
        return compare_pairs(a, b), ()
    if not (a or b):
        return [], (neither,)
    name = "B" if a else "A"
    rows = [Row(key, Verdict.UNKNOWN, short(a.get(key, "")), short(b.get(key, ""))) for key in a or b]
    return rows, (f"{name} has no record of it",)
