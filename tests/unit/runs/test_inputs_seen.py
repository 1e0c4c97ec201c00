"""Every usual way of reading a file is seen: one process reads them all, and its record is looked at."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupyter_utils
import pytest
from reading import IMPORTS, WAYS, make

RECORD = """
from types import SimpleNamespace as _Space
from jupyter_utils.runs.records.inputs import record_inputs as _record
_call = _Space(notebook=None, spool=_Space(path=Path("spool").absolute()), uri="http://localhost")
print("RECORDED", *_record(_call, Path("entry")).tags.values())
"""


def run(folder: Path, code: str, **settings: str) -> tuple[dict[str, Any], str]:
    """Run a script there; what it has recorded, and what it has printed."""
    (folder / "work.py").write_text(code + RECORD)
    (folder / ".git").mkdir(exist_ok=True)
    environment = os.environ | {
        "PYTHONPATH": str(Path(jupyter_utils.__file__).parents[1]),
        "JUPYTER_UTILS_RECORD_INPUTS": "on",
        "HOME": str(folder / "home"),
        "HF_HOME": str(folder / "home" / ".cache" / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "work.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert "RECORDED" in done.stdout, done.stderr
    record = json.loads((folder / "entry/artifacts/jupyter_utils/inputs.json").read_text(encoding="utf-8"))
    return record, done.stdout + done.stderr


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """Read everything once; a way that fails is said by the process."""
    folder = tmp_path_factory.mktemp("reading")
    make(folder)
    lines = "\n".join(
        f"try:\n    {way.code}\nexcept Exception as error:\n    print('FAILED', {name!r}, repr(error))"
        for name, way in WAYS.items()
    )
    cached = f"{IMPORTS}\n{WAYS['load_dataset cached'].code}"
    run(folder, cached)
    record, shown = run(folder, f"import jupyter_utils\n{IMPORTS}\n{lines}")
    return folder, record, shown


@pytest.mark.parametrize("way", WAYS)
def test_way_of_reading_is_seen(read: tuple[Path, dict[str, Any], str], way: str) -> None:
    """With size and digest of the file's content, and its path relative to the repository."""
    folder, record, shown = read
    assert f"FAILED {way}" not in shown.replace("'", ""), shown
    found = {file["path"]: file for file in record["files"]}
    for name in WAYS[way].files:
        path = folder / "data" / name
        assert f"data/{name}" in found
        assert found[f"data/{name}"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert found[f"data/{name}"]["size"] == path.stat().st_size
        assert found[f"data/{name}"]["on_disk"] == os.path.realpath(path)
        assert not found[f"data/{name}"]["changed"]


def test_nothing_else_is_an_input(read: tuple[Path, dict[str, Any], str]) -> None:
    """No file of system, environment, caches; no script; nothing that the process or its children wrote."""
    _, record, _ = read
    expected = {f"data/{name}" for way in WAYS.values() for name in way.files}
    assert {file["path"] for file in record["files"]} - expected == set()


def test_what_is_not_known_is_said(read: tuple[Path, dict[str, Any], str]) -> None:
    """Children may have read more, and so may the script before it imported this package."""
    _, record, shown = read
    assert not record["complete"]
    assert any("children may have read more" in why and "unzip" in why for why in record["partial"])
    assert any("before `import jupyter_utils`" in why for why in record["partial"])
    assert len(record["partial"]) == 2
    assert "files, partial" in shown


LATE = """
import inspect, os, pickle, sys
from pathlib import Path
import pandas as pd, polars as pl, pyarrow as pa, pyarrow.dataset as pads, pyarrow.parquet as pq
import safetensors.numpy, tokenizers
from pandas.io.api import read_feather
import jupyter_utils
"""
NATIVE = (
    "pandas parquet",
    "polars scan",
    "pq.ParquetFile",
    "pyarrow.dataset",
    "pyarrow ipc",
    "safe_open",
    "tokenizers",
)
STILL = """
for loader in (pd.read_parquet, pl.read_parquet, pl.scan_csv, pq.read_table, pa.memory_map, pads.dataset):
    assert pickle.loads(pickle.dumps(loader)) is loader
assert list(inspect.signature(pq.read_table).parameters)[0] == "source"
assert isinstance(pq.ParquetFile("data/file.parquet"), pq.ParquetFile)
pq.read_table(source="data/table.parquet")
for wrong in (pd.read_parquet, pq.read_table, pl.scan_parquet, tokenizers.Tokenizer.from_file):
    try:
        wrong()
    except TypeError:
        pass
def failing(*_):
    raise ValueError("a failure of ours")
watch = sys._jupyter_utils_inputs.watch
watch.others["os.remove"] = watch.writes = failing
Path("data/late").write_text("goes on")
os.remove("data/late")
"""


def test_libraries_that_were_imported_before(read: tuple[Path, dict[str, Any], str]) -> None:
    """Their loaders tell all the same, and can be pickled and inspected; a failure of ours stops nothing."""
    folder, _, _ = read
    lines = "\n".join(WAYS[name].code for name in NATIVE)
    record, _ = run(folder, f"{LATE}{lines}\nread_feather('data/frame.feather')\n{STILL}")
    expected = {f"data/{file}" for name in NATIVE for file in WAYS[name].files}
    assert {file["path"] for file in record["files"]} == expected | {"data/frame.feather", "data/table.parquet"}
    assert any("a failure of ours" in why for why in record["partial"])


def test_nothing_is_imported_for_it(tmp_path: Path) -> None:
    """Neither the hook nor the record brings a library with it."""
    code = "import sys, jupyter_utils\nfrom pathlib import Path\nopen('x', 'w').close()\n"
    heavy = "torch pandas pyarrow polars datasets transformers tokenizers mlflow lightgbm"
    _, shown = run(tmp_path, code + RECORD + f"print('HEAVY', *set('{heavy}'.split()) & set(sys.modules), '.')\n")
    assert "HEAVY ." in shown
