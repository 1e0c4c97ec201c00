"""What a run records of itself: a record that fails costs itself, and never the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.runs.records.recorded import Recorded, together

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("odd"), RecursionError("deep")])
def test_a_record_that_fails(error: Exception, tmp_path: Path) -> None:
    """Nothing half-made of it is left, the others are whole, and a tag and a warning say what failed."""
    folder = tmp_path / ARTIFACTS / "jupyter_utils"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")

    def failing() -> Recorded:
        (folder / "code" / "sub").mkdir(parents=True)
        (folder / "code" / "sub" / "half.py").write_text("x = ")
        raise error

    def working() -> Recorded:
        (folder / "machine.json").write_text("{}")
        return Recorded({"machine": "m"}, ("a word",))

    made = together({"code": failing, "machine": working}, tmp_path)
    assert made.tags.pop("machine") == "m"
    assert list(made.tags) == ["jupyter_utils.unrecorded"]
    assert str(error) in made.tags["jupyter_utils.unrecorded"]
    assert [str(error) in text for text in made.warnings] == [True, False]
    assert sorted(path.name for path in folder.rglob("*")) == ["machine.json", "manifest.json"]


def test_an_interrupt_is_no_failure(tmp_path: Path) -> None:
    """It is the user's wish."""
    (tmp_path / ARTIFACTS).mkdir()

    def stopped() -> Recorded:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        together({"code": stopped}, tmp_path)
