"""What waits, when the store in which its files lie is copied elsewhere and removed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from jupyter_utils.entries.entry import Entry, measure_files, read_entry, write_entry
from jupyter_utils.spool import Spool
from jupyter_utils.spool.home import bring_home

if TYPE_CHECKING:
    from pathlib import Path


def kept(spool: Spool, store: Path | None, text: str) -> str:
    with spool.writing(store) as lease:
        (lease.path / "artifacts" / "result").mkdir()
        (lease.path / "artifacts" / "result" / "a.txt").write_text(text)
        write_entry(Entry("exp", 0, files=measure_files(lease.path), id=lease.id), lease.path)
        spool.commit(lease)
        return lease.id


def test_files_that_wait_in_an_old_store_are_brought_into_the_spool(tmp_path: Path) -> None:
    """Whole, as they were measured; those of other stores, and of the spool itself, stay where they are."""
    spool = Spool(tmp_path / "spool")
    spool.prepare()
    old, other = tmp_path / "old" / "artifacts", tmp_path / "other"
    old.mkdir(parents=True)
    other.mkdir()
    names = [kept(spool, store, str(store)) for store in (old, other, None)]
    assert bring_home(spool, old) == (1, [])
    shutil.rmtree(old)
    for name in names:
        assert read_entry(spool.path / "entries" / name).files
    assert bring_home(spool, old) == (0, [])
    for name in names:
        lease = spool.hold(name)
        assert lease
        spool.remove(lease)
        lease.release()
    assert spool.names() == []
