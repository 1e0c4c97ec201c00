"""The seal of a run: only who can read a key of this user's can have made it, so that its code is the user's own.

It covers the entry's id, the files below `jupyter_utils/` with their digests, and the tags that decide which code is
run and in which environment. Values, params, metrics and other tags may change, and are not executed.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.errors import DirectoryError
from jupyter_utils.machine.files import kept_secret, state_dir

from .reproducing import reproduced_run

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG = "jupyter_utils.seal"
_KEY = "seal.key"
_TAGS = (
    "jupyter_utils.environment",
    "jupyter_utils.notebook.path",
    "jupyter_utils.store_path",
    "mlflow.source.git.commit",
    "mlflow.source.name",
)


def seal_tags(entry: str, files: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tag with the seal; none where this user can keep no key, or while a run is reproduced.

    Args:
        entry: the entry's id.
        files: path -> SHA-256 in hex, of all files of the entry.
        tags: those of the run.
    """
    if reproduced_run():  # somebody else's code may be running
        return {}
    with suppress(DirectoryError):
        return {TAG: _seal(entry, files, tags)}
    return {}


def is_sealed(entry: str, files: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    """Tell whether this user has saved a run as it is now.

    Args:
        entry: the entry's id, as the run names it.
        files: path -> SHA-256 in hex, of what the run holds now; what does not lie below `jupyter_utils/` is left out.
        tags: those of the run.
    """
    if not tags.get(TAG):
        return False
    with suppress(DirectoryError):
        return hmac.compare_digest(_seal(entry, files, tags), tags[TAG])
    return False


def told_seal(entry: str, files: Mapping[str, bytes], tags: Mapping[str, str]) -> tuple[str, bool]:
    """Tell in words whether a run is as this user has saved it, and whether it should be but is not.

    Args:
        entry: the entry's id, as the run names it.
        files: path -> content, of what the run holds below `jupyter_utils/`.
        tags: those of the run.
    """
    if is_sealed(entry, {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}, tags):
        return "you saved it on this machine, and its code and records are as they were", False
    if tags.get("mlflow.user") == _user():
        why = "by you elsewhere (another machine, or another home folder)"
        return f"its code, its records or its tags were changed since it was saved, or it was saved {why}", True
    return "another user saved it, so that nobody here can tell whether it was changed since", False


def _user() -> str:
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return ""


def _seal(entry: str, files: Mapping[str, str], tags: Mapping[str, str]) -> str:
    own = sorted((path, digest) for path, digest in files.items() if path.startswith(f"{OWN_FOLDER}/"))
    named = {name: tags[name] for name in _TAGS if tags.get(name)}
    text = json.dumps([entry, own, named], ensure_ascii=True, sort_keys=True)
    key = kept_secret(state_dir() / _KEY, 32)
    return hmac.new(key.encode("ascii"), text.encode("ascii"), hashlib.sha256).hexdigest()
