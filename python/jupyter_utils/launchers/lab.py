"""`jupyter-utils lab` and `jupyter-utils mlflow`: everything checked, then the servers started as one unit."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import click

from jupyter_utils.errors import SettingsError
from jupyter_utils.network import certificate_environment, mask, proxy_environment, without_credentials
from jupyter_utils.variables import given

from . import jupyter, mlflow
from .addresses import openable, public_host, reachable_host
from .background import Background
from .console import Console
from .files import little_space, read_secret, state_dir, writable_dir
from .guard import run_guarded
from .hosting import hosted
from .logs import log_file
from .notify import VARIABLE, is_service
from .ports import check_port
from .state import announced
from .store import windows_drive_warning
from .supervisor import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_utils.settings import Settings

    from .supervisor import Server

NEARLY_FULL = 64 * 2**20
"""Bytes free below which nobody can work for long."""


def run_lab(settings: Settings, extra: Sequence[str] = (), *, verbose: bool = False) -> int:
    """Run JupyterLab and, unless MLFLOW_TRACKING_URI names another, the MLflow server, until asked to stop.

    Args:
        settings: what to run, and where.
        extra: further arguments of `jupyter lab`.
        verbose: show all output of the servers.

    Returns:
        0 after a requested stop, else the exit code of the server that ended first.

    Raises:
        JupyterUtilsError: something is wrong before anything was started.

    """
    check_extra(extra, "JUPYTER_PORT")
    settings, extra = hosted(settings, extra)
    own_mlflow = settings.other_mlflow is None
    notebook_dir = settings.notebook_dir
    check_port(settings.bind_address, settings.jupyter_port, "JUPYTER_PORT")
    entry = jupyter.access(settings)
    root_dir = writable_dir(settings.root_dir, "JUPYTER_ROOT_DIR")
    writable_dir(notebook_dir, "JUPYTER_NOTEBOOK_DIR")
    _warn(little_space(notebook_dir, "JUPYTER_NOTEBOOK_DIR", NEARLY_FULL))
    env = base_environment(settings)
    servers, admin = [], None
    if own_mlflow:
        servers, admin = [_mlflow_server(settings, env, ())], mlflow.credentials(settings)
    env |= _notebook_environment(settings, admin)
    servers.insert(0, jupyter.server(settings, env, log_file(jupyter.NAME, settings.jupyter_port), entry, extra))
    host = reachable_host(settings.listen_address)
    urls = {"JupyterLab": jupyter.url(settings, entry, host, extra), "MLflow": env.get("MLFLOW_UI_URL", "")}
    # A journal has more readers than a terminal.
    shown = {**urls, "JupyterLab": jupyter.url(settings, jupyter.Access(), host, extra)} if is_service() else urls
    summary = [
        *_addresses(settings, shown),
        *([f"{'log in with':12}{jupyter.secret_source(settings, entry)}"] if is_service() else []),
        f"{'notebooks':12}{root_dir}",
        *(_store_lines(settings, admin) if own_mlflow else []),
    ]
    artifacts = mlflow.local_artifacts(settings) if own_mlflow else {}
    return _run(servers, summary, urls, settings, artifacts, Background(settings.spool_dir, env), verbose=verbose)


def run_mlflow(settings: Settings, extra: Sequence[str] = (), *, verbose: bool = False) -> int:
    """Run the MLflow server alone until asked to stop; MLFLOW_TRACKING_URI is ignored. See `run_lab`."""
    check_extra(extra, "MLFLOW_PORT")
    servers = [_mlflow_server(settings, base_environment(settings), extra)]
    urls = {"MLflow": mlflow.page_url(settings, extra)}
    summary = [*_addresses(settings, urls), *_store_lines(settings, mlflow.credentials(settings))]
    return _run(servers, summary, urls, settings, mlflow.local_artifacts(settings, extra), verbose=verbose)


def _mlflow_server(settings: Settings, env: dict[str, str], extra: Sequence[str]) -> Server:
    check_port(settings.bind_address, settings.mlflow_port, "MLFLOW_PORT")
    mlflow.prepare_store(settings)
    _warn(windows_drive_warning(settings.store_dir))
    _warn(little_space(settings.store_dir, "MLFLOW_STORE_DIR", NEARLY_FULL))
    log = log_file(mlflow.NAME, settings.mlflow_port)
    return mlflow.server(settings, env, log, mlflow.credentials(settings), extra)


def _warn(message: str | None) -> None:
    if message:
        click.secho(f"Warning: {message}", fg="yellow", err=True)


def check_extra(extra: Sequence[str], port_setting: str) -> None:
    """Refuse arguments that would move a server away from where it is waited for.

    Raises:
        SettingsError: an argument has a setting of its own.

    """
    own = {"port": port_setting, "ip": "LISTEN_ADDRESS", "host": "LISTEN_ADDRESS", "workers": "MLFLOW_WORKERS"}
    for argument in extra:
        name = argument.partition("=")[0].lstrip("-").removeprefix("ServerApp.")
        if argument.startswith("-") and name in own:
            raise SettingsError(f"{argument!r} cannot be handed on: set {own[name]} instead.")


def base_environment(settings: Settings) -> dict[str, str]:
    """Make the environment of every process below: the user's, with proxies, certificates and no telemetry."""
    return {
        # Whether the service is ready is not for its servers, nor for a notebook, to say.
        **{name: value for name, value in os.environ.items() if name != VARIABLE},
        **proxy_environment(settings),
        **certificate_environment(settings, state_dir()),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def _notebook_environment(settings: Settings, admin: mlflow.Credentials | None) -> dict[str, str]:
    # The page of an MLflow in a container beside this one is where its port is published.
    named = settings.mlflow_tracking_uri
    page = settings.mlflow_ui_url or (without_credentials(named) if named else mlflow.page_url(settings))
    return {
        "MLFLOW_TRACKING_URI": settings.other_mlflow or mlflow.tracking_uri(settings),
        "MLFLOW_UI_URL": openable(page),
        "JUPYTER_UTILS_SPOOL_DIR": str(settings.spool_dir),
        "JUPYTER_UTILS_SPOOL_GIB": str(settings.jupyter_utils_spool_gib),
        "JUPYTER_UTILS_FSYNC": settings.jupyter_utils_fsync,
        **settings.for_library,
        **(admin.environment() if admin else tracking_password(settings)),
    }


def tracking_password(settings: Settings) -> dict[str, str]:
    """Give the password of an MLflow elsewhere: from the file that is named, else, of the one beside, its own."""
    file = settings.mlflow_tracking_password_file
    if file is None and settings.mlflow_tracking_uri is None and settings.mlflow_host:
        # Both containers see the store; where the server does not ask, there is no such file.
        kept = settings.store_dir / "auth" / mlflow.PASSWORD_FILE
        file = kept if kept.exists() and not given("MLFLOW_TRACKING_PASSWORD") else None
    if file is None or settings.other_mlflow is None:
        return {}
    password = read_secret("MLFLOW_TRACKING_PASSWORD_FILE", file)
    username = given("MLFLOW_TRACKING_USERNAME") or mlflow.ADMIN
    return mlflow.Credentials(username, password, None).environment()


def _addresses(settings: Settings, urls: dict[str, str]) -> list[str]:
    lines = []
    here, elsewhere = reachable_host(settings.listen_address), public_host(settings.listen_address)
    if settings.jupyter_utils_profile == "container":
        elsewhere = here  # its own name means nothing to others
    for name, url in urls.items():
        lines.append(f"{name:12}{mask(url) if name == 'MLflow' else url}")
        if here != elsewhere and f"//{here}:" in url:
            lines.append(f"{'':12}{url.replace(here, elsewhere, 1)} from other machines")
    return lines


def _store_lines(settings: Settings, admin: mlflow.Credentials | None) -> list[str]:
    lines = [
        f"{'MLflow data':12}{mask(settings.backend_store_uri)}",
        f"{'artifacts':12}{mask(settings.artifacts_destination)}",
    ]
    if admin:
        where = admin.password_file or "MLFLOW_AUTH_ADMIN_PASSWORD"
        lines.append(f"{'log in as':12}{admin.username}, password in {where}")
    return lines


def _run(  # noqa: PLR0913, PLR0917 - all that a unit is made of
    servers: Sequence[Server],
    summary: Sequence[str],
    urls: dict[str, str],
    settings: Settings,
    artifacts: dict[str, str],
    background: Background | None = None,
    *,
    verbose: bool = False,
) -> int:
    logs = [f"{'log':12}{server.log}" for server in servers]
    in_terminal = not is_service() and settings.jupyter_utils_profile != "container"
    health = {server.name: server.health for server in servers}

    def supervise() -> int:
        with contextlib.ExitStack() as stack:
            console = Console(
                servers,
                [*summary, *logs, *(["Ctrl-C ends everything."] if in_terminal else [])],
                verbose=verbose,
                on_ready=lambda: stack.enter_context(announced(urls, settings.root_dir, health, artifacts)),
            )
            return Unit(servers, console, background.tick if background else lambda: None).run()

    return run_guarded(supervise)
