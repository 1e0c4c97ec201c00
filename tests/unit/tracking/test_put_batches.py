"""Many small files are sent together, in requests of a bounded size."""

from __future__ import annotations

import time

import pytest
from jupyter_utils.entries.entry import EntryFile
from jupyter_utils.tracking import put


@pytest.mark.parametrize("size", [1, 2048, 256 * 2**10])
def test_batches_are_bounded(size: int) -> None:
    """All files, in order, none empty, none above 4 MiB, and none that would have taken the next file."""
    files = [EntryFile(f"{number}", size, "") for number in range(5000)]
    batches = list(put._batches(files))
    assert [file for batch in batches for file in batch] == files
    assert all(0 < sum(file.size for file in batch) <= 4 * 2**20 for batch in batches)
    assert all(sum(file.size for file in batch) + size > 4 * 2**20 for batch in batches[:-1])


def test_as_long_as_there_are_files() -> None:
    """Ten times as many empty files take ten times as long, and not a hundred."""
    files = [EntryFile(f"{number}", 1, "") for number in range(40_000)]
    start = time.process_time()
    assert len(list(put._batches(files))) == 1
    assert time.process_time() - start < 1
