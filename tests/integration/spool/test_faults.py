"""A network that breaks requests in eleven ways: every call is stored exactly once and exactly, and none is lost."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import faults
import jupyter_utils
import pytest
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from runs_on_disk import check_whole, runs_by_entry

if TYPE_CHECKING:
    from servers import Started

SEED = 20260701


@pytest.mark.parametrize("wanted", [60, pytest.param(1000, marks=[pytest.mark.full, pytest.mark.timeout(3600)])])
def test_faults_between_client_and_server(wanted: int, mlflow_server: Started) -> None:
    """After so many injected faults of all kinds, and a sync over a good line: each call once, whole, bit-identical."""
    experiment = f"faults {wanted}"
    draw = random.Random(SEED)
    calls: dict[str, tuple[dict[str, bytes], dict[str, str]]] = {}
    with faults.proxy(int(mlflow_server.env["MLFLOW_PORT"]), 0.25, SEED, delay=6) as proxy:
        while proxy.injected.total() < wanted or set(proxy.injected) != set(faults.FAULTS):
            values = {
                f"f{n}.bin": draw.randbytes(draw.choice([0, 1, 5000, 300_000])) for n in range(draw.randint(1, 4))
            }
            params = {f"p{n}": str(draw.random()) for n in range(3)}
            number = str(len(calls))
            jupyter_utils.save_mlflow(
                experiment,
                params=params | {"number": number},
                metrics={"m": 0.5},
                dataset=values,
                do_commit=False,
                mlf_uri=proxy.url,
            )
            calls[number] = values, params | {"number": number}
        for runs in runs_by_entry(mlflow_server, experiment).values():
            for run in runs:
                if run.info.status == "FINISHED":
                    check_whole(mlflow_server, run, *calls[run.data.params["number"]])
        sys.stdout.write(f"seed {SEED}: {len(calls)} calls, {dict(proxy.injected)}, {len(own_spool().names())} wait\n")
        proxy.rate = 0
        left = deliver_waiting(own_spool(), refused=True)
        assert left.unsent == {}
        assert own_spool().names() == []
    stored = runs_by_entry(mlflow_server, experiment)
    assert [len(runs) for runs in stored.values()] == [1] * len(calls)
    assert {runs[0].data.params["number"] for runs in stored.values()} == set(calls)
    for (run,) in stored.values():
        check_whole(mlflow_server, run, *calls[run.data.params["number"]])
        assert run.data.metrics == {"m": 0.5}
