"""Writing a value and reading it back, without a server in between."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_utils.artifacts import writing
from jupyter_utils.artifacts.lookup import kind_named
from jupyter_utils.artifacts.registry import SIDECAR


def round_trip(value: Any, key: str = "x", section: str = "dataset") -> Any:
    """Write a value as `save_mlflow` does, and read it as `load_mlflow` does."""
    planned, problems = writing.plan(section, {key: value})
    assert not problems, problems[0]
    with TemporaryDirectory() as folder:
        stored = writing.write(planned[0], Path(folder))
        details = json.loads(json.dumps(stored.details)) | {"trust": True}
        if SIDECAR in details:
            details[SIDECAR] = (Path(folder) / details[SIDECAR]).read_bytes()
        kind = kind_named(stored.kind)
        assert kind
        read = kind.format(stored.format).read
        assert read
        return read(Path(folder, stored.path), details)
