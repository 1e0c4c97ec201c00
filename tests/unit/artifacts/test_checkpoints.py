"""Dicts, lists and tuples that hold tensors, tensors alone, and pickles: what was saved comes back, on any machine."""

from __future__ import annotations

import argparse
import pickle
import random
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.formats.tensors import read_checkpoint
from jupyter_utils.artifacts.registry import ANYWHERE, NotTrustedError
from jupyter_utils.artifacts.weights import files
from jupyter_utils.errors import StageError
from round_trips import round_trip

if TYPE_CHECKING:
    from collections.abc import Callable

TORCH_KEYS = ["ckpt.pt", "ckpt.pth", "last.ckpt", "pytorch_model.bin", "ckpt"]
DTYPES = [
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2),
    *(torch.int64, torch.int8, torch.uint8, torch.uint16, torch.bool, torch.complex64, torch.complex128),
]


def trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def checkpoint() -> dict[str, Any]:
    model, optimizer = trained()
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(1))
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 1).state_dict(),
        "scaler": scaler.state_dict(),
        "epoch": 3,
        "best": np.float64(0.25),
        "history": [np.float32(0.5), {"loss": np.arange(3.0)}],
        "random": (torch.get_rng_state(), np.random.get_state(), random.getstate()),  # noqa: NPY002
        "betas": (0.9, 0.999),
    }


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal in type, structure and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor):
        return (one.dtype, one.shape, one.stride(), one.requires_grad) == (
            *(other.dtype, other.shape, other.stride(), other.requires_grad),
        ) and bits(one) == bits(other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN


def bits(tensor: torch.Tensor) -> bytes:
    plain = tensor.detach().resolve_conj().clone(memory_format=torch.contiguous_format)
    return bytes(plain.untyped_storage())


@pytest.fixture(params=["small", "streamed"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files written by the libraries' own writers, or in a stream, whatever their size."""
    if request.param == "streamed":
        monkeypatch.setattr(files, "_SMALL", 0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("section", sorted(ANYWHERE))
@pytest.mark.parametrize("key", [*TORCH_KEYS, "ckpt.pkl", "ckpt.joblib"])
def test_a_checkpoint_comes_back(section: str, key: str) -> None:
    """State of model, optimizer, scheduler and scaler, random states, numpy's arrays and scalars: as they were."""
    value = checkpoint()
    assert same(round_trip(value, key, section), value)


@pytest.mark.parametrize("key", TORCH_KEYS)
def test_a_checkpoint_is_a_file_of_torch_that_needs_no_trust(key: str, tmp_path: Path) -> None:
    """Neither the reader nor torch itself runs code of the writer; the file has about the size of what is in it."""
    value = {"model": torch.nn.Linear(300, 300).state_dict(), "epoch": 3}
    stored = writing.write(writing.plan("result", {key: value})[0][0], tmp_path)
    file = tmp_path / stored.path
    assert same(torch.load(file, weights_only=True), value)
    assert file.stat().st_size < 300 * 301 * 4 + 4000
    assert same(read_checkpoint(file, {"trust": False}), value)
    assert not stored.warnings


@pytest.mark.parametrize("value", [{1: "x"}, {"a": {(1, 2): 3}}, trained()[1].state_dict(), [1, {2}]])
@pytest.mark.parametrize("key", ["x.pkl", "x.joblib", "x.pt"])
def test_what_json_cannot_hold_is_saved_under_the_name_that_its_message_advises(value: Any, key: str) -> None:
    """Integer keys, sets, the state of an optimizer: the suffix decides before anything else is looked at."""
    assert same(round_trip(value, key), value)


def test_a_suffix_decides_for_what_holds_no_tensors_and_for_what_does(tmp_path: Path) -> None:
    """A configuration named .pt is a file of torch; scalars of torch named .json are JSON."""
    written = {
        key: writing.write(writing.plan("result", {key: value})[0][0], tmp_path).format
        for key, value in {"c.pt": {"epoch": 3}, "m.json": {"loss": torch.tensor(0.5)}, "n": {"a": 1}}.items()
    }
    assert written == {"c.pt": "torch checkpoint", "m.json": "json", "n": "json"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"model": torch.nn.Linear(1, 1).state_dict(), "epoch": 3}, "name it .pt"),
        ([torch.ones(1)], "name it .pt"),
        (torch.ones(1), "name it .pt"),
        ({"a": (base := torch.zeros(4)), "b": base[1:]}, "'a' and 'b' share memory"),
        ({"a": torch.eye(2).to_sparse()}, r"sparse.* at \['a'\]"),
        ({"a": torch.ones(2, dtype=torch.complex128)}, r"complex128 at \['a'\]"),
        ({}, "name it .pt"),
    ],
)
def test_safetensors_holds_flat_dicts_of_tensors_only(value: Any, said: str) -> None:
    """Everything else is refused, with the name that works."""
    (problem,) = writing.plan("result", {"x.safetensors": value})[1]
    assert "result['x.safetensors']" in str(problem)
    with pytest.raises(type(problem), match=said):
        raise problem


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"net": torch.nn.Linear(1, 1), "x": torch.ones(1)}, r"Linear at \['net'\]: give its state_dict"),
        ({"o": [trained()[1]], "x": torch.ones(1)}, r"Adam at \['o'\]\[0\]: give its state_dict"),
        ({"x": {"y": torch.ones(2, device="meta")}}, r"\['x'\]\['y'\].*meta device"),
    ],
)
def test_what_cannot_come_back_is_refused_by_its_key(value: Any, said: str) -> None:
    """A module would need its code, a tensor without values has none."""
    (problem,) = writing.plan("result", {"c.pt": value})[1]
    with pytest.raises(type(problem), match=said):
        raise problem


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"f": lambda: 1, "x": torch.ones(1)}, "pickle"),
        ({"a": (base := torch.zeros(4)), "b": base.view(torch.int32)}, r"clone\(\)"),
    ],
)
def test_what_torch_cannot_save_is_named(value: Any, said: str, tmp_path: Path) -> None:
    """And nothing is left of it."""
    planned = writing.plan("result", {"c.pt": value})[0][0]
    with pytest.raises(StageError, match=said):
        writing.write(planned, tmp_path)
    assert not list((tmp_path / "result").iterdir())


def test_an_optimizer_is_refused_with_the_way() -> None:
    """It has no kind, but a state."""
    assert "Give its state_dict()" in str(writing.plan("result", {"o": trained()[1]})[1][0])


@dataclass
class Config:
    """As scripts have it."""

    lr: float = 0.1


@pytest.mark.parametrize("config", [argparse.Namespace(lr=0.1), Config(), Path("x")])
def test_a_configuration_that_needs_trust_is_kept_with_a_word(config: Any, tmp_path: Path) -> None:
    """The checkpoint is not lost for it: a warning names the type, and reading says what it needs."""
    value = {"model": torch.nn.Linear(1, 1).state_dict(), "args": config}
    stored = writing.write(writing.plan("result", {"c.pt": value})[0][0], tmp_path)
    assert type(config).__name__ in stored.warnings[0]
    assert "trust=True" in stored.warnings[0]
    with pytest.raises(NotTrustedError, match=type(config).__name__):
        read_checkpoint(tmp_path / stored.path, {"trust": False})
    assert same(read_checkpoint(tmp_path / stored.path, {"trust": True}), value)


@pytest.mark.parametrize("key", ["x.pt", "x.pkl", "x.joblib", "x"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_alone(dtype: torch.dtype, key: str) -> None:
    """Of every type, with gaps, conjugate, empty, and parameters."""
    base = torch.arange(12, dtype=torch.uint8).reshape(3, 4).to(dtype)
    values = [base, base.t(), base[1:, ::2], torch.empty(0, dtype=dtype), base[0, 0]]
    values += [base.conj()] if dtype.is_complex else []
    values += [torch.nn.Parameter(base)] if dtype in {torch.float32, torch.bfloat16} else []
    for value in values:
        assert same(round_trip(value, key, "result"), value)


def test_a_tensor_as_an_array() -> None:
    """It comes back as a tensor; a type that numpy does not have is refused."""
    value = torch.arange(6).reshape(2, 3)
    assert same(round_trip(value, "x.npy"), value)
    assert "bfloat16" in str(writing.plan("result", {"x.npy": value.bfloat16()})[1][0])


@pytest.mark.parametrize("key", ["x.pt", "x.pkl", "x.joblib"])
def test_views_stay_views(key: str) -> None:
    """What shares memory shares it afterwards; the rest of a storage comes along, as with torch's own."""
    base = torch.arange(6.0)
    back = round_trip({"base": base, "view": base[2:4], "again": base, "turned": base.reshape(2, 3).t()}, key)
    back["base"][2] = 9
    assert back["view"].tolist() == [9, 3]
    assert back["turned"][2, 0] == 9
    assert back["again"] is back["base"]


def test_safetensors_keeps_second_names_and_how_tensors_lie() -> None:
    """Tied weights come back tied, a tensor of channels last as such, in the order given; each is stored once."""
    image = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    weight = torch.ones(500)
    value = {"z": weight, "image": image, "a": weight, "猫": torch.ones(2, dtype=torch.float8_e4m3fn)}
    back = round_trip(value, "x.safetensors", "result")
    assert same(back, value)
    assert back["a"].data_ptr() == back["z"].data_ptr()


class Place:
    """Storages that say they are on a GPU, as a machine without one can have them; they count as such while alive."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: set[int] = set()
        self.waited: list[str] = []
        own = torch.UntypedStorage.device
        gpu = torch.device("cuda:1")
        here = property(lambda storage: gpu if storage._cdata in self.keys else own.__get__(storage))
        monkeypatch.setattr(torch.UntypedStorage, "device", here)
        monkeypatch.setattr(torch.cuda, "synchronize", lambda device=None: self.waited.append(str(device)))
        # Reading from a device is copying it into memory; here it is memory already.
        monkeypatch.setattr("jupyter_utils.artifacts.weights.storages._through_pinned", lambda flat: iter([view(flat)]))

    def put(self, tensor: torch.Tensor) -> torch.Tensor:
        self.keys.add(tensor.untyped_storage()._cdata)
        return tensor


def view(flat: torch.Tensor) -> memoryview:
    return memoryview(flat.numpy())


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(monkeypatch)


READERS: dict[str, Callable[[Path], Any]] = {
    "x.pt": lambda path: torch.load(path, weights_only=True),
    "x.pkl": lambda path: pickle.loads(path.read_bytes()),  # noqa: S301 - our own
    "x.joblib": joblib.load,
}


@pytest.mark.usefixtures("way")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("key", READERS)
def test_what_is_on_a_gpu_is_stored_as_if_it_were_not(
    key: str, gpu: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file names no GPU, the device's streams are waited for before it is read, and the caller's objects stay."""
    base = gpu.put(torch.arange(6.0))
    own = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *args, **more: own(*args, **more | {"device": "cpu"}))
    assert str(base.untyped_storage().device) == "cuda:1"
    value = {"w": base, "v": base[1:3]}
    stored = writing.write(writing.plan("result", {key: value})[0][0], tmp_path)
    assert set(gpu.waited) == {"cuda:1"}
    assert str(base.untyped_storage().device) == "cuda:1"
    gpu.keys.clear()
    assert b"cuda" not in (tmp_path / stored.path).read_bytes()
    back = READERS[key](tmp_path / stored.path)
    back["w"][1] = 9
    assert back["v"].tolist() == [9, 2]


# ---- whatever a checkpoint may hold ----

shapes = st.lists(st.integers(0, 3), max_size=3)


@st.composite
def pools(draw: st.DrawFn) -> list[torch.Tensor]:
    """Draw tensors of which some share memory."""
    made = [
        torch.arange(36, dtype=torch.uint8).to(draw(st.sampled_from(DTYPES)))[: draw(st.integers(0, 36))]
        for _ in range(draw(st.integers(1, 3)))
    ]
    views = [base[draw(st.integers(0, 2)) :: draw(st.integers(1, 3))] for base in made]
    turned = [base[: len(base) // 2 * 2].reshape(2, -1).t() for base in made]
    return [*made, *views, *turned]


def checkpoints(pool: list[torch.Tensor]) -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
    keys = st.text(max_size=3) | st.integers() | st.tuples(st.integers())
    arrays = st.sampled_from([np.arange(3), np.float32(0.5), np.int8(1), np.array(["a"]), np.bool_(True)])
    return st.recursive(
        plain | arrays | st.sampled_from(pool),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3) | st.tuples(inner, inner),
        max_leaves=10,
    )


@given(st.data(), st.sampled_from(["x.pt", "x.pkl", "x.joblib"]), st.sampled_from(sorted(ANYWHERE)), st.booleans())
def test_any_checkpoint(data: st.DataObject, key: str, section: str, streamed: bool) -> None:
    """Comes back with every type, key and bit, under any of the three arguments, and shares what it shared."""
    pool = data.draw(pools())
    value = {"tensors": pool, "rest": data.draw(checkpoints(pool))}
    with warnings.catch_warnings(), mock.patch.object(files, "_SMALL", 0 if streamed else files._SMALL):
        warnings.simplefilter("ignore")
        back = round_trip(value, key, section)
    assert same(back, value)
    storages = [tensor.untyped_storage().data_ptr() for tensor in pool]
    again = [tensor.untyped_storage().data_ptr() for tensor in back["tensors"]]
    assert [storages.index(one) for one in storages] == [again.index(one) for one in again]


@given(st.data(), st.booleans())
def test_any_state_dict_as_safetensors(data: st.DataObject, streamed: bool) -> None:
    """Comes back whole, or is refused with the name that holds it."""
    names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
    pool = data.draw(pools())
    value = data.draw(st.dictionaries(names, st.sampled_from(pool), max_size=5))
    problems = writing.plan("result", {"x.safetensors": value})[1]
    if problems:
        assert ".pt" in str(problems[0])
        return
    with mock.patch.object(files, "_SMALL", 0 if streamed else files._SMALL):
        assert same(round_trip(value, "x.safetensors", "result"), value)
