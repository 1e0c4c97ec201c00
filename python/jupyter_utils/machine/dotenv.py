r"""`.env`, by one rule: what docker-compose 1.29 and Compose v2 read alike counts, what they do not is refused by name.

`nix/setup/dotenv.sh` follows the same rule with the same words, for what is needed before there is any Python. One test
holds both to a table, and the table to both versions of Compose. No parser that can be had keeps this rule: the two
versions' differ, and python-dotenv's leaves out a line that it cannot read.

    NAME=value      blanks around both are nothing, nor is `export` before; a `#` after a space begins a comment
    NAME='value'    as it stands, on as many lines as it takes; \' means '
    NAME="value"    as well, but \" \\ \n \t and the like mean what they mean in C

Without single quotes, ${NAME} is what the environment or a line above says; ${NAME:-word} has a word for want of it.
UTF-8 with or without a byte order mark; lines end with LF or CRLF; of two lines with one name the last counts.

Names are in capitals; a proxy may stand in small letters beside them. Only names of this project are held to the rule,
since the `.env` of a folder may be another program's.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import SettingsError

from .allowed import allow, is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOTENV = ".env"
_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")

_OURS = re.compile(
    r"(JUPYTER|MLFLOW)_[A-Z0-9_]+|CONTAINER_[GU]ID|DEBIAN_((SECURITY_)?MIRROR|SNAPSHOT)|(HTTPS?|NO)_PROXY|LISTEN_ADDRESS"
    r"|RUN_AS_ROOT|EXTRA_CA_CERTS|PIP_INDEX_URL|SHM_SIZE|ENVIRONMENTS"
)
# Names at the beginning of lines, for a file that is only named, not read.
_NAMES = re.compile(rb"^\s*(?:export\s+)?([A-Za-z0-9_]+)\s*=", re.MULTILINE)
_INDENT = "(?:[ \t\u00a0\u3000])*"
_NOTHING = re.compile(f"{_INDENT}(#.*)?")
_STATEMENT = re.compile(f"{_INDENT}(?:export[ \t]+)?([A-Za-z0-9_.-]+)[ \t]*(?:=(.*))?")
_QUOTED = {
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'(.*)", re.DOTALL),
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"(.*)', re.DOTALL),
}
_AFTER_QUOTE = re.compile("[ \t]*(#.*)?", re.DOTALL)
# Blanks that one of the two takes off, or lets a comment begin after, and the other does not.
_BLANK = "[\t\v\f\x1c-\x1f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_ODD_BLANK = re.compile(f"^{_BLANK}|{_BLANK}(#|$)")
_REFERENCE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}\\]*))?\}")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_BAD_ESCAPES = ("'", "$", "0")
_SMALL = ("http_proxy", "https_proxy", "no_proxy")


class _ProblemError(Exception):
    """What is wrong with a value, without the value."""


@dataclass(frozen=True)
class _Statement:
    number: int
    name: str
    raw: str | None
    """What stands after the `=`, as it is written; None where there is no `=`."""


@dataclass
class _Reading:
    """The values so far, and the names whose value is read in different ways."""

    environment: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)

    def take(self, one: _Statement) -> None:
        """Read one statement, which replaces an earlier one of its name."""
        self.lines[one.name] = one.number
        try:
            value = self._value(one)
        except _ProblemError as problem:
            if is_ours(one.name):
                raise SettingsError(f"{DOTENV}, line {one.number}: {one.name} {problem}") from None
            self.values.pop(one.name, None)
            self.unclear.add(one.name)
        else:
            self.values[one.name] = value
            self.unclear.discard(one.name)

    def check_small_letters(self) -> None:
        """Refuse a proxy that Compose would not see."""
        for name in _SMALL:
            if self.values.get(name, "") not in {"", self.values.get(name.upper())}:
                raise SettingsError(f"{DOTENV}, line {self.lines[name]}: {name} {_capitals(name)}")

    def _value(self, one: _Statement) -> str:
        if is_ours(one.name) and one.name not in {one.name.upper(), *_SMALL}:
            raise _ProblemError(_capitals(one.name))
        if one.raw is None:
            raise _ProblemError(f"has no =. Write {one.name}=VALUE, or begin the line with #.")
        raw = one.raw.lstrip(" \t")
        if raw[:1] in _QUOTED:
            return self._quoted(raw)
        if raw[:1] == "#" and raw != one.raw:
            raise _ProblemError("has a comment where its value should be. Put the comment on a line of its own.")
        return self._unquoted(raw.partition(" #")[0].rstrip(" \t"))

    def _unquoted(self, value: str) -> str:
        if _ODD_BLANK.search(value):
            raise _ProblemError("has a tab or an unusual blank beside its value. Write a space, or quote the value.")
        return self._expand(value, "$")

    def _quoted(self, raw: str) -> str:
        found = _QUOTED[raw[0]].fullmatch(raw)
        inner, rest = found.groups() if found else ("", raw)
        if not _AFTER_QUOTE.fullmatch(rest):
            raise _ProblemError("has something after its closing quote. Put the whole value into one pair of quotes.")
        if "\r" in inner:
            raise _ProblemError("has several lines that end with CRLF. Save the file with LF.")
        if inner.startswith("\n"):
            raise _ProblemError("begins with an empty line. Begin the value right after its quote.")
        return self._expand(inner, "\\$") if raw[0] == '"' else self._literal(inner)

    @staticmethod
    def _literal(inner: str) -> str:
        if "${" in inner:
            raise _ProblemError("has ${ in single quotes. Give such a value in the environment or in a file.")
        if "\\\\" in inner:
            raise _ProblemError(r"has \\ in single quotes. Take double quotes.")
        return inner.replace(r"\'", "'")

    def _expand(self, rest: str, special: str) -> str:
        done = ""
        while rest:
            first, rest = rest[0], rest[1:]
            if first not in special:
                part = first
            elif first == "$":
                part, rest = self._dollar(rest)
            else:
                part, rest = _escape(rest)
            done += part
        return done

    def _dollar(self, rest: str) -> tuple[str, str]:
        if found := _REFERENCE.match(rest):
            return self._look_up(found[1], found[2]), rest[found.end() :]
        if re.match(r"[A-Za-z_{$]", rest):
            raise _ProblemError("has a $ before a letter, _, { or $. Put the value into single quotes.")
        return "$", rest

    def _look_up(self, name: str, word: str | None) -> str:
        given, above = self.environment.get(name), self.values.get(name)
        value = given if above is None else above
        if name in self.unclear or (given is not None and above is not None and given != above):
            raise _ProblemError(f"refers to {name}, which may mean two things. Write its value instead.")
        if (value is None and word is None) or (value == "" and word is not None):
            raise _ProblemError(
                f"refers to {name}, which is not set. Set it above, or put the value into single quotes."
            )
        return word or "" if value is None else value


def _capitals(name: str) -> str:
    return f"counts in capitals only. Write {name.upper()}."


def _escape(rest: str) -> tuple[str, str]:
    if rest.startswith(_BAD_ESCAPES):
        raise _ProblemError(r"has a \ before ', $ or 0 in double quotes. Take single quotes.")
    return (_ESCAPES[rest[0]], rest[1:]) if rest[0] in _ESCAPES else ("\\", rest)


def is_ours(name: str) -> bool:
    """Return whether a name, in capitals or not, is one that this project or its compose files read."""
    return bool(_OURS.fullmatch(name.upper()))


def read_allowed(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read `.env` of the current directory if this user has allowed it as it is; else name what it would set, once.

    A folder may come from anybody: what is set here decides which servers are talked to and how one logs in.
    """
    path = Path(DOTENV).absolute()
    content = _content(path)
    if content is None:
        return {}
    if is_allowed(path, content):
        return _parse(content, environment)
    _name_ignored(path, content)
    return {}


def allow_dotenv(folder: Path | None = None) -> Path | None:
    """Let `.env` of a folder, as it is, hold from here on; None where there is none.

    Raises:
        SettingsError: it cannot be read.
    """
    path = (folder or Path()).joinpath(DOTENV).absolute()
    content = _content(path)
    if content is None:
        return None
    _parse(content, os.environ)
    allow(path, content)
    return path


@functools.cache
def _name_ignored(path: Path, content: bytes) -> None:
    names = sorted({found.decode() for found in _NAMES.findall(content) if is_ours(found.decode())})
    if names:
        # Compose reads it by itself, and cannot say whose it is.
        composed = any((path.parent / name).exists() for name in _COMPOSE)
        here = " here (docker-compose goes by it for its containers)" if composed else ""
        sys.stderr.write(
            f"Warning: {path} sets {', '.join(names)}, and is ignored{here}: you have not allowed it as it is. If it "
            "is yours, or you have read it: jupyter-utils allow\n"
        )


def read_dotenv(folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read `.env` of a folder, else of the current directory; nothing where there is none.

    Raises:
        SettingsError: the file, or a line of it, is not read alike by both versions of Compose. The message has the
            line's number, the name and the remedy, and never the value.

    """
    content = _content((folder or Path()) / DOTENV)
    return {} if content is None else _parse(content, environment)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{DOTENV} cannot be read ({error.strerror}). Correct its rights, or remove it.") from None


def _parse(content: bytes, environment: Mapping[str, str]) -> dict[str, str]:
    reading = _Reading(environment)
    for statement in _statements(_decode(content)):
        reading.take(statement)
    reading.check_small_letters()
    return reading.values


def _decode(content: bytes) -> str:
    if b"\0" in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsError(
            f"{DOTENV} is in UTF-16, as PowerShell's > writes it, or holds NUL. Make it UTF-8: "
            f"iconv -f UTF-16 -t UTF-8 {DOTENV} >new && mv new {DOTENV}"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{DOTENV}, line {number}: this is not UTF-8. If it is Shift_JIS (CP932): "
            f"iconv -f CP932 -t UTF-8 {DOTENV} >new && mv new {DOTENV}"
        ) from None


def _statements(text: str) -> Iterator[_Statement]:
    if alone := re.search("\r(?!\n|\\Z)", text):
        number = text.count("\n", 0, alone.start()) + 1
        raise SettingsError(f"{DOTENV}, line {number}: a carriage return (CR) stands alone. Save the file with LF.")
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if _NOTHING.fullmatch(line.removesuffix("\r")):
            continue
        found = _STATEMENT.fullmatch(line.removesuffix("\r"))
        if found is None:
            raise SettingsError(f"{DOTENV}, line {number}: this is not NAME=VALUE. Correct it, or begin it with #.")
        yield _Statement(number, found[1], found[2] and _whole(number, line, found.start(2), lines))


def _whole(number: int, line: str, start: int, lines: Iterator[tuple[int, str]]) -> str:
    """Return what stands after the `=`, with the lines on which its quoted value goes on."""
    raw = line[start:]
    quote = raw.lstrip(" \t")[:1]
    while quote in _QUOTED and not _QUOTED[quote].match(raw.lstrip(" \t")):
        following = next(lines, None)
        if following is None:
            raise SettingsError(
                f"{DOTENV}, line {number}: a quote begins here and never ends. Close it, or leave it out."
            )
        raw += "\n" + following[1]
    return raw.removesuffix("\r")
