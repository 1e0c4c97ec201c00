"""Which kind takes a value. The built-in kinds are registered first, so that a user's own come before them."""

from __future__ import annotations

from . import kinds as _built_in  # noqa: F401 - fills the table
from . import registry
from .registry import DATA, Kind


def find_kind(value: object, section: str) -> Kind | None:
    """Return the kind of a value in one argument of `save_mlflow`; None when nothing there takes it."""
    for cls in type(value).__mro__:
        for kind in registry.by_type.get(registry.dotted_name(cls), ()):
            if section in kind.sections and kind.takes(value):
                return kind
    if section in DATA and callable(getattr(value, "__dataframe__", None)):
        return registry.kinds["dataframe interchange"]
    return None


def kind_named(name: str) -> Kind | None:
    """Return the kind of this name, as a manifest remembers it; None when it is not registered here."""
    return registry.kinds.get(name)


def accepted(section: str) -> str:
    """List the kinds that an argument takes, for messages."""
    return ", ".join(kind.name for kind in registry.kinds.values() if section in kind.sections)
