"""Files of weights: small ones by the libraries themselves, large ones in a stream that is hashed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_utils.entries.digesting import DigestingFile

from .frame import save_small, write_checkpoint
from .safetensors import as_written, write_safetensors
from .storages import synchronize
from .walk import tensors as tensors_in
from .whole import whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SMALL = 16 * 2**20
"""Bytes below which the libraries' own writers are faster, although the file is read again to be hashed."""


def checkpoint_file(value: Any, path: Path) -> None:
    """Write what `torch.save(value)` would, as if all of it lived on the CPU."""
    storages = {one.untyped_storage()._cdata: one.untyped_storage() for one in _plain(value)}  # noqa: SLF001
    if sum(storage.nbytes() for storage in storages.values()) < _SMALL:
        save_small(value, path)
        return
    with DigestingFile(path) as file:
        write_checkpoint(value, file.write)


def _plain(value: Any) -> list[Any]:
    import torch

    return [whole(one) for _, one in tensors_in(value) if one.layout == torch.strided and not one.is_nested]


def safetensors_file(tensors: Mapping[str, Any], path: Path, metadata: Mapping[str, str] | None) -> None:
    """Write what `safetensors.torch.save_file` would of tensors that share no memory; gaps are left out."""
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) < _SMALL:
        from safetensors.torch import save_file

        synchronize(tensor.device for tensor in tensors.values())
        save_file({name: as_written(one) for name, one in tensors.items()}, path, dict(metadata) if metadata else None)
        return
    with DigestingFile(path) as file:
        write_safetensors(tensors, file.write, metadata)
