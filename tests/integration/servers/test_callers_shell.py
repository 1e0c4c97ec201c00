"""A shell full of somebody's own Python does not change what the lab runs."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

import kernels
import servers

if TYPE_CHECKING:
    from pathlib import Path

TAGS = "from jupyter_utils.runs.records.provenance import environment_tags; print(environment_tags())"


def test_a_shadow_of_a_locked_package_stops_nothing(tmp_path: Path) -> None:
    """MLflow and kernels have the locked numpy; what was left out is named; what a setting keeps is in the record."""
    shadow, startup, profile = tmp_path / "shadow", tmp_path / "startup.py", tmp_path / "ipython"
    shadow.mkdir()
    for name in ("numpy", "click", "pydantic", "tornado", "ipykernel_launcher"):
        (shadow / f"{name}.py").write_text("raise SystemExit('the shadow')\n")
    startup.write_text("from_the_shell = 1\n")
    (profile / "profile_default" / "startup").mkdir(parents=True)
    (profile / "profile_default" / "startup" / "00-mine.py").write_text("from_the_profile = 1\n")
    given = {
        # As a user has it: what is on the path already, and a folder of modules of one's own before it.
        "PYTHONPATH": os.pathsep.join([str(shadow), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONSTARTUP": str(startup),
        "PYTHONOPTIMIZE": "1",
        "GIT_DIR": str(tmp_path / "elsewhere.git"),
        "JUPYTER_UTILS_KEEP": "PYTHONSTARTUP",
        "IPYTHONDIR": str(profile),
    }
    with servers.lab(tmp_path / "lab", **given) as lab, kernels.kernel(lab) as kernel:
        told = kernel.run("import numpy, os; print(numpy.__file__, os.environ.get('GIT_DIR'), __debug__)")
        assert str(shadow) not in told
        assert told.split()[1:] == ["None", "True"]
        assert kernel.run("print(from_the_shell, from_the_profile)") == "1 1\n"
        tags = ast.literal_eval(kernel.run(TAGS))
        output = lab.output
    assert tags["jupyter_utils.drifted"] == "true"
    assert f"PYTHONSTARTUP={startup}" in tags["jupyter_utils.added"]
    assert "00-mine.py" in tags["jupyter_utils.added"]
    assert f"PYTHONPATH={shadow}: its modules come before the locked ones" in output
    assert "GIT_DIR" in output
    assert "PYTHONSTARTUP=" not in output
