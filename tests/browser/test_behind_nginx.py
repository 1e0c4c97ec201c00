"""A lab behind nginx, by the lines of the page on several people, used as a person and a program use it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nginx_page
import pytest
import servers
from browsers import ARGUMENTS, LIMIT
from lab_page import LabPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nginx_page import Nginx
    from playwright.sync_api import Browser, BrowserContext
    from servers import Started

pytestmark = [
    pytest.mark.full,
    pytest.mark.usefixtures("chromium"),
    pytest.mark.skipif(nginx_page.program() is None, reason="no nginx here (Debian: nginx-light)"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on the path"),
]
MIB = 2**20
IDLE_SECONDS = 70
"""Longer than nginx waits for either side by itself."""
SAVE = """import jupyter_utils
jupyter_utils.save_mlflow("proxied", do_commit=False, metrics={"f1": 0.5}, result={"note.txt": "見えた"})"""
# A program on another machine, which has the name in its DNS.
PROGRAM = """
import os, socket, sys
from pathlib import Path
found = socket.getaddrinfo
def getaddrinfo(host, port, *rest, **more):
    host, port = ("127.0.0.1", int(sys.argv[2])) if host == sys.argv[1] else (host, port)
    return found(host, port, *rest, **more)
socket.getaddrinfo = getaddrinfo
import jupyter_utils, mlflow
saved = jupyter_utils.save_mlflow("large", do_commit=False, metrics={"f1": 1}, result={"large.bin": Path(sys.argv[3])})
assert saved.is_stored, saved
print("RUN", saved.run_id, mlflow.artifacts.download_artifacts(run_id=saved.run_id, artifact_path="result/large.bin"))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    with servers.lab(tmp_path_factory.mktemp("lab"), JUPYTER_ALLOWED_HOSTS=nginx_page.NAME) as running:
        yield running


@pytest.fixture(scope="module", params=nginx_page.PAGES, ids=lambda page: page.parent.name)
def proxy(request: pytest.FixtureRequest, lab: Started, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    site = nginx_page.lines(request.param)
    if request.param != nginx_page.PAGES[0] and site == nginx_page.lines(nginx_page.PAGES[0]):
        pytest.skip("the lines are those of the English page")
    port = int(lab.jupyter_url.rpartition(":")[2])
    with nginx_page.nginx(tmp_path_factory.mktemp("nginx") / "n", port, site) as running:
        yield running
        assert "[emerg]" not in running.errors


@pytest.fixture(scope="module")
def outside(chromium: Browser, proxy: Nginx) -> Iterator[BrowserContext]:
    """Open a browser on another machine, as it were: it finds the lab's name at nginx, and nothing else."""
    rules = (
        f"--host-resolver-rules=MAP {nginx_page.NAME}:443 127.0.0.1:{proxy.port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    )
    arguments = [*(one for one in ARGUMENTS if "host-resolver-rules" not in one), rules]
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    browser = chromium.browser_type.launch(executable_path=program, args=arguments)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, ignore_https_errors=True)
    context.set_default_timeout(LIMIT)
    yield context
    browser.close()


def curl(proxy: Nginx, lab: Started, path: str, *words: str) -> str:
    where = f"{nginx_page.NAME}:443:127.0.0.1:{proxy.port}"
    call = ["curl", "--silent", "--show-error", "--fail", "--cacert", str(proxy.certificate), "--connect-to", where]
    login = ["--noproxy", "*", "--header", f"Authorization: token {lab.token}"]
    return subprocess.run(
        [*call, *login, *words, f"{proxy.url}{path}"], check=True, capture_output=True, text=True
    ).stdout


def test_a_person_works_through_it(
    outside: BrowserContext, proxy: Nginx, lab: Started, tmp_path: Path, screenshots: Path
) -> None:
    """A cell, a terminal, an upload of 20 MB, MLflow's page; also after a pause in which nothing was said."""
    page = LabPage(outside.new_page())
    page.open(f"{proxy.url}/lab?token={lab.token}&reset")
    assert page.page.url.startswith(f"{proxy.url}/lab")
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(20 * MIB))
    with page.page.expect_file_chooser() as chooser:
        page.page.locator("jp-button[data-command='filebrowser:upload'], [title^='Upload Files']").first.click()
    chooser.value.set_files(large)
    if page.dialog.count():
        page.accept("Upload")
    page.file("large.bin").wait_for()
    deadline = time.monotonic() + 120
    sent = lab.root_dir / "large.bin"
    while sent.stat().st_size < large.stat().st_size and time.monotonic() < deadline:
        time.sleep(0.3)
    assert hashlib.sha256(sent.read_bytes()).digest() == hashlib.sha256(large.read_bytes()).digest()
    page.run_in_terminal("echo said > from-terminal.txt")
    page.file("from-terminal.txt").wait_for()
    page.new_notebook("proxied.ipynb")
    assert page.run_cell("print(6 * 7)").inner_text().strip() == "42"
    time.sleep(IDLE_SECONDS)
    output = page.run_cell(SAVE)
    page.screenshot(screenshots / "behind-nginx.png")
    with outside.expect_page() as shown:
        output.get_by_role("link").first.click()
    shown.value.get_by_text("About this run").wait_for()
    assert shown.value.url.startswith(f"{proxy.url}/mlflow/#/experiments/")
    shown.value.screenshot(path=screenshots / "behind-nginx-mlflow.png")


def test_a_cell_may_say_nothing_for_long(outside: BrowserContext, proxy: Nginx) -> None:
    """Longer than nginx waits by itself; its output comes."""
    page = LabPage(outside.new_page())
    page.open(f"{proxy.url}/lab?reset")
    page.new_untitled_notebook()
    assert page.run_cell(f"import time; time.sleep({IDLE_SECONDS}); print('late')").inner_text().strip() == "late"


def test_a_program_elsewhere_saves_200_mb_through_the_door(proxy: Nginx, lab: Started, tmp_path: Path) -> None:
    """By the address of MLflow's pages and the lab's token; it comes back as it was, and nginx keeps no copy."""
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        for _ in range(200):
            file.write(os.urandom(MIB))
    env = servers.environment(tmp_path / "elsewhere", REQUESTS_CA_BUNDLE=str(proxy.certificate))
    env |= {"MLFLOW_TRACKING_URI": f"{proxy.url}/mlflow", "MLFLOW_TRACKING_TOKEN": lab.token, "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", PROGRAM, nginx_page.NAME, str(proxy.port), str(large)]
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{proxy.errors}"
    back = re.search(r"^RUN \w+ (.+)$", done.stdout, re.MULTILINE)
    assert back
    with Path(back[1]).open("rb") as one, large.open("rb") as other:
        assert hashlib.file_digest(one, "sha256").digest() == hashlib.file_digest(other, "sha256").digest()
    assert "buffered to a temporary file" not in proxy.errors


def test_downloads_stream(proxy: Nginx, lab: Started) -> None:
    """The first byte comes at once, and nginx stores nothing of it."""
    with (lab.root_dir / "down.bin").open("wb") as file:
        file.truncate(300 * MIB)
    wanted = "%{http_code} %{size_download} %{time_starttransfer} %{time_total}"
    said = curl(proxy, lab, "/files/down.bin", "--output", os.devnull, "--limit-rate", "60M", "--write-out", wanted)
    status, size, first, total = map(float, said.split())
    assert (status, size) == (200, 300 * MIB)
    assert first < total / 3
    assert "buffered to a temporary file" not in proxy.errors


def test_another_port_than_443(proxy: Nginx, lab: Started, tmp_path: Path) -> None:
    """Where the name has a port, JupyterLab is told it, and takes its own page's websocket for what it is."""
    where = f"{nginx_page.NAME}:{proxy.port}"
    here = ["curl", "--silent", "--cacert", str(proxy.certificate), "--noproxy", "*", "--output", os.devnull]
    here += [
        "--resolve",
        f"{where}:127.0.0.1",
        "--cookie-jar",
        str(tmp_path / "jar"),
        "--cookie",
        str(tmp_path / "jar"),
    ]
    subprocess.run([*here, "--location", f"https://{where}/lab?token={lab.token}"], check=True)
    asked = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Origin": f"https://{where}",
    }
    asked["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    headers = [word for name, value in asked.items() for word in ("--header", f"{name}: {value}")]
    call = [*here, "--max-time", "5", "--write-out", "%{http_code}", *headers, f"https://{where}/api/events/subscribe"]
    assert subprocess.run(call, capture_output=True, text=True, check=False).stdout == "101"
