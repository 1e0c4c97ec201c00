"""What Poetry is asked, and what its answers mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import LockError, masked, say
from .tools import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from .folder import Wanted
    from .index import Index
    from .tools import Tools

LEGACY_SOURCE = re.compile(r'\n\[package\.source\]\ntype = "legacy"\nurl = "[^"]*"\nreference = "[^"]*"\n')
CONTENT_HASH = """
import sys
from pathlib import Path
from poetry.factory import Factory
print(Factory().create_poetry(Path(sys.argv[1])).locker._get_content_hash())
"""
ALLOWS = """
import sys
from poetry.core.constraints.version import parse_constraint
print(parse_constraint(sys.argv[1]).allows_any(parse_constraint("~3.11")))
"""
LONGEST = 400
"""Characters of a reason; a long derivation's beginning and end say most."""


def resolved(tools: Tools, index: Index, wanted: Wanted, update: list[str] | None, folder: Path) -> str:
    """Resolve in a copy that names the index, and return the lock without it.

    Poetry looks for the build tools of a source distribution in the project of the *current* folder; with --project it
    would not know the index there and ask for the JSON of each version, which a simple index answers with 404.
    """
    work = folder / "project"
    environment = index.configure(folder / "configuration")
    copy(work, wanted.wishes + index.wishes(), wanted.start)
    words = ["lock"] if update is None else ["update", "--lock", *update] if update else ["lock", "--regenerate"]
    say("resolving ...")
    try:
        tools.run([str(tools.bin / "poetry"), "--no-interaction", "--no-ansi", *words], work, **environment)
    except CommandError as error:
        raise LockError(explained(str(error), wanted)) from error
    return LEGACY_SOURCE.sub("", (work / "poetry.lock").read_text(encoding="utf-8"))


def with_hash(tools: Tools, wanted: Wanted, text: str, folder: Path) -> str:
    """Write the content hash of the pyproject.toml that is kept, as Poetry has it, and let Poetry check the two."""
    work = folder / "kept"
    copy(work, wanted.wishes, text)
    value = tools.python("-c", CONTENT_HASH, str(work)).strip()
    text = re.sub(r'(?m)^content-hash = ".*"$', f'content-hash = "{value}"', text)
    (work / "poetry.lock").write_text(text, encoding="utf-8")
    try:
        tools.run([str(tools.bin / "poetry"), "check", "--lock"], work)
    except CommandError as error:
        raise LockError(f"Poetry refuses what it has made: {masked(str(error))[-LONGEST:]}") from error
    return text


def copy(folder: Path, wishes: str, text: str) -> None:
    """Make a project of the wishes and a lock."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(wishes, encoding="utf-8")
    if text:
        (folder / "poetry.lock").write_text(text, encoding="utf-8")


def allows_python(tools: Tools, constraint: str) -> bool:
    """Whether a constraint in Poetry's words holds the lab's Python."""
    try:
        return tools.python("-c", ALLOWS, constraint).strip() == "True"
    except CommandError:
        return False


def explained(output: str, wanted: Wanted) -> str:
    """Return three lines: what failed, Poetry's reason, the remedy."""
    text = masked(output)
    return f"nothing was changed: the lock cannot be made\n{shortened(reason(text))}\n{remedy(text, wanted)}"


def reason(text: str) -> str:
    """Return what of Poetry's words says why, in one line."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n") if paragraph.strip()]
    solved = [paragraph for paragraph in paragraphs if paragraph.endswith("version solving failed.")]
    named = [paragraph for paragraph in paragraphs if not paragraph.startswith(("Probable Causes", "You can also"))]
    return (solved or named or ["Poetry gave no reason"])[0]


def shortened(text: str) -> str:
    """Return a text that fits on a screen, without its middle if need be."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} [...] {text[-half:]}"


def remedy(text: str, wanted: Wanted) -> str:
    """Return what to do about it."""
    if re.search(r"attempts to connect|Connection|timed out|SSLError|ProxyError|50[0-9] ", text):
        return (
            "The index cannot be reached: look at PIP_INDEX_URL or pip.conf, at HTTPS_PROXY behind a proxy, "
            "at PIP_CERT where a company has its own certificates"
        )
    if re.search(r"Unauthorized|Forbidden|Authorization|40[13] ", text):
        return "The index wants a login: PIP_INDEX_URL=https://NAME:PASSWORD@HOST/simple, or ~/.netrc"
    if "requires Python" in text:
        return f"The lab's Python is 3.11: allow a release in {wanted.edited} that runs on it"
    if "match any versions" in text:
        return f"Look at its name and its version in {wanted.edited}, and whether the index has them"
    if re.search(r"version solving failed|Incompatible constraints", text):
        return f"Loosen one of them in {wanted.edited}"
    return f"These are Poetry's words; what it was asked stands in {wanted.edited}"
