"""What processes below the launchers inherit: the servers, the notebooks, the sender of what waits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_utils.entries.stores import addresses_of
from jupyter_utils.machine.files import read_secret, state_dir
from jupyter_utils.machine.inherited import inherited, kept_names
from jupyter_utils.machine.kept_login import told
from jupyter_utils.machine.lab_store import LabStore, login_digest
from jupyter_utils.machine.running import running
from jupyter_utils.machine.urls import MASKED, without_credentials
from jupyter_utils.machine.variables import given
from jupyter_utils.settings import read_settings
from jupyter_utils.supervision.notify import VARIABLE
from jupyter_utils.tracking import NOTEBOOKS, is_http

from . import mlflow
from .addresses import openable
from .network import certificate_environment, proxy_environment
from .whereabouts import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_utils.settings import Settings

    from .jupyter import Door

# Settings that say which data of MLflow's are meant.
_DATA = {"mlflow_store_dir", "mlflow_backend_store_uri"}


def base_environment(settings: Settings) -> dict[str, str]:
    """Make the environment of every process below: what may be inherited, with proxies, certificates, no telemetry."""
    return {
        # Whether the service is ready is not for its servers, nor for a notebook, to say.
        **{name: value for name, value in inherited().variables.items() if name != VARIABLE},
        **proxy_environment(settings),
        **certificate_environment(settings, state_dir()),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        # What somebody installed below the home folder is no part of the environment.
        "PYTHONNOUSERSITE": "1",
    }


def kept_environment(settings: Settings) -> dict[str, str]:
    """Return what JUPYTER_UTILS_KEEP hands on to JupyterLab and its notebooks."""
    names = kept_names(settings.jupyter_utils_keep)
    return {name: value for name, value in inherited(names).variables.items() if name in names}


def left_out(settings: Settings) -> str | None:
    """Say what of the caller's shell nobody below inherits; None where there is nothing of that kind."""
    return inherited(kept_names(settings.jupyter_utils_keep)).told()


def server_environment(settings: Settings) -> dict[str, str]:
    """Make the environment of a command that talks to the server here as its administrator."""
    admin = mlflow.credentials(settings)
    return base_environment(settings) | (admin.environment() if admin else {})


def notebook_environment(
    settings: Settings, admin: mlflow.Credentials | None, *, joined: bool = False, door: Door | None = None
) -> dict[str, str]:
    """Return what notebooks and terminals of the lab are told of MLflow and the spool.

    Args:
        settings: those of the lab.
        admin: logs in to the MLflow on the store here, started by this lab or (`joined`) by another.
        joined: whether another lab's MLflow serves the store.
        door: where the lab shows MLflow's pages itself.
    """
    login = admin.environment() if admin else tracking_password(settings)
    return {
        "MLFLOW_TRACKING_URI": settings.other_mlflow or mlflow.tracking_uri(settings),
        **_pages(settings, door),
        "JUPYTER_UTILS_SPOOL_DIR": str(settings.spool_dir),
        "JUPYTER_UTILS_SPOOL_GIB": str(settings.jupyter_utils_spool_gib),
        "JUPYTER_UTILS_FSYNC": settings.jupyter_utils_fsync,
        # A set of texts has the same order in every kernel, and so in every run of a notebook.
        "PYTHONHASHSEED": given("PYTHONHASHSEED") or "0",
        **{name: given(name) or default for name, default in NOTEBOOKS.items()},
        **settings.for_library,
        **kept_environment(settings),
        **_lab_store(settings, admin, login, is_here=joined or settings.mlflow_tracking_uri is None).variable(),
        **login,
    }


def program_address(settings: Settings) -> str:
    """Return where programs outside of the lab reach its MLflow: of a container beside, its published port."""
    named = settings.mlflow_tracking_uri
    return openable(without_credentials(named) if named else mlflow.page_url(settings))


def _pages(settings: Settings, door: Door | None) -> dict[str, str]:
    """Say where MLflow's pages are: the user's word, else the lab's door, else the server itself."""
    if settings.mlflow_ui_url:
        return {"MLFLOW_UI_URL": openable(settings.mlflow_ui_url)}
    if door is None or not is_http(settings.other_mlflow or mlflow.tracking_uri(settings)):
        return {"MLFLOW_UI_URL": program_address(settings)}
    return {"MLFLOW_UI_URL": door.url or program_address(settings), "JUPYTER_UTILS_DOOR": door.path}


def _lab_store(
    settings: Settings, admin: mlflow.Credentials | None, login: dict[str, str], *, is_here: bool
) -> LabStore:
    """Say which MLflow the lab uses; `is_here` tells whether that serves the store that the settings name."""
    digest = login_digest(*login.values()) if login else ""
    uri = settings.other_mlflow or mlflow.tracking_uri(settings)
    identity = mlflow.store_identity(settings) if is_here else ""
    file = mlflow.password_file(settings) if is_here else _tracking_password(settings)[0]
    name = admin.username if admin else mlflow.admin_name() if is_here else _tracking_name()
    return LabStore(without_credentials(uri), identity, digest, name, str(file or ""))


def _tracking_password_file(settings: Settings) -> Path | None:
    """Return where the password of an MLflow elsewhere lies, or will lie: it is named, or that of the one beside."""
    if settings.mlflow_tracking_password_file is not None:
        return settings.mlflow_tracking_password_file
    is_beside = settings.mlflow_tracking_uri is None and settings.mlflow_host
    return mlflow.password_file(settings) if is_beside and not given("MLFLOW_TRACKING_PASSWORD") else None


def _tracking_name() -> str:
    return given("MLFLOW_TRACKING_USERNAME") or mlflow.ADMIN


def _tracking_password(settings: Settings) -> tuple[Path | None, str]:
    """Return the file that is for the MLflow elsewhere, None where there is none, and the password in it.

    Raises:
        SettingsError: the file that is named cannot be read.
    """
    file = _tracking_password_file(settings)
    if file is None or settings.other_mlflow is None:
        return None, ""
    if not file.is_socket():
        if settings.mlflow_tracking_password_file is None and not file.exists():
            return file, ""  # both containers see the store, and the server has never asked
        return file, read_secret("MLFLOW_TRACKING_PASSWORD_FILE", file)
    # A unit's: where MLflow asks for no password, or not yet, it tells none.
    said = told(file)
    has_own = given("MLFLOW_TRACKING_PASSWORD") or given("MLFLOW_TRACKING_TOKEN")
    if not said.is_for(settings.other_mlflow) or (said.address and has_own):
        return None, ""
    return file, said.password


def tracking_password(settings: Settings) -> dict[str, str]:
    """Return the login of an MLflow elsewhere: from the file that is named, else, of the one beside, its own.

    Raises:
        SettingsError: the file that is named cannot be read.
    """
    _, password = _tracking_password(settings)
    return mlflow.Credentials(_tracking_name(), password, None).environment() if password else {}


def use_settings() -> None:
    """Let the settings in `.env` hold for this process, as they do for the lab: which MLflow, and the spool's.

    Where nothing names MLflow's data, and one lab of this user runs, they are that lab's.
    """
    named = read_settings()
    settings, uri = _only_lab(named) or (named, mlflow.tracking_uri(named))
    os.environ["JUPYTER_UTILS_SPOOL_DIR"] = str(settings.spool_dir)
    os.environ["JUPYTER_UTILS_FSYNC"] = settings.jupyter_utils_fsync
    os.environ.update(settings.for_library)
    os.environ["MLFLOW_TRACKING_URI"] = settings.other_mlflow or uri
    if not given("MLFLOW_TRACKING_PASSWORD"):
        os.environ.update(tracking_password(settings) or _own_login(settings))


def _only_lab(named: Settings) -> tuple[Settings, str] | None:
    """Return the settings of the one lab that runs, and the address of its MLflow; None where others are meant."""
    labs = running()
    if named.other_mlflow or _DATA & named.model_fields_set or len(labs) != 1:
        return None
    settings, served = settings_of(labs[0]), (*labs[0].stores, *labs[0].artifacts)
    if settings is None or MASKED in (settings.other_mlflow or ""):
        return None
    if "mlflow_port" in named.model_fields_set and named.mlflow_port != settings.mlflow_port:
        return None
    return settings, served[0] if served else mlflow.tracking_uri(settings)


def _own_login(settings: Settings) -> dict[str, str]:
    """Return what logs in to the MLflow that a lab of this user runs on the store here, and to no other."""
    store = mlflow.store_identity(settings)
    uri = next(iter(addresses_of(store)), None) if store and not settings.other_mlflow else None
    if uri is None or not (settings.mlflow_asks_password or mlflow.has_password(settings)):
        return {}
    admin = mlflow.credentials(settings.model_copy(update={"mlflow_auth": "on"}))
    login = admin.environment() if admin else {}
    return {"MLFLOW_TRACKING_URI": uri, **LabStore(uri, store, login_digest(*login.values())).variable(), **login}
