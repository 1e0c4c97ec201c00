"""Values of users as files: which kinds there are, writing them into a staged entry, reading them back."""

from __future__ import annotations

from .registry import Format, Kind, register_writer

__all__ = ["Format", "Kind", "register_writer"]
