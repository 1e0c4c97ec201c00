"""Generated calls of every kind of nonsense: each is kept exactly, or refused whole before anything is written."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
from jupyter_utils import errors
from jupyter_utils.entries.entry import read_entry
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from runs_on_disk import artifacts, runs_by_entry

if TYPE_CHECKING:
    from servers import Started

SEED = 424242
NAMES = [
    "a",
    "a.txt",
    "b/c.txt",
    "日本 語.txt",
    "a b",
    "x" * 240,
    "é",
    "e\u0301",
    "😀.bin",
    "a&b=c;d",
    "..x",
    "-m",
    "~",
]
BAD_NAMES = ["", ".", "..", "../x", "/x", "x/", "a//b", "a#1", "a?b", "100%", "a\nb", "\x00", 3, None, "x" * 300, "a;"]
TEXTS = ["", "x", "改行\n\r\n", "\u2028", "a" * 7000, "\x00", "=1+1", '"', "😀" * 10]
BAD_TEXTS = ["\ud800", 3, b"x", [], object()]
NUMBERS = [0, 1, -1.5, 1e308, math.inf, -math.inf, math.nan, 10**15]
BAD_NUMBERS = ["1", None, True, 1j, 10**400, [1], object()]


def pick(draw: random.Random, good: list[Any], bad: list[Any], rate: float) -> Any:
    return draw.choice(bad if draw.random() < rate else good)


def generate(draw: random.Random) -> dict[str, Any]:
    rate = draw.choice([0, 0, 0.05, 0.3])
    key = ["lr", "精度", "a/b", "a.b-c d:e", "k" * 250]
    bad_key = ["acc%", "a\n", "", "../x", 3, "k" * 251]
    return {
        "experiment_name": pick(draw, ["hostile", "ほすたいる"], ["", "  ", None, 3, "x" * 501, "\ud800"], rate / 3),
        "run_name": pick(draw, [None, "名", "x"], BAD_TEXTS, rate / 3),
        "description": pick(draw, [None, *TEXTS], BAD_TEXTS, rate / 3),
        "params": {pick(draw, key, bad_key, rate): pick(draw, [*TEXTS, *NUMBERS], ["\ud800"], rate) for _ in range(2)},
        "metrics": {pick(draw, key, bad_key, rate): pick(draw, NUMBERS, BAD_NUMBERS, rate) for _ in range(2)},
        "dataset": {
            pick(draw, NAMES, BAD_NAMES, rate): pick(
                draw, [*TEXTS, b"", b"\x00\xff", bytearray(b"x")], [{1: 2}, 3], rate
            )
            for _ in range(draw.randint(0, 3))
        },
    }


def on_disk() -> list[str]:
    return sorted(str(path) for path in own_spool().path.rglob("*") if path.parent.name != "locks")


def as_bytes(value: str | bytes | bytearray) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def check_kept(result: jupyter_utils.SaveResult, call: dict[str, Any]) -> None:
    """Hold what was kept against the call."""
    assert result.entry is not None
    entry = read_entry(result.entry)
    assert (entry.experiment_name, entry.run_name) == (call["experiment_name"], call["run_name"])
    assert set(entry.params) == set(call["params"])
    for name, value in call["params"].items():
        assert entry.params[name] == str(value) or (len(str(value)) > 6000 and "cut" in entry.params[name])
    assert {name: repr(float(value)) for name, value in call["metrics"].items()} == {
        name: repr(value) for name, value in entry.metrics.items()
    }
    for name, value in call["dataset"].items():
        assert (result.entry / "artifacts/dataset" / name).read_bytes() == as_bytes(value)
    own = {file.path for file in entry.files if file.path.startswith("dataset/")}
    assert own == {f"dataset/{name}" for name in call["dataset"]}


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=[pytest.mark.full, pytest.mark.timeout(3600)])])
def test_hostile_calls(count: int, mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a refused call is left; every kept one is exact; and the server takes all of a sample as they are."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.mlflow_url)
    draw = random.Random(SEED)
    kept: dict[str, dict[str, Any]] = {}
    outcomes = {"kept": 0, "refused": 0}
    for _ in range(count):
        call = generate(draw)
        before = on_disk()
        try:
            result = jupyter_utils.save_mlflow(**call, do_commit=False, mlf_uri="http://127.0.0.1:9")
        except errors.SaveRefusedError:
            outcomes["refused"] += 1
            assert on_disk() == before
            continue
        outcomes["kept"] += 1
        check_kept(result, call)
        assert result.entry is not None
        if outcomes["kept"] % 20 == 1:
            file = result.entry / "entry.json"
            file.write_text(file.read_text().replace('"http://127.0.0.1:9"', f'"{mlflow_server.mlflow_url}"'))
            kept[result.entry.name] = call
        else:
            lease = own_spool().hold(result.entry.name)
            assert lease is not None
            own_spool().remove(lease)
            lease.release()
        if len(kept) == 50:
            check_stored(mlflow_server, kept)
            kept = {}
    check_stored(mlflow_server, kept)
    assert min(outcomes.values()) > count / 10, outcomes


def check_stored(server: Started, kept: dict[str, dict[str, Any]]) -> None:
    assert deliver_waiting(own_spool()).unsent == {}
    stored = runs_by_entry(server, "hostile") | runs_by_entry(server, "ほすたいる")
    for name, call in kept.items():
        (run,) = stored[name]
        files = artifacts(server, run)
        assert run.info.status == "FINISHED"
        assert {key: files[f"dataset/{key}"] for key in call["dataset"]} == {
            key: as_bytes(value) for key, value in call["dataset"].items()
        }
        assert set(run.data.metrics) == set(call["metrics"])
