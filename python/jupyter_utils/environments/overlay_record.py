"""What a run says of its overlay: each package with the file, the address or the commit that it was installed from."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from jupyter_utils.errors import OverlayError

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
# No space, quote or control character, and no host that Git could take for an option.
_URL = re.compile(r"((git\+)?(https?|ssh|file)|(hg|svn|bzr)\+\w+)://(?!-)[^\s\"'\\<>]*")
_FORMS = {"name": _NAME, "version": _VERSION, "sha256": _SHA256, "file": _FILE, "url": _URL}


@dataclass(frozen=True)
class Package:
    """One package of an overlay.

    Attributes:
        name: as the package calls itself.
        version: its version.
        exact: whether the same can be had again from what stands here.
        sha256: of the wheel or source distribution, lower-case hexadecimal; None where none is known.
        file: the name of that file.
        url: where it was installed from, if it was named by its address: that of a file, of a folder, or in pip's form
            of a commit (`git+https://host/name@0123...`). Never that of a package index, and without credentials.
        editable: whether it is used where it lies (`pip install -e`).
        commit: of a folder: the Git commit that was checked out there.
        note: what a person must know, above all why it is not exact.
    """

    name: str
    version: str
    exact: bool
    sha256: str | None = None
    file: str | None = None
    url: str | None = None
    editable: bool = False
    commit: str | None = None
    note: str | None = None

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def is_source(self) -> bool:
        """Whether its file is a source distribution, which is built where it is installed."""
        return bool(self.file) and not str(self.file).endswith(".whl")


def canonical(name: str) -> str:
    """Return a package's name as all its spellings have it in common (PEP 503).

    >>> canonical("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def written(packages: Iterable[Package]) -> str:
    """Return the record as JSON; what is None or false is left out, but for `exact`."""
    said = [{name: value for name, value in asdict(one).items() if value or name == "exact"} for one in packages]
    return json.dumps({"format": FORMAT, "packages": said}, ensure_ascii=False, indent=1)


def read_record(text: str) -> tuple[Package, ...]:
    """Read a record, which may come from anybody: what pip could take for something else is refused.

    Raises:
        OverlayError: it is no such record, or a later version's.
    """
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise OverlayError(
                f"The record of the overlay has the format {found['format']!r}, and this version reads {FORMAT}: "
                "take the version of jupyter-utils that saved the run, or a later one."
            )
        return tuple(map(_package, found["packages"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OverlayError(f"The record of the overlay cannot be read ({error!r}): is the file whole?") from error


def _package(said: dict[str, Any]) -> Package:
    known = {field.name for field in fields(Package)}
    for name, form in _FORMS.items():
        value = said[name] if name in {"name", "version"} else said.get(name)
        if value is not None and not form.fullmatch(value):
            raise ValueError(f"{name}: {value!r}")
    return Package(**{name: value for name, value in said.items() if name in known} | {"exact": said["exact"] is True})
