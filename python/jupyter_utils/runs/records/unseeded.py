"""What of a run nobody can have again: random numbers that have no seed, tokenizers that are others each time.

The generators are asked what they are now; nothing of them is replaced or called. NumPy's keeps the entropy that the
system gave it until a seed is set; torch's has a first seed of 64 random bits. Python's own tells nothing, so its state
is held against the one at the kernel's start, and a seed is looked for in the cells that ran.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_utils.kernels.cells import first_random_state, ran_cells

from .recorded import Recorded
from .seeds import last_fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TAG = "jupyter_utils.unseeded"
# A seed that a person gives is shorter: `fix_seeds` and NumPy take 32 bits.
_LONG_SEED = 2**32
_DRAWS = re.compile(r"(?<![\w.])random\.(random|shuffle|sample|choices?|randint|randrange|uniform|gauss|betavariate)\b")
_DRAWS_BY_NAME = re.compile(r"\bfrom\s+random\s+import\b")
_SEEDS = re.compile(r"seed|\bsetstate\b")
# Of the library tokenizers (0.22): both walk over hash tables in an order that is new in each process. BPE does not.
_TRAINERS = re.compile(r"\b((Unigram|WordPiece)Trainer|BertWordPieceTokenizer|SentencePieceUnigramTokenizer)\(")
_NEW_GENERATOR = re.compile(r"\bdefault_rng\(\s*(None\s*)?\)")


def record_unseeded() -> Recorded:
    """Return the tag that names these generators, and the sentence that a person needs; nothing where all is well."""
    names = [name for name, asked in _GENERATORS.items() if _is_so(asked)]
    return Recorded({TAG: ", ".join(names)}, tuple(_sentences(names))) if names else Recorded({})


def _sentences(names: list[str]) -> Iterator[str]:
    if drawn := [name for name in names if name != TOKENIZERS]:
        made = ", and default_rng(42) one that you make yourself." if _OWN in names else "."
        yield (
            f"Random numbers were drawn without a seed ({', '.join(drawn)}), so this run cannot give the same numbers "
            f"again: jupyter_utils.fix_seeds(42) in the first cell fixes them{made}"
        )
    if TOKENIZERS in names:
        yield (
            "A tokenizer was trained by UnigramTrainer or WordPieceTrainer, which give another one each time, whatever "
            "the seed: take BpeTrainer, or train it once, store it, and load it."
        )


def _is_so(asked: Callable[[], bool]) -> bool:
    with suppress(Exception):  # of a release that keeps its state in another way nothing is known
        return asked()
    return False


def _numpy() -> bool:
    """Tell whether NumPy's older generator still has the system's entropy, and has moved on from its beginning."""
    random = sys.modules.get("numpy.random")
    generator = random.get_bit_generator() if random else None
    if generator is None or generator.seed_seq is None:
        return False
    now, first = generator.state["state"], type(generator)(generator.seed_seq).state["state"]
    return bool(now["pos"] != first["pos"] or (now["key"] != first["key"]).any())


def _torch() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and any(_has_drawn(torch, generator) for generator in _torch_generators(torch))


def _torch_generators(torch: Any) -> Iterator[Any]:
    yield torch.default_generator
    if torch.cuda.is_initialized():
        yield from torch.cuda.default_generators


def _has_drawn(torch: Any, generator: Any) -> bool:
    seed = generator.initial_seed()
    if seed < _LONG_SEED:
        return False
    first = torch.Generator(device=generator.device).manual_seed(seed)
    return not torch.equal(first.get_state(), generator.get_state())


def _python() -> bool:
    """Tell whether the cells draw from `random`, which has moved on since the kernel's start, and none seeds it."""
    import random

    sources = [cell.source for cell in ran_cells()]
    draws = any(_DRAWS.search(one) or _DRAWS_BY_NAME.search(one) for one in sources)
    if not draws or last_fixed() or any(_SEEDS.search(one) for one in sources):
        return False
    return random.getstate() != first_random_state()


def _own() -> bool:
    return any(_NEW_GENERATOR.search(cell.source) for cell in ran_cells())


def _trained() -> bool:
    return any(_TRAINERS.search(cell.source) for cell in ran_cells())


_OWN = "default_rng()"
TOKENIZERS = "tokenizers"
"""The name under which a tokenizer is told that no seed brings back."""
_GENERATORS: Mapping[str, Callable[[], bool]] = {
    "random": _python,
    "numpy": _numpy,
    "torch": _torch,
    _OWN: _own,
    TOKENIZERS: _trained,
}
