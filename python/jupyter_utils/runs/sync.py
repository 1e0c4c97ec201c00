"""`jupyter-utils sync`: what waits in the spool, listed, shown, given up or sent. As a module: the lab's own sender."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import click

from jupyter_utils.errors import JupyterUtilsError, SpoolError
from jupyter_utils.machine.sizes import size
from jupyter_utils.machine.urls import mask, said
from jupyter_utils.spool import own_spool

from .delivery import deliver_waiting

if TYPE_CHECKING:
    from jupyter_utils.spool import Spool, Waiting
    from jupyter_utils.tracking import SentRun


def list_waiting() -> None:
    """Print one line for each run that waits, the oldest first."""
    waiting = own_spool().waiting()
    for one in waiting:
        name = one.experiment_name + (f" / {one.run_name}" if one.run_name else "")
        click.echo(f"{one.id}  {_when(one)}  {size(one.size):>10}  {name}  -> {mask(one.uri)}  ({_condition(one)})")
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
    click.echo(f"{one.id}\n  lies in   {one.path}\n  server    {mask(one.uri)}\n  called    {_when(one)}")
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
        raise SpoolError(f"The run {one.id} is being sent right now, or has just been: jupyter-utils sync --list")
    try:
        spool.remove(lease)
    finally:
        lease.release()
    click.echo("Removed.")


def send_all(*, refused: bool = True) -> int:
    """Send all that waits, and say what became of each; 1 if something is left."""
    spool = own_spool()
    spool.prepare()

    def report(name: str, outcome: SentRun | JupyterUtilsError) -> None:
        if isinstance(outcome, JupyterUtilsError):
            click.echo(f"{name}  still here: {outcome}", err=True)
        else:
            click.echo(f"{name}  is run {outcome.run_id}")

    result = deliver_waiting(spool, refused=refused, report=report)
    for name in result.skipped:
        click.echo(f"{name}  is being sent by another process" if refused else f"{name}  was refused", err=True)
    click.echo(f"{len(result.sent)} sent, {len(result.unsent) + len(result.skipped)} still here.")
    return int(bool(result.unsent or result.skipped))


if __name__ == "__main__":
    try:
        sys.exit(send_all(refused=False))
    except JupyterUtilsError as failure:
        sys.exit(f"ERROR: {said(failure)}")
