"""`jupyter-utils sync`: what waits in the spool, listed, shown, given up or sent. As a module: the lab's own sender."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import click

from jupyter_utils.entries.identity import named
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.errors import JupyterUtilsError, SpoolError, UnsentError
from jupyter_utils.machine.sizes import size
from jupyter_utils.machine.tracking_address import named as named_address
from jupyter_utils.machine.tracking_address import understood
from jupyter_utils.machine.urls import mask, said
from jupyter_utils.spool import own_spool

from .destination import Round
from .patience import send_beside_others, sender, why_busy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.errors import OtherStoreError
    from jupyter_utils.spool import Spool, Waiting
    from jupyter_utils.tracking import SentRun

    from .delivery import Delivery


def list_waiting() -> None:
    """Print one line for each run that waits, the oldest first."""
    spool = own_spool()
    waiting = spool.waiting()
    for one in waiting:
        name = one.experiment_name + (f" / {one.run_name}" if one.run_name else "")
        where = mask(one.uri) + (f" ({named(one.store)})" if one.store else "")
        state = "being sent" if spool.holder(one.id) else _condition(one)
        click.echo(f"{one.id}  {_when(one)}  {size(one.size):>10}  {name}  -> {where}  ({state})")
    if not waiting:
        click.echo("Nothing waits: MLflow has every run.")


def _when(one: Waiting) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(one.start_time / 1000))


def _condition(one: Waiting) -> str:
    if one.problem:
        return "damaged"
    if one.state.refused:
        return "refused"
    return "waits"


def show(name: str) -> None:
    """Print all that is known of one run that waits."""
    one = _named(own_spool(), name)
    click.echo(f"{one.id}\n  lies in   {one.path}\n  server    {mask(one.uri)}\n  store     {_store(one)}")
    click.echo(f"  called    {_when(one)}")
    click.echo(f"  state     {_condition(one)}; begun to send {one.state.attempts} times")
    if one.problem or one.state.reason:
        click.echo(f"  because   {mask(one.problem or one.state.reason or '')}")
    if one.state.run_id:
        click.echo(f"  run ID    {one.state.run_id} (begun)")
    if not one.problem:
        content = json.loads((one.path / "entry.json").read_text(encoding="utf-8", errors="surrogatepass"))
        for part in ("experiment_name", "run_name", "params", "metrics"):
            click.echo(f"  {part.removesuffix('_name'):<10}{json.dumps(content[part], ensure_ascii=False)}")
        for file in content["files"]:
            click.echo(f"  {size(file['size']):>10}  {file['path']}")


def _store(one: Waiting) -> str:
    if one.store is None:
        return "not written down: saved by an earlier version"
    return named(one.store) if one.store else "none known: it goes to the same address and experiment"


def _named(spool: Spool, name: str) -> Waiting:
    found = [one for one in spool.waiting() if one.id.startswith(name)]
    if len(found) != 1:
        problem = "is not there" if not found else f"could be any of {len(found)}"
        raise SpoolError(f"The run {name!r} {problem} in {spool.path}: jupyter-utils sync --list names all.")
    return found[0]


def drop(name: str, *, ask: bool) -> None:
    """Remove one run that waits, for good."""
    spool = own_spool()
    one = _named(spool, name)
    click.echo(f"{one.id}  {_when(one)}  {size(one.size)}  {one.experiment_name}  -> {mask(one.uri)}")
    if ask:
        click.confirm("MLflow does not have this run. Remove it for good?", abort=True)
    lease = spool.hold(one.id)
    if lease is None:
        by = sender(spool, [one.id]) if spool.has(one.id) else ""
        raise SpoolError(f"The run {one.id} is being sent right now{by}, or has just been: jupyter-utils sync --list")
    try:
        spool.remove(lease)
    finally:
        lease.release()
    click.echo("Removed.")


def send_all(
    *, refused: bool = True, allow: bool = False, ask: bool = True, to: str | None = None, patience: float = 0
) -> int:
    """Send all that waits, and say what became of each; 1 if something is left.

    Args:
        refused: try those again that a server has refused for good.
        allow: send to whatever answers at a run's address.
        ask: else ask whether to, where there is a terminal.
        to: the address of an MLflow to which everything is sent, whichever it was for.
        patience: seconds for which another process that sends a run is waited for.
    """
    if to and (problem := named_address("--to", to)):
        raise SpoolError(f"{problem} Nothing was sent.")
    spool = own_spool()
    spool.prepare()

    def report(name: str, outcome: SentRun | JupyterUtilsError) -> None:
        if isinstance(outcome, JupyterUtilsError):
            click.echo(f"{name}  still here: {outcome}", err=True)
        else:
            click.echo(f"{name}  is run {outcome.run_id}")

    consent = _Consent(allow=allow, ask=ask and sys.stdin.isatty())
    servers = Round(KnownStores(spool.path), consent=consent, to=understood(to) if to else None)
    try:
        result = send_beside_others(spool, servers, refused=refused, patience=patience, report=report)
    except KeyboardInterrupt:
        kept = "They are kept, and sent by the lab or the next sync."
        click.echo(f"Stopped: {len(spool.names())} still here. {kept}", err=True)
        return 1
    for words in _remaining(spool, result, patience):
        click.echo(words, err=True)
    for name in result.gone:
        where = ", to the MLflow that it was for" if to else ""
        click.echo(f"{name}  was sent by another process{where} (or dropped there)")
    left = len(result.unsent) + len(result.skipped) + len(result.busy)
    by_others = f", {len(result.gone)} by another process" if result.gone else ""
    click.echo(f"{len(result.sent)} sent{by_others}, {left} still here.")
    return int(left > 0)


def _remaining(spool: Spool, result: Delivery, patience: float) -> Iterator[str]:
    """Yield what is to be said of the servers, and of what is still here."""
    yield from result.words
    for name in result.skipped:
        yield f"{name}  was refused: jupyter-utils sync --show {name}"
    for name in result.busy:
        yield f"{name}  still here: {why_busy(spool, name, patience)}."
    if any(type(error) is UnsentError for error in result.unsent.values()):
        yield "The lab or the next `jupyter-utils sync` sends them once MLflow answers; --to ADDRESS takes another."


class _Consent:
    """Decide whether runs may go to another store: by `--allow`, or by a question, once for all that are alike."""

    def __init__(self, *, allow: bool, ask: bool) -> None:
        self._allow = allow
        self._ask = ask
        self._answers: dict[str, bool] = {}

    def __call__(self, problem: OtherStoreError) -> bool:
        if self._allow or not self._ask:
            return self._allow
        if problem.fact not in self._answers:
            click.echo(problem.fact)
            self._answers[problem.fact] = click.confirm("Send it there, and others that are alike?", default=False)
        return self._answers[problem.fact]


if __name__ == "__main__":
    try:
        sys.exit(send_all(refused=False, ask=False))
    except JupyterUtilsError as failure:
        sys.exit(f"ERROR: {said(failure)}")
