"""A server that is down, and what happens to the calls until it is back."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupyter_utils
import pytest
import servers
from jupyter_utils import errors
from jupyter_utils.doctor import tracking
from jupyter_utils.entries.stores import KnownStores
from jupyter_utils.runs.delivery import deliver, deliver_waiting
from jupyter_utils.runs.destination import Round
from jupyter_utils.settings import read_settings
from jupyter_utils.spool import Spool, own_spool
from jupyter_utils.spool import folder as spool_folder
from runs_on_disk import artifacts, check_whole, runs_by_entry

if TYPE_CHECKING:
    from servers import Started

NOBODY = "http://127.0.0.1:9"
WITH_STORES = 3
"""The first format of entries that says for which store they are; earlier ones go nowhere unasked."""


def save(experiment: str, uri: str = NOBODY, **arguments: Any) -> jupyter_utils.SaveResult:
    return jupyter_utils.save_mlflow(experiment, do_commit=False, mlf_uri=uri, **arguments)


def redirect(entry: Path | None, uri: str) -> None:
    """Let an entry be for another server, as if that had been down."""
    assert entry is not None
    file = entry / "entry.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"uri": uri}))


def waiting_for(server: Started, experiment: str, count: int) -> list[str]:
    """Save so many runs while the server is down; their IDs, in the order of the calls."""
    names = []
    for number in range(count):
        result = save(experiment, params={"number": number}, dataset={"a.txt": f"text {number}"})
        assert result.entry is not None
        redirect(result.entry, server.mlflow_url)
        names.append(result.entry.name)
    return names


def on_disk() -> list[str]:
    """Give all that the spool holds, but for its locks."""
    found = [path.relative_to(own_spool().path).as_posix() for path in own_spool().path.rglob("*")]
    return sorted(name for name in found if not name.startswith("locks/"))


def sync(server: Started, *arguments: str) -> tuple[int, str]:
    env = server.env | {"JUPYTER_UTILS_SPOOL_DIR": str(own_spool().path)}
    done = servers.run(["sync", *arguments], env, server.folder)
    return done.returncode, done.stdout + done.stderr


LONGEST = 60
"""Seconds that are "at once" on the slowest machine; MLflow's own client takes 248."""


def test_server_down() -> None:
    """The call returns at once and says where the run lies and how it gets to MLflow."""
    save("warm up")
    start = time.monotonic()
    result = save("down", params={"a": 1}, dataset={"a.txt": "x"})
    assert time.monotonic() - start < LONGEST
    assert (result.run_id, result.experiment_id, result.url) == (None, None, None)
    assert result.entry is not None
    assert json.loads((result.entry / "entry.json").read_text())["params"] == {"a": "1"}
    assert (result.entry / "artifacts/dataset/a.txt").read_text() == "x"
    assert "Connection refused" in result.warnings[-1]
    assert "jupyter-utils sync" in result.warnings[-1]
    assert "2 runs" in str(result.spool)
    assert own_spool().path.stat().st_mode & 0o077 == 0


def test_silent_server() -> None:
    """A server that accepts connections and never answers is given up after two seconds."""
    with servers.socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        result = save("silent", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - start < LONGEST
    assert "does not answer within 2 s" in result.warnings[-1]


class Hanging(http.server.BaseHTTPRequestHandler):
    """Answers its health check, and nothing else."""

    def do_GET(self) -> None:
        if self.path != "/health":
            time.sleep(5)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_hanging_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that lives, but answers no question, is given up as MLflow's own setting says; the call is kept."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hanging) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        start = time.monotonic()
        result = save("hanging", f"http://127.0.0.1:{server.server_port}")
        assert time.monotonic() - start < LONGEST
        server.shutdown()
    assert not result.is_stored
    assert "cannot answer" in result.warnings[-1]


def test_credentials_are_not_kept() -> None:
    """The address is kept without user and password: they come from the environment of whoever sends."""
    result = save("secret", "http://user:pa55@127.0.0.1:9")
    assert result.entry is not None
    assert "pa55" not in (result.entry / "entry.json").read_text()
    assert "pa55" not in repr(result)


def test_sync_sends_in_order(mlflow_server: Started) -> None:
    """`jupyter-utils sync` lists, shows, drops and sends; what was sent is gone, and what was dropped is not sent."""
    names = waiting_for(mlflow_server, "sync", 4)
    code, said = sync(mlflow_server, "--list")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()] == names
    code, said = sync(mlflow_server, "--show", names[1])
    assert "dataset/a.txt" in said
    assert '"number": "1"' in said
    assert "waits; begun to send 0 times" in said
    assert sync(mlflow_server, "--drop", names[1])[0] == 1  # nobody is there to answer
    assert sync(mlflow_server, "--drop", names[1], "--yes")[0] == 0
    assert sync(mlflow_server, "--show", "nonsense")[0] == 1
    code, said = sync(mlflow_server)
    assert code == 0, said
    assert [line.split()[0] for line in said.splitlines()][:3] == [names[0], *names[2:]]
    assert "Nothing waits" in sync(mlflow_server, "--list")[1]
    stored = runs_by_entry(mlflow_server, "sync")
    assert sorted(stored) == [names[0], *names[2:]]
    for number, name in ((0, names[0]), (3, names[3])):
        check_whole(mlflow_server, stored[name][0], {"a.txt": f"text {number}".encode()}, {"number": str(number)})


def test_next_call_sends(mlflow_server: Started) -> None:
    """The next call to a server that lives takes along what waits for it, and nothing that waits for another."""
    names = waiting_for(mlflow_server, "next", 2)
    other = save("elsewhere").entry
    result = save("next", mlflow_server.mlflow_url)
    assert result.is_stored
    assert own_spool().names() == [other.name if other else ""]
    assert "1 run " in str(result.spool)
    assert set(names) < set(runs_by_entry(mlflow_server, "next"))


def test_lab_sends_in_the_background(tmp_path: Path) -> None:
    """A running lab sends what waits by itself, once its MLflow is there."""
    spool = tmp_path / "home/.local/state/jupyter-utils/spool"
    port = servers.free_port()
    entry = save("background", f"http://127.0.0.1:{port}", dataset={"a.txt": "x"}).entry
    assert entry is not None
    spool.mkdir(parents=True)
    for folder in ("new", "locks"):
        (spool / folder).mkdir()
    (own_spool().path / "entries").rename(spool / "entries")
    with servers.lab(tmp_path, MLFLOW_PORT=str(port), JUPYTER_UTILS_SPOOL_DIR=str(spool)) as lab:
        deadline = time.monotonic() + 120
        while list((spool / "entries").iterdir()) and time.monotonic() < deadline:
            time.sleep(0.5)
        (runs,) = runs_by_entry(lab, "background").values()
        check_whole(lab, runs[0], {"a.txt": b"x"}, {})
        left = list((lab.store_dir / "artifacts" / spool_folder.INCOMING).glob("[!n]*"))
    assert left == []


def test_many_senders_meet(mlflow_server: Started) -> None:
    """However many senders meet on one spool: one run per call, and none is sent twice."""
    names = waiting_for(mlflow_server, "meet", 6)
    deliveries: list[Any] = []
    threads = [threading.Thread(target=lambda: deliveries.append(deliver_waiting(own_spool()))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for one in deliveries for name in one.sent) == names
    assert [len(runs) for runs in runs_by_entry(mlflow_server, "meet").values()] == [1] * 6


def test_two_machines(mlflow_server: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spools of two machines, one of them a copy of the other: still one run per call."""
    waiting_for(mlflow_server, "machines", 2)
    first = own_spool().path
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(tmp_path / "second"))
    waiting_for(mlflow_server, "machines", 2)
    shutil.copytree(first, tmp_path / "copy")
    for place in (first, tmp_path / "second", tmp_path / "copy"):
        assert not deliver_waiting(Spool(place)).unsent
    assert [len(runs) for runs in runs_by_entry(mlflow_server, "machines").values()] == [1] * 4


def test_refused_for_good(mlflow_server: Started) -> None:
    """A final refusal: the run is failed and says why, the entry stays; once it is right, the same run is finished."""
    (name,) = waiting_for(mlflow_server, "refused", 1)
    file = own_spool().path / "entries" / name / "entry.json"
    right = file.read_text()
    file.write_text(json.dumps(json.loads(right) | {"metrics": {"a\nb": 1.0}}))
    error = deliver_waiting(own_spool()).unsent[name]
    assert isinstance(error, errors.SendError)
    (run,) = runs_by_entry(mlflow_server, "refused")[name]
    assert run.info.status == "FAILED"
    assert "refused a part of it" in run.data.tags["mlflow.note.content"]
    assert deliver_waiting(own_spool()).skipped == [name]  # nobody but `sync` tries again
    assert "refused" in sync(mlflow_server, "--list")[1]
    file.write_text(right)
    assert sync(mlflow_server)[0] == 0
    (mended,) = runs_by_entry(mlflow_server, "refused")[name]
    assert (mended.info.run_id, mended.info.status) == (run.info.run_id, "FINISHED")
    assert "refused" not in mended.data.tags["mlflow.note.content"]


def test_damaged_entry(mlflow_server: Started) -> None:
    """An entry whose file was changed is never sent, and keeps nothing else from being sent."""
    names = waiting_for(mlflow_server, "damaged", 2)
    (own_spool().path / "entries" / names[0] / "artifacts/dataset/a.txt").write_text("tampered")
    result = deliver_waiting(own_spool())
    assert isinstance(result.unsent[names[0]], errors.EntryError)
    assert list(result.sent) == [names[1]]
    assert list(runs_by_entry(mlflow_server, "damaged")) == [names[1]]


def test_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A call that would not fit is refused before anything is written; what waits stays."""
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_GIB", "0.001")
    (tmp_path / "large").write_bytes(b"x" * 700_000)
    kept = save("limit", dataset={"a": tmp_path / "large"}).entry
    before = on_disk()
    with pytest.raises(errors.SpoolFullError, match="JUPYTER_UTILS_SPOOL_GIB"):
        save("limit", dataset={"a": tmp_path / "large"})
    with pytest.raises(errors.SpoolFullError):  # its size is known only when it was written
        save("limit", dataset={"a.txt": "x" * 700_000})
    assert on_disk() == before
    assert own_spool().names() == [kept.name if kept else ""]


@pytest.mark.parametrize("bad", ["read-only", "a file"])
def test_spool_that_cannot_be_used(bad: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A spool that cannot be written to is a clear refusal that names the setting."""
    place = tmp_path / "place"
    if bad == "read-only":
        place = Path("/proc/jupyter-utils-spool")
    else:
        place.write_text("")
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(place))
    with pytest.raises(errors.SpoolError, match="JUPYTER_UTILS_SPOOL_DIR"):
        save("unusable")


def test_clock_put_back(monkeypatch: pytest.MonkeyPatch, mlflow_server: Started) -> None:
    """The order of the calls survives a clock that is put back by a year."""
    first = waiting_for(mlflow_server, "clock", 1)
    now = time.time_ns()
    monkeypatch.setattr(spool_folder.time, "time_ns", lambda: now - 365 * 24 * 3600 * 10**9)
    names = first + waiting_for(mlflow_server, "clock", 2)
    assert own_spool().names() == names
    assert list(deliver_waiting(own_spool()).sent) == names


@pytest.mark.parametrize("version", [1, 2, 3])
def test_entry_of_an_older_version(version: int, mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries as every released format had them are read and sent; one of a later version is left alone."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.mlflow_url)
    spool = own_spool()
    spool.prepare()
    entry = spool.path / "entries" / f"00170000000000{version}-00000000000000aa"
    (entry / "artifacts/dataset").mkdir(parents=True)
    (entry / "artifacts/dataset/a.txt").write_text("x")
    sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    content: dict[str, Any] = {
        "experiment_name": "old",
        "start_time": 1700000000000,
        "run_name": None,
        "params": {"a": "1"},
        "metrics": {"m": 0.5},
        "tags": {"jupyter_utils.python": "3.11"},
        "files": [{"path": "dataset/a.txt", "size": 1, "sha256": sha256}],
        "inputs": [{"name": "a.txt", "digest": "d", "context": "dataset", "path": "dataset/a.txt"}],
        "format": version,
    }
    if version > 1:
        content |= {"id": entry.name, "uri": mlflow_server.mlflow_url}
    (entry / "entry.json").write_text(json.dumps(content))
    later = entry.with_name("009900000000000-00000000000000bb")
    later.mkdir()
    (later / "entry.json").write_text(json.dumps(content | {"format": 99}))
    allowed = Round(KnownStores(spool.path), consent=lambda _problem: version < WITH_STORES)
    result = deliver_waiting(spool, servers=allowed)
    assert list(result.sent) == [entry.name]
    assert "update it" in str(result.unsent[later.name])
    (run,) = runs_by_entry(mlflow_server, "old")[entry.name]
    assert artifacts(mlflow_server, run) == {"dataset/a.txt": b"x"}
    assert (run.info.status, run.info.start_time) == ("FINISHED", 1700000000000)


def test_run_with_a_lost_answer(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of one call, as a request that only seemed lost leaves them: one is left, and it is whole."""
    from mlflow import MlflowClient

    (name,) = waiting_for(mlflow_server, "lost", 1)
    create = MlflowClient.create_run
    lost: list[Any] = []

    def lose(self: MlflowClient, *arguments: Any, **options: Any) -> Any:
        run = create(self, *arguments, **options)
        if not lost:
            lost.append(run)
            create(self, *arguments, **options)  # a proxy that sends it twice
            raise ConnectionResetError
        return run

    monkeypatch.setattr(MlflowClient, "create_run", lose)
    lease = own_spool().hold(name)
    assert lease is not None
    deliver(own_spool(), lease, fresh=True)
    lease.release()
    assert len(lost) == 1
    (run,) = runs_by_entry(mlflow_server, "lost")[name]
    check_whole(mlflow_server, run, {"a.txt": b"text 0"}, {"number": "0"})


def test_doctor(mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor tells a server that answers from one that does not, and what waits from a spool that is full."""

    def found() -> dict[str, Any]:
        settings = read_settings()
        return {one.subject: one for one in (*tracking.mlflow(settings), *tracking.spool(settings))}

    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.mlflow_url)
    assert [one.level for one in found().values()] == ["ok", "ok"]
    save("doctor", dataset={"a.txt": "x" * 2000})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOBODY)
    assert [one.level for one in found().values()] == ["warning", "warning"]
    assert "1 run," in found()["spool"].message
    assert found()["spool"].remedy == "jupyter-utils sync"
    monkeypatch.setenv("JUPYTER_UTILS_SPOOL_GIB", "0.000001")
    assert found()["spool"].level == "error"
