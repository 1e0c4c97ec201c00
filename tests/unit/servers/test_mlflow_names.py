"""Names of MLflow that are not public, held against its files."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path

from jupyter_utils.adapters import mlflow as adapter
from jupyter_utils.servers.mlflow_app import __main__ as mlflow_app
from jupyter_utils.servers.mlflow_app import server_info


def test_the_names_of_mlflows_variables_are_its_own() -> None:
    """What `mlflow server` tells its workers is told under the same names; read from its files, which load slowly."""
    package = Path(importlib.util.find_spec("mlflow").origin).parent
    constants = runpy.run_path(str(package / "server" / "constants.py"))
    names = ("BACKEND_STORE_URI", "REGISTRY_STORE_URI", "ARTIFACT_ROOT", "ARTIFACTS_DESTINATION", "SERVE_ARTIFACTS")
    assert [constants[f"{name}_ENV_VAR"] for name in names] == [getattr(adapter, name) for name in names]
    variables = (package / "environment_variables.py").read_text(encoding="utf-8")
    assert {f'"{name}"' in variables for name in (adapter.SERVER_KIND, adapter.ADMIN_BOOTSTRAPPED)} == {True}
    assert {f'"{name}"' in variables for name in server_info.WAYS.values()} == {True}
    told = (package / "utils" / "server_info.py").read_text(encoding="utf-8")
    assert {f'"{name}"' in told for name in server_info.WAYS} == {True}
    log_config = Path(mlflow_app.log_config())
    assert log_config.is_file()
    assert f'"{log_config.name}"' in (package / "server" / "__init__.py").read_text(encoding="utf-8")
