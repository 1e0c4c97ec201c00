"""Whatever ends the fetch step ends all that it started, and what had arrived is used by the next one."""

from __future__ import annotations

import contextlib
import os
import pty
import shlex
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from commands import ROOT
from fetching.nix import Output
from fetching.workplace import mounts, remove
from index import Index, serving
from roots import in_own_store
from watching import marked, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = ["click", "pygments", "six", "tqdm"]
"""The wheels of these tests, in pip's order: the second takes a while."""


@pytest.fixture
def index() -> Iterator[Index]:
    """Serve the wheels of these tests."""
    with serving([entry for entry in Output("lab").files()[1] if entry["name"] in PACKAGES]) as running:
        yield running


class Fetch:
    """The fetch step of PACKAGES, in a store of its own."""

    def __init__(self, folder: Path, index: Index, env: dict[str, str]) -> None:
        """Let pip see nothing but that index."""
        self.folder = folder
        self.script = folder / "fetch.py"
        # The step itself; it is told that the output wants no more than these packages.
        self.script.write_text(
            f"import sys; sys.path.insert(0, {str(ROOT / 'nix' / 'debian')!r})\n"
            "import fetch; from fetching import nix\n"
            "real = nix.Output.missing\n"
            f"nix.Output.missing = lambda self: ([], [e for e in real(self)[1] if e['name'] in {PACKAGES!r}])\n"
            "fetch.run('fetch', fetch.parse(), fetch.main, 'what was complete')\n"
        )
        self.env = {name: value for name, value in env.items() if not name.lower().endswith("_proxy")}
        self.env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index.address, "PIP_NO_CACHE_DIR": "1"}
        self.env |= {"TMPDIR": str(folder / "tmp"), "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        (folder / "tmp").mkdir()
        self.place = folder / "tmp" / f"jupyter-utils-fetch-{os.getuid()}"

    def words(self, *options: str) -> list[str]:
        """Return the command, which is to run in the same store each time."""
        return in_own_store(self.folder / "nix", "python3", "-B", str(self.script), "lab", *options)

    def line(self) -> str:
        """Return the command for a shell."""
        return shlex.join(self.words())

    def start(self, *options: str, **more: Any) -> subprocess.Popen[str]:
        """Start it."""
        given: dict[str, Any] = {"env": self.env, "text": True, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen(self.words(*options), **given)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(self.words(), env=self.env, text=True, capture_output=True, check=False)

    def arrived(self) -> set[str]:
        """Return the wheels in the store."""
        stored = (self.folder / "nix" / "store").glob("*.whl")
        return {path.name.partition("-")[2] for path in stored}

    def runs(self) -> list[Path]:
        """Return the folders of runs, alive or dead."""
        return list(self.place.glob("run-*"))


@pytest.fixture
def fetch(tmp_path: Path, index: Index, env: dict[str, str]) -> Fetch:
    """Return the fetch step, not started, with a slow index."""
    index.pause = 0.06
    return Fetch(tmp_path, index, env)


def under_way(index: Index) -> None:
    """Wait until one wheel has arrived and another is on its way."""
    wait_for(lambda: index.taken, "the first wheel")
    time.sleep(0.3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_all_and_keeps_what_arrived(fetch: Fetch, index: Index, mark: str, number: int) -> None:
    """Ctrl-C, a closed terminal and a plain kill: nothing runs on, no folder stays, what arrived is in the store."""
    process = fetch.start()
    under_way(index)
    taken = set(index.taken)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == -number
    assert "fetch: interrupted" in said
    assert "failed" not in said
    assert marked(mark) == []
    assert fetch.runs() == []
    assert fetch.arrived() == taken
    index.pause, index.taken = 0, []
    assert fetch.run().returncode == 0
    assert not taken & set(index.taken)
    assert fetch.arrived() == set(index.files)


def test_killed_fetch_is_taken_up(fetch: Fetch, index: Index, mark: str) -> None:
    """After SIGKILL nothing runs on, and the next start uses the wheels that were whole and removes the rest."""
    process = fetch.start()
    under_way(index)
    process.kill()
    process.communicate()
    wait_for(lambda: not marked(mark), "the end of pip", 5)
    assert len(fetch.runs()) == 1
    taken = set(index.taken)
    index.pause, index.taken = 0, []
    result = fetch.run()
    assert result.returncode == 0, result.stderr
    assert f"{len(taken)} files kept" in result.stderr
    assert not taken & set(index.taken)
    assert fetch.runs() == []
    assert fetch.arrived() == set(index.files)


def test_killed_shell_takes_the_fetch_with_it(fetch: Fetch, index: Index, mark: str) -> None:
    """A script that is killed does not leave the fetch step behind that it started with --parent."""
    shell = subprocess.Popen(
        ["bash", "-c", f"{fetch.line()} --parent $$; true"], env=fetch.env, stderr=subprocess.DEVNULL
    )
    under_way(index)
    shell.kill()
    shell.wait()
    wait_for(lambda: not marked(mark), "the end of all", 20)
    assert fetch.runs() == []
    assert fetch.arrived() >= set(index.taken[:1])


def test_closed_terminal_ends_all(fetch: Fetch, index: Index, mark: str) -> None:
    """When the window is closed, in which there is nothing to write to any more, all ends, too."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("bash", ["bash", "-c", f"{fetch.line()} --parent $$; true"], fetch.env)
    reader = threading.Thread(target=drain, args=(terminal, closed := threading.Event()))
    reader.start()
    under_way(index)
    closed.set()
    reader.join()
    os.close(terminal)
    os.waitpid(child, 0)
    wait_for(lambda: not marked(mark), "the end of all", 20)
    assert fetch.runs() == []
    assert fetch.arrived() >= set(index.taken[:1])


def test_second_interrupt_does_not_wait(fetch: Fetch, index: Index, mark: str) -> None:
    """Who presses Ctrl-C again wants the end at once; what is left is for the next start."""
    process = fetch.start(start_new_session=True)
    under_way(index)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    process.communicate(timeout=20)
    wait_for(lambda: not marked(mark), "the end of all", 5)


def drain(terminal: int, closed: threading.Event) -> None:
    """Read what a program writes to its terminal."""
    os.set_blocking(terminal, False)
    while not closed.wait(0.05):
        with contextlib.suppress(OSError):
            os.read(terminal, 1 << 16)


def test_two_at_once_download_once(fetch: Fetch, index: Index) -> None:
    """The second says for whom it waits; both succeed, and each wheel is downloaded once."""
    first = fetch.start()
    wait_for(fetch.runs, "the first fetch")
    second = fetch.start()
    wait_for(lambda: index.taken, "the first wheel")
    index.pause = 0
    _, said = second.communicate(timeout=120)
    assert first.wait() == 0, first.stderr
    assert second.returncode == 0, said
    assert f"waiting for another fetch (pid {first.pid}) ..." in said
    assert sorted(index.taken) == sorted(index.files)


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="mmdebstrap mounts only as root")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_mounts_vanish_with_mmdebstrap(tmp_path: Path, mark: str, env: dict[str, str], number: int) -> None:
    """While packages are being installed, with /proc and /sys mounted: no process and no mount stays."""
    (tmp_path / "tmp").mkdir()
    words = in_own_store(tmp_path / "nix", "python3", "-B", "nix/debian/fetch.py", "jupyter-utils", network=True)
    process = subprocess.Popen(words, env={**env, "TMPDIR": str(tmp_path / "tmp")}, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any("dpkg" in one and "--install" in one for one in marked(mark)), "mmdebstrap at work", 240)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert "mmdebstrap failed" not in said
    wait_for(lambda: not marked(mark), "the end of mmdebstrap", 10)
    assert mounts(tmp_path) == []
    if number == signal.SIGKILL:
        for left in (tmp_path / "tmp").glob("*/run-*"):
            remove(left)
    assert list((tmp_path / "tmp").glob("*/run-*")) == []


def test_leftover_is_removed_at_the_next_start(fetch: Fetch, index: Index) -> None:
    """A folder that a dead run left is named and removed."""
    index.pause = 0
    (fetch.place / "run-dead" / "mmdebstrap.x" / "proc").mkdir(parents=True)
    fetch.place.chmod(0o711)
    result = fetch.run()
    assert "removing what an interrupted fetch left" in result.stderr
    assert fetch.runs() == []
