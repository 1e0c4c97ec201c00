"""How JupyterLab is started: its arguments, its environment, its kernel."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from jupyter_utils.kernels.overlay import OVERLAY_VARIABLE, overlay_dir, write_commands
from jupyter_utils.kernels.overlay_trust import is_usable, take_over
from jupyter_utils.machine.addresses import reachable_host
from jupyter_utils.machine.files import kept_secret, make_private_dir, read_secret, state_dir
from jupyter_utils.machine.writing import write_whole
from jupyter_utils.notebook.twin import FORMATS_VARIABLE
from jupyter_utils.supervision.member import ServerSpec

from .door.paths import DOOR
from .hosting import is_hosted, public_address, under_hub
from .jupyter_app.__main__ import PASSWORD_FILE, TOKEN
from .jupyter_app.shells import PATH_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_utils.settings import Settings

NAME = "JupyterLab"
# Holds `labconfig/default_setting_overrides.json`, other defaults for settings of JupyterLab's page (a user's own still
# win): no question about news on a first visit, which could not be fetched anyway, and no dialog that asks for a new
# name when an untitled notebook is saved: it would open over a cell that runs `save_mlflow`, after the commit.
# And `jupyter_server_config.d`, which switches our extension of the server on.
_CONFIG = Path(__file__).parent / "jupyter_app" / "config"
# Holds our extension of the page, under `labextensions`.
_SHARE = Path(__file__).parent / "jupyter_app" / "share"
_FORMATS_OPTION = "JupytextConfiguration.formats"
_FORMATS = "ipynb,py:percent"


@dataclass(frozen=True)
class Access:
    """How users get in: by a token, a password, a JupyterHub, or through a gateway that has asked them already."""

    token: str = ""
    password_file: Path | None = None
    hub: bool = False


@dataclass(frozen=True)
class Door:
    """Where MLflow's pages are inside of JupyterLab's address.

    Attributes:
        path: from its root, without a slash at the end.
        url: the whole address, without token; empty where something else gives the lab its address and does not tell.
    """

    path: str
    url: str


def access(settings: Settings) -> Access:
    """Read what the settings say of token and password.

    Raises:
        SettingsError: a file of a token or password is missing, unreadable or empty.
    """
    if under_hub():
        return Access(hub=True)
    if settings.jupyter_auth == "gateway":
        return Access()
    if settings.jupyter_password_file:
        read_secret("JUPYTER_PASSWORD_FILE", settings.jupyter_password_file)
        # Beside it a token that nobody is shown: save_mlflow asks this server which notebook a kernel belongs to.
        token = settings.jupyter_token or secrets.token_hex(24)
        return Access(token=token, password_file=settings.jupyter_password_file)
    if settings.jupyter_token:
        return Access(token=settings.jupyter_token)
    if settings.jupyter_token_file:
        return Access(token=read_secret("JUPYTER_TOKEN_FILE", settings.jupyter_token_file))
    return Access(token=kept_secret(_token_file()))


def secret_source(settings: Settings, entry: Access) -> str:
    """Say where the token or password is to be found, without telling it."""
    if settings.jupyter_auth == "gateway":
        return "nothing (JUPYTER_AUTH=gateway)"
    if entry.password_file:
        return f"the password in {entry.password_file}"
    if settings.jupyter_token:
        return "the token in JUPYTER_TOKEN"
    return f"the token in {settings.jupyter_token_file or _token_file()}"


def _token_file() -> Path:
    return state_dir() / "jupyter-token"


def server(
    settings: Settings, env: Mapping[str, str], log: Path, entry: Access, extra: Sequence[str] = ()
) -> ServerSpec:
    """Describe JupyterLab as `Unit` starts it.

    Args:
        settings: where it listens and what it shows.
        env: the environment that its notebooks and terminals are to have.
        log: file that gets its output.
        entry: how users get in.
        extra: further arguments of `jupyter lab`; they come last and win.
    """
    host = reachable_host(settings.bind_address)
    module = "jupyterhub.singleuser" if entry.hub else "jupyter_utils.servers.jupyter_app"
    return ServerSpec(
        name=NAME,
        # -P: in a folder that came from elsewhere, its files are no modules of the server's.
        argv=[sys.executable, "-P", "-m", module, *arguments(settings, entry), *extra],
        env={**env, **_environment(settings, entry, env), FORMATS_VARIABLE: _given(extra, _FORMATS_OPTION) or _FORMATS},
        log=log,
        health=f"http://{host}:{settings.jupyter_port}{_base_url(extra)}api",
    )


def url(settings: Settings, entry: Access, host: str, extra: Sequence[str] = ()) -> str:
    """Return the address that users open; with the token, if there is one."""
    return f"http://{host}:{settings.jupyter_port}{_base_url(extra)}lab{_query(entry)}"


def door(settings: Settings, extra: Sequence[str] = ()) -> Door:
    """Return where MLflow's pages are, inside of JupyterLab's address."""
    path = f"{_base_url(extra)}{DOOR}".rstrip("/")
    if is_hosted():
        return Door(path, f"{public.rstrip('/')}/{DOOR}".rstrip("/") if (public := public_address()) else "")
    return Door(path, f"http://{reachable_host(settings.listen_address)}:{settings.jupyter_port}{path}")


def with_token(address: str, entry: Access) -> str:
    """Return the door's address with the token, if there is one, which lets a browser in that was not there before."""
    return f"{address}/{_query(entry)}"


def _query(entry: Access) -> str:
    return f"?token={quote(entry.token, safe='')}" if entry.token and not entry.password_file else ""


def _base_url(extra: Sequence[str]) -> str:
    given = _given(extra, ".base_url")
    return f"/{given.strip('/')}/".replace("//", "/") if given else "/"


def _given(extra: Sequence[str], option: str) -> str | None:
    """Return the value of an option among the further arguments, of which the last one wins; None if there is none."""
    pairs = (argument.partition("=") for argument in extra)
    values = [value for name, _, value in pairs if name.endswith(option)]
    return values[-1] if values else None


def arguments(settings: Settings, entry: Access) -> list[str]:
    """Return the arguments of `jupyter lab`, where they win over files in the user's home."""
    public = [name for part in (settings.jupyter_allowed_hosts or "").split(",") if (name := part.strip())]
    # Under a hub, its own program listens where the hub says.
    address = [f"--ServerApp.ip={settings.bind_address}", f"--ServerApp.port={settings.jupyter_port}"]
    given = [
        "--no-browser",
        *([] if entry.hub else address),
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={settings.root_dir}",
        f"--ServerApp.preferred_dir={settings.notebook_dir}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.contents_manager_class=jupyter_utils.servers.jupyter_app.contents.Contents",
        f"--{_FORMATS_OPTION}={_FORMATS}",
        *(f"--ServerApp.local_hostnames={name}" for name in ("localhost", socket.gethostname(), *public)),
        # What the proxy says of the browser's scheme and address counts, where there is one.
        *(["--ServerApp.trust_xheaders=True"] if public else []),
    ]
    if os.geteuid() == 0:
        # Whoever starts this as root means root; giving privileges up in a container is its entry point's work.
        given.append("--allow-root")
    if settings.jupyter_auth == "gateway":
        given.append("--ServerApp.allow_remote_access=True")  # its requests carry the public host name
    elif entry.password_file:
        given += [
            "--ServerApp.identity_provider_class=jupyter_server.auth.PasswordIdentityProvider",
            "--IdentityProvider.login_handler_class=jupyter_utils.servers.jupyter_app.password_page.PasswordPage",
        ]
    return given


def _environment(settings: Settings, entry: Access, env: Mapping[str, str]) -> dict[str, str]:
    overlay = overlay_dir(settings.root_dir)
    if told := take_over(overlay):
        click.secho(f"Warning: {told}", fg="yellow", err=True)
    usable = is_usable(overlay)
    own = _environment_dir()
    write_commands(own / "bin")
    first = [str(own / "bin"), *([str(overlay / "bin")] if usable else [])]
    return {
        TOKEN: entry.token,
        PASSWORD_FILE: str(entry.password_file or ""),
        OVERLAY_VARIABLE: str(overlay),
        "JUPYTER_UTILS_KEEP_OUTPUTS": settings.jupyter_utils_keep_outputs,
        "PATH": os.pathsep.join([*first, env.get("PATH", os.defpath)]),
        # For terminals, whose shells make a PATH of their own.
        PATH_VARIABLE: os.pathsep.join([*first, str(Path(sys.executable).parent)]),
        "JUPYTER_PATH": os.pathsep.join(
            filter(None, [str(write_kernelspec(own)), str(_SHARE), env.get("JUPYTER_PATH")])
        ),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [env.get("JUPYTER_CONFIG_PATH"), str(_CONFIG)])),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def _environment_dir() -> Path:
    # One for each environment of this user: two labs of different ones may run at once.
    name = hashlib.sha256(f"{sys.executable}\n{sys.prefix}".encode()).hexdigest()[:16]
    return make_private_dir(state_dir() / "environments" / name, "XDG_STATE_HOME")


def write_kernelspec(folder: Path) -> Path:
    """Write the kernel `python3` that runs this environment's interpreter.

    It stands in a folder for JUPYTER_PATH, the only one that comes before the user's own kernels: an old
    `~/.local/share/jupyter/kernels/python3` of another Python would otherwise be taken.

    Returns:
        the folder for JUPYTER_PATH.
    """
    share = folder / "jupyter"
    target = share / "kernels" / "python3"
    target.mkdir(parents=True, exist_ok=True)
    # -P: what lies beside a notebook is imported by its cells, not by a kernel that starts (`kernels.extension`).
    launcher = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {
        "argv": [*launcher, "--ext=jupyter_utils.kernels.extension"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True},
    }
    write_whole(target / "kernel.json", json.dumps(spec, indent=1))
    return share
