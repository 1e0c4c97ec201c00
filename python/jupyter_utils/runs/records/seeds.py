"""`fix_seeds`: the random numbers of a notebook, the same each time; and what was fixed, for the run's record."""

from __future__ import annotations

import operator
import os
import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wrapt import register_post_import_hook

from jupyter_utils.errors import SeedError
from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# NumPy's older generator takes 32 bits; the others take more.
_BOUND = 2**32
# cuBLAS sums in a fixed order only with one of these: "Results Reproducibility" in its documentation.
_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_WORKSPACES = (":4096:8", ":16:8")


@dataclass
class Fixed:
    """What the last call of `fix_seeds` asked for, the libraries that have it, and what could not be fixed."""

    seed: int
    deterministic: bool
    seeded: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


_last: Fixed | None = None
_watched = False


def fix_seeds(seed: int, deterministic: bool = False) -> None:
    """Fix the random numbers of `random`, NumPy and torch (CPU and every GPU), and record that with every later run.

    A library that is not imported yet gets its seed when it is: this call imports none. transformers, datasets,
    accelerate and scikit-learn draw from these three. Generators that a notebook makes itself
    (`numpy.random.default_rng()`, `torch.Generator()`) take their seed where they are made.

    The order of a `set` of texts is Python's own random choice, which is made before a notebook can say anything:
    the lab's kernels have it fixed (`PYTHONHASHSEED=0`); for a script, set that where it is started.

    Args:
        seed: a whole number from 0 to 4294967295 (32 bits, as NumPy's older generator takes).
        deterministic: whether torch is also to compute in the same way each time: `use_deterministic_algorithms`
            (operations that have no such way raise RuntimeError then), cuDNN without its search for the fastest
            algorithm, cuBLAS with a fixed workspace. Slower on a GPU; without effect on most of what runs on a CPU.
            False gives torch its usual ways back, where an earlier call took them.

    Raises:
        SeedError: `seed` is no such number; nothing was changed.

    Example::

        jupyter_utils.fix_seeds(42)
    """
    global _last, _watched  # noqa: PLW0603 - a process has one state of its generators
    before, _last = _last, Fixed(_checked(seed), bool(deterministic))
    random.seed(_last.seed)
    _last.seeded.append("random")
    if deterministic:
        _fix_workspace(_last)
    if sys.flags.hash_randomization and not given("PYTHONHASHSEED").isdigit():
        _last.left.append("PYTHONHASHSEED")
    for name, fix in _LIBRARIES.items():
        if name in sys.modules:
            fix(sys.modules[name], _last, bool(before and before.deterministic))
        elif not _watched:
            register_post_import_hook(_when_imported(fix), name)
    _watched = True


def last_fixed() -> Fixed | None:
    """Return what was fixed last in this process; None if nothing was."""
    return _last


def _checked(seed: Any) -> int:
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < _BOUND:
        raise SeedError(
            f"seed={seed!r}: a seed is a whole number from 0 to {_BOUND - 1}, e.g. fix_seeds(42). Nothing was changed."
        )
    return number


def _when_imported(fix: Callable[[ModuleType, Fixed, bool], None]) -> Callable[[ModuleType], None]:
    def seed(module: ModuleType) -> None:
        if _last:
            fix(module, _last, False)

    return seed


def _fix_numpy(numpy: Any, fixed: Fixed, _was: bool) -> None:
    numpy.random.seed(fixed.seed)
    fixed.seeded.append("numpy")


def _fix_torch(torch: Any, fixed: Fixed, was: bool) -> None:
    torch.manual_seed(fixed.seed)
    fixed.seeded.append("torch")
    if fixed.deterministic or was:
        torch.use_deterministic_algorithms(fixed.deterministic)
        torch.backends.cudnn.deterministic = fixed.deterministic
    if fixed.deterministic:
        torch.backends.cudnn.benchmark = False


def _fix_workspace(fixed: Fixed) -> None:
    """Set what CUDA's libraries read once, when they start."""
    torch = sys.modules.get("torch")
    if given(_WORKSPACE) not in _WORKSPACES:
        if torch is not None and torch.cuda.is_initialized():
            fixed.left.append(_WORKSPACE)
        os.environ[_WORKSPACE] = _WORKSPACES[0]
    os.environ.setdefault("FLASH_ATTENTION_DETERMINISTIC", "1")


_LIBRARIES = {"numpy": _fix_numpy, "torch": _fix_torch}
