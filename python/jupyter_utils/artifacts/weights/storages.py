"""The bytes of tensors, wherever they live: read in pieces, never as a second whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUFFER = 32 * 2**20
"""Bytes of each of the two buffers through which a device's memory is read."""


def synchronize(devices: Iterable[Any]) -> None:
    """Wait until all streams of some devices have done their work: what another stream still writes is not seen else.

    Args:
        devices: torch devices; the CPU and "meta" have nothing to wait for.
    """
    import torch

    for device in sorted({str(device) for device in devices}):
        kind = device.partition(":")[0]
        wait = getattr(getattr(torch, kind, None), "synchronize", None)
        if kind not in {"cpu", "meta"} and wait is not None:
            # Some backends have one device, and take no argument.
            wait() if kind == "mps" else wait(device)


def pieces(storage: Any, start: int = 0, size: int | None = None) -> Iterator[memoryview]:
    """Yield the bytes of a storage in order; each piece is valid until the next one is asked for.

    Args:
        storage: a `torch.UntypedStorage` of any device. On the CPU it is given as it is; from elsewhere it comes
            through two buffers, of which one is filled while the other is used.
        start: the first byte.
        size: the number of bytes; all that follow, without it.
    """
    import torch

    size = storage.nbytes() - start if size is None else size
    if not size:
        return
    flat = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)[start : start + size]
    if storage.device.type == "cpu":
        yield _view(flat)
    elif storage.device.type == "cuda":
        yield from _through_pinned(flat)
    else:
        buffer = torch.empty(min(_BUFFER, flat.numel()), dtype=torch.uint8)
        for part in torch.split(flat, _BUFFER):
            yield _view(buffer[: part.numel()].copy_(part))


def _through_pinned(flat: Any) -> Iterator[memoryview]:
    """Copy on a stream of its own, so that the next piece comes while the last one is written."""
    import torch

    size = min(_BUFFER, flat.numel())
    buffers = [torch.empty(size, dtype=torch.uint8, pin_memory=True) for _ in range(2)]
    with torch.cuda.device(flat.device):
        stream: Any = torch.cuda.Stream(flat.device)  # type: ignore[no-untyped-call]
        waiting: list[tuple[Any, memoryview]] = []
        for number, part in enumerate(torch.split(flat, size)):
            buffer = buffers[number % 2][: part.numel()]
            with torch.cuda.stream(stream):
                buffer.copy_(part, non_blocking=True)
                copied = stream.record_event()
            waiting.append((copied, _view(buffer)))
            if number:
                yield _arrived(waiting.pop(0))
        yield _arrived(waiting.pop(0))


def _view(tensor: Any) -> memoryview:
    return memoryview(tensor.numpy())


def _arrived(one: tuple[Any, memoryview]) -> memoryview:
    copied, view = one
    copied.synchronize()
    return view


def place(tensor: Any) -> tuple[Any, ...]:
    """Return what two tensors have in common exactly when they are the same numbers at the same place in memory."""
    shape = (tuple(tensor.shape), tensor.dtype)
    return (str(tensor.device), tensor.data_ptr(), tuple(tensor.stride()), *shape) if tensor.numel() else shape
