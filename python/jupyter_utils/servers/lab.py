"""`jupyter-utils lab` and `jupyter-utils mlflow`: everything checked, then the servers started as one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from jupyter_utils.entries.identity import named
from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.addresses import reachable_host
from jupyter_utils.machine.files import little_space, writable_dir
from jupyter_utils.machine.ports import check_port
from jupyter_utils.machine.running import Announcement
from jupyter_utils.machine.urls import mask
from jupyter_utils.store.layout import windows_drive_warning
from jupyter_utils.supervision.console import Console
from jupyter_utils.supervision.guard import run_guarded
from jupyter_utils.supervision.logs import log_file
from jupyter_utils.supervision.notify import is_service
from jupyter_utils.supervision.supervisor import Unit

from . import jupyter, mlflow
from .addresses import public_host
from .background import Background
from .environment import base_environment, left_out, notebook_environment, program_address
from .hosting import hosted
from .one_server import own_store, own_store_or_neighbour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_utils.settings import Settings
    from jupyter_utils.supervision.member import ServerSpec

NEARLY_FULL = 64 * 2**20
"""Bytes free below which nobody can work for long."""

_OWN = {
    "ip": "LISTEN_ADDRESS",
    "host": "LISTEN_ADDRESS",
    "workers": "MLFLOW_WORKERS",
    "app-name": "MLFLOW_AUTH",
    "backend-store-uri": "MLFLOW_BACKEND_STORE_URI",
    "artifacts-destination": "MLFLOW_ARTIFACTS_DESTINATION",
}
_OTHER_SERVERS = ("gunicorn-opts", "waitress-opts")


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
    _warn(left_out(settings))
    check_port(settings.bind_address, settings.jupyter_port, "JUPYTER_PORT")
    writable_dir(settings.root_dir, "JUPYTER_ROOT_DIR")
    writable_dir(settings.notebook_dir, "JUPYTER_NOTEBOOK_DIR")
    _warn(little_space(settings.notebook_dir, "JUPYTER_NOTEBOOK_DIR", NEARLY_FULL))
    if settings.other_mlflow is not None:
        return _run_lab(settings, extra, verbose=verbose)
    with own_store_or_neighbour(settings) as found:
        return _run_lab(found, extra, joined=found is not settings, verbose=verbose)


def _run_lab(settings: Settings, extra: Sequence[str], *, joined: bool = False, verbose: bool) -> int:
    own_mlflow = settings.other_mlflow is None
    entry, root_dir = jupyter.access(settings), settings.root_dir
    env = base_environment(settings)
    servers: list[ServerSpec] = []
    admin = None
    if own_mlflow:
        # JupyterLab and its kernels outlive an MLflow that dies; one that cannot start at all ends everything at once.
        servers = [replace(_mlflow_server(settings, env, ()), revives=True)]
    if own_mlflow or joined:
        admin = mlflow.credentials(settings)
    door = jupyter.door(settings, extra)
    env |= notebook_environment(settings, admin, joined=joined, door=door)
    servers.insert(0, jupyter.server(settings, env, log_file(jupyter.NAME, settings.jupyter_port), entry, extra))
    host = reachable_host(settings.listen_address)

    def addresses(entry: jupyter.Access) -> dict[str, str]:
        page = env["MLFLOW_UI_URL"]
        return {
            "JupyterLab": jupyter.url(settings, entry, host, extra),
            "MLflow": jupyter.with_token(page, entry) if page == door.url else mask(page),
            "programs": program_address(settings),
        }

    urls = addresses(entry)
    # A journal has more readers than a terminal.
    shown = addresses(jupyter.Access()) if is_service() else urls
    summary = [
        *_addresses(settings, shown),
        *([f"{'log in with':12}{jupyter.secret_source(settings, entry)}"] if is_service() else []),
        f"{'notebooks':12}{root_dir}",
        *(_store_lines(settings, admin) if own_mlflow else []),
    ]
    own = mlflow.announced(settings) if own_mlflow else mlflow.Announced()
    return _run(servers, summary, urls, settings, own, Background(settings.spool_dir, env), verbose=verbose)


def run_mlflow(settings: Settings, extra: Sequence[str] = (), *, verbose: bool = False) -> int:
    """Run the MLflow server alone until asked to stop; MLFLOW_TRACKING_URI is ignored. See `run_lab`."""
    check_extra(extra, "MLFLOW_PORT")
    _warn(left_out(settings))
    with own_store(settings, extra):
        # A unit that ended with it would be given up after some ends (StartLimitBurst=), perhaps at night.
        servers = [replace(_mlflow_server(settings, base_environment(settings), extra), revives=True)]
        urls = {"MLflow": mask(mlflow.page_url(settings, extra))}
        summary = [*_addresses(settings, urls), *_store_lines(settings, mlflow.credentials(settings))]
        return _run(servers, summary, urls, settings, mlflow.announced(settings, extra), verbose=verbose)


def _mlflow_server(settings: Settings, env: dict[str, str], extra: Sequence[str]) -> ServerSpec:
    check_port(settings.bind_address, settings.mlflow_port, "MLFLOW_PORT")
    _warn(windows_drive_warning(settings.store_dir))
    _warn(little_space(settings.store_dir, "MLFLOW_STORE_DIR", NEARLY_FULL))
    log = log_file(mlflow.NAME, settings.mlflow_port)
    return mlflow.server(settings, env, log, mlflow.credentials(settings), extra)


def _warn(message: str | None) -> None:
    if message:
        click.secho(f"Warning: {message}", fg="yellow", err=True)


def check_extra(extra: Sequence[str], port_setting: str) -> None:
    """Refuse arguments that would move a server away from where it is waited for, or from its limits.

    Raises:
        SettingsError: an argument has a setting of its own, or cannot be had.
    """
    own = {**_OWN, "port": port_setting}
    for argument in extra:
        name = argument.partition("=")[0].lstrip("-").removeprefix("ServerApp.")
        if argument.startswith("-") and name in own:
            raise SettingsError(f"{argument!r} cannot be handed on: set {own[name]} instead.")
        if argument.startswith("-") and name in _OTHER_SERVERS:
            raise SettingsError(
                f"{argument!r} cannot be handed on: what limits requests here works with uvicorn only. Give "
                "--uvicorn-opts, or set MLFLOW_WORKERS."
            )


def _addresses(settings: Settings, urls: dict[str, str]) -> list[str]:
    lines = []
    here, elsewhere = reachable_host(settings.listen_address), public_host(settings.listen_address)
    if settings.jupyter_utils_profile == "container":
        elsewhere = here  # its own name means nothing to others
    for name, url in urls.items():
        lines.append(f"{name:12}{url}")
        if here != elsewhere and f"//{here}:" in url:
            lines.append(f"{'':12}{url.replace(here, elsewhere, 1)} from other machines")
    return lines


def _store_lines(settings: Settings, admin: mlflow.Credentials | None) -> list[str]:
    lines = [
        f"{'MLflow data':12}{mask(settings.backend_store_uri)}",
        f"{'artifacts':12}{mask(settings.artifacts_destination)}",
    ]
    if store := mlflow.store_identity(settings):
        lines.append(f"{'identity':12}{named(store)}")
    if admin:
        where = admin.password_file or "MLFLOW_AUTH_ADMIN_PASSWORD"
        lines.append(f"{'log in as':12}{admin.username}, password in {where}")
    return lines


def _run(  # noqa: PLR0913, PLR0917 - all that a unit is made of
    servers: Sequence[ServerSpec],
    summary: Sequence[str],
    urls: dict[str, str],
    settings: Settings,
    own: mlflow.Announced,
    background: Background | None = None,
    *,
    verbose: bool = False,
) -> int:
    logs = [f"{'log':12}{server.log}" for server in servers]
    in_terminal = not is_service() and settings.jupyter_utils_profile != "container"
    health = {server.name: server.health for server in servers}

    def supervise() -> int:
        with Announcement(urls, settings.root_dir, health, own.artifacts, own.stores) as announcement:
            console = Console(
                servers,
                [*summary, *logs, *(["Ctrl-C ends everything."] if in_terminal else [])],
                verbose=verbose,
                on_ready=announcement.make,
                on_end=announcement.ended,
            )
            return Unit(servers, console, background.tick if background else lambda: None).run()

    return run_guarded(supervise)
