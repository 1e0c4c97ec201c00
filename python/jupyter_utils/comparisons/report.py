"""A comparison as one page of HTML, as JSON, and as a card for a notebook. Names and values may be hostile text."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .comparison import Grid, Lines, Pictures
from .verdict import Verdict

if TYPE_CHECKING:
    from .comparison import Compared

TITLES = {
    "metrics": "Metrics",
    "artifacts": "Data, models and results",
    "outputs": "Outputs of cells",
    "params": "Parameters",
    "code": "Code",
    "inputs": "What was read",
    "packages": "Packages",
    "system": "System",
    "machine": "Machine",
}
SIGNS = {Verdict.SAME: "=", Verdict.APPROXIMATE: "≈", Verdict.DIFFERS: "≠", Verdict.UNKNOWN: "?"}
# What XML and HTML cannot hold, and what turns the direction of a text around: a name is not to look like another.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def as_json(comparison: Compared) -> str:
    """Return a comparison as JSON; half a character, which UTF-8 cannot hold, as its escape."""
    text = json.dumps(comparison.to_dict(), ensure_ascii=False, indent=1)
    return text.encode("utf-8", errors="backslashreplace").decode()


def page(comparison: Compared) -> str:
    """Return the whole page."""
    return _rendered("report.html.j2", comparison)


def card(comparison: Compared) -> str:
    """Return what a notebook shows."""
    return _rendered("card.html.j2", comparison)


def _rendered(template: str, comparison: Compared) -> str:
    return str(rendered(__package__, template, it=comparison, summary=summary(comparison)))


def summary(comparison: Compared) -> str:
    """Say the verdict in one sentence.

    >>> from .comparison import Compared, Facts
    >>> summary(Compared(Facts("1", ""), (Facts("2", ""),), ()))
    'Nothing was recorded that could be compared.'
    """
    counted = [one for one in comparison.sections if one.name in comparison.by]
    known = ", ".join(TITLES[one.name].lower() for one in counted if one.verdict is not Verdict.UNKNOWN)
    asked = [one for one in counted if one.verdict is Verdict.UNKNOWN and not one.is_empty]
    unknown = ", ".join(TITLES[one.name].lower() for one in asked)
    empty = ", ".join(TITLES[one.name].lower() for one in counted if one.is_empty)
    rest = (f" Not known: {unknown}." if unknown else "") + (f" Neither has: {empty}." if empty else "")
    match comparison.verdict:
        case Verdict.SAME:
            return f"The same: {known}.{rest}"
        case Verdict.APPROXIMATE:
            return f"Near enough: {known}.{rest}"
        case Verdict.DIFFERS:
            differing = [one.name for one in comparison.sections if one.verdict is Verdict.DIFFERS]
            named = ", ".join(TITLES[name].lower() for name in differing if name in comparison.by)
            return f"These differ: {named}.{rest}"
    return rest.strip() if known else "Nothing was recorded that could be compared."


def _shown(value: object) -> str:
    return _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", str(value))


@cache
def _environment(package: str) -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    sources = {one.name: one.read_text(encoding="utf-8") for one in files(package).iterdir() if _is_template(one)}
    made = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: _shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"titles": TITLES, "signs": SIGNS}
    kinds = {"grid": Grid, "lines": Lines, "pictures": Pictures}
    made.tests |= {name: lambda value, kind=kind: isinstance(value, kind) for name, kind in kinds.items()}
    return made


def _is_template(file: Any) -> bool:
    return str(file.name).endswith(".html.j2")


def rendered(package: str, template: str, **values: Any) -> str:
    """Render one of a room's templates; the result may stand in another as it is."""
    from markupsafe import Markup

    return Markup(_environment(package).get_template(template).render(**values))  # noqa: S704 - every value was escaped
