"""What a reproduction runs in: its variables, without any credentials of MLflow's, and, where it can be, a shut room.

`bwrap` (bubblewrap) makes everything read-only but the work folder and /tmp, and hides the folders in which programs of
this user keep keys. The network stays: models are downloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from jupyter_utils.machine.app import APP
from jupyter_utils.machine.inherited import inherited, working_tree
from jupyter_utils.machine.variables import COMPUTING, given
from jupyter_utils.notebook.find import ENVIRONMENT_VARIABLE
from jupyter_utils.runs.records.reproducing import VARIABLE

from .conditions_now import computing_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .folder import WorkFolder
    from .interpreter import Interpreter
    from .original import Original

_LEFT_OUT = ("MLFLOW_", "_MLFLOW_", "DATABRICKS_", "JUPYTER_", "JUPYTERHUB_", "JPY_", "PAPERMILL_")
# Which of several GPUs, and in which order they are counted, is a matter of this machine.
_OF_MACHINE = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
_KEYS = (".mlflow", ".ssh", ".gnupg")
_SECONDS = 20
_PACKAGE = Path(__file__).absolute().parents[2]


@dataclass(frozen=True)
class Room:
    """The program that shuts a command in.

    Attributes:
        bwrap: the program; None where there is none.
        why: why not.
        over: folders and files of the work folder, and where they are seen besides: at the places where they lay, so
            that absolute paths lead to them, too, and not to what lies there now.
    """

    bwrap: str | None
    why: str = ""
    over: tuple[tuple[Path, Path], ...] = ()

    def words(self) -> str:
        """Say that nothing shut it in, why, and the remedy."""
        remedy = (
            "" if shutil.which("bwrap") else " Install bubblewrap (sudo apt-get install bubblewrap) to prevent that."
        )
        return f"It ran without a sandbox: whatever it did could reach your files ({self.why}).{remedy}"

    def command(self, argv: list[str], folder: WorkFolder) -> list[str]:
        """Return the command that runs another one in here; itself where nothing shuts it in."""
        over = [word for source, place in self.over for word in ("--bind", str(source), str(place))]
        return [self.bwrap, *_options(folder), *over, "--", *argv] if self.bwrap else argv

    def showing(self, folder: WorkFolder, places: Iterable[Path]) -> Room:
        """Return it with what was laid out seen at its old place, too, if that is there and holds nothing we need."""
        needed = (Path.home(), Path(sys.prefix), Path(sys.base_prefix), _PACKAGE, folder.path)
        found = [
            (folder.place(place), place)
            for place in places
            if place.exists() and folder.place(place).exists() and not any(one.is_relative_to(place) for one in needed)
        ]
        return replace(self, over=tuple(found))


def room() -> Room:
    """Find out whether this machine lets a command be shut in."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return Room(None, "bwrap (the package bubblewrap) is not on the path")
    try:
        command = [bwrap, "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--", shutil.which("true") or "true"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return Room(None, f"bwrap does not start ({error})")
    return Room(bwrap) if done.returncode == 0 else Room(None, f"bwrap is not allowed here ({done.stderr.strip()})")


def _options(folder: WorkFolder) -> list[str]:
    options = ["--die-with-parent", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--bind", "/tmp", "/tmp"]  # noqa: S108
    state = platformdirs.user_state_path(APP)
    for hidden in (state, *(Path.home() / name for name in _KEYS)):
        if hidden.is_dir() and not folder.path.is_relative_to(hidden):
            options += ["--tmpfs", str(hidden)]
    return [*options, "--bind", str(folder.path), str(folder.path)]


def variables(original: Original, folder: WorkFolder, notebook: Path | None, python: Interpreter) -> dict[str, str]:
    """Return the environment of what is executed.

    Args:
        original: the run, which says with how many threads it computed, and the like.
        folder: where everything goes that is written.
        notebook: the notebook that is executed, as it lies in the work folder; None for a script.
        python: what executes it.
    """
    handed = {
        name: value
        for name, value in inherited().variables.items()
        if not _is_left_out(name) and (python.is_here or name != "PYTHONPATH")
    }
    package = working_tree() if python.is_here else None
    programs = [] if python.is_here else [str(Path(python.path).parent)]
    return {
        **handed,
        **{name: value for name, value in computing_variables(original).items() if name in COMPUTING},
        "PATH": os.pathsep.join([*programs, handed.get("PATH", os.defpath)]),
        "MLFLOW_TRACKING_URI": folder.store,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "JUPYTER_UTILS_SPOOL_DIR": str(folder.spool),
        VARIABLE: original.id,
        **({ENVIRONMENT_VARIABLE: str(notebook)} if notebook else {}),
        "IPYTHONDIR": str(folder.jupyter / "ipython"),
        "MPLCONFIGDIR": str(_matplotlib(folder)),
        "HF_DATASETS_CACHE": str(folder.jupyter / "datasets"),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"PYTHONPATH": package} if package else {}),
        **({"JUPYTER_UTILS_RECIPE": recipe} if python.is_here and (recipe := given("JUPYTER_UTILS_RECIPE")) else {}),
    }


def _is_left_out(name: str) -> bool:
    buckets = ("AWS_",) if given("MLFLOW_S3_ENDPOINT_URL") else ()
    return name.startswith((*_LEFT_OUT, *buckets)) or (name in COMPUTING and name not in _OF_MACHINE)


def _matplotlib(folder: WorkFolder) -> Path:
    """Return a folder for matplotlib's settings and list of fonts that can be written, with what the user has."""
    made = folder.jupyter / "matplotlib"
    for own in (platformdirs.user_config_path("matplotlib"), platformdirs.user_cache_path("matplotlib")):
        if own.is_dir() and not made.exists():
            shutil.copytree(own, made, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    made.mkdir(exist_ok=True)
    os.chmod(made, 0o700)  # noqa: PTH101 - as matplotlib does
    return made
