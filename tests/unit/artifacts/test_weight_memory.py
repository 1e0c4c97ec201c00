"""A model is written without a second copy of it in memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch")

# Written in a process that may take 256 MiB more than it has with the model: a copy of it would not fit.
SCRIPT = """
import resource, sys, tempfile
from pathlib import Path
import safetensors.torch, torch, transformers
from jupyter_utils.artifacts import writing

key, mebibytes = sys.argv[1], 288
def model(size):
    if key == "transformers":
        config = transformers.GPT2Config(vocab_size=16, n_embd=64, n_layer=1, n_head=1, n_positions=size * 4096)
        return transformers.GPT2LMHeadModel(config)
    return torch.nn.Linear(4096, size * 64, bias=False)

def write(made):
    with tempfile.TemporaryDirectory(dir=sys.argv[2]) as folder:
        planned, problems = writing.plan("model", {key: made})
        assert not problems, problems
        writing.write(planned[0], Path(folder))

write(model(20))  # what the first one needs anyhow
made = model(mebibytes)
size = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmSize" in line)
resource.setrlimit(resource.RLIMIT_AS, (size * 1024 + 256 * 2**20,) * 2)
try:
    bytearray(mebibytes * 2**20)
except MemoryError:
    pass
else:
    raise SystemExit("the limit does not hold")
write(made)
"""


@pytest.mark.parametrize(
    "key",
    [
        "m.pt",
        pytest.param("m.safetensors", marks=pytest.mark.full),
        pytest.param("transformers", marks=pytest.mark.full),
    ],
)
def test_a_model_as_large_as_what_is_left(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In torch's format, in safetensors', and as a directory of transformers."""
    folder = tmp_path_factory.mktemp("memory")
    # One pool of memory for all threads: else each reserves addresses that it does not use.
    environment = os.environ | {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, key, str(folder)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
