"""Values of users as files: which kinds there are, writing them into a staged entry, reading them back."""

from __future__ import annotations

# First, so that the built-in kinds are registered before any of a user's.
from .lookup import find_kind
from .registry import Format, Kind, register_writer

__all__ = ["Format", "Kind", "find_kind", "register_writer"]
