"""Run by test_kill: calls of `save_mlflow` that are killed (SIGKILL) at their first, second, ... step.

    python stepwise.py SPOOL URI EXPERIMENT FIRST EVERY

A step is what Python's audit events see of the spool, the artifact store and the network: a file opened, renamed or
removed, a folder made, a connection begun. Each call runs in a forked child; the loop ends with the first that was
not killed. Prints the calls that returned, and how many were killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress

import jupyter_utils
import requests  # noqa: F401 - imported once, in the parent
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from mlflow import MlflowClient  # noqa: F401
from mlflow.store.artifact import mlflow_artifacts_repo  # noqa: F401

EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "socket.connect"}


def arm(step: int, places: list[str]) -> None:
    """Have this process killed at that step."""
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event not in EVENTS:
            return
        if event != "socket.connect" and not any(place in str(arguments[0]) for place in places):
            return
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def call(step: int, uri: str, experiment: str, places: list[str], output: int) -> None:
    """Make one call that is killed at that step; write its number if it returns."""
    arm(step, places)
    jupyter_utils.save_mlflow(
        experiment,
        params={"number": str(step)},
        dataset={"a.bin": b"a" * 1000 + str(step).encode(), "d/b.txt": "b"},
        do_commit=False,
        mlf_uri=uri,
    )
    os.write(output, f"{step} ".encode())


def main() -> None:
    """Kill calls at every step, and now and then senders as well."""
    spool, uri, experiment, first, every = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    reader, writer = os.pipe()
    step, killed = first, 0
    while True:
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                call(step, uri, experiment, [spool, ".jupyter-utils"], writer)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        else:
            break
        if killed % 3 == 0:  # a sender is killed at the same step
            sender = os.fork()
            if sender == 0:
                with suppress(BaseException):
                    arm(step, [spool, ".jupyter-utils"])
                    deliver_waiting(own_spool(), refused=True)
                os._exit(0)
            os.waitpid(sender, 0)
        step += every
    os.close(writer)
    returned = [int(number) for number in os.read(reader, 2**16).split()]
    sys.stdout.write(json.dumps({"killed": killed, "returned": returned, "last": step}) + "\n")


if __name__ == "__main__":
    main()
