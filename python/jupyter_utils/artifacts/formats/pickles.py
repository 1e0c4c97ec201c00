"""Pickles, for what no other format holds: reading one runs code of whoever wrote it.

Tensors of torch are written as they are on the CPU, from wherever they live: a pickle that names a GPU could only be
read where there is one. Tensors that share memory share it afterwards.
"""

from __future__ import annotations

import functools
import pickle
import sys
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, Written
from jupyter_utils.artifacts.weights.storages import pieces, synchronize
from jupyter_utils.artifacts.weights.whole import NotWholeError, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ERRORS = (pickle.PicklingError, TypeError, AttributeError, NotWholeError)
_PROTOCOL = 5


def write_pickle(value: Any, path: Path) -> Written:
    try:
        with path.open("wb") as file:
            _Pickler(file, protocol=_PROTOCOL).dump(value)
    except _ERRORS as error:
        raise CannotWriteError(f"cannot be pickled: {error}") from error
    return Written()


def read_pickle(path: Path, _: Details) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - the caller has said trust=True


def write_joblib(value: Any, path: Path) -> Written:
    try:
        with path.open("wb") as file:
            _joblib_pickler()(file, protocol=_PROTOCOL).dump(value)
    except _ERRORS as error:
        raise CannotWriteError(f"cannot be pickled: {error}") from error
    return Written()


def read_joblib(path: Path, _: Details) -> Any:
    import joblib

    return joblib.load(path)


class _OnTheCpu:
    """Reduces tensors to what is loaded on any machine, each storage once.

    Torch makes a new object of its storage for every tensor, and pickle would write it as often: here there is one
    object for a storage, which pickle then knows again.
    """

    def reducer_override(self, obj: Any) -> Any:
        torch = sys.modules.get("torch")
        if torch is None or not isinstance(obj, torch.Tensor | torch.UntypedStorage | torch.TypedStorage):
            return NotImplemented
        if isinstance(obj, torch.UntypedStorage):
            return _reduce_storage(obj)
        if isinstance(obj, torch.TypedStorage):
            return _typed(self._one(obj._untyped_storage), obj.dtype), ()  # noqa: SLF001
        make, arguments, *rest = whole(obj).__reduce_ex__(_PROTOCOL)
        return (make, tuple(self._replaced(one) for one in arguments), *rest)

    def _replaced(self, argument: Any) -> Any:
        """Wrap the storages of newer types, for whose tensors torch hands out bare ones and expects wrapped ones."""
        import torch

        if isinstance(argument, torch.UntypedStorage):
            return _typed(argument, torch.uint8)()
        return tuple(map(self._replaced, argument)) if type(argument) is tuple else argument

    def _one(self, storage: Any) -> Any:
        storages = self.__dict__.setdefault("_storages", {})
        return storages.setdefault(storage._cdata, storage)  # noqa: SLF001 - torch.save tells storages apart by it


class _Pickler(_OnTheCpu, pickle.Pickler):
    pass


@functools.cache
def _joblib_pickler() -> Callable[..., Any]:
    from joblib.numpy_pickle import NumpyPickler

    return type("Pickler", (_OnTheCpu, NumpyPickler), {})


def _typed(storage: Any, dtype: Any) -> functools.partial[Any]:
    """Return the call that makes of a storage what tensors are rebuilt from."""
    import torch

    return functools.partial(torch.TypedStorage, wrap_storage=storage, dtype=dtype, _internal=True)


def _reduce_storage(storage: Any) -> tuple[Any, ...]:
    """Reduce a storage to its bytes; torch's own way writes where it lived."""
    import torch

    if not storage.nbytes():
        return torch.UntypedStorage, (0,)
    synchronize([storage.device])
    if storage.device.type == "cpu":
        content: Any = pickle.PickleBuffer(next(pieces(storage)))
    else:
        content = bytearray()
        for piece in pieces(storage):
            content += piece
    return functools.partial(torch.UntypedStorage.from_buffer, dtype=torch.uint8, byte_order="native"), (content,)
