"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        level: `ok`; `warning`: it works, but not as well as it could; `error`: something will fail.
        subject: what was looked at.
        message: what was seen.
        remedy: what to do; empty where all is well.
    """

    level: Literal["ok", "warning", "error"]
    subject: str
    message: str
    remedy: str = ""


def ok(subject: str, message: str) -> Finding:
    """Report that all is well."""
    return Finding("ok", subject, message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """Report what works, but not as well as it could."""
    return Finding("warning", subject, message, remedy)


def error(subject: str, message: str, remedy: str) -> Finding:
    """Report what will fail."""
    return Finding("error", subject, message, remedy)
