"""Random numbers that nobody can have again: seen in the generators themselves, and in nothing that is seeded."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from calling import env
from jupyter_utils.kernels import cells
from jupyter_utils.kernels.cells import Ran
from jupyter_utils.runs.records import unseeded

# Cell -> what is named. All begin with the libraries imported, and their generators as the system has seeded them.
CELLS = {
    "numpy.random.rand()": "numpy",
    "numpy.random.shuffle([1, 2])": "numpy",
    "numpy.random.seed(1); numpy.random.rand()": "",
    "numpy.random.seed(1); numpy.random.set_state(numpy.random.get_state())": "",
    "numpy.random.default_rng(3).random()": "",
    "numpy.random.RandomState(3).rand()": "",
    "": "",
    "torch.rand(1)": "torch",
    "torch.nn.Linear(2, 2)": "torch",
    "torch.manual_seed(1); torch.rand(1)": "",
    "torch.rand(1, generator=torch.Generator().manual_seed(1))": "",
    "torch.rand(1); numpy.random.rand()": "numpy, torch",
    "jupyter_utils.fix_seeds(1); torch.rand(1); numpy.random.rand()": "",
    "transformers.set_seed(1); torch.rand(1); numpy.random.rand()": "",
    "sklearn.utils.shuffle([1, 2, 3])": "numpy",
    "sklearn.utils.shuffle([1, 2, 3], random_state=1)": "",
    "random.random()": "",
}
EACH = """
import json, os, random, sys
import datasets, jupyter_utils, lightgbm, matplotlib.pyplot, numpy, pandas, sklearn.utils, torch, transformers
from jupyter_utils.runs.records.unseeded import record_unseeded
for cell in json.load(sys.stdin):
    if os.fork() == 0:
        exec(cell)
        print(json.dumps([cell, *record_unseeded().tags.values()]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_generators_of_the_libraries() -> None:
    """What was drawn from the system's entropy is named; what has a seed, or was not drawn from, is not."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", EACH],
        input=json.dumps(list(CELLS)),
        env=env(),
        text=True,
        capture_output=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {cell: "".join(names) for cell, *names in found} == CELLS


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["import random", "random.shuffle(rows)"], "random"),
        (["from random import sample"], "random"),
        (["import random; random.seed(1)", "random.shuffle(rows)"], ""),
        (["set_seed(42)", "random.shuffle(rows)"], ""),
        (["np.random.choice(3)", "rows.random.sample()"], ""),
        (["rng = np.random.default_rng()"], "default_rng()"),
        (["rng = default_rng( None )"], "default_rng()"),
        (["rng = np.random.default_rng(42)"], ""),
        (["pieces.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=9))"], "tokenizers"),
        (["from tokenizers import trainers as t", "t.WordPieceTrainer(vocab_size=9)"], "tokenizers"),
        (["tokenizer = BertWordPieceTokenizer()"], "tokenizers"),
        (["pieces.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=9))"], ""),
    ],
)
def test_what_only_the_cells_tell(sources: list[str], names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own generator keeps no seed, and one that a cell makes is anywhere."""
    ran = tuple(Ran(number, None, source) for number, source in enumerate(sources, 1))
    monkeypatch.setattr(unseeded, "ran_cells", lambda: ran)
    monkeypatch.setattr(unseeded, "_numpy", lambda: False)
    before = random.getstate()
    monkeypatch.setattr(unseeded, "first_random_state", lambda: before)
    monkeypatch.setattr(unseeded, "last_fixed", lambda: None)
    random.random()
    found = {name for name in ("random", "default_rng()", "tokenizers") if unseeded._GENERATORS[name]()}
    assert found == ({names} if names else set())


def test_a_script_has_no_first_state() -> None:
    """Nothing is guessed there."""
    assert cells.first_random_state() is None


def test_a_generator_of_another_release_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the asking is no word about the run."""
    monkeypatch.setattr(unseeded, "_GENERATORS", {"numpy": lambda: 1 / 0})
    assert unseeded.record_unseeded().tags == {}
