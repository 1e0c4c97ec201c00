"""Random numbers that are the same each time, in whichever order things are imported, and the record of it."""

from __future__ import annotations

import json
import subprocess
import sys

import jupyter_utils
import pytest
from calling import env
from jupyter_utils.errors import JupyterUtilsError, SeedError

DRAW = (
    "import json, random, numpy, torch; print(json.dumps([random.random(), numpy.random.rand(), float(torch.rand(1))]))"
)
FIX = "import jupyter_utils; jupyter_utils.fix_seeds({seed}{more})"


def run(*lines: str, **settings: str) -> str:
    """Give what a new Python prints; in one process everything would be imported already."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)],
        env=env(**settings),
        text=True,
        capture_output=True,
        check=True,
    ).stdout


def test_the_same_numbers_before_and_after_the_imports() -> None:
    """A library that comes later gets its seed when it comes; another seed gives other numbers."""
    before = run(FIX.format(seed=7, more=""), DRAW)
    after = run("import random, numpy, torch", FIX.format(seed=7, more=""), DRAW)
    other = run(FIX.format(seed=8, more=""), DRAW)
    assert before == after
    assert all(a != b for a, b in zip(json.loads(before), json.loads(other), strict=True))


def test_the_last_seed_counts_for_what_comes_later() -> None:
    """As in a notebook whose first cell is run again with another seed."""
    assert run(FIX.format(seed=7, more=""), FIX.format(seed=8, more=""), DRAW) == run(FIX.format(seed=8, more=""), DRAW)


def test_nothing_is_imported_for_it() -> None:
    """A notebook without torch does not wait for torch."""
    show = "import sys; print([name for name in ('numpy', 'torch', 'mlflow', 'pandas') if name in sys.modules])"
    assert run(FIX.format(seed=1, more=""), show) == "[]\n"


@pytest.mark.parametrize("first", ["", "import torch"])
def test_deterministic_holds_torch_to_one_way(first: str) -> None:
    """And lets go of it again where a later call does not want it."""
    ask = "import os, torch; print(torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic)"
    workspace = "print(os.environ['CUBLAS_WORKSPACE_CONFIG'])"
    on = FIX.format(seed=1, more=", deterministic=True")
    said = run(first, on, ask, workspace, FIX.format(seed=1, more=""), ask)
    assert said == "True True\n:4096:8\nFalse False\n"


def test_a_choice_of_ones_own_is_left_alone() -> None:
    """Without `deterministic`, and with no earlier call, torch's switches stay as the notebook has set them."""
    said = run(
        "import torch; torch.use_deterministic_algorithms(True)",
        FIX.format(seed=1, more=""),
        "print(torch.are_deterministic_algorithms_enabled())",
    )
    assert said == "True\n"


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "42", None, True, float("nan")])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    """In one line that says what is one; the numbers go on as they were."""
    import random

    random.seed(3)
    expected = random.Random(3).random()
    with pytest.raises(SeedError, match=r"seed=.*0 to 4294967295") as refused:
        jupyter_utils.fix_seeds(seed)  # type: ignore[arg-type]
    assert isinstance(refused.value, JupyterUtilsError)
    assert isinstance(refused.value, ValueError)
    assert random.random() == expected


def test_numpy_integers_are_seeds() -> None:
    """A seed often comes out of a table of them."""
    said = run("import numpy", FIX.format(seed="numpy.int64(7)", more=""), DRAW)
    assert said == run(FIX.format(seed=7, more=""), DRAW)


RECORD = "from jupyter_utils.runs.records.seeds import last_fixed; print(last_fixed())"


def test_what_was_fixed_is_known() -> None:
    """The seed, the libraries that have it, and what a running Python cannot fix any more."""
    said = run(FIX.format(seed=7, more=""), "import numpy", RECORD, PYTHONHASHSEED="random")
    assert said == ("Fixed(seed=7, deterministic=False, seeded=['random', 'numpy'], left=['PYTHONHASHSEED'])\n")
    assert "left=[]" in run(FIX.format(seed=7, more=""), RECORD, PYTHONHASHSEED="0")
    assert run(RECORD) == "None\n"
