"""An archive of environments: Nix' own binary cache in a folder, signed, which any web server can hand out.

Beside Nix' files it has `environments.json`, which says what is in it. That list is not signed: it only says which
store path to ask for, and what comes under that path must bear the signature.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import ArchiveError, NixError
from jupyter_utils.machine.files import state_dir
from jupyter_utils.machine.writing import write_whole

from .nix import nix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LIST = "environments.json"
_KEY = "archive.key"
_SECONDS = 20
_LIMIT = 2**20
# How Nix, old and new, says that nobody trusted has signed a path.
_UNSIGNED = ("lacks a valid signature", "lacks a signature", "not signed by", "untrusted")


@dataclass(frozen=True)
class Archived:
    """An environment in an archive: its name, and the store path of it and of its recipe."""

    name: str
    store_path: str
    recipe: str


def public_key() -> str:
    """Return the public part of this user's key for archives, which is made once."""
    with _secret_key() as key:
        return _public(key)


def archive(folder: Path, one: Archived, sources: Sequence[str]) -> None:
    """Put an environment into an archive; what is there is not written again.

    Args:
        folder: the archive, which is made where it is missing.
        one: the environment; it and its recipe are in the store.
        sources: further store paths, from which it could be built.

    Raises:
        ArchiveError: Nix could not write it.
    """
    paths = [one.store_path, one.recipe, *sources]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _secret_key() as key, _plain(folder) as place:
            nix("copy", "--to", f"file://{place}?compression=zstd&secret-key={key}", *paths, shown=sys.stderr.isatty())
            # What was there already bears the signature of whoever wrote it.
            nix("store", "sign", "--store", f"file://{place}", "--key-file", str(key), "--recursive", *paths)
        kept = [other for other in _read(_text_of_file(folder / _LIST)) if other.store_path != one.store_path]
        write_whole(folder / _LIST, json.dumps([asdict(other) for other in [*kept, one]], indent=1) + "\n")
    except (OSError, NixError) as error:
        raise ArchiveError(
            f"{folder} could not be written ({error}): name a folder that you can write to, with room."
        ) from None


def contents(source: str) -> list[Archived]:
    """Return what an archive, a folder or its address, says that it has.

    Raises:
        ArchiveError: it is none, or cannot be reached.
    """
    address = f"{source.rstrip('/')}/{_LIST}"
    try:
        text = _text_of_address(address) if "://" in source else _text_of_file(Path(address))
    except (OSError, ValueError) as error:
        raise ArchiveError(
            f"{address} cannot be read ({error}): name the folder or the address of an archive."
        ) from None
    found = _read(text)
    if not found:
        raise ArchiveError(f"{source} is no archive of environments: there is no {_LIST} in it.")
    return found


def chosen(source: str, wanted: str | None) -> Archived:
    """Return the environment of an archive that has that name or store path, or the only one.

    Raises:
        ArchiveError: there is none, or several, and none is named.
    """
    there = contents(source)
    found = [one for one in there if wanted in {None, one.name, one.store_path}]
    if len(found) == 1:
        return found[0]
    listed = "".join(f"\n  {one.name}  {one.store_path}" for one in there)
    raise ArchiveError(f"{f'{wanted} is not among' if wanted else 'Name one of'} the environments of {source}:{listed}")


def restore(source: str, one: Archived, key: str) -> None:
    """Copy an environment from an archive into the store, and nothing that the key has not signed.

    Raises:
        ArchiveError: it is signed by another key, or damaged.
    """
    # A list may lie about its paths; for the recipe, which programs bring anyway, nothing need fail.
    trust = ["--option", "trusted-public-keys", key, "--option", "require-sigs", "true"]
    fresh = ["--option", "narinfo-cache-negative-ttl", "0", "--option", "narinfo-cache-positive-ttl", "0"]
    with _address(source) as address:
        try:
            nix("copy", "--from", address, one.store_path, *trust, *fresh)
        except NixError as error:
            raise ArchiveError(_refused(source, str(error))) from None
        with suppress(NixError):
            nix("copy", "--from", address, one.recipe, *trust, *fresh)


def _refused(source: str, said: str) -> str:
    if any(words in said for words in _UNSIGNED):
        return (
            f"{source} is not signed by the key that was given, and nothing of it was taken. Give the key that "
            f"`environment archive` printed; where a Nix daemon runs, it must be among trusted-public-keys in "
            f"/etc/nix/nix.conf, too.\n{said}"
        )
    return f"{source} is damaged, or not whole; what is damaged was not taken.\n{said}"


@contextmanager
def _secret_key() -> Iterator[Path]:
    """Have this user's key, below a path without signs that mean something in an address."""
    path = state_dir() / _KEY
    if not path.exists():
        name = f"jupyter-utils-{socket.gethostname() or 'host'}-{os.urandom(4).hex()}"
        write_whole(path, nix("key", "generate-secret", "--key-name", name), mode=0o600, durable=True)
    with _plain(path) as key:
        yield key


def _public(key: Path) -> str:
    name, _, secret = key.read_text(encoding="utf-8").partition(":")
    # Nix' secret key is libsodium's: the seed, then the public key.
    return f"{name}:{base64.b64encode(base64.b64decode(secret)[32:]).decode()}"


@contextmanager
def _address(source: str) -> Iterator[str]:
    if "://" in source and not source.startswith("file://"):
        yield source
        return
    with _plain(Path(urllib.parse.unquote(source.removeprefix("file://")))) as place:
        yield f"file://{place}"


@contextmanager
def _plain(path: Path) -> Iterator[Path]:
    """Name a file or folder by a link that any Nix takes in an address: no blanks, no Japanese."""
    with tempfile.TemporaryDirectory(prefix="jupyter-utils-", dir="/tmp") as folder:
        link = Path(folder) / "link"
        link.symlink_to(path.absolute())
        yield link


def _text_of_file(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8")
    return "[]"


def _text_of_address(address: str) -> str:
    if not address.startswith(("http://", "https://", "file://")):
        raise ValueError("an archive is a folder, or its address on a web server")
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read(_LIMIT)
        return content.decode()
    return "[]"


def _read(text: str) -> list[Archived]:
    with suppress(ValueError, TypeError):
        return [Archived(**one) for one in json.loads(text)]
    return []
