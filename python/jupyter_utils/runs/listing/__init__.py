"""Runs as a table with links: `jupyter_utils.runs()` and the command `runs`."""

from __future__ import annotations

from .listed import runs

__all__ = ["runs"]
