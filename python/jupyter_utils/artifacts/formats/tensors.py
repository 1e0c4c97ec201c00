"""Tensors of torch: alone, by name (a module's state_dict, or one that is given), or anywhere in a checkpoint."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import CannotWriteError, Details, NotTrustedError, Written, dotted_name
from jupyter_utils.artifacts.weights.files import checkpoint_file, safetensors_file
from jupyter_utils.artifacts.weights.modules import own_class, state_of
from jupyter_utils.artifacts.weights.safetensors import SharedError, Untwinned, without_twins
from jupyter_utils.artifacts.weights.walk import is_state_dict, leaves, tensors
from jupyter_utils.artifacts.weights.whole import NotWholeError, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TYPES = ("builtins.dict", "builtins.list", "builtins.tuple")
"""What can hold tensors: these and what is derived from them."""
_SHOWN = 5
MAPPED = 16 * 2**20
"""Bytes from which on a file is mapped instead of read."""

# ---- checks, before anything is written ----


def check_module(value: Any) -> str | None:
    try:
        state_of(value)
    except NotWholeError as error:
        return str(error)
    return None


def check_checkpoint(value: Any) -> str | None:
    """Name what torch's format cannot hold, or cannot give back on a machine like any other."""
    try:
        for path, tensor in tensors(value):
            where = f"has a tensor at {path}, which " if path else ""
            whole(tensor)
    except NotWholeError as error:
        return f"{where}{error}"
    return next((_no_tensor(path, one) for path, one in leaves(value) if _no_tensor(path, one)), None)


def _no_tensor(path: str, one: Any) -> str | None:
    """Refuse what knows its own state: a pickle of it would hold the names of its code, not the code."""
    if type(one).__module__.partition(".")[0] != "builtins" and callable(getattr(one, "state_dict", None)):
        return f"has a {type(one).__module__}.{type(one).__qualname__} at {path}: give its state_dict() there"
    return None


def check_safetensors(value: Any) -> str | None:
    """Refuse what the format cannot hold: it is names and tensors, nothing else."""
    if not is_state_dict(value):
        return "is not a flat dict (name -> tensor), which is all that .safetensors holds: name it .pt"
    wrong = next((_not_safe(path, tensor) for path, tensor in tensors(value) if _not_safe(path, tensor)), None)
    if wrong:
        return wrong
    try:
        without_twins(value)
    except NotWholeError as error:
        return f"has a tensor that {error}"
    except SharedError as error:
        return str(error)
    return None


def _not_safe(path: str, tensor: Any) -> str | None:
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
        return f"has a sparse, quantized or nested tensor at {path}, which .safetensors cannot hold: name it .pt"
    if tensor.dtype in {torch.complex32, torch.complex128}:
        return f"has a tensor of {tensor.dtype} at {path}, which .safetensors does not know: name it .pt"
    return None


def check_module_safetensors(value: Any) -> str | None:
    return check_module(value) or check_safetensors(state_of(value))


# ---- torch's own format ----


def write_state_dict(value: Any, path: Path) -> Written:
    """Write the state of a module; it is read in place, and the module stays where it is."""
    return _write(state_of(value), path, value)


def write_checkpoint(value: Any, path: Path) -> Written:
    """Write anything that holds tensors as `torch.save` would of the same on the CPU, each storage once."""
    return _write(value, path, value)


def _write(value: Any, path: Path, given: Any) -> Written:
    try:
        checkpoint_file(value, path)
    except (pickle.PicklingError, TypeError, AttributeError, NotWholeError) as error:
        raise CannotWriteError(f"torch cannot save it: {error}") from error
    except RuntimeError as error:
        if "as different types" not in str(error):
            raise
        raise CannotWriteError("two tensors in it are one memory seen as different types: clone() one") from error
    unsafe = [] if _is_plain(value) else _unsafe(path)
    return Written(_class(given) | ({"unsafe": unsafe} if unsafe else {}), warnings=_unsafe_warning(unsafe))


def _is_plain(value: Any) -> bool:
    """Tell whether a value is a state dict of nothing but tensors, which is harmless without looking into the file."""
    import torch

    kinds = {dict, OrderedDict, torch.Tensor, torch.nn.Parameter}
    return (
        is_state_dict(value)
        and {type(value), *map(type, value.values())} <= kinds
        and not any(map(vars, value.values()))
    )


def _class(value: Any) -> Details:
    return {"class": dotted_name(own_class(value))}


def _unsafe_warning(unsafe: list[str]) -> tuple[str, ...]:
    if not unsafe:
        return ()
    named = ", ".join(unsafe[:_SHOWN]) + (", ..." if len(unsafe) > _SHOWN else "")
    warning = (
        f"holds {named}, which torch.load(weights_only=True) does not read: load_mlflow gives it back with trust=True "
        "only. As dicts, numbers, texts and tensors (vars(), dataclasses.asdict()) it needs no trust."
    )
    return (warning,)


def _unsafe(path: Path) -> list[str]:
    """List the types in a checkpoint that are not known to be harmless."""
    import torch

    with _harmless():
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))


@contextmanager
def _harmless() -> Iterator[None]:
    """Let torch's reader make arrays and scalars of numpy, too, which are data and nothing else."""
    import numpy as np
    import torch
    from numpy._core.multiarray import _reconstruct, scalar

    dtypes = [getattr(np.dtypes, name) for name in np.dtypes.__all__]
    # Under the names that they had before numpy 2 as well: the file may be of an older machine.
    old = [(_reconstruct, "numpy.core.multiarray._reconstruct"), (scalar, "numpy.core.multiarray.scalar")]
    with torch.serialization.safe_globals([_reconstruct, scalar, np.ndarray, np.dtype, *dtypes, *old]):
        yield


def read_checkpoint(path: Path, details: Details) -> Any:
    """Load on the CPU, or on the `device` that the caller names; what torch does not know to be harmless, with `trust`.

    Large files are mapped into memory: a tensor is read when it is used first.
    """
    import torch

    where: dict[str, Any] = {
        "map_location": details.get("device") or "cpu",
        "mmap": path.stat().st_size >= MAPPED and zipfile.is_zipfile(path),
    }
    try:
        with _harmless():
            return torch.load(path, weights_only=True, **where)
    except pickle.UnpicklingError:
        unsafe = _unsafe(path)
        if not details.get("trust"):
            raise NotTrustedError(
                f"it holds {', '.join(unsafe) or 'what torch does not know to be harmless'}"
            ) from None
    return torch.load(path, weights_only=False, **where)


# ---- safetensors ----


def write_module_safetensors(value: Any, path: Path) -> Written:
    return _write_safetensors(state_of(value), path, value)


def write_safetensors(value: Any, path: Path) -> Written:
    return _write_safetensors(value, path, value)


def _write_safetensors(state: dict[str, Any], path: Path, given: Any) -> Written:
    """Write each tensor once; its further names go into the header, as `safetensors.torch.save_model` has it."""
    untwinned = without_twins(state)
    safetensors_file(untwinned.tensors, path, {"format": "pt"} | untwinned.twins)
    return Written(_class(given) | _kept_beside(state, untwinned))


def _kept_beside(state: dict[str, Any], untwinned: Untwinned) -> Details:
    """Note what the file does not say: the order and further names, and how tensors lie in memory."""
    import torch

    strides = {
        name: list(one.stride())
        for name, one in untwinned.tensors.items()
        if one.stride() != torch.empty(one.shape, device="meta").stride()
    }
    details: Details = {"names": list(state)}
    return details | ({"twins": untwinned.twins} if untwinned.twins else {}) | ({"strides": strides} if strides else {})


def read_safetensors(path: Path, details: Details) -> Any:
    import torch
    from safetensors.torch import load_file

    found = load_file(path, device=str(details.get("device") or "cpu"))
    for name, stride in details.get("strides", {}).items():
        plain = found[name]
        found[name] = torch.empty_strided(plain.shape, stride, dtype=plain.dtype, device=plain.device).copy_(plain)
    found |= {name: found[kept] for name, kept in details.get("twins", {}).items()}
    return {name: found[name] for name in details.get("names", found)}


# ---- a tensor as an array ----


def check_array(value: Any) -> str | None:
    import torch

    if not isinstance(value, torch.Tensor):
        return "is not a tensor, but .npy holds one array: name it .pt"
    try:
        whole(value)
        torch.empty(0, dtype=value.dtype).numpy()
    except NotWholeError as error:
        return str(error)
    except TypeError:
        return f"is of {value.dtype}, which numpy does not know: name it .pt"
    return None


def write_array(value: Any, path: Path) -> Written:
    import numpy as np

    with path.open("wb") as file:
        np.save(file, whole(value).detach().cpu().resolve_conj().resolve_neg().numpy(), allow_pickle=False)
    return Written({"dtype": str(value.dtype), "shape": list(value.shape)})


def read_array(path: Path, details: Details) -> Any:
    import numpy as np
    import torch

    return torch.from_numpy(np.load(path, allow_pickle=False)).to(details.get("device") or "cpu")
