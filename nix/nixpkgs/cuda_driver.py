"""Load the CUDA driver's libraries from where this machine keeps them, before anything asks for them by name.

The nixpkgs base's torch imports this first. A Nix glibc does not know the machine's own folders, and cudart, cuBLAS,
cuDNN and NCCL each ask for `libcuda.so.1` by name. What is already loaded under that name is what they get, so neither
LD_LIBRARY_PATH is needed, which children would inherit, nor a run path into the machine's folders, where the
machine's own C library lies as well.
"""

import contextlib
import ctypes
import json
import os
from collections.abc import Sequence
from pathlib import Path

FOLDERS = json.loads(Path(__file__).with_name("driver-folders.json").read_text())
# The driver opens the others by name in its turn: on WSL2 the way to the host's driver, elsewhere the compiler of PTX.
BEFORE = ("libdxcore.so",)
DRIVER = "libcuda.so.1"
AFTER = ("libnvidia-ml.so.1", "libnvidia-nvvm.so.4", "libnvidia-ptxjitcompiler.so.1")


def load(folders: Sequence[str]) -> str | None:
    """Load the driver from the first folder that has one that loads; return that folder, or None.

    Triton compiles against the driver and asks `/sbin/ldconfig` for its folder, which NixOS does not have: it is told.
    """
    for folder in folders:
        if Path(folder, DRIVER).exists() and _loaded(folder):
            os.environ.setdefault("TRITON_LIBCUDA_PATH", folder)
            return folder
    return None


def _loaded(folder: str) -> bool:
    for name in (*BEFORE, DRIVER, *AFTER):
        try:
            ctypes.CDLL(str(Path(folder, name)))
        except OSError:
            # Which of the others a driver has depends on its release and the machine; without DRIVER it is none.
            if name == DRIVER:
                return False
    return True


# A driver that LD_LIBRARY_PATH or the loader's own folders offer was meant to be used.
_by_name = False
with contextlib.suppress(OSError):
    _by_name = bool(ctypes.CDLL(DRIVER))
if not _by_name:
    load(FOLDERS)
