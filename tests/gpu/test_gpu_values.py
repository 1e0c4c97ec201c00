"""Values on a GPU: stored as they are at the call, read where there is none, without more memory on either side."""

from __future__ import annotations

import copy
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import stored_models
import torch
import torch.distributed as dist
import transformers
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.weights import files
from stored_models import same
from torch.distributed.fsdp import fully_shard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
READ = {
    "x.pt": "import torch; print(torch.load({path!r}, weights_only=True)['w'].sum().item())",
    "x.safetensors": "from safetensors.torch import load_file; print(load_file({path!r})['w'].sum().item())",
    "x.pkl": "import pickle; print(pickle.load(open({path!r}, 'rb'))['w'].sum().item())",
    "x.joblib": "import joblib; print(joblib.load({path!r})['w'].sum().item())",
}
SIZES = {"small": 1000, "large": 30_000_000}


@pytest.fixture(params=["small", "streamed"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files written by the libraries' own writers, or in a stream, whatever their size."""
    if request.param == "streamed":
        monkeypatch.setattr(files, "_SMALL", 0)


def store(value: Any, folder: Path, key: str = "m") -> tuple[Path, Any]:
    """Write a value; give where it is, and what is read."""
    stored, back = stored_models.store(value, folder, key, trust=True)
    return folder / stored.path, back


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("key", READ)
def test_read_where_there_is_no_gpu(key: str, size: int, tmp_path: Path) -> None:
    """By the libraries themselves, in a process that sees none; the caller's tensor stays where it is."""
    weight = torch.randint(0, 100, (size,), device="cuda", dtype=torch.int32)
    path, back = store({"w": weight}, tmp_path, key)
    assert torch.equal(back["w"], weight.cpu())
    assert back["w"].device.type == "cpu"
    assert weight.device.type == "cuda"
    done = subprocess.run(
        [sys.executable, "-c", READ[key].format(path=str(path))],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == int(weight.sum())


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("key", ["x.pt", "x.pkl", "x.joblib"])
def test_views_and_ties(key: str, tmp_path: Path) -> None:
    """What shares memory on the GPU shares it afterwards, and is stored once."""
    base = torch.arange(100_000.0, device="cuda")
    path, back = store({"a": base, "b": base[2:4], "c": base}, tmp_path, key)
    back["a"][2] = -1
    assert back["b"].tolist() == [-1, 3]
    assert path.stat().st_size < 500_000


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("key", READ)
def test_what_other_streams_still_write_is_waited_for(key: str, tmp_path: Path) -> None:
    """Else older values were stored."""
    weight = torch.zeros(1_000_000, device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(500_000_000)
        weight.fill_(1)
    _, back = store({"w": weight}, tmp_path, key)
    assert back["w"].min().item() == 1


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.complex64, torch.bool, torch.int64], ids=str
)
@pytest.mark.parametrize("key", ["x.pt", "x.safetensors"])
def test_types(dtype: torch.dtype, key: str, tmp_path: Path) -> None:
    """Come back bit for bit."""
    weight = torch.arange(12, device="cuda").reshape(3, 4).to(dtype)
    _, back = store({"w": weight, "t": weight.t().clone()}, tmp_path, key)
    assert torch.equal(back["w"].view(torch.uint8), weight.cpu().view(torch.uint8))


def test_memory(tmp_path: Path) -> None:
    """2 GiB take 256 MiB of memory beside it, and none of the GPU's."""
    weight = torch.ones(2**29, device="cuda")
    store({"w": torch.ones(5_000_000, device="cuda")}, tmp_path, "warm.pt")
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    used, resident = torch.cuda.memory_allocated(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    writing.write(writing.plan("model", {"x.pt": {"w": weight}})[0][0], tmp_path)
    writing.write(writing.plan("model", {"x.safetensors": {"w": weight}})[0][0], tmp_path)
    assert torch.cuda.max_memory_allocated() == used
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident < 256 * 1024


@pytest.mark.usefixtures("way")
def test_models(tmp_path: Path) -> None:
    """Of torch and transformers, compiled, with an adapter and tied."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).cuda()
    assert same(store(torch.compile(model), tmp_path, "m.pt")[1], model)
    assert same(store(torch.nn.DataParallel(model), tmp_path, "m.safetensors")[1], model)
    bert = transformers.BertForSequenceClassification(transformers.BertConfig(**SIZE)).cuda()
    assert same(store(bert, tmp_path, "bert")[1], bert)
    peft = pytest.importorskip("peft")
    bert.add_adapter(peft.LoraConfig(target_modules=["query"]))
    assert same(store(bert, tmp_path, "adapted")[1], bert)
    assert {one.device.type for one in bert.parameters()} == {"cuda"}


def test_an_optimizer_that_has_run(tmp_path: Path) -> None:
    """Its state, and that of a scaler, in a checkpoint."""
    model = torch.nn.Linear(3, 3).cuda()
    optimizer, scaler = torch.optim.AdamW(model.parameters(), fused=True), torch.amp.GradScaler("cuda")
    scaler.scale(model(torch.randn(2, 3, device="cuda")).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    value = {"optimizer": optimizer.state_dict(), "scaler": scaler.state_dict(), "random": torch.cuda.get_rng_state()}
    _, back = store(value, tmp_path, "c.pt")
    again = torch.optim.AdamW(model.parameters(), fused=True)
    again.load_state_dict(back["optimizer"])
    assert torch.equal(again.state[model.weight]["exp_avg"], optimizer.state[model.weight]["exp_avg"])
    assert back["scaler"] == value["scaler"]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """Be the one process of a distributed job."""
    dist.init_process_group("nccl", init_method=f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_fsdp2(tmp_path: Path) -> None:
    """A model that was sharded over this one GPU."""
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)).cuda()
    expected = copy.deepcopy(model.state_dict())
    fully_shard(model)
    assert same(store(model, tmp_path, "m.pt")[1], expected)
