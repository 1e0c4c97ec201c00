"""SIGKILL at every step of a call, and of a sender: what returned is stored once, the rest whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calling import env
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from runs_on_disk import artifacts, check_whole, runs_by_entry

if TYPE_CHECKING:
    from servers import Started

EVERY = [
    pytest.param(9, id="every ninth step"),
    pytest.param(1, id="every step", marks=[pytest.mark.full, pytest.mark.timeout(3000)]),
]


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("way", ["local", "http"])
def test_killed_at_every_step(
    way: str, every: int, mlflow_server: Started, own_spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a sync each call is there once at most, whole and finished; those that returned are all there."""
    experiment = f"killed {way} {every}"
    script = Path(__file__).with_name("stepwise.py")
    command = [sys.executable, script, own_spool_dir, mlflow_server.mlflow_url, experiment, "1", str(every)]
    if way == "local":
        # Where the server's launcher has announced its artifact folder.
        monkeypatch.setenv("XDG_STATE_HOME", str(Path(mlflow_server.env["HOME"], ".local/state")))
    done = subprocess.run(
        [str(part) for part in command],
        env=env(),
        capture_output=True,
        text=True,
        timeout=2900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["killed"] >= (60 if every == 1 else 5), outcome
    left = deliver_waiting(own_spool(), refused=True)
    assert (left.unsent, own_spool().names()) == ({}, [])
    assert list((own_spool_dir / "new").iterdir()) == []
    stored = runs_by_entry(mlflow_server, experiment)
    assert [len(runs) for runs in stored.values()] == [1] * len(stored)
    numbers = {int(runs[0].data.params["number"]) for runs in stored.values()}
    assert set(outcome["returned"]) <= numbers
    assert outcome["last"] in outcome["returned"]
    for (run,) in stored.values():
        number = run.data.params["number"]
        check_whole(mlflow_server, run, {"a.bin": b"a" * 1000 + number.encode(), "d/b.txt": b"b"}, {"number": number})
        # The environment's recipe is there where the tests' Python has one.
        assert set(artifacts(mlflow_server, run)) - {"jupyter_utils/recipe.tar.gz"} == {
            "dataset/a.bin",
            "dataset/d/b.txt",
            "jupyter_utils/machine.json",
            "jupyter_utils/manifest.json",
        }
    incoming = mlflow_server.store_dir / "artifacts" / ".jupyter-utils"
    if way == "local":
        assert [path.name for path in incoming.iterdir() if not path.name.startswith("nonce-")] == []
