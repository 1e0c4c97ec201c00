"""The kinds of values that the settings of a container have: numbers of users and groups, and a switch."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

LARGEST_ID = 2**32 - 2
"""2**32 - 1 is no user: to the kernel it means "leave as it is", and whoever asks for it stays root."""
_OFF = {"0", "false", "no", "off"}


def _unix_id(value: object) -> object:
    if not isinstance(value, str):
        return value
    # int() takes more: 1_000, numbers in full width, and signs.
    if not (value.isascii() and value.isdigit()):
        raise ValueError("a number is meant, such as `id -u` (user) and `id -g` (group) print")
    if len(value) > len(str(LARGEST_ID)) or int(value) > LARGEST_ID:
        raise ValueError(f"the largest number of a user or group is {LARGEST_ID}; `id -u` and `id -g` print yours")
    return int(value)


def _switch(value: object) -> object:
    return value.lower() not in _OFF if isinstance(value, str) else value


UnixId = Annotated[int, BeforeValidator(_unix_id)]
Switch = Annotated[bool, BeforeValidator(_switch)]
