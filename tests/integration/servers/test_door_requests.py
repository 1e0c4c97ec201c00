"""What goes through JupyterLab's door to MLflow, and what does not: seen from a server that tells what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

import pytest
import requests
import servers
from jupyter_utils.servers.door.pages import OWN_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Started

PREFIX = "/team"
API = "ajax-api/2.0/mlflow"
SIZE = 40 * 2**20


class Upstream(BaseHTTPRequestHandler):
    """An MLflow of somebody else's: it says what it was asked, and does what it should not."""

    protocol_version = "HTTP/1.1"
    version_said = OWN_VERSION
    asked: list[str] = []  # noqa: RUF012 - shared on purpose
    broken = threading.Event()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _give(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path = self.path.removeprefix(PREFIX)
        if "kind=" in path:
            kind = parse_qs(path.partition("?")[2], keep_blank_values=True)["kind"][0]
            self._give(b"<script>1</script>", **({"Content_Type": kind} if kind else {}))
        elif path == "/version":
            self._give(self.version_said.encode())
        elif path.startswith("/get-artifact"):
            kind = "text/html" if "page" in path else "text/plain"
            headers = {"Content_Type": kind, "Set_Cookie": "_xsrf=mine; Path=/", "Access_Control_Allow_Origin": "*"}
            self._give(b"<script>1</script>", **headers)
        elif path.endswith("/inside"):
            self._give(b"", 302, Location=f"{PREFIX}/{API}/x?a=1")
        elif path.endswith("/outside"):
            self._give(b"", 302, Location="http://evil.example/")
        elif path.endswith("/401"):
            self._give(b"", 401, WWW_Authenticate="Basic")
        elif path.endswith("/half"):
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            self.close_connection = True
        elif path.endswith("/endless"):
            self._endless()
        else:
            self._give(json.dumps({"path": self.path, "headers": dict(self.headers)}).encode())

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"data: x\n\n")
                time.sleep(0.02)
        except OSError:
            self.broken.set()
        self.close_connection = True

    def do_POST(self) -> None:
        size, left = 0, int(self.headers["Content-Length"])
        while left and (piece := self.rfile.read(min(left, 2**16))):
            size, left = size + len(piece), left - len(piece)
        self._give(json.dumps({"size": size, "headers": dict(self.headers)}).encode())


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Run a lab with that server as its MLflow, which has a login and a static prefix, below a path of its own."""
    served = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    settings = {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{served.server_port}{PREFIX}",
        "MLFLOW_TRACKING_USERNAME": "hanako",
        "MLFLOW_TRACKING_PASSWORD": "geheim",
    }
    folder = tmp_path_factory.mktemp("behind")
    with servers.started("lab", folder, "--", "--ServerApp.base_url=/user/h.a/", **settings) as server:
        servers.wait_ready(server, f"{server.jupyter_url}/user/h.a/api")
        yield server
    served.shutdown()


@pytest.fixture(scope="module")
def door(behind: Started) -> str:
    return f"{behind.jupyter_url}/user/h.a/mlflow"


@pytest.fixture
def browser(behind: Started, door: str) -> requests.Session:
    """Log in as a browser does; what it writes carries the header that JupyterLab wants."""
    session = requests.Session()
    session.trust_env = False
    assert session.get(f"{door}/?token={behind.token}", timeout=60).status_code == 200
    session.headers["X-XSRFToken"] = session.cookies["_xsrf"]
    session.headers["Sec-Fetch-Site"] = "same-origin"
    return session


def test_a_server_is_not_told_who_asks(browser: requests.Session, behind: Started, door: str) -> None:
    """It gets its own login and path, and neither JupyterLab's cookies nor tokens nor whence the request came."""
    headers = {"Origin": behind.jupyter_url, "Referer": f"{door}/", "X-MLflow-Workspace": "w", "X-Other": "o"}
    found = browser.get(f"{door}/{API}/a%20b?x=1&token={behind.token}&y=%2F", headers=headers, timeout=60).json()
    assert found["path"] == f"{PREFIX}/{API}/a%20b?x=1&y=%2F"
    sent = {name.lower(): value for name, value in found["headers"].items()}
    assert sent["authorization"] == "Basic aGFuYWtvOmdlaGVpbQ=="
    assert sent["x-mlflow-workspace"] == "w"
    assert not {"cookie", "origin", "referer", "x-xsrftoken", "x-other", "sec-fetch-site"} & set(sent)
    assert behind.token not in json.dumps(found)


def test_the_address_that_logs_in_does_not_stay(behind: Started, door: str) -> None:
    """The token goes from the address at once; and no page holds a password."""
    session = requests.Session()
    session.trust_env = False
    page = session.get(f"{door}/?token={behind.token}&l=ja", timeout=60)
    assert page.url == f"{door}/?l=ja"
    assert "geheim" not in page.text
    assert behind.token not in page.text
    assert "geheim" not in behind.output
    assert f"MLflow      {door}/?token={behind.token}" in behind.output


def test_answers_are_data(browser: requests.Session, door: str) -> None:
    """Nothing that a browser would execute, no cookie of the server's, no leave for other pages."""
    page = browser.get(f"{door}/get-artifact?path=page.html", timeout=60)
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"] == "attachment"
    text = browser.get(f"{door}/get-artifact?path=a.txt", timeout=60)
    assert text.headers["Content-Type"] == "text/plain"
    for answer in (page, text):
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "mine" not in answer.headers.get("Set-Cookie", "")
        assert "*" not in answer.headers.get("Access-Control-Allow-Origin", "")


# What browsers execute, or might; and how a server may write it.
EXECUTED = (
    *("text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "Image/SVG+XML;a=b"),
    *("text/xml", "application/xml", "application/rss+xml", "image/x+xml", "image/x-svg+xml", "video/x+xml"),
    *("text/plain;a=b, text/html", "text/plain, text/html", "text/plain;charset=utf-8,image/svg+xml", "text/xsl"),
    *("multipart/x-mixed-replace; boundary=a", "multipart/related", "message/rfc822", "application/x-shockwave-flash"),
    *("application/pdf;a=b,text/html", "text/javascript", "application/javascript", "text/css", "text/vtt"),
    *("", "nonsense", "*/*", "unknown/unknown", "application/unknown", "text/", "/html", "text/html,", ";text/html"),
)
SHOWN = ("text/plain", "text/csv; charset=utf-8", "application/json", "application/pdf", "image/png", "audio/ogg")
ARTIFACTS = (
    *("get-artifact", "model-versions/get-artifact", "graphql", f"{API}/get-artifact", f"{API}/get-trace-artifact"),
    *("ajax-api/3.0/mlflow/get-trace-artifact", f"{API}/logged-models/m-1/artifacts/files", "gateway/x"),
    *("api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/x", "ajax-api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/x"),
)


def check_data(answer: requests.Response) -> None:
    """Make sure that an answer, opened by itself, is a download, or a document that is shut in and can do nothing."""
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    kind = answer.headers["Content-Type"]
    assert "," not in kind
    is_download = answer.headers.get("Content-Disposition", "").startswith("attachment")
    assert is_download or kind.partition(";")[0] in {one.partition(";")[0] for one in SHOWN}


@pytest.mark.parametrize("path", ARTIFACTS)
def test_whatever_a_server_calls_it_nothing_runs(browser: requests.Session, door: str, path: str) -> None:
    """By every address at which MLflow gives out what somebody has stored."""
    for kind in EXECUTED:
        answer = browser.get(f"{door}/{path}?kind={quote(kind)}", timeout=60)
        assert answer.status_code == 200, (kind, answer.text[-500:])
        check_data(answer)
    for kind in SHOWN:
        answer = browser.get(f"{door}/{path}?kind={quote(kind)}", timeout=60)
        assert answer.headers["Content-Type"] == kind
        check_data(answer)


@pytest.mark.parametrize(
    "path",
    [
        *("signup", "login", "x", "static/x", "ajax-api/", "ajax-api/3.0/mlflow/assistant/config", "//api/2.0/x"),
        *("ajax-api/../signup", "ajax-api/%2e%2e/signup", "ajax-api/a%2F..%2Fsignup", "api//x", "api/a%5cb", "API/2.0"),
        *("static-files/../../auth/x", "static-files/%2e%2e/%2e%2e/__init__.py", "static-files/..%2f..%2f__init__.py"),
    ],
)
def test_nothing_but_mlflows_paths(browser: requests.Session, door: str, path: str) -> None:
    """What else a server may have is not reached, nor files beside its pages."""
    before = list(Upstream.asked)
    prepared = requests.Request("GET", f"{door}/x", headers=browser.headers, cookies=browser.cookies).prepare()
    prepared.url = f"{door}/{path}"
    assert browser.send(prepared, timeout=60).status_code in {403, 404}
    assert Upstream.asked == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nobody_comes_in_without_the_login(door: str, method: str) -> None:
    """People are led to the log-in page; all else is refused, and nothing of it is sent on."""
    before = list(Upstream.asked)
    for path in ("", "/", f"/{API}/x", "/static-files/favicon.ico", "/health"):
        answer = requests.request(method, door + path, timeout=60, proxies={"http": ""}, allow_redirects=False)
        assert answer.status_code in {302, 403, 404, 405, 204}
        assert "/login?next=" in answer.headers.get("Location", "/login?next=") or path == ""
    assert Upstream.asked == before


def test_other_sites_do_not_come_in(browser: requests.Session, behind: Started, door: str) -> None:
    """Whatever the cookies: not from another address, not from another port of this machine, not by a form."""
    before = list(Upstream.asked)
    for foreign in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ):
        for method in ("GET", "POST"):
            # A body that nobody reads ends the connection, which may be all that is seen.
            with contextlib.suppress(requests.ConnectionError):
                answer = browser.request(method, f"{door}/{API}/x", headers=foreign, timeout=60, data="{}")
                assert answer.status_code in {403, 404}, (foreign, method)
    del browser.headers["X-XSRFToken"]
    with contextlib.suppress(requests.ConnectionError):
        form = browser.post(f"{door}/{API}/x", data={"a": "b"}, headers={"Origin": behind.jupyter_url}, timeout=60)
        assert form.status_code == 403
    assert Upstream.asked == before


def test_a_program_comes_in_with_the_token(behind: Started, door: str) -> None:
    """As MLFLOW_TRACKING_TOKEN it is a header, which no web site can send."""
    headers = {"Authorization": f"Bearer {behind.token}"}
    answer = requests.post(f"{door}/{API}/x", data=b"x" * SIZE, headers=headers, timeout=60, proxies={"http": ""})
    assert answer.json()["size"] == SIZE
    assert behind.token not in answer.text


def test_through_a_tunnel_it_has_another_address(behind: Started, door: str) -> None:
    """As `ssh -L 4711:...` gives one: log in, read, and change something."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Host"] = "localhost:4711"
    first = session.get(f"{door}/?token={behind.token}", timeout=60, allow_redirects=False)
    assert first.headers["Location"] == "/user/h.a/mlflow/"
    assert session.get(f"{door}/", timeout=60).status_code == 200
    headers = {"Origin": "http://localhost:4711", "X-XSRFToken": session.cookies["_xsrf"]}
    assert session.post(f"{door}/{API}/x", data="{}", headers=headers, timeout=60).json()["size"] == 2


def test_redirects_stay_inside(browser: requests.Session, door: str) -> None:
    """One of MLflow's own leads through the door, one out of it nowhere."""
    inside = browser.get(f"{door}/{API}/inside", allow_redirects=False, timeout=60)
    assert inside.headers["Location"] == f"/user/h.a/mlflow/{API}/x?a=1"
    outside = browser.get(f"{door}/{API}/outside", allow_redirects=False, timeout=60)
    assert outside.status_code == 502
    assert "Location" not in outside.headers


def test_a_login_that_is_refused_is_told(browser: requests.Session, door: str) -> None:
    """In words that name the settings, instead of the browser's own question for a password."""
    answer = browser.get(f"{door}/{API}/401", timeout=60, headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 502
    assert "WWW-Authenticate" not in answer.headers
    assert "MLFLOW_TRACKING_PASSWORD" in answer.json()["message"]


def test_half_an_answer_does_not_look_whole(browser: requests.Session, door: str) -> None:
    """The browser sees the connection break."""
    with pytest.raises(requests.RequestException):
        _ = browser.get(f"{door}/{API}/half", timeout=60).content


def test_who_goes_away_is_not_served_on(browser: requests.Session, door: str) -> None:
    """The server sees that nobody listens any more."""
    Upstream.broken.clear()
    with browser.get(f"{door}/{API}/endless", stream=True, timeout=60) as answer:
        assert next(answer.iter_content(9))
    browser.close()
    assert Upstream.broken.wait(20)


def test_pages_of_another_version_are_not_mixed(
    browser: requests.Session, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An MLflow 2 has other pages: its own address is named."""
    monkeypatch.setattr(Upstream, "version_said", "2.9.2")
    answer = browser.get(f"{door}/", timeout=60)
    assert answer.status_code == 502
    assert "MLflow 2.9.2" in answer.text
    assert PREFIX in answer.text


def test_a_server_that_is_down(tmp_path: Path) -> None:
    """A plain page says so, what to do, and asks again by itself; MLflow's own page gets it in its own form."""
    with (
        servers.lab(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9") as server,
        contextlib.closing(requests.Session()) as session,
    ):
        session.trust_env = False
        door = f"{server.jupyter_url}/mlflow"
        page = session.get(f"{door}/?token={server.token}", timeout=60)
        assert page.status_code == 503
        assert "http://127.0.0.1:9" in page.text
        assert 'http-equiv="refresh"' in page.text
        asked = session.get(f"{door}/{API}/x", headers={"Sec-Fetch-Mode": "cors"}, timeout=60)
        assert "does not answer" in asked.json()["message"]
