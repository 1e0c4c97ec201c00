"""Torch's checkpoint file, streamed: torch's own writer makes the frame, and the storages' bytes are put into it.

`torch.save` under `torch.serialization.skip_data` writes a whole zip archive but for the storages, over which it seeks.
There the bytes are read from wherever they live, in pieces, so that no storage is held a second time. What torch could
not know without the bytes is corrected as it passes: their CRC-32, and the archive's fingerprint, which is made of the
CRCs. The file is byte for byte what `torch.save` writes of the same value on the CPU.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .storages import pieces, synchronize
from .whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sink = Callable[[memoryview | bytes], object]

# Signatures of the parts of a zip archive, and where the CRC-32 stands in each (PKWARE's APPNOTE, 4.3).
_HEADER, _DESCRIPTOR, _DIRECTORY = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
_HEADER_BYTES, _DIRECTORY_BYTES = 30, 46
_FINGERPRINT = "/.data/serialization_id"
_DIGITS = 20
# What is smaller is done before another thread could begin with it.
_LARGE = 2**20


def write_checkpoint(value: Any, write: Sink) -> None:
    """Write what `torch.save(value)` would, each storage once, all of them as if they lived on the CPU.

    Args:
        value: anything that torch can save.
        write: takes the file's bytes, in order.

    Raises:
        Exception: whatever pickling or `write` raises.
    """
    import torch

    frame = _Frame(write)
    to: Any = frame
    room = torch.serialization.skip_data() if _has_room(value) else contextlib.nullcontext()
    try:
        with room:
            torch.save(value, to, pickle_module=frame.pickle)
    except BaseException:
        if frame.error is not None:  # torch's writer says of it only that there was one
            raise frame.error from None
        raise


def save_small(value: Any, path: Path) -> None:
    """Have torch write the file itself, which takes its moment of memory for what is not on the CPU."""
    import torch

    torch.save(value, path, pickle_module=SimpleNamespace(Pickler=_pickler({}), __name__="pickle"))


def _has_room(value: Any) -> bool:
    """Tell whether torch can leave the bytes out: not for quantized and nested tensors."""
    from .walk import tensors

    return not any(tensor.is_quantized or tensor.is_nested for _, tensor in tensors(value))


class _Frame:
    """The file that torch's writer writes to."""

    def __init__(self, write: Sink) -> None:
        self._sink = write
        self._storages: dict[str, Any] = {}
        self._crcs: dict[str, int] = {}
        self._name: str | None = ""  # None where the next bytes are a record's name
        self._fingerprint = [0, 0]  # of the CRCs that torch knew, and of the true ones
        self.error: BaseException | None = None
        self.pickle = SimpleNamespace(Pickler=_pickler(self._storages), __name__="pickle")

    def write(self, data: Any) -> int:
        try:
            return self._write(data)
        except BaseException as error:
            self.error = self.error or error
            raise

    def seek(self, count: int, whence: int) -> int:
        """Put the bytes of the record whose name was written last, where torch leaves room for them."""
        try:
            storage = self._storages[str(self._name).rpartition("/")[2]]
            if whence != os.SEEK_CUR or count != storage.nbytes():
                raise RuntimeError(f"torch leaves {count} bytes for a storage of {storage.nbytes()}")  # noqa: TRY301
            self._crcs[str(self._name)] = self._put(storage)
        except BaseException as error:
            self.error = self.error or error
            raise
        return count

    def _put(self, storage: Any) -> int:
        """Write the bytes of a storage, and return their CRC-32, which another thread takes meanwhile."""
        crc = 0
        for piece in pieces(storage):
            if len(piece) < _LARGE:
                crc = zlib.crc32(piece, crc)
                self._sink(piece)
                continue
            with ThreadPoolExecutor(1, thread_name_prefix="crc32") as thread:
                taking = thread.submit(zlib.crc32, piece, crc)
                self._sink(piece)
            crc = taking.result()
        return crc

    @staticmethod
    def flush() -> None:
        """Do nothing: torch asks for it at the end."""

    def _write(self, data: Any) -> int:
        start = bytes(data[:4])
        if self._name is None:
            self._name = bytes(data).decode()
        elif start == _HEADER and len(data) == _HEADER_BYTES:
            self._name = None
        elif start == _DESCRIPTOR:
            data = self._descriptor(bytearray(data))
        elif start == _DIRECTORY:
            data = self._directory(bytearray(data))
        elif str(self._name).endswith(_FINGERPRINT) and len(data) == 2 * _DIGITS:
            data = self._correct_fingerprint(bytes(data))
        self._sink(data)
        return len(data)

    def _descriptor(self, data: bytearray) -> bytearray:
        (known,) = struct.unpack_from("<I", data, 4)
        true = self._crcs.setdefault(str(self._name), known)
        struct.pack_into("<I", data, 4, true)
        self._fingerprint = [_combined(*pair) for pair in zip(self._fingerprint, (known, true), strict=True)]
        return data

    def _directory(self, data: bytearray) -> bytearray:
        place = 0
        while data[place : place + 4] == _DIRECTORY:
            name, extra, comment = struct.unpack_from("<HHH", data, place + 28)
            begin = place + _DIRECTORY_BYTES
            record = data[begin : begin + name].decode()
            if record in self._crcs:
                struct.pack_into("<I", data, place + 16, self._crcs[record])
            place = begin + name + extra + comment
        return data

    def _correct_fingerprint(self, data: bytes) -> bytes:
        """Make torch's fingerprint of the whole that of the true bytes, if this is how this torch makes it."""
        known, true = (b"%020d" % value for value in self._fingerprint)
        if data[_DIGITS:] != known:
            return data
        corrected = data[:_DIGITS] + true
        self._crcs[str(self._name)] = zlib.crc32(corrected)
        return corrected


def _combined(seed: int, value: int) -> int:
    """Combine two hashes as c10::hash_combine does."""
    return (seed ^ (value + 0x9E3779B9 + (seed << 6) + (seed >> 2))) % 2**64


def _pickler(storages: dict[str, Any]) -> type[pickle.Pickler]:
    """Make the class of which torch makes its own: it notes each storage under its key, and says that it is the CPU's.

    Torch derives from it and adds `persistent_id`, which decides on keys and refuses what cannot be loaded.
    """
    import torch

    class Pickler(pickle.Pickler):
        def __init_subclass__(cls) -> None:
            own = cls.persistent_id

            def persistent_id(self: Any, obj: Any) -> Any:
                found = own(self, obj)
                if found is None:
                    return None
                storage = obj if isinstance(obj, torch.UntypedStorage) else obj._untyped_storage  # noqa: SLF001
                storages[found[2]] = storage
                return (*found[:3], "cpu", found[4])

            cls.persistent_id = persistent_id  # type: ignore[method-assign]

        def dump(self, obj: Any) -> None:
            super().dump(obj)
            synchronize(storage.device for storage in storages.values())

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, torch.Tensor):
                plain = whole(obj)
                if plain is not obj:
                    return plain.__reduce_ex__(2)
            return NotImplemented

    return Pickler
