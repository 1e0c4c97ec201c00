"""What a cell has shown, without what is another each time: addresses, times, progress bars, ids, our own words."""

from __future__ import annotations

import re
from typing import Any

from jupyter_utils import errors

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BAR = re.compile(r"\d+%\|.*\||\d+it \[|\|\s*\d+/\d+ \[|━{3,}|^\s*\[\s*\d+/\d+ [\d:]+ < [\d:]+")
_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_LEFT_OUT = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[\w-]+>"), "<cell>"),  # noqa: S108 - a name to be found
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b(?:\d{15}-[0-9a-f]{16}|[0-9a-f]{40}|[0-9a-f]{32})\b"), "<id>"),
    (re.compile(r"\bsk-(?:container|estimator)-id-\d+|\bT_[0-9a-f]{5}(?=_|\b)"), "<id>"),
    (re.compile(r"\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(rf"{_NUMBER} ?(?:it|s|\w+)/(?:s|it|sec|second)\b"), "<rate>"),
    (re.compile(rf"((?:runtime|per_second)['\"]?\s*[:=]\s*['\"]?){_NUMBER}"), r"\1<rate>"),
    (
        re.compile(rf"(?<![\w.]){_NUMBER} ?(?:ns|[µμu]s|ms|s|secs?|seconds?|mins?|minutes?|h|hours?|秒|分)(?![\w/])"),
        "<duration>",
    ),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:…"),
)
_OWN = ("jupyter-utils-run", "The run is saved on disk and will be sent later")
_OWN_TEXT = re.compile(r"Run [0-9a-f]{32} is stored")
# Of a `save_mlflow` that was refused, say since Git did not know its author yet, and was called again in another cell:
# what was computed is the same.
_REFUSALS = frozenset(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.SaveRefusedError | errors.CommitError | errors.StageError)
)
_WIDGET = "application/vnd.jupyter.widget-view+json"


def lasting(text: str) -> str:
    r"""Return a text without what is another each time.

    >>> lasting("<A at 0x7f8812345678> took 1.5 s\n 50%|###   | 1/2 [00:01<00:01]\nf1 0.91")
    '<A at 0x…> took <duration>\nf1 0.91'
    """
    # A carriage return writes over the line; what stands last is what one sees.
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", text).split("\n")]
    kept = "\n".join(line for line in lines if not _BAR.search(line))
    for pattern, shown in _LEFT_OUT:
        kept = pattern.sub(shown, kept)
    return kept


def lasting_outputs(outputs: tuple[dict[str, Any], ...]) -> list[tuple[str, str]]:
    """Return a cell's outputs as (kind, text); what was printed is one text for each stream, whatever came between."""
    streams: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for one in outputs:
        kind = one.get("output_type")
        if kind == "stream":
            name = str(one.get("name", "stdout"))
            streams[name] = streams.get(name, "") + _text(one.get("text", ""))
        elif kind == "error":
            others += [] if _is_refusal(one) else [("error", lasting(f"{one.get('ename')}: {one.get('evalue')}"))]
        elif isinstance(one.get("data"), dict):
            others += _data(one["data"])
    printed = [(name, lasting(text).strip("\n")) for name, text in sorted(streams.items())]
    return [pair for pair in (*printed, *others) if pair[1]]


def _data(data: dict[str, Any]) -> list[tuple[str, str]]:
    texts = {kind: _text(value) for kind, value in data.items()}
    if _WIDGET in texts or any(_is_own(text) for text in texts.values()):
        return []
    # A picture stands for itself; the text beside it, `<Figure size 640x480 with 1 Axes>`, adds nothing.
    pictures = [(kind, text.strip()) for kind, text in texts.items() if kind.startswith("image/")]
    return pictures or [(kind, lasting(text)) for kind, text in sorted(texts.items())]


def _is_refusal(error: dict[str, Any]) -> bool:
    # Others have errors of these names, too: SQLAlchemy's ArgumentError, say.
    return error.get("ename") in _REFUSALS and "jupyter_utils" in _text(error.get("traceback", ""))


def _is_own(text: str) -> bool:
    return bool(_OWN_TEXT.match(text)) or any(mark in text for mark in _OWN)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else repr(value)
