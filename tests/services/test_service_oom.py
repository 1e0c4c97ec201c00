"""What the OOM killer takes at night is there again, and no unit is given up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from machine import Machine

UNIT = "mlflow-server"
HEALTH = "http://127.0.0.1:15000/health"
# The process of the server itself, below the launcher.
SERVER = "grep -l 'jupyter_utils[.]servers[.]mlflow_app' /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3"


def test_an_mlflow_that_is_killed_again_and_again_ends_no_unit(installed: Machine) -> None:
    """`kill -9`, as the OOM killer does it: the launcher starts it again, and systemd counts no start of the unit."""
    launcher, restarts = installed.show(UNIT, "MainPID"), installed.show(UNIT, "NRestarts")
    for pause in (1, 2, 4):
        before = installed.shell(SERVER).split()
        installed.shell(f"kill -9 {' '.join(before)}")
        said = f"started again in {pause} s"
        installed.shell(f"timeout 60 sh -c 'until journalctl -u {UNIT} | grep -q \"{said}\"; do sleep 0.2; done'")
        assert installed.python("inside.py", "wait", HEALTH) == 200
    assert installed.show(UNIT, "MainPID") == launcher
    assert installed.show(UNIT, "NRestarts") == restarts
    assert installed.show(UNIT, "ActiveState") == "active"


@pytest.mark.parametrize("unit", ["mlflow-server", "jupyterlab"])
def test_the_rest_of_a_unit_goes_on(installed: Machine, unit: str) -> None:
    """The answer of systemd itself to a kernel that the OOM killer takes would be to stop the whole unit."""
    assert installed.show(unit, "OOMPolicy") == "continue"
