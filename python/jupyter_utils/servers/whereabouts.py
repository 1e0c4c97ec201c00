"""What a lab writes down of itself, so that commands mean the lab that runs, and not what the shell that asks says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.environments.recipe import own_recipe
from jupyter_utils.machine.urls import mask
from jupyter_utils.settings import Settings

if TYPE_CHECKING:
    from jupyter_utils.environments.record import Record
    from jupyter_utils.machine.running import Running

# What the lab says of itself counts, also that it has no other MLflow: in its terminals this is set to its own.
_UNSET = {"mlflow_tracking_uri": None, "mlflow_host": None, "mlflow_backend_store_uri": None}


def where(settings: Settings) -> dict[str, str]:
    """Return the settings that say where a lab's things are, by name; passwords in addresses are masked."""
    addresses = {
        "MLFLOW_TRACKING_URI": settings.other_mlflow,
        "MLFLOW_BACKEND_STORE_URI": settings.mlflow_backend_store_uri,
        "MLFLOW_ARTIFACTS_DESTINATION": settings.mlflow_artifacts_destination,
    }
    return {
        "JUPYTER_PORT": str(settings.jupyter_port),
        "JUPYTER_ROOT_DIR": str(settings.root_dir),
        "JUPYTER_NOTEBOOK_DIR": str(settings.notebook_dir),
        "MLFLOW_PORT": str(settings.mlflow_port),
        "MLFLOW_STORE_DIR": str(settings.store_dir),
        "MLFLOW_AUTH": settings.mlflow_auth,
        "LISTEN_ADDRESS": settings.listen_address,
        "JUPYTER_UTILS_SPOOL_DIR": str(settings.spool_dir),
        **{name: mask(address) for name, address in addresses.items() if address},
    }


def settings_of(state: Running) -> Settings | None:
    """Return the settings of a lab that runs; None of one that an earlier version started, which did not tell."""
    if not state.settings:
        return None
    return Settings(**_UNSET | {name.lower(): value for name, value in state.settings.items()})  # type: ignore[arg-type]


def environment_name(record: Record | None) -> str:
    """Return the name of the environment of this record (that of `built_environment`); empty where there is none."""
    if record is None:
        return ""
    own = own_recipe(record)
    return own.name if own else f"{record.base}, {record.variant}"
