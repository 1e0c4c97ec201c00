"""A module's own tensors under the names of its own class, whatever it is wrapped in and wherever its weights lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.registry import dotted_name

from .whole import NotWholeError, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WRAPPERS = {
    "torch._dynamo.eval_frame.OptimizedModule": "_orig_mod",
    "torch.nn.parallel.data_parallel.DataParallel": "module",
    "torch.nn.parallel.distributed.DistributedDataParallel": "module",
    "deepspeed.runtime.engine.DeepSpeedEngine": "module",
}
"""Classes that run another module, and the name under which they hold it: `torch.compile`, DataParallel, DDP."""
_FSDP1 = "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel"
_FSDP2 = "torch.distributed.fsdp.FSDPModule"


def unwrapped(value: Any) -> Any:
    """Return the model inside of `torch.compile`, DataParallel and DistributedDataParallel; all else as it is."""
    while (name := _inner_name(value)) is not None:
        value = getattr(value, name)
    return value


def _inner_name(value: Any) -> str | None:
    return next((_WRAPPERS[name] for name in map(dotted_name, type(value).__mro__) if name in _WRAPPERS), None)


def own_class(value: Any) -> type:
    """Return the class as which a value was made: `fully_shard` (FSDP2) puts one of its own in front."""
    classes = type(value).__mro__
    names = [dotted_name(cls) for cls in classes]
    return classes[names.index(_FSDP2) + 1] if _FSDP2 in names[:2] else classes[0]


def state_of(module: Any) -> Any:
    """Return a module's `state_dict()` as its own class would load it, of whole tensors that share what they shared.

    The prefixes of wrappers are left out, also of those around parts of it, and weights that accelerate has offloaded
    are taken from where they lie (a memory map, for those on disk).

    Raises:
        NotWholeError: a tensor's values are not all here; names it.
    """
    if dotted_name(type(module)) == _FSDP1 and module.process_group.size() > 1:
        raise NotWholeError(
            "is sharded by FSDP: gather its state_dict on every process (torch.distributed.checkpoint.state_dict."
            "get_model_state_dict with full_state_dict=True), and give that"
        )
    state = module.state_dict()
    marks = list(_marks(module))
    offloaded = _offloaded(module)
    for name in list(state):
        state[_clean(name, marks)] = _found(name, state.pop(name), offloaded)
    metadata = getattr(state, "_metadata", None)
    if metadata is not None and marks:
        cleaned = {_clean(f"{name}.", marks).removesuffix("."): one for name, one in metadata.items()}
        state._metadata = type(metadata)(cleaned)  # noqa: SLF001 - torch's own load_state_dict reads it
    return state


def _marks(module: Any) -> Iterator[str]:
    """Name the wrappers around parts of a module, the innermost first: `layer._orig_mod.`."""
    found = [(name, inner) for name, one in module.named_modules() if (inner := _inner_name(one)) is not None]
    yield from (f"{name}.{inner}." if name else f"{inner}." for name, inner in reversed(found))


def _clean(name: str, marks: list[str]) -> str:
    for mark in marks:
        if name.startswith(mark):
            outer = mark.removesuffix(".").rpartition(".")[0]
            name = (f"{outer}." if outer else "") + name.removeprefix(mark)
    return name


def _found(name: str, value: Any, offloaded: Mapping[str, Any]) -> Any:
    if not hasattr(value, "detach"):  # what get_extra_state gave
        return value
    try:
        return whole(offloaded[name]() if value.device.type == "meta" and name in offloaded else value)
    except NotWholeError as error:
        raise NotWholeError(f"has the weight {name!r}, which {error}") from None


def _offloaded(module: Any) -> dict[str, Any]:
    """Say for each weight that accelerate has offloaded how to get it (`accelerate.hooks.AlignDevicesHook`)."""
    found: dict[str, Any] = {}
    for prefix, one in module.named_modules():
        for hook in _hooks(getattr(one, "_hf_hook", None)):
            weights = getattr(hook, "weights_map", None)
            if weights is None:
                continue
            for name, _ in _tensors_of(one):
                found[f"{prefix}.{name}" if prefix else name] = _Taken(weights, name)
    return found


def _hooks(hook: Any) -> list[Any]:
    return list(getattr(hook, "hooks", [hook]))


def _tensors_of(module: Any) -> Iterator[tuple[str, Any]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


class _Taken:
    """One offloaded weight, taken from where accelerate keeps it when it is asked for."""

    def __init__(self, weights: Mapping[str, Any], name: str) -> None:
        self._weights, self._name = weights, name

    def __call__(self) -> Any:
        return self._weights[self._name]
