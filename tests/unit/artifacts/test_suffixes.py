"""Names: the suffix of a key decides the format, or is refused; nothing is written as something else."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_utils import errors
from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.suffixes import COMPRESSIONS, MEANT, suffix_of
from PIL import Image
from round_trips import round_trip

ROOT = Path(__file__).parents[3]
FRAME = pd.DataFrame({"text": ["猫", 'a,b\t"c"', None], "n": [1, 2, 3], "x": [0.1, -2.0, None]})
RECORDS = [{"label": "猫", "score": 0.5}, {"label": "a,b\n"}]
REPORT = {
    "正": {"precision": 0.5, "recall": 1.0, "f1-score": 2 / 3, "support": 1.0},
    "accuracy": 0.5,
    "macro avg": {"precision": 0.25, "recall": 0.5, "f1-score": 1 / 3, "support": 2.0},
}


def written(value: Any, key: str, folder: Path, section: str = "result") -> Path:
    planned, problems = writing.plan(section, {key: value})
    assert not problems, problems[0]
    return folder / writing.write(planned[0], folder).path


def figure() -> Any:
    made = pytest.importorskip("matplotlib.figure").Figure()
    made.subplots().plot([1, 2])
    return made


def test_frame_as_tsv(tmp_path: Path) -> None:
    read = pd.read_csv(written(FRAME, "x.tsv", tmp_path), sep="\t")
    pd.testing.assert_frame_equal(read, FRAME, check_exact=True)


def test_frame_as_excel(tmp_path: Path) -> None:
    """A real workbook; a text that begins with "=" stays one."""
    frame = FRAME.assign(text=["=1+1", "#N/A", "猫"])
    path = written(frame, "x.XLSX", tmp_path)
    pd.testing.assert_frame_equal(pd.read_excel(path, keep_default_na=False, na_values={"x": [""]}), frame)
    with pytest.raises(errors.StageError, match="32,767 characters"):
        written(pd.DataFrame({"a": ["x" * 40_000]}), "x.xlsx", tmp_path)


@pytest.mark.parametrize("key", ["x.jsonl", "x.ndjson"])
def test_frame_as_json_lines(key: str, tmp_path: Path) -> None:
    lines = written(FRAME, key, tmp_path).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["猫", 'a,b\t"c"', None]


@pytest.mark.parametrize("packing", [packing for packing in COMPRESSIONS if packing != ".zst"])
def test_frame_compressed(packing: str, tmp_path: Path) -> None:
    """The file is what other programs take it for, and equal frames give equal bytes."""
    path = written(FRAME, "x.csv" + packing, tmp_path)
    pd.testing.assert_frame_equal(pd.read_csv(path), FRAME, check_exact=True)
    assert written(FRAME, "again/x.csv" + packing, tmp_path).read_bytes() == path.read_bytes()


def test_frame_as_feather_and_html(tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(pd.read_feather(written(FRAME, "x.arrow", tmp_path)), FRAME)
    page = written(FRAME.assign(text="長" * 99), "x.html", tmp_path).read_text(encoding="utf-8")
    assert "charset" in page
    assert "長" * 99 in page


@pytest.mark.parametrize("key", ["x.jsonl", "x.ndjson"])
def test_list_as_json_lines(key: str, tmp_path: Path) -> None:
    lines = written(RECORDS, key, tmp_path).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == RECORDS
    (problem,) = writing.plan("result", {key: {"a": 1}})[1]
    assert "name it .json" in str(problem)


def test_classification_report(tmp_path: Path) -> None:
    """`classification_report(output_dict=True)` is a table as .csv, a row for each label, and JSON as .json."""
    table = pd.read_csv(written(REPORT, "report.csv", tmp_path), index_col=0)
    assert table.loc["正", "recall"] == 1.0
    assert table.loc["accuracy", "value"] == 0.5
    assert json.loads(written(REPORT, "report.json", tmp_path).read_text(encoding="utf-8")) == REPORT
    assert round_trip(REPORT, "report.csv") == REPORT


@pytest.mark.parametrize(
    "table", [RECORDS, {"a": [1, 2], "b": ["猫", "犬"]}, [[1, "猫"], [2, "犬"]]], ids=["rows", "columns", "cells"]
)
def test_dicts_and_lists_as_tables(table: Any, tmp_path: Path) -> None:
    header = None if isinstance(table[next(iter(table))] if isinstance(table, dict) else table[0], list) else 0
    read = pd.read_csv(written(table, "x.csv", tmp_path), header=0 if isinstance(table, dict) else header)
    assert len(read) == 2
    assert round_trip(table, "x.csv") == table


@pytest.mark.parametrize("value", [{"lr": 0.1}, [1, 2], [], {}, {"a": [1], "b": [1, 2]}, [[1], [1, 2]], [{"a": [1]}]])
def test_what_is_no_table_is_refused_as_one(value: Any) -> None:
    (problem,) = writing.plan("result", {"x.csv": value})[1]
    assert "is no table: give a list of dicts" in str(problem)


def test_yaml_and_npz(tmp_path: Path) -> None:
    path = written({"正": [1, "2024-01-01", "yes", "0x1", None]}, "x.yaml", tmp_path)
    assert "正" in path.read_text(encoding="utf-8")
    assert round_trip(REPORT, "x.yml") == REPORT
    back = round_trip({"a": np.arange(3), "b": np.eye(2)}, "x.npz")
    assert (back["a"].tolist(), back["b"].tolist()) == ([0, 1, 2], [[1, 0], [0, 1]])


ARRAYS = {
    "floats": np.array([[0.1, np.nan], [1e-300, -np.inf]]),
    "single": np.array([0.1, 16777217], dtype="float32"),
    "half": np.array([0.1], dtype="float16"),
    "integers": np.array([2**63 - 1, -(2**63)]),
    "booleans": np.array([[True, False]]),
    "texts": np.array([["猫", 'a,b\n"'], ["", " x "]]),
    "no rows": np.zeros((0, 3)),
    "one": np.array([[7]]),
}


@pytest.mark.parametrize("key", ["x.csv", "x.tsv", "x.txt", "x.npz", "x.json", "x.csv.gz"])
@pytest.mark.parametrize("value", ARRAYS.values(), ids=ARRAYS)
def test_arrays_as_text(value: np.ndarray, key: str) -> None:
    """An array comes back with its type and shape from every file that its name may ask for."""
    back = round_trip(value, key)
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    np.testing.assert_array_equal(back, value)


def test_array_as_csv_is_text(tmp_path: Path) -> None:
    assert written(np.array([[1, 2], [3, 4]]), "x.csv", tmp_path).read_text() == "1,2\n3,4\n"
    for wrong in (np.zeros((2, 2, 2)), np.array(1.0), np.zeros(2, dtype=[("a", "i4")])):
        assert "name it .npy" in str(writing.plan("result", {"x.csv": wrong})[1][0])


PICTURES = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "tif": "TIFF", "tiff": "TIFF"}


@pytest.mark.parametrize(("suffix", "form"), PICTURES.items())
def test_pictures(suffix: str, form: str, tmp_path: Path) -> None:
    """A figure and an image are what their name says; an image comes back as one."""
    image = Image.new("RGB", (4, 3), "red")
    for key, value in (("figure", figure()), ("image", image)):
        with Image.open(written(value, f"{key}.{suffix}", tmp_path)) as found:
            assert found.format == form
    assert round_trip(image, f"x.{suffix}").size == (4, 3)


def test_image_that_a_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(errors.StageError, match=r"convert\('RGB'\)"):
        written(Image.new("RGBA", (1, 1)), "x.jpg", tmp_path)


def test_polars_and_arrow(tmp_path: Path) -> None:
    """Their own files and those of other programs; what comes back is what was given."""
    pl = pytest.importorskip("polars", reason="polars is not among this environment's packages")
    frame = pl.DataFrame({"text": ["猫", "", None], "day": [dt.date(2024, 1, 1), None, None], "n": [1, 2, 3]})
    for key in ("x.csv", "x.tsv", "x.json", "x.jsonl", "x.parquet", "x.feather", "x.xlsx", "x.pkl", "x.csv.zst"):
        assert round_trip(frame, key).equals(frame), key
        assert round_trip(frame.to_arrow(), key).equals(frame.to_arrow()), key
    assert pl.read_ndjson(written(frame, "x.jsonl", tmp_path)).height == 3
    assert pl.read_json(written(frame, "x.json", tmp_path)).height == 3
    assert pd.read_excel(written(frame, "x.xlsx", tmp_path)).shape == (3, 3)


@pytest.mark.parametrize("key", ["d.csv", "d.jsonl", "d.parquet"])
def test_hugging_face_dataset_as_a_file(key: str, tmp_path: Path) -> None:
    """A dataset under the name of a file is a file, and comes back with its features."""
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "y": datasets.ClassLabel(names=["負", "正"])})
    value = datasets.Dataset.from_dict({"text": ["猫", "犬"], "y": [0, 1]}, features=features)
    assert written(value, key, tmp_path, "dataset").is_file()
    back = round_trip(value, key)
    assert (back.features, back.to_dict()) == (value.features, value.to_dict())


VALUES = {
    "frame": FRAME,
    "records": RECORDS,
    "array": np.arange(3),
    "image": Image.new("RGB", (1, 1)),
}


@settings(deadline=None)
@given(st.sampled_from(sorted(VALUES)), st.sampled_from(sorted(MEANT)), st.sampled_from(["", *COMPRESSIONS]))
def test_every_suffix_is_kept_or_refused(name: str, suffix: str, packing: str) -> None:
    """Whatever a key is called: what is accepted comes back, and what is refused is told what works."""
    key = f"x{suffix}{packing}"
    planned, problems = writing.plan("dataset", {key: VALUES[name]})
    if problems:
        assert "name it ." in str(problems[0]) or "install it" in str(problems[0]), key
        return
    assert planned[0].kind.suffixes[suffix_of(key)]
    assert type(round_trip(VALUES[name], key)) is type(VALUES[name])


@pytest.mark.parametrize("value", ["a,b", b"x"])
def test_text_and_bytes_stay_what_they_are(value: Any, tmp_path: Path) -> None:
    """Under any name."""
    for suffix in sorted(MEANT):
        content = written(value, "x" + suffix, tmp_path).read_bytes()
        assert content == (value.encode() if isinstance(value, str) else value)


def test_pickles_take_what_json_cannot() -> None:
    """The name says pickle, so JSON's rules are not asked."""
    for key in ("x.pkl", "x.joblib", "x.pkl.gz"):
        assert round_trip({1: {(2, 3)}}, key) == {1: {(2, 3)}}


def test_lists_that_were_tuples(tmp_path: Path) -> None:
    (planned,), _ = writing.plan("result", {"x.json": {"shape": (1, 2)}})
    assert "tuple come back as lists" in str(writing.write(planned, tmp_path).warnings)


def test_text_that_names_a_file(tmp_path: Path) -> None:
    """A str stays text, with a word where it is the path of something."""
    file = tmp_path / "train.csv"
    file.write_text("a\n1\n")
    (planned,), _ = writing.plan("dataset", {"train.csv": str(file)})
    stored = writing.write(planned, tmp_path / "out")
    assert (tmp_path / "out" / stored.path).read_text() == str(file)
    assert "pathlib.Path(" in stored.warnings[0]
    for harmless in ("tmp", "a,b\n1,2\n", "", "x" * 10_000, "a\0b"):
        (planned,), _ = writing.plan("dataset", {"t.txt": harmless})
        assert writing.write(planned, tmp_path / "out").warnings == ()


def test_scalars_of_torch_in_a_column(tmp_path: Path) -> None:
    """They are numbers in every format, whatever device they are on; tensors of more elements are lists."""
    torch = pytest.importorskip("torch")
    losses = [torch.tensor(0.5), torch.tensor(0.25, requires_grad=True)]
    frame = pd.DataFrame({"loss": pd.Series(losses, dtype=object), "n": [1, 2]})
    assert pd.read_csv(io.BytesIO(written(frame, "x.csv", tmp_path).read_bytes()))["loss"].tolist() == [0.5, 0.25]
    for key in ("x.csv", "x.parquet", "x.jsonl", "x.xlsx"):
        assert round_trip(frame, key)["loss"].tolist() == [0.5, 0.25]
    assert frame["loss"].iloc[0] is losses[0]
    rows = pd.DataFrame({"a": pd.Series([np.arange(5000), np.arange(2)], dtype=object)})
    assert "..." not in written(rows, "x.csv", tmp_path).read_text(encoding="utf-8-sig")
