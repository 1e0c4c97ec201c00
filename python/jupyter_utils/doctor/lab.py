"""The labs of this user that run: each as it told of itself when it began, whatever the shell's variables say now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_utils.environments.record import built_environment
from jupyter_utils.machine.addresses import is_loopback
from jupyter_utils.machine.readiness import answers
from jupyter_utils.machine.running import Running, running
from jupyter_utils.machine.urls import mask
from jupyter_utils.servers.whereabouts import environment_name, settings_of

from .finding import Finding, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_utils.settings import Settings

ANSWER_SECONDS = 5.0


def labs(settings: Settings) -> Iterator[Finding]:
    """Describe every lab that runs: process, environment, servers, folders, and who can reach it."""
    found = running()
    if not found:
        yield ok("lab", f"none of yours runs; what follows is for one that is started here, in {settings.root_dir}")
    for number, state in enumerate(found, 1):
        kind = "lab" if "JupyterLab" in state.urls else "MLflow server"
        name = kind if len(found) == 1 else f"{kind} ({number} of {len(found)})"
        yield from _describe(name, state)


def _describe(name: str, state: Running) -> Iterator[Finding]:
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(state.began))
    yield ok(name, f"process {state.pid}, since {since}, notebooks in {state.root_dir}")
    yield from _environment(name, state)
    for server, address in state.health.items():
        yield _answer(f"{name}, {server}", server, address, state)
    chosen = settings_of(state)
    if chosen is None:
        yield warning(name, "an earlier version started it: it does not tell more", "start it again when it suits you")
        return
    yield _reach(name, chosen)
    if chosen.other_mlflow:
        yield ok(f"{name}, MLflow", f"another one is used: {mask(chosen.other_mlflow)}")
    else:
        data = f"{mask(chosen.backend_store_uri)}, artifacts in {mask(chosen.artifacts_destination)}"
        yield ok(f"{name}, MLflow data", data)
    yield ok(f"{name}, waiting runs", f"in {chosen.spool_dir}")
    for server, log in state.logs.items():
        yield ok(f"{name}, log of {server}", log)


def _environment(name: str, state: Running) -> Iterator[Finding]:
    own = environment_name(built_environment())
    if not state.environment or state.environment == own:
        yield ok(f"{name}, environment", state.environment or "none of this project's")
        return
    message = f"{state.environment}; this command is of {own or 'none of this project'}, so other packages may be meant"
    yield warning(f"{name}, environment", message, "start the lab again, or call the jupyter-utils of its terminal")


def _answer(subject: str, server: str, address: str, state: Running) -> Finding:
    page = mask(state.urls.get(server) or address).partition("?")[0]
    if answers(address, ANSWER_SECONDS):
        door = urlsplit(state.urls.get("JupyterLab", "")).netloc
        beyond = "; through JupyterLab's address" if server == "MLflow" and door == urlsplit(page).netloc else ""
        return ok(subject, f"answers, {page}{beyond}")
    log = state.logs.get(server)
    remedy = f"read the end of {log}" if log else "read its log, which the lab names when it starts"
    return warning(
        subject, f"does not answer at {address}", f"{remedy}; if it stays so, end the lab and start it again"
    )


def _reach(name: str, chosen: Settings) -> Finding:
    said = f"LISTEN_ADDRESS={chosen.listen_address}"
    who = "this machine only" if is_loopback(chosen.listen_address) else "other machines, too"
    if chosen.other_mlflow:
        return ok(f"{name}, who can reach it", f"{who} ({said})")
    asks = "asks for a password" if chosen.mlflow_asks_password else "asks for no password"
    message = f"{who} ({said}); MLflow's port {chosen.mlflow_port} {asks} (MLFLOW_AUTH={chosen.mlflow_auth})"
    if not is_loopback(chosen.listen_address) and not chosen.mlflow_asks_password:
        return warning(f"{name}, who can reach it", message, "start it again with MLFLOW_AUTH=auto; notebooks know it")
    return ok(f"{name}, who can reach it", message)
