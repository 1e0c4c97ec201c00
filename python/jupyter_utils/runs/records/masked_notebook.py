"""A notebook as others may read it: without credentials, and without what its private cells hold and show."""

from __future__ import annotations

import json
from typing import Any

from jupyter_utils.kernels.private import WITHHELD, is_private
from jupyter_utils.machine.masking import masked, secrets, without

from .calling import masked_parameters


def masked_notebook(text: str) -> str:
    """Mask a notebook's cells and what they show; one with nothing to mask stays as it is, byte for byte.

    What is masked in a cell is masked in every output, too. Of a private cell neither text nor outputs are left.
    """
    try:
        notebook = json.loads(text)
        hidden = secrets("\n".join("".join(cell["source"]) for cell in notebook["cells"]))
        cells = [_masked_cell(cell, hidden) for cell in notebook["cells"]]
        metadata = _masked_metadata(notebook["metadata"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return masked(text)
    if cells == notebook["cells"] and metadata == notebook["metadata"]:
        return text
    return json.dumps(notebook | {"cells": cells, "metadata": metadata}, ensure_ascii=False, indent=1) + "\n"


def _masked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Mask what papermill has noted of the parameters that it injected."""
    noted = metadata.get("papermill")
    if not isinstance(noted, dict) or "parameters" not in noted:
        return metadata
    return metadata | {"papermill": noted | {"parameters": masked_parameters(noted["parameters"])}}


def _masked_cell(cell: dict[str, Any], secret: frozenset[str]) -> dict[str, Any]:
    source = "".join(cell["source"])
    if is_private(source):
        return cell | {"source": WITHHELD} | ({"outputs": []} if "outputs" in cell else {})
    hidden = masked(source)
    changed = cell if hidden == source else cell | {"source": hidden}
    if "outputs" in cell:
        outputs = [_masked_value(output, secret) for output in cell["outputs"]]
        changed = changed if outputs == cell["outputs"] else changed | {"outputs": outputs}
    return changed


def _masked_value(value: Any, secret: frozenset[str]) -> Any:
    """Mask every text in an output: lines are looked at together, since a key has several."""
    if isinstance(value, str):
        return without(value, secret)
    if isinstance(value, dict):
        return {name: _masked_value(one, secret) for name, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            whole = without("".join(value), secret)
            return value if whole == "".join(value) else whole.splitlines(keepends=True)
        return [_masked_value(one, secret) for one in value]
    return value
