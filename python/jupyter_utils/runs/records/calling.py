"""How a run was called for: script and arguments, or cell; working directory; what papermill had injected."""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.kernels.cells import ran_cells
from jupyter_utils.machine.masking import MASK, masked
from jupyter_utils.notebook import executing_file
from jupyter_utils.notebook.kernel import start_directory

from .recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = f"{OWN_FOLDER}/call.json"
TAG = "jupyter_utils.call"
_FORMAT = 1
_SECRET_OPTION = re.compile(r"(?i)--?[\w-]*(password|passwd|secret|token|api-?key|access-?key)")
_calls = itertools.count(1)


def record_call(notebook: Path | None, directory: Path) -> Recorded:
    """Keep it as the artifact `jupyter_utils/call.json`; the tag is the call's number in this process, from 1 on.

    Args:
        notebook: the calling notebook; None in a script.
        directory: the run's entry.
    """
    number = next(_calls)
    ran = ran_cells()
    found: dict[str, Any] = {"format": _FORMAT, "number": number, "directory": str(Path.cwd())}
    if ran:
        # Where the kernel was started, whatever cells have done to the working directory since.
        found["started"] = str(start_directory())
        found["cell"] = {"number": ran[-1].number, "id": ran[-1].cell}
        # Earlier calls of one and the same cell: a loop that saves a run each time.
        found["number_in_cell"] = _in_cell(ran[-1].number)
    elif script := executing_file():
        found |= {"script": str(script.absolute()), "arguments": shown(sys.argv[1:])}
    if injected := _papermill(notebook):
        found["papermill"] = injected
    path = directory / ARTIFACTS / FILE
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8", errors="surrogateescape")
    return Recorded({TAG: str(number)})


_in_cells: dict[int, int] = {}


def _in_cell(number: int) -> int:
    _in_cells[number] = _in_cells.get(number, 0) + 1
    return _in_cells[number]


def shown(arguments: Sequence[str]) -> list[str]:
    """Return a command's arguments as they may be kept.

    >>> shown(["--lr", "0.1", "--hf-token", "abc", "--password=geheim"])
    ['--lr', '0.1', '--hf-token', '***', '--password=***']
    """
    kept: list[str] = []
    hidden = False
    for argument in arguments:
        option = _SECRET_OPTION.match(argument)
        kept.append(MASK if hidden else _shown(argument, option))
        hidden = option is not None and "=" not in argument
    return kept


def _shown(argument: str, option: re.Match[str] | None) -> str:
    name, equals, _ = argument.partition("=")
    return f"{name}={MASK}" if option and equals else masked(argument)


def _papermill(notebook: Path | None) -> dict[str, Any] | None:
    """Return what papermill notes in the notebook that it runs: `parameters`, and which notebook it was given."""
    if notebook is None or notebook.suffix != ".ipynb":
        return None
    try:
        noted = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["papermill"]
        parameters = noted["parameters"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {
        "parameters": masked_parameters(parameters),
        "input": noted.get("input_path"),
        "output": noted.get("output_path"),
    }


def masked_parameters(value: Any, name: str = "") -> Any:
    """Return parameters as they may be kept: what is named like a credential, or looks like one, is masked.

    >>> masked_parameters({"lr": 0.5, "api_key": "abc", "db": {"password": "x", "host": "y"}})
    {'lr': 0.5, 'api_key': '***', 'db': {'password': '***', 'host': 'y'}}
    """
    if isinstance(value, dict):
        return {one: masked_parameters(inner, str(one)) for one, inner in value.items()}
    if isinstance(value, list):
        return [masked_parameters(inner, name) for inner in value]
    if isinstance(value, str) and _SECRET_OPTION.match(f"--{name.replace('_', '-')}"):
        return MASK
    return masked(value) if isinstance(value, str) else value
