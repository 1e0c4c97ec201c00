"""The identity of a store: a key pair of Ed25519, whose public half is its name. Who holds the private half proves it.

A client sends a random number and gets it back signed, with the name. A signature that somebody has recorded proves
nothing, since each number is used once. That the answer is relayed by somebody in between cannot be seen from it: where
others may do that, the address must be one of TLS (https).
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/api/2.0/mlflow-artifacts/jupyter-utils/identity/"
NONCE = re.compile(r"[0-9a-f]{64}")
KEY_LENGTH = 32
"""Bytes of a private key, which is written in hexadecimal."""
SUFFIX = ".identity"
# What is signed is for this purpose alone.
_PURPOSE = b"jupyter-utils store identity\n"
_SHOWN = 12


def beside(database: Path) -> Path:
    """Return the file with the private key of a store, beside its SQLite database."""
    return database.with_name(database.name + SUFFIX)


def of_database(database: Path | None) -> str:
    """Return the identity of a store whose key this user can read; empty where there is none."""
    with contextlib.suppress(OSError, ValueError):
        return identity(beside(database).read_text(encoding="ascii").strip()) if database else ""
    return ""


def identity(key: str) -> str:
    """Return the public half of a private key.

    Raises:
        ValueError: it is no key.

    >>> identity("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key)).public_key().public_bytes_raw().hex()


def new_nonce() -> str:
    """Return a number that nobody has seen before."""
    return secrets.token_hex(32)


def proof(key: str, nonce: str) -> str:
    """Return a store's answer to a number."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    signature = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key)).sign(_PURPOSE + nonce.encode())
    return json.dumps({"store": identity(key), "signature": signature.hex()})


def proven(answer: str, nonce: str) -> str:
    """Return the identity that an answer to this number proves; empty where it proves none.

    >>> proven(proof("00" * 32, "a number"), "a number") == identity("00" * 32)
    True
    >>> proven(proof("00" * 32, "a number"), "another number")
    ''
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError, InvalidSignature):
        said = json.loads(answer)
        store = bytes.fromhex(said["store"])
        Ed25519PublicKey.from_public_bytes(store).verify(bytes.fromhex(said["signature"]), _PURPOSE + nonce.encode())
        return store.hex()
    return ""


def named(store: str | None) -> str:
    """Return how messages call a store.

    >>> named("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    'the store d75a980182b1'
    >>> named("")
    'an MLflow without identity'
    """
    return f"the store {store[:_SHOWN]}" if store else "an MLflow without identity"
