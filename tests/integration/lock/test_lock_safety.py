"""lock.py as a program: what stops it leaves everything as it was, and is said in a line."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from small_lab import ROOT, Lab, LockError, held, new_lab, ours, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from package_index import PackageIndex


def with_program(folder: Path) -> Path:
    """Put lock.py and its parts into a lab's folder; return the program."""
    shutil.copytree(ROOT / "python" / "locking", folder / "locking", ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(ROOT / "python" / "lock.py", folder))


def started(program: Path, temporary: Path, *words: str, **settings: Any) -> subprocess.Popen[str]:
    """Start lock.py, with a folder of its own for what is temporary."""
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, "-B", str(program), *words]
    env = {**os.environ, "TMPDIR": str(temporary)}
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **settings)


def running_in(folder: Path) -> list[str]:
    """Return the command lines of the processes that have to do with a folder."""
    lines = [path.read_bytes().replace(b"\0", b" ").decode(errors="replace") for path in command_lines()]
    return [line for line in lines if str(folder) in line]


def command_lines() -> Iterator[Path]:
    """Return the command lines that can be read."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            path.read_bytes()
        except OSError:
            continue
        yield path


@pytest.mark.full
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(lab: Lab, index: PackageIndex, tmp_path: Path, number: int) -> None:
    """Ctrl-C, kill and a closed terminal end Poetry too, leave no folder behind and change nothing."""
    index.upstream = ".*"
    index.held.add("beta")
    lab.ask('beta = "*"')
    program = with_program(lab.folder)
    before = lab.contents()
    process = started(program, tmp_path / "temporary")
    wait_for(lambda: "/simple/beta/" in index.asked)
    assert len(running_in(tmp_path / "temporary")) >= 1
    process.send_signal(number)
    _output, complaints = process.communicate(timeout=30)
    assert process.returncode == 130
    assert complaints.endswith("lock.py: interrupted; nothing is half written\n")
    assert lab.contents() == before
    assert list((tmp_path / "temporary").iterdir()) == []
    assert running_in(tmp_path / "temporary") == []


def wait_for(condition: Any) -> None:
    """Wait until something has happened."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.2)
    pytest.fail("it did not happen")


def test_second_run_in_one_folder(lab: Lab) -> None:
    """Two at once would mix their files: the second one is refused."""
    with held(ours(lab.folder)), pytest.raises(LockError, match=r"another lock\.py is at work"):
        lab.lock()
    lab.lock()


@pytest.mark.parametrize("name", ["poetry.lock", "files.json"])
def test_all_or_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Where one file cannot be replaced, those before it are put back."""
    before = lab.contents()
    replace = Path.replace

    def failing(path: Path, target: Path) -> Path:
        if path.name == name:
            raise OSError(5, "Input/output error")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(LockError, match=r"cannot be written: Input/output error; nothing was changed"):
        write(ours(lab.folder), "new", "new")
    assert lab.contents() == before
    assert [path for path in lab.folder.iterdir() if path.name.startswith(".lock-")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of its own needs root")
def test_full_disk(lab: Lab, tmp_path: Path) -> None:
    """On a full disk the old lock stays whole."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine mounts nothing: " + mounted.stderr.decode())
    try:
        small = Lab(shutil.copytree(lab.folder, disk / "python"))
        before = small.contents()
        with pytest.raises(LockError, match=r"No space left on device; nothing was changed"):
            write(ours(small.folder), "x" * 100_000, "y")
        assert small.contents() == before
    finally:
        subprocess.run(["umount", disk], check=True)


def test_folder_that_cannot_be_written_to() -> None:
    """That is found out before anything is installed, with what to do."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        lab = new_lab(Path(name, "python"))
        program = with_program(lab.folder)
        for path in [lab.folder, *lab.folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        user = {"user": 65534} if os.geteuid() == 0 else {}
        process = subprocess.run(
            [sys.executable, "-B", program], capture_output=True, text=True, check=False, cwd="/", **user
        )
        for path in [lab.folder, *lab.folder.rglob("*/")]:
            path.chmod(0o755)
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1
    assert "cannot be written to: run this in a checkout or a project of your own" in process.stderr


def test_old_pythons_read_the_program() -> None:
    """Python 3.8 gets as far as the line that names the one that is needed."""
    text = (ROOT / "python" / "lock.py").read_text()
    ast.parse(text, feature_version=(3, 8))
    imported = [name.name for node in ast.parse(text).body if isinstance(node, ast.Import) for name in node.names]
    assert set(imported) <= {"argparse", "platform", "signal", "sys"}


def test_another_python_is_refused() -> None:
    """The message names the Python that is there and the command that has the right one."""
    code = f"import sys; sys.version_info = (3, 12, 1); sys.path.insert(0, {str(ROOT / 'python')!r})\n"
    code += "import lock\nlock.main()"
    result = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("lock.py: needs Python 3.11 on Linux x86_64, this is ")
    assert "nix run .#debian.python -- python/lock.py" in result.stderr
