"""A disk that knows no case, no modes and no symbolic links: a real exfat, by FUSE."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def exfat_disk(place: Path, size: int = 100 << 20) -> Iterator[Path]:
    """Mount an exfat of this size in bytes; the test is skipped, with the reason, where that cannot be."""
    for program in ("mkfs.exfat", "mount.exfat-fuse", "losetup"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on the path (Debian: exfatprogs, exfat-fuse)")
    if os.geteuid() != 0:
        pytest.skip("mounting a disk needs root")
    image = place.with_name(f"{place.name}.image")
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.exfat", str(image)], check=True, capture_output=True)
    attached = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, text=True, check=False)
    if attached.returncode:
        pytest.skip(f"no loop device here: {attached.stderr}")
    device = attached.stdout.strip()
    try:
        mounted = subprocess.run(["mount.exfat-fuse", device, str(place)], capture_output=True, text=True, check=False)
        if mounted.returncode:
            pytest.skip(f"no exfat by FUSE here: {mounted.stderr}")
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
        subprocess.run(["losetup", "--detach", device], check=False)
