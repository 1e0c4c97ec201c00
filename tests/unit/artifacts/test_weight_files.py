"""Files of weights are byte for byte what torch and safetensors write, and written without reading them again."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch
from jupyter_utils.artifacts.weights import storages
from jupyter_utils.artifacts.weights.frame import write_checkpoint
from jupyter_utils.artifacts.weights.safetensors import write_safetensors
from jupyter_utils.entries import copying
from jupyter_utils.entries.digesting import DigestingFile

if TYPE_CHECKING:
    from pathlib import Path

BASE = torch.arange(10.0)
TYPES = [
    *("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "uint16"),
    *("uint32", "uint64", "complex64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"),
]
ALL = {f'{name} 猫"\n': torch.arange(6, dtype=torch.uint8).view(2, 3).to(getattr(torch, name)) for name in TYPES}


def module() -> dict[str, Any]:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "parameter": model[0].weight}


CHECKPOINTS = {
    "types": ALL,
    "views": {"a": BASE, "b": BASE[2:5], "c": BASE.reshape(2, 5).t(), "d": BASE},
    "training": module(),
    "alone": BASE,
    "empty": {"a": torch.empty(0), "b": [torch.empty(0, 3)], "c": {}},
    "sparse": torch.eye(3).to_sparse(),
    "conjugate": torch.ones(3, dtype=torch.complex64).conj(),
    "large": {"a": torch.arange(3_000_000.0), "b": b"x" * 100, "c": torch.arange(2_000_000)},
    "nothing": 3,
}


@pytest.mark.parametrize("value", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_checkpoints_are_those_of_torch(value: Any) -> None:
    """Byte for byte, checksums of the archive and its fingerprint included."""
    ours, theirs = bytearray(), io.BytesIO()
    write_checkpoint(value, ours.extend)
    torch.save(value, theirs)
    assert ours == theirs.getvalue()
    assert zipfile.ZipFile(io.BytesIO(ours)).testzip() is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["quantized", "nested"])
def test_tensors_without_room_in_the_frame(kind: str) -> None:
    """What torch cannot leave out is written by torch itself."""
    one = torch.ones(3)
    value = (
        torch.quantize_per_tensor(one, 0.1, 0, torch.qint8)
        if kind == "quantized"
        else torch.nested.nested_tensor([one])
    )
    ours, theirs = bytearray(), io.BytesIO()
    write_checkpoint({"x": value}, ours.extend)
    torch.save({"x": value}, theirs)
    assert ours == theirs.getvalue()


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_safetensors_are_those_of_the_library(metadata: dict[str, str] | None) -> None:
    """Byte for byte: order, names of types, alignment; with views, gaps, scalars and nothing."""
    value = ALL | {"scalar": torch.tensor(3.0), "none": torch.empty(0, 3), "view": BASE[3:7].clone(), "a": BASE}
    value["packed"] = torch.zeros(2, 4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    ours = bytearray()
    write_safetensors(value, ours.extend, metadata)
    assert ours == safetensors.torch.save(value, metadata=metadata)


@pytest.mark.parametrize("size", [0, 1, 2**20, 3 * 2**20 + 1])
def test_the_digest_is_known_without_reading_again(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once: a file that is changed afterwards is read."""
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    path = tmp_path / "x"
    with DigestingFile(path) as file:
        file.write(content[:5])
        file.write(memoryview(content)[5:])
    expected = hashlib.sha256(content).hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(copying.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        assert copying.digest(path) == expected
    assert path.read_bytes() == content
    path.write_bytes(content + b"x")
    assert copying.digest(path) == hashlib.sha256(content + b"x").hexdigest()


def test_a_disk_that_is_full_is_said_as_such(tmp_path: Path) -> None:
    """Torch's own writer would say that something failed; what was written of the file has no digest."""

    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_checkpoint({"x": BASE}, full)
    with pytest.raises(AttributeError), DigestingFile(tmp_path / "x") as file:
        write_checkpoint({"x": lambda: None, "y": file.write(b"x")}, file.write)
    assert copying._identity((tmp_path / "x").stat()) not in copying._measured


def test_pieces_of_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any part of a storage comes through a small buffer, in order."""
    monkeypatch.setattr(storages, "_BUFFER", 7)

    class Storage:
        """A storage of a device that torch has no memory of here."""

        device = torch.device("xpu")

        def __init__(self, tensor: torch.Tensor) -> None:
            self.tensor = tensor

        def nbytes(self) -> int:
            return self.tensor.numel()

    own = torch.empty

    class Empty:
        def __init__(self, *_: Any, **__: Any) -> None: ...
        def set_(self, storage: Storage) -> torch.Tensor:
            return storage.tensor

    monkeypatch.setattr(torch, "empty", lambda *args, **more: Empty() if "device" in more else own(*args, **more))
    storage = Storage(torch.arange(30, dtype=torch.uint8))
    assert b"".join(map(bytes, storages.pieces(storage))) == bytes(range(30))
    assert b"".join(map(bytes, storages.pieces(storage, 3, 20))) == bytes(range(3, 23))


def test_pieces_of_a_gpu_come_through_two_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One is filled while the other is used, and none is used before its copy has arrived."""
    events: list[str] = []

    class Event:
        def __init__(self, number: int) -> None:
            self.number = number

        def synchronize(self) -> None:
            events.append(f"arrived {self.number}")

    class Stream:
        def __init__(self, _: Any) -> None:
            self.copies = 0

        def record_event(self) -> Event:
            self.copies += 1
            events.append(f"copying {self.copies}")
            return Event(self.copies)

    own = torch.empty
    made: list[torch.Tensor] = []

    def empty(*size: int, pin_memory: bool = False, **more: Any) -> torch.Tensor:
        made.extend([own(*size, **more)] if pin_memory else [])
        return made[-1] if pin_memory else own(*size, **more)

    monkeypatch.setattr(torch, "empty", empty)
    for name, value in {"device": contextlib.nullcontext, "stream": contextlib.nullcontext, "Stream": Stream}.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(storages, "_BUFFER", 8)
    content = torch.arange(29, dtype=torch.uint8)
    assert b"".join(map(bytes, storages._through_pinned(content))) == bytes(range(29))
    assert [tensor.numel() for tensor in made] == [8, 8]
    order = ["copying 1", "copying 2", "arrived 1", "copying 3", "arrived 2", "copying 4", "arrived 3", "arrived 4"]
    assert events == order
