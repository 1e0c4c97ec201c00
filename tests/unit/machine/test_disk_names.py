"""Names that a disk may take for one: which are in doubt, and what the disk says."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from exfat_disks import exfat_disk
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.machine.disk_names import confused, doubtful

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.lists(
    st.text(st.sampled_from("aAéÉÅがß\u017f\uff21\uff41.: x"), min_size=1, max_size=3), max_size=5, unique=True
)


@given(NAMES, st.sampled_from(["lower", "upper", "casefold", "NFC", "NFD", "NFKC"]))
def test_no_disk_surprises(names: list[str], way: str) -> None:
    """Whatever a disk does to case and accents: two names that it makes one were in doubt."""
    fold = getattr(str, way, None) or (lambda name: unicodedata.normalize(way, name))
    doubts = set(doubtful(names))
    for one in names:
        for other in names:
            if one != other and fold(one) == fold(other):
                assert {one, other} <= doubts


@given(st.lists(st.text(st.sampled_from("abc猫"), min_size=1, max_size=3), unique=True))
def test_ordinary_names_are_not_asked_about(names: list[str]) -> None:
    """So that an ordinary call touches no disk for it."""
    assert doubtful(names) == []


@given(NAMES.map(lambda names: [name for name in names if name.strip(".") and "/" not in name]))
def test_a_disk_of_linux_tells_all_apart(names: list[str]) -> None:
    """And nothing is left on it."""
    with TemporaryDirectory() as folder:
        assert confused(Path(folder), names) == []
        assert list(Path(folder).iterdir()) == []


@pytest.fixture
def exfat(tmp_path: Path) -> Iterator[Path]:
    with exfat_disk(tmp_path / "disk", 16 << 20) as disk:
        yield disk


def test_exfat(exfat: Path) -> None:
    """The disk is asked with the very names: folders, letters of any script, and what it cannot hold."""
    names = ["A.csv", "a.csv", "b.csv", "X/1", "x/2", "é", "É", "ß", "ss", "c:d"]
    assert confused(exfat, names) == [("a.csv", "A.csv"), ("x", "X"), ("É", "é"), ("c:d", None)]
    assert list(exfat.iterdir()) == []
