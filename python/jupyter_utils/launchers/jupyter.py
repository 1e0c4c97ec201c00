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

from jupyter_utils.errors import SettingsError
from jupyter_utils.overlay import OVERLAY_VARIABLE, Overlay, overlay_dir, write_commands

from .addresses import reachable_host
from .files import kept_secret, make_private_dir, state_dir
from .jupyter_app import PASSWORD_FILE, TOKEN
from .supervisor import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_utils.settings import Settings

NAME = "JupyterLab"
# Holds `labconfig/default_setting_overrides.json`, other defaults for settings of JupyterLab's page (a user's own still
# win): no question about news on a first visit, which could not be fetched anyway, and no dialog that asks for a new
# name when an untitled notebook is saved: it would open over a cell that runs `save_mlflow`, after the commit.
_CONFIG = Path(__file__).parent / "jupyter_config"


@dataclass(frozen=True)
class Access:
    """How users get in: by a token, by a password, or through a gateway that has asked them already."""

    token: str = ""
    password_file: Path | None = None


def access(settings: Settings) -> Access:
    """Read what the settings say of token and password.

    Raises:
        SettingsError: a file of a token or password is missing, unreadable or empty.

    """
    if settings.jupyter_auth == "gateway":
        return Access()
    if settings.jupyter_password_file:
        _read_secret("JUPYTER_PASSWORD_FILE", settings.jupyter_password_file)
        # Beside it a token that nobody is shown: save_mlflow asks this server which notebook a kernel belongs to.
        token = settings.jupyter_token or secrets.token_hex(24)
        return Access(token=token, password_file=settings.jupyter_password_file)
    if settings.jupyter_token:
        return Access(token=settings.jupyter_token)
    if settings.jupyter_token_file:
        return Access(token=_read_secret("JUPYTER_TOKEN_FILE", settings.jupyter_token_file))
    return Access(token=kept_secret(state_dir() / "jupyter-token"))


def _read_secret(setting: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting}={path} cannot be read ({error}): name a readable file, or unset it.") from None
    if not secret:
        raise SettingsError(f"{setting}={path} is empty: write the secret into it, or unset {setting}.")
    return secret


def server(settings: Settings, env: Mapping[str, str], log: Path, entry: Access, extra: Sequence[str] = ()) -> Server:
    """Describe JupyterLab as `Unit` starts it.

    Args:
        settings: where it listens and what it shows.
        env: the environment that its notebooks and terminals are to have.
        log: file that gets its output.
        entry: how users get in.
        extra: further arguments of `jupyter lab`; they come last and win.

    """
    host = reachable_host(settings.listen_address)
    return Server(
        name=NAME,
        argv=[sys.executable, "-m", "jupyter_utils.launchers.jupyter_app", *arguments(settings, entry), *extra],
        env={**env, **_environment(settings, entry, env)},
        log=log,
        health=f"http://{host}:{settings.jupyter_port}{_base_url(extra)}api",
    )


def url(settings: Settings, entry: Access, host: str, extra: Sequence[str] = ()) -> str:
    """Return the address that users open; with the token, if there is one."""
    query = f"?token={quote(entry.token, safe='')}" if entry.token and not entry.password_file else ""
    return f"http://{host}:{settings.jupyter_port}{_base_url(extra)}lab{query}"


def _base_url(extra: Sequence[str]) -> str:
    given = [value for name, _, value in (argument.partition("=") for argument in extra) if name.endswith(".base_url")]
    return f"/{given[-1].strip('/')}/".replace("//", "/") if given else "/"


def arguments(settings: Settings, entry: Access) -> list[str]:
    """Arguments of `jupyter lab`; on the command line, because they must win over files in the user's home."""
    given = [
        "--no-browser",
        f"--ServerApp.ip={settings.listen_address}",
        f"--ServerApp.port={settings.jupyter_port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={settings.root_dir}",
        f"--ServerApp.preferred_dir={settings.notebook_dir}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.contents_manager_class=jupytext.AsyncTextFileContentsManager",
        "--JupytextConfiguration.formats=ipynb,py:percent",
        *(f"--ServerApp.local_hostnames={name}" for name in ("localhost", socket.gethostname())),
    ]
    if os.geteuid() == 0:
        # Whoever starts this as root means root; giving privileges up in a container is its entry point's work.
        given.append("--allow-root")
    if settings.jupyter_auth == "gateway":
        given.append("--ServerApp.allow_remote_access=True")  # its requests carry the public host name
    elif entry.password_file:
        given += [
            "--ServerApp.identity_provider_class=jupyter_server.auth.PasswordIdentityProvider",
            "--IdentityProvider.login_handler_class=jupyter_utils.launchers.password_page.PasswordPage",
        ]
    return given


def _environment(settings: Settings, entry: Access, env: Mapping[str, str]) -> dict[str, str]:
    overlay = Overlay(overlay_dir(settings.root_dir))
    own = _environment_dir()
    write_commands(own / "bin")
    return {
        TOKEN: entry.token,
        PASSWORD_FILE: str(entry.password_file or ""),
        OVERLAY_VARIABLE: str(overlay.path),
        "PATH": os.pathsep.join([str(own / "bin"), str(overlay.path / "bin"), env.get("PATH", os.defpath)]),
        "JUPYTER_PATH": os.pathsep.join(filter(None, [str(write_kernelspec(own)), env.get("JUPYTER_PATH")])),
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
    launcher = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {
        "argv": [*launcher, "--ext=jupyter_utils.overlay"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True},
    }
    aside = target / f"kernel.json.{os.getpid()}"
    aside.write_text(json.dumps(spec, indent=1), encoding="utf-8")
    aside.replace(target / "kernel.json")
    return share
