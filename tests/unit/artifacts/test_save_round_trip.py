"""What is written comes back: every kind, every format, without a server in between."""

from __future__ import annotations

import math
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_utils.artifacts import writing
from round_trips import round_trip
from sklearn.base import BaseEstimator

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "\n", '"', ",", "\r\n", "猫", "NA"]
)
missing = st.none()
cells = {
    "str": texts | missing,
    "float64": st.floats(allow_nan=True),
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
    "Int64": st.integers(-(2**63), 2**63 - 1) | missing,
    "boolean": st.booleans() | missing,
    "datetime64[ns]": st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")) | missing,
    "datetime64[us]": st.datetimes() | missing,
    "datetime64[ns, Asia/Tokyo]": st.datetimes(pd.Timestamp("1950-01-01"), pd.Timestamp("2200-01-01")) | missing,
    "timedelta64[ns]": st.timedeltas(pd.Timedelta(-(10**9), "s"), pd.Timedelta(10**9, "s")) | missing,
    "category": texts | missing,
    "object": texts | missing,
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 6))
    columns = draw(
        st.lists(st.tuples(texts | st.integers(0, 9), st.sampled_from(sorted(cells))), min_size=1, max_size=4)
    )
    made = []
    for _, dtype in columns:
        values = draw(st.lists(cells[dtype], min_size=rows, max_size=rows))
        made.append(pd.Series(values, dtype=dtype if dtype != "datetime64[ns, Asia/Tokyo]" else "datetime64[ns]"))
        if "Tokyo" in dtype:
            made[-1] = made[-1].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    frame = pd.concat(made, axis=1) if made else pd.DataFrame()
    names = [name for name, _ in columns]
    if len({type(name) for name in names}) > 1:
        names = [str(name) for name in names]
    frame.columns = pd.Index(names)
    indexes = st.sampled_from(["range", "text", "dates"])
    match draw(indexes):
        case "text":
            frame.index = pd.Index([f"行{number}" for number in range(rows)], name="名")
        case "dates":
            frame.index = pd.date_range("2024-01-01", periods=rows, tz="Asia/Tokyo")
    return frame


@given(frames())
def test_frame_as_csv(frame: pd.DataFrame) -> None:
    """A DataFrame comes back from CSV with its values, types, index and labels."""
    pd.testing.assert_frame_equal(round_trip(frame, "x.csv"), frame, check_exact=True, check_freq=False)


@given(frames())
def test_csv_reads_like_pandas_own(frame: pd.DataFrame) -> None:
    """`pandas.read_csv` sees in the file what it sees in pandas' own."""
    planned, _ = writing.plan("dataset", {"x.csv": frame})
    with TemporaryDirectory() as folder:
        stored = writing.write(planned[0], Path(folder))
        own = Path(folder, "own.csv")
        frame.to_csv(own, index=False, encoding="utf-8-sig", lineterminator="\r\n")
        path = Path(folder, stored.path)
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        try:
            expected = pd.read_csv(own)
        except pd.errors.EmptyDataError:
            return
        pd.testing.assert_frame_equal(pd.read_csv(path), expected, check_exact=True)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": [None, 1.5]}),
        pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["l", None])),
        pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["l", None])),
        pd.DataFrame({"a": pd.Categorical(["b", "a", None], categories=["c", "b", "a"], ordered=True)}),
        pd.DataFrame({"a": [[1, 2], [3]], "b": [b"x", b"y"]}),
        pd.DataFrame({"a": [1.0, 2.0]}, index=[5, 7]),
        pd.DataFrame({"a": np.array([1, 2.5], dtype="float16"), "b": ["", None]}),
    ],
    ids=["empty", "no rows", "one column", "doubled", "levels", "index levels", "category", "lists", "index", "half"],
)
@pytest.mark.parametrize("key", ["x.csv", "x", "x.pkl", "x.joblib"])
def test_odd_frames(frame: pd.DataFrame, key: str) -> None:
    """So do frames of unusual shape."""
    back = round_trip(frame, key)
    pd.testing.assert_frame_equal(back.map(_plain), frame.map(_plain), check_index_type=bool(len(frame)))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, np.ndarray | list) else value


def test_frame_that_csv_cannot_hold() -> None:
    """A column of mixed objects is stored as text, and the manifest says that it does not come back as it was."""
    planned, _ = writing.plan("dataset", {"x.csv": pd.DataFrame({"a": [1, "x", object]})})
    with TemporaryDirectory() as folder:
        assert "inexact" in writing.write(planned[0], Path(folder)).details


@given(frames())
def test_frame_as_parquet(frame: pd.DataFrame) -> None:
    """A DataFrame with text labels comes back from Parquet."""
    frame.columns = pd.Index([f"c{number}" for number in range(frame.shape[1])])
    pd.testing.assert_frame_equal(round_trip(frame, "x.parquet"), frame, check_freq=False)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text(value: str) -> None:
    """Text comes back character for character, line ends included."""
    assert round_trip(value, "x.txt") == value


@given(st.binary())
def test_bytes(value: bytes) -> None:
    """Bytes come back byte for byte, and stay what they were."""
    assert round_trip(value) == value
    back = round_trip(bytearray(value))
    assert (type(back), bytes(back)) == (bytearray, value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts, json_values) | st.lists(json_values))
def test_json(value: Any) -> None:
    """Dicts and lists come back from JSON."""
    assert round_trip(value, "x.json") == value


def test_json_with_arrays() -> None:
    """Numbers and arrays of numpy become Python's; NaN stays NaN."""
    back = round_trip({"a": np.float64(0.5), "b": np.arange(3), "c": float("nan")})
    assert (back["a"], back["b"]) == (0.5, [0, 1, 2])
    assert math.isnan(back["c"])


@pytest.mark.parametrize("value", [{1: "x"}, {"a": object()}, {"a": {(1, 2): 3}}])
def test_json_that_would_come_back_as_something_else(value: Any) -> None:
    """Keys that JSON would turn into texts, and objects that it cannot hold, are refused; a pickle takes them."""
    assert writing.plan("dataset", {"x.json": value})[1]


def test_paths(tmp_path: Path) -> None:
    """A directory comes back with everything in it, empty folders included."""
    (tmp_path / "given" / "empty" / "inner").mkdir(parents=True)
    (tmp_path / "given" / "a.txt").write_text("a")
    planned, _ = writing.plan("result", {"dir": tmp_path / "given"})
    stored = writing.write(planned[0], tmp_path / "out")
    assert stored.details["empty_directories"] == ["empty/inner"]
    assert (tmp_path / "out" / "result" / "dir" / "a.txt").read_text() == "a"


def test_arrays() -> None:
    """Numpy's arrays come back with type and shape; objects in them are refused."""
    value = np.arange(6, dtype="float16").reshape(2, 3)
    back = round_trip(value, "a.npy")
    assert (back.dtype, back.tolist()) == (value.dtype, value.tolist())
    assert writing.plan("dataset", {"a": np.array([object()])})[1]


def test_arrow_table() -> None:
    """What has the dataframe interchange protocol is stored as CSV or Parquet, and comes back as an Arrow table."""
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"text": ["猫", "", None], "n": [1, None, 3], "x": [0.1, 1.0, None], "b": [True, None, False]})
    for key in ("x", "x.csv", "x.parquet"):
        assert round_trip(table, key).equals(table)


def test_polars() -> None:
    """Polars' frames come back as Polars' frames."""
    pl = pytest.importorskip("polars", reason="polars is not among this project's packages")
    frame = pl.DataFrame({"text": ["猫", "", None], "n": [1, None, 3]}).with_columns(
        pl.Series("d", [None, None, "2024-01-01"]).str.to_date(), pl.Series("c", ["a", "b", None], dtype=pl.Categorical)
    )
    for key in ("x", "x.csv", "x.parquet"):
        assert round_trip(frame, key).equals(frame)


def test_hugging_face_dataset() -> None:
    """Hugging Face's datasets come back as such."""
    datasets = pytest.importorskip("datasets")
    value = datasets.Dataset.from_dict({"text": ["猫", "犬"], "label": [0, 1]})
    planned, _ = writing.plan("dataset", {"d": value})
    with TemporaryDirectory() as folder:
        stored = writing.write(planned[0], Path(folder))
        assert datasets.load_from_disk(str(Path(folder, stored.path))).to_dict() == value.to_dict()


@pytest.mark.parametrize(("key", "start"), [("f", b"\x89PNG"), ("f.svg", b"<?xml"), ("f.pdf", b"%PDF")])
def test_matplotlib(key: str, start: bytes, tmp_path: Path) -> None:
    """A figure becomes the picture that the key's suffix names, PNG without one."""
    figure = pytest.importorskip("matplotlib.figure").Figure()
    figure.subplots().plot([1, 2])
    planned, _ = writing.plan("result", {key: figure})
    writing.write(planned[0], tmp_path)
    assert (tmp_path / "result" / key).read_bytes().startswith(start)


@pytest.mark.parametrize("key", ["f.html", "f.json", "f"])
def test_plotly(key: str) -> None:
    """A Plotly figure comes back as one; its page needs no network."""
    graph_objects = pytest.importorskip("plotly.graph_objects", reason="plotly is not among this project's packages")
    figure = graph_objects.Figure(graph_objects.Scatter(x=[1, 2], y=[3, 4], name="猫"))
    assert round_trip(figure, key) == figure


@pytest.mark.parametrize("key", ["m.pt", "m.safetensors"])
def test_state_dict(key: str) -> None:
    """A state_dict that was given as such comes back; tied weights included. Another dict is no model."""
    torch = pytest.importorskip("torch")
    weight = torch.ones(2)
    back = round_trip({"a": weight, "b": weight}, key, "model")
    assert torch.equal(back["a"], back["b"])
    assert writing.plan("model", {key: {"a": 1}})[1]


def test_peft_adapter(tmp_path: Path) -> None:
    """An adapter is stored alone, without the base model."""
    peft = pytest.importorskip("peft", reason="peft is not among this project's packages")
    transformers = pytest.importorskip("transformers")
    size = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    base = transformers.BertForSequenceClassification(transformers.BertConfig(**size))
    model = peft.get_peft_model(base, peft.LoraConfig(target_modules=["query"]))
    writing.write(writing.plan("model", {"lora": model})[0][0], tmp_path)
    assert (tmp_path / "model" / "lora" / "adapter_config.json").is_file()


class _Odd(BaseEstimator):
    """An estimator that pickles, but whose state is of a kind that skops does not take."""

    def __init__(self, odd: Any = None) -> None:
        self.odd = odd


@pytest.mark.parametrize("odd", [re.compile("猫"), 1j], ids=["fails when read", "fails when written"])
def test_scikit_learn_falls_back_to_pickle(odd: Any, tmp_path: Path) -> None:
    """What skops cannot hold, or could not give back, is pickled, and the manifest says so."""
    planned, _ = writing.plan("model", {"m": _Odd(odd)})
    assert writing.write(planned[0], tmp_path).format == "pickle"
    assert round_trip(_Odd(odd), "m", "model").odd == odd
