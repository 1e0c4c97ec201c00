"""Tiles, cards and the door where labs really run: behind a hub's login, through an SSH tunnel, below a prefix."""

from __future__ import annotations

import contextlib
import getpass
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import hub
import pytest
import servers
from lab_page import LabPage, tile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = [pytest.mark.full, pytest.mark.usefixtures("chromium")]
SAVE = "import jupyter_utils; jupyter_utils.save_mlflow('placed', do_commit=False, metrics={'f1': 0.5})"
PREFIX = "/notebook/team/a"


@contextlib.contextmanager
def tunnel(folder: Path, target: int) -> Iterator[int]:
    """Lead a port of this machine, which is given, to another one by `ssh -L`, through a real SSH server."""
    sshd = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if sshd is None or shutil.which("ssh") is None:
        pytest.skip("no sshd on this machine (Debian: openssh-server)")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks itself in, which systemd makes elsewhere
    server, local = servers.free_port(), servers.free_port()
    (folder / "sshd_config").write_text(
        f"Port {server}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nPidFile none\n",
        encoding="utf-8",
    )
    options = f"-F none -i {folder}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes"
    leads = f"-N -o ExitOnForwardFailure=yes -L {local}:127.0.0.1:{target} -p {server} {getpass.getuser()}@127.0.0.1"
    with contextlib.ExitStack() as stack:
        for command, port in (
            ([sshd, "-D", "-e", "-f", str(folder / "sshd_config")], server),
            (["ssh", *shlex.split(options), *shlex.split(leads)], local),
        ):
            process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            _wait(process, port)
        yield local


def _wait(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"{process.args} does not listen: {process.communicate(timeout=5)[1]}")
        time.sleep(0.1)


def open_run(lab_page: LabPage, base: str) -> None:
    """Save a run, and follow the link of its card: to the run's page, at the address by which this browser came."""
    link = lab_page.run_cell(SAVE).get_by_role("link").first
    with lab_page.page.context.expect_page() as shown:
        link.click()
    shown.value.get_by_text("About this run").wait_for()
    assert shown.value.url.startswith(f"{base}/mlflow/#/experiments/")
    shown.value.close()


def open_mlflow(lab_page: LabPage, base: str) -> None:
    """Choose MLflow's tile."""
    with lab_page.page.expect_popup() as shown:
        tile(lab_page.page, "MLflow").click()
    shown.value.get_by_role("link", name="Experiments").first.wait_for()
    assert shown.value.url.startswith(f"{base}/mlflow/#/")
    shown.value.close()


def test_under_a_hub(page: Page, tmp_path: Path) -> None:
    """Below the user's path: the tiles, the example's copy, a card; nobody is asked who they are a second time."""
    program = hub.lab_program(tmp_path)
    settings = {"MLFLOW_PORT": str(servers.free_port()), "MLFLOW_AUTH": "on"}
    with hub.hub(tmp_path, command=[str(program)], **settings) as server:
        page.goto(f"{server.jupyter_url}/lab")
        page.locator("#username_input").fill(hub.USER)
        page.locator("#password_input").fill("any")
        page.locator("#login_submit").click()
        lab_page = LabPage(page)
        page.locator(".jp-LauncherCard").first.wait_for()
        open_mlflow(lab_page, server.jupyter_url)
        tile(page, "Guide").click()
        page.get_by_role("heading", name="Runs, from saving to repeating").wait_for()
        lab_page.new_untitled_notebook()
        open_run(lab_page, server.jupyter_url)
        lab_page.menu("Help", "A First Run")
        page.locator(".lm-TabBar-tabLabel").filter(has_text="first_run.ipynb").wait_for()


def test_through_an_ssh_tunnel_to_a_lab_below_a_prefix(page: Page, tmp_path: Path) -> None:
    """As with `ssh -L`, to a lab as Kubeflow starts one, beside another: its port is none that it knows."""
    with (
        servers.started("lab", tmp_path / "a", NB_PREFIX=PREFIX) as server,
        servers.lab(tmp_path / "b") as other,
        tunnel(tmp_path, int(server.env["JUPYTER_PORT"])) as seen,
    ):
        servers.wait_ready(server, f"{server.jupyter_url}{PREFIX}/api", f"{server.mlflow_url}/health")
        for base, token in (
            (f"http://127.0.0.1:{seen}{PREFIX}", server.token),
            (other.jupyter_url, other.token),
        ):
            lab_page = LabPage(page)
            lab_page.open(f"{base}/lab?token={token}")
            open_mlflow(lab_page, base)
            lab_page.new_untitled_notebook()
            open_run(lab_page, base)
