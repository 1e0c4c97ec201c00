"""Which files a child is told to read: those of its arguments that are files. What else it reads is not known."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .paths import files_meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .watch import Watch

_SHELLS = {"sh", "bash", "dash", "zsh", "ksh"}
# Programs that libraries ask about the machine, or that read nothing that a result comes from.
_HARMLESS = frozenset(
    """
    addr2line ar arch cc c++ clang conda date df du echo env file find free g++ gcc getconf git hostname id jupyter kill
    ld ldconfig ldd locale ls lsb_release lscpu lspci make mkdir nproc nvcc nvidia-smi objdump pip pip3 printenv ps
    ptxas pwd readelf rm rmdir sleep stty test touch tput true tty uname uptime which whoami
    """.split()  # noqa: SIM905 - a list of some sixty lines
)
_COPYING = {"cp", "install", "ln", "mv", "rsync"}
_PIPES = {"|", "||", "&&", ";", "&", "|&", "(", ")"}


def started(watch: Watch, program: Any, args: Any, folder: Any) -> None:
    """Take note of a child and of the files that its arguments name, relative to the folder where it starts."""
    words = [os.fsdecode(one) for one in ([args] if isinstance(args, str | bytes | os.PathLike) else args)]
    name = os.path.basename(os.fsdecode(program or (words[0] if words else "")))
    if name in _SHELLS and "-c" in words[1:-1]:
        command(watch, words[words.index("-c") + 1], folder)
        return
    _child(watch, name, words[1:], folder)


def command(watch: Watch, text: str, folder: Any = None) -> None:
    """Take note of what a line of shell starts."""
    for one in _simple_commands(text):
        words, written = _without_targets(one)
        while words and "=" in words[0] and words[0].partition("=")[0].isidentifier():
            words = words[1:]
        if words:
            _child(watch, os.path.basename(words[0]), words[1:], folder)
        for target in written:
            watch.writes(_in(folder, target))


def _child(watch: Watch, name: str, words: Sequence[str], folder: Any) -> None:
    if name in _HARMLESS:
        return
    watch.starts(name)
    targets: Sequence[str] = words if name == "tee" else words[-1:] if name in _COPYING else ()
    for file in _files([word for word in words if word not in targets], folder):
        watch.reads(file)
    for target in targets:
        if not target.startswith("-"):
            watch.writes(_in(folder, target))


def _files(words: Iterable[str], folder: Any) -> Iterator[str]:
    """Yield the files among the arguments; `--input=x.txt` names one, too. A folder says nothing of what is read."""
    for word in words:
        for candidate in (word, word.partition("=")[2]):
            place = _in(folder, candidate)
            if candidate and not os.path.isdir(place):
                yield from files_meant(place)


def _in(folder: Any, name: str) -> str:
    return os.path.join(os.fsdecode(folder), name) if folder else name


def _simple_commands(text: str) -> list[list[str]]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.commenters = ""
    found: list[list[str]] = [[]]
    with suppress(ValueError):  # a quote that does not end: the shell will say so
        for word in lexer:
            if word in _PIPES:
                found.append([])
            else:
                found[-1].append(word)
    return found


def _without_targets(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part a command's words from what its output goes to."""
    kept, targets = [], []
    rest = iter(words)
    for word in rest:
        if word in {">", ">>", "&>", ">|"}:
            targets += [target for target in [next(rest, "")] if target and not target.startswith("/dev/")]
        elif word not in {"<", ">&", "<<", "<<<"}:
            kept.append(word)
    return kept, targets
