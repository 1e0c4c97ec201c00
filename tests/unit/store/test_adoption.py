"""Artifacts of an old store on their way into a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.store.import_file_store import ImportedStore, _Adoption

if TYPE_CHECKING:
    from pathlib import Path


def test_a_failed_import_takes_its_copies_back(tmp_path: Path) -> None:
    """And nothing else: neither the old files, nor what others have put into the new folder."""
    old, new = tmp_path / "0" / "run" / "artifacts", tmp_path / "artifacts"
    for file in (old / "model", new / "0" / "other" / "note"):
        file.parent.mkdir(parents=True)
        file.write_text("whole")
    adoption = _Adoption(tmp_path, new, ImportedStore(tmp_path / "mlflow.db"))
    assert (
        adoption.adopt("run", "/opt/mlflow/0/run/artifacts", "0/run/artifacts") == "mlflow-artifacts:/0/run/artifacts"
    )
    assert (new / "0/run/artifacts/model").read_text() == "whole"
    adoption.undo()
    assert (old / "model").read_text() == "whole"
    assert [path for path in new.rglob("*") if path.is_file()] == [new / "0" / "other" / "note"]
    assert not (new / "0" / "run").exists()
