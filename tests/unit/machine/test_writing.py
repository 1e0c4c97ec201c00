"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jupyter_utils.machine import writing
from jupyter_utils.machine.writing import link_whole, write_whole


def test_what_was_there_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text that cannot be encoded, or a disk that is full: no half-written file, and nothing left beside it."""
    path = tmp_path / "state.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \udc00")

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new", durable=True)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_what_cannot_be_utf8_is_written_where_the_caller_says_how(tmp_path: Path) -> None:
    """A notebook may hold half a surrogate pair, and its entry must come back the same."""
    write_whole(tmp_path / "entry.json", "\udc00", errors="surrogatepass")
    assert (tmp_path / "entry.json").read_text(encoding="utf-8", errors="surrogatepass") == "\udc00"


@pytest.mark.parametrize("mode", [0o600, 0o755])
def test_a_mode_that_is_asked_for_holds_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Whatever the umask and the old file's mode are; a secret is never open to others, not even half-written."""
    seen = []
    rename = Path.replace

    def looking(self: Path, target: Path) -> Path:
        seen.append(stat.S_IMODE(self.stat().st_mode))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", looking)
    path = tmp_path / "file"
    path.write_text("old")
    before = os.umask(0o077)
    try:
        write_whole(path, "new", mode=mode)
    finally:
        os.umask(before)
    assert seen == [mode]
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_without_a_mode_a_file_has_that_of_any_new_one(tmp_path: Path) -> None:
    """The umask decides, as for every other file that the user makes."""
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "whole", "text")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_writers_at_once_never_mix(tmp_path: Path) -> None:
    """In one process, too: whoever reads finds what one of them wrote, all of it."""
    path = tmp_path / "kernel.json"
    texts = [str(number) * 200_000 for number in range(10)]
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda text: write_whole(path, text), texts * 5):
            assert path.read_text() in texts
    assert [file.name for file in tmp_path.iterdir()] == ["kernel.json"]


def test_what_a_killed_writer_left_is_removed_and_no_one_elses(tmp_path: Path) -> None:
    """An old leftover of this file goes with the next writing; a writer at work and other files stay."""
    names = [
        f".state.json.{'a' * 16}.part",
        f".state.json.{'b' * 16}.part",
        f".other.json.{'c' * 16}.part",
        ".state.json.part",
    ]
    for name in names:
        (tmp_path / name).write_text("half")
    for name in (names[0], *names[2:]):
        os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    write_whole(tmp_path / "state.json", "whole")
    assert {file.name for file in tmp_path.iterdir()} == {"state.json", *names[1:]}


def test_a_durable_file_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content before the rename, the folder after it; nobody else pays for that."""
    path, said = tmp_path / "secret", []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        said.append((Path(f"/proc/self/fd/{descriptor}").readlink() == tmp_path, path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    write_whole(tmp_path / "plain", "text")
    assert said == []
    write_whole(path, "text", durable=True)
    assert said == [(False, False), (True, True)]


def test_a_link_is_put_in_the_place_of_another(tmp_path: Path) -> None:
    """At no moment is there none, and a leftover of the name in between does not matter."""
    link_whole(tmp_path / "latest", "first")
    link_whole(tmp_path / "latest", "second")
    assert (tmp_path / "latest").readlink() == Path("second")
    assert [file.name for file in tmp_path.iterdir()] == ["latest"]
