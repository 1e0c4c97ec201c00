"""One line says how far fetching and building are; the details are in a log file, which is named on failure."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from commands import ROOT
from fetching import progress, screen
from fetching.nix import Output
from fetching.progress import Clock, duration, megabytes
from fetching.screen import Log, Screen
from fetching.wheels import Wheels

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "nix" / "debian")!r})
from fetching import nix, pins, screen
nix.BASE, screen.REPOSITORY, screen.SPARSE = Path(sys.argv.pop(1)), Path(sys.argv.pop(1)), 1.0
import build
build.run("build", build.parse(), build.main, "what was built")
"""
EXPRESSION = """
let
  system = import {root}/nix/debian/system.nix {{ }};
  one = n: system.run (builtins.toFile "one.py" ''
    import os, sys, time
    print("at work on", os.environ["name"], flush=True)
    time.sleep(0.8)
    if os.environ["name"] == "part-bad":
        sys.exit("http://taro:himitsu@mirror.example.org/ is a bad word")
    open(os.environ["out"], "w").close()
  '') {{ name = "part-" + n; now = "{now}"; }};
  all = names: system.run (builtins.toFile "all.py" "import os; open(os.environ['out'], 'w').close()") {{
    name = "whole";
    parts = map one names;
  }};
in {{
  good = all [ "a" "b" "c" "d" "e" "f" ];
  bad = all [ "bad" ];
}}
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Return the build step, for an expression that is new to Nix."""
    expression = tmp_path / "default.nix"
    expression.write_text(EXPRESSION.format(root=ROOT, now=f"{tmp_path} {time.time()}"))
    (tmp_path / "build.py").write_text(SCRIPT)
    return [sys.executable, "-B", str(tmp_path / "build.py"), str(expression), str(tmp_path)]


def in_terminal(words: list[str], columns: int = 60) -> tuple[int, str]:
    """Run a command in a terminal; its exit status and what the terminal got."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", COLUMNS=str(columns))
        subprocess.run(["stty", "cols", str(columns)], check=True)
        os.execvp(words[0], words)
    got = b""
    while True:
        try:
            got += os.read(terminal, 1 << 16)
        except OSError:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), got.decode()


def test_terminal_shows_one_line_that_moves(words: list[str]) -> None:
    """Counts and names replace each other in one line, which never reaches the edge; one line at the end stays."""
    code, shown = in_terminal([*words, "good"])
    assert code == 0, shown
    lines = shown.replace("\r\n", "\n").split("\n")
    assert len(lines) == 2, lines
    assert lines[0].endswith("good: 7 derivations built in " + lines[0].rpartition(" built in ")[2])
    pictures = re.split(r"\r\033\[K", lines[0])
    assert any(re.match(r"build: [1-6] of 7 built.*: part-[a-f]", picture) for picture in pictures), pictures
    assert max(map(len, pictures)) < 60
    assert "/nix/store" not in shown


def test_without_a_terminal_lines_are_few_and_plain(words: list[str], tmp_path: Path) -> None:
    """In a log of CI there are plain lines now and then; what each builder said is in the log file."""
    result = subprocess.run([*words, "good"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "\033" not in result.stderr
    assert "\r" not in result.stderr
    assert 1 <= len(result.stderr.splitlines()) <= 8
    (log,) = (tmp_path / ".cache" / "log").glob("*-build-good-*.log")
    assert "part-a> at work on part-a" in log.read_text()


def test_failed_build_shows_the_end_and_names_the_log(words: list[str], tmp_path: Path) -> None:
    """The failed derivation, its last words and the log file are named; no password is, in neither place."""
    result = subprocess.run([*words, "bad"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 1
    (log,) = (tmp_path / ".cache" / "log").glob("*-build-bad-*.log")
    assert "part-bad.drv" in result.stderr
    assert "http://***@mirror.example.org/ is a bad word" in result.stderr
    assert f"All details: .cache/log/{log.name}" in result.stderr
    assert "himitsu" not in result.stderr + log.read_text()


def test_interrupted_build_ends_in_good_order(words: list[str]) -> None:
    """Ctrl-C ends the builders, too, and says that the next start goes on."""
    process = subprocess.Popen([*words, "good"], stderr=subprocess.PIPE, text=True)
    time.sleep(2.5)
    process.send_signal(2)
    _, said = process.communicate(timeout=20)
    assert process.returncode == -2
    assert "build: interrupted; what was built is in the store" in said
    assert "error" not in said
    again = subprocess.run([*words, "good"], capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "7 derivations built" not in again.stderr


def test_time_left_follows_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told before anything is known; then what is left at the speed of the last half minute."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    clock = Clock()
    assert clock.left(10, 100) == ""
    now[0] = 10
    assert clock.left(20, 100) == ", 40 s left"
    now[0] = 200
    assert clock.left(21, 100) != ""
    now[0] = 201
    assert clock.left(21, 100) == ""


def test_times_and_sizes_as_people_say_them() -> None:
    """Seconds, minutes, hours; megabytes as pip counts them."""
    assert [duration(number) for number in (0.2, 59, 100, 7200)] == ["1 s", "59 s", "2 min", "2.0 h"]
    assert megabytes(191_794_682) == "192 MB"


def test_fetching_counts_packages_and_bytes(tmp_path: Path) -> None:
    """What lies in pip's folders counts, a file that is still growing by what is there of it."""
    chosen = [entry for entry in Output("lab").files()[1] if entry["name"] in {"six", "pyarrow", "torch"}]
    wheels = Wheels(
        [entry for entry in chosen if entry["name"] != "torch" or "index" in entry], Screen("fetch"), Log("x")
    )
    assert wheels.progress() == "0 of 3 packages, 0 of 242 MB"
    wheels.folder = tmp_path
    (tmp_path / "pip" / "pip-unpack-x").mkdir(parents=True)
    growing = next(entry["file"] for entry in chosen if entry["name"] == "pyarrow")
    (tmp_path / "pip" / "pip-unpack-x" / growing).write_bytes(bytes(20_000_000))
    assert wheels.progress() == "1 of 3 packages, 20 of 242 MB"


def test_closed_terminal_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who closed the terminal is not told anything any more, and what works goes on to its end."""

    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Closed())
    shown = Screen("fetch")
    shown.say("something")
    shown.show("something else")


def test_log_needs_no_writable_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the checkout cannot be written to, the log is a temporary file; old ones go, ten stay."""
    (tmp_path / ".cache").write_text("a file in the way")
    monkeypatch.setattr(screen, "REPOSITORY", tmp_path)
    assert not Log("test").path.is_relative_to(tmp_path)
    (tmp_path / ".cache").unlink()
    for number in range(15):
        Log(f"test-{number:02}").add("a line")
    assert len(list((tmp_path / ".cache" / "log").glob("*.log"))) == 10
