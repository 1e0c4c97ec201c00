"""What in a text looks like a credential, masked before the text is stored where others read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"

# Tokens that their issuers made to be recognised, as in GitHub's and GitLab's lists for secret scanning.
_ISSUED = re.compile(
    r"""(?x)(?<![A-Za-z0-9_-])(?:
      hf_[A-Za-z0-9]{30,}                                  # Hugging Face
    | gh[opsur]_[A-Za-z0-9]{36,} | github_pat_\w{22,}      # GitHub
    | glpat-[\w-]{20,}                                     # GitLab
    | sk-[A-Za-z0-9_-]{20,}                                # OpenAI, Anthropic
    | (?:AKIA|ASIA)[0-9A-Z]{16}                            # Amazon
    | AIza[\w-]{35} | ya29\.[\w-]{20,}                     # Google
    | xox[abeprs]-[\w-]{10,}                               # Slack
    | npm_[A-Za-z0-9]{36} | pypi-[\w-]{50,} | dckr_pat_[\w-]{20,}
    | r8_[A-Za-z0-9]{30,} | SG\.[\w-]{16,}\.[\w-]{30,}
    | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}             # JSON Web Token
    )"""
)
_KEY = re.compile(r"(-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----).*?(-----END (?P=kind)-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"(?i)\b(Authorization\b.{0,4}?\b(?:Bearer|Basic|token)\s+)([^\s\"'\\]{8,})")

# Not `urls.mask`, which would take `a:b@c` for one: this is code.
_ADDRESS = re.compile(r"(\b[A-Za-z][\w+.-]*://[^/\s:@'\"]*:)[^/\s@'\"]+(?=@)")

_PASSWORDS = r"password|passwd|passphrase|pwd|パスワード"
_TOKENS = r"secret|token|api_?key|apikey|access_?key|secret_?key|private_?key|auth_?key|credentials?"
# Quotes may be those of a text within a text, as in a notebook's file: \"value\".
# name = "value", name: "value", obj["name"] = "value", name="value" in a call; and %env NAME=value, export NAME=value.
_NAMED = re.compile(
    rf"""(?ix)
    (?P<before> (?: (?P<password>{_PASSWORDS}) | (?<![a-z0-9]) (?:{_TOKENS}) ) (?:_?\d+)? (?: \\? ["'] )? \]?
      \s* (?: : \s* \w+ \s* )? [:=] \s* [rbuf]{{0,2}} )
    (?P<quote> \\?["'] ) (?P<value> (?: (?!(?P=quote)) (?: \\. | [^\n] ) )+ ) (?P=quote)
    """
)
_CAMEL = re.compile(
    r"(?P<before>\b[a-z]\w*(?:Secret|Token|ApiKey|AccessKey)\s*[:=]\s*)(?P<quote>[\"'])(?P<value>[^\"'\n]+)(?P=quote)"
)
_SHELL = re.compile(
    rf"""(?imx)
    (?P<before> ^ \s* (?: %env | %set_env | [!%]*\s*export ) \s+ \w* (?: (?P<password>{_PASSWORDS}) | (?:{_TOKENS}) )
      \w* (?: \s* = \s* | \s+ ) )
    (?P<value> [^\s"'$]+ )
    """
)
_LONG, _SHORT = 20, 8
_REPEATED = 6
"""Characters from which on a secret is also masked where it stands alone: what a cell prints of it."""


def masked(text: str) -> str:
    r"""Mask tokens of the known services, private keys, passwords in addresses, and what is assigned to such a name.

    >>> masked('password = "猫が好き"\npad_token = "[PAD]"; tokenizer = "cl-tohoku/bert-base-japanese-v3"')
    'password = "***"\npad_token = "[PAD]"; tokenizer = "cl-tohoku/bert-base-japanese-v3"'
    """
    text = _KEY.sub(rf"\1{MASK}\3", text)
    text = _ISSUED.sub(MASK, text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    for pattern in (_NAMED, _CAMEL, _SHELL):
        text = pattern.sub(_hidden, text)
    return _ADDRESS.sub(rf"\1{MASK}", text)


def secrets(text: str) -> frozenset[str]:
    """Return what `masked` would hide in a text, to hide it also where it stands without its name, as in an output.

    >>> sorted(secrets('password = "hunter2-x"; hf = "hf_' + "aB3" * 12 + '"'))[1]
    'hunter2-x'
    """
    found = {match[0] for match in _ISSUED.finditer(text)} | {match[2] for match in _BEARER.finditer(text)}
    found |= {match[0].removeprefix(match[1]) for match in _ADDRESS.finditer(text)}
    for pattern in (_NAMED, _CAMEL, _SHELL):
        found |= {match["value"] for match in pattern.finditer(text) if _hidden(match) != match[0]}
    return frozenset(one for one in found if len(one) >= _REPEATED and one != MASK)


def without(text: str, hidden: Iterable[str]) -> str:
    """Mask a text, and these secrets in it wherever they stand."""
    for one in sorted(hidden, key=len, reverse=True):
        text = text.replace(one, MASK)
    return masked(text)


def _hidden(match: re.Match[str]) -> str:
    found = match.groupdict()
    if not found.get("password") and not _is_random(found["value"]):
        return match[0]
    quote = found.get("quote") or ""
    return f"{found['before']}{quote}{MASK}{quote}"


def _is_random(value: str) -> bool:
    """Tell a token from the word that is one for a tokenizer: `[PAD]`, `</s>`, `sentence`."""
    plain = re.fullmatch(r"[\w.\-+/=:~]+", value, re.ASCII) is not None
    return plain and (len(value) >= _LONG or (len(value) >= _SHORT and any(one.isdigit() for one in value)))
