"""Where something else than the user starts the lab and settles its address: JupyterHub, Kubeflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.addresses import LOOPBACK
from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_utils.settings import Settings

# What JupyterHub's spawners set (jupyterhub.readthedocs.io, "Spawners: environment variables").
HUB_TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105 - the name of a variable
HUB_URL = "JUPYTERHUB_SERVICE_URL"
HUB_PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
HUB_PUBLIC = "JUPYTERHUB_PUBLIC_URL"
HUB_FOLDER = "JUPYTERHUB_ROOT_DIR"
# What Kubeflow's notebook controller sets, and the port that it sends requests to.
KUBEFLOW_PREFIX = "NB_PREFIX"
KUBEFLOW_PORT = 8888


def under_hub() -> bool:
    """Return whether a JupyterHub has started this process; it then also asks users who they are."""
    return bool(given(HUB_TOKEN) and given(HUB_URL))


def is_hosted() -> bool:
    """Return whether a JupyterHub or Kubeflow gives this lab its address."""
    return under_hub() or bool(given(KUBEFLOW_PREFIX))


def public_address() -> str:
    """Return the lab's address for a browser, as far as a hub tells; empty where it does not."""
    return given(HUB_PUBLIC) if under_hub() else ""


def hosted(settings: Settings, extra: Sequence[str]) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings and arguments of JupyterLab with the address that JupyterHub or Kubeflow expects.

    Raises:
        SettingsError: the address that a hub has set names no port.
    """
    if under_hub():
        url = given(HUB_URL)
        parts = urlsplit(url)
        if not parts.port:
            raise SettingsError(
                f"{HUB_TOKEN} and {HUB_URL} are set, so a JupyterHub starts this lab, but {HUB_URL}={url!r} names no "
                f"port: correct the hub's spawner, or unset {HUB_TOKEN} to run without a hub."
            )
        address: dict[str, Any] = {"jupyter_port": parts.port, "listen_address": parts.hostname or LOOPBACK}
        base_url = given(HUB_PREFIX) or parts.path or "/"
        return settings.model_copy(update=address | _kept_folder(settings)), (
            f"--ServerApp.base_url={base_url}",
            *extra,
        )
    if prefix := given(KUBEFLOW_PREFIX):
        is_set = "jupyter_port" in settings.model_fields_set
        address = {"jupyter_port": settings.jupyter_port if is_set else KUBEFLOW_PORT}
        return settings.model_copy(update=address | _kept_folder(settings)), (f"--ServerApp.base_url={prefix}", *extra)
    return settings, tuple(extra)


def _kept_folder(settings: Settings) -> dict[str, Any]:
    """Show the folder that outlives the container: the one that the hub names, else home, where both mount a volume."""
    if settings.jupyter_root_dir is not None:
        return {}
    return {"jupyter_root_dir": Path(given(HUB_FOLDER) or Path.home()).expanduser().absolute()}
