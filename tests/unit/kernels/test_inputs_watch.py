"""What is seen of files becomes a record that says what is known of each, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupyter_utils
import pytest
from jupyter_utils.errors import InputError
from jupyter_utils.kernels import inputs
from jupyter_utils.kernels.inputs import Seen, Watch, children, digests, places, watch
from jupyter_utils.runs.records import inputs as record


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Give a watch that nothing tells but the test, in a folder of its own, with a cell running."""
    made = Watch()
    made.cell = 1
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_UTILS_RECORD_INPUTS", "on")
    monkeypatch.setattr(record, "seen", lambda: Seen(made, (), tuple(made.partial)))
    return made


def recorded(folder: Path) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Record; the whole record, its files by their names, and the warnings."""
    call = SimpleNamespace(notebook=None, spool=SimpleNamespace(path=folder / "spool"), uri="http://localhost")
    made = record.record_inputs(call, folder / "entry")  # type: ignore[arg-type]
    data = json.loads((folder / "entry/artifacts/jupyter_utils/inputs.json").read_text(encoding="utf-8"))
    return data, {Path(file["path"]).name: file for file in data["files"]}, made.warnings


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_what_changed_since_is_named(seen: Watch, tmp_path: Path) -> None:
    """By others: what was read is not known any more. Only touched: known where the digest was taken before."""
    for name in ("same", "changed", "touched", "gone"):
        seen.opened(str(write(tmp_path / name, name)), os.O_RDONLY)
    _, files, warnings = recorded(tmp_path)
    assert warnings == ()
    (tmp_path / "changed").write_text("something else")
    os.utime(tmp_path / "touched", ns=(1, 1))
    (tmp_path / "gone").unlink()
    seen.opened(str(write(tmp_path / "late", "a")), os.O_RDONLY)
    write(tmp_path / "late", "bc")
    _, files, warnings = recorded(tmp_path)
    assert {name for name, file in files.items() if file["changed"]} == {"changed", "gone", "late"}
    assert {name: file.get("sha256") for name, file in files.items()} == {
        "same": sha("same"),
        "changed": sha("changed"),
        "touched": sha("touched"),
        "gone": sha("gone"),
        "late": None,
    }
    assert "not known any more" in files["late"]["note"]
    assert len(warnings) == 1
    assert all(name in warnings[0] for name in ("changed", "gone", "late"))
    assert "same" not in warnings[0]


def test_what_this_notebook_changes_is_digested_before(seen: Watch, tmp_path: Path) -> None:
    """Overwritten, changed in place, renamed onto, renamed, removed: the digest is that of what was read."""
    for name in ("overwritten", "in place", "onto", "moved", "removed"):
        seen.opened(str(write(tmp_path / name, name)), os.O_RDONLY)
    seen.opened(str(tmp_path / "overwritten"), os.O_WRONLY | os.O_TRUNC | os.O_CREAT)
    (tmp_path / "overwritten").write_text("new")
    seen.opened(str(tmp_path / "in place"), os.O_RDWR)
    (tmp_path / "in place").write_text("new")
    seen.opened(str(tmp_path / "own"), os.O_WRONLY | os.O_CREAT)
    seen.moves(write(tmp_path / "own", "own"), tmp_path / "onto")
    (tmp_path / "own").rename(tmp_path / "onto")
    seen.moves("moved", "elsewhere")
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    seen.removes("removed")
    (tmp_path / "removed").unlink()
    seen.begins(2)
    for name in ("overwritten", "onto"):
        seen.opened(str(tmp_path / name), os.O_RDONLY)
    _, files, warnings = recorded(tmp_path)
    assert {name: file["sha256"] for name, file in files.items()} == {name: sha(name) for name in files}
    assert set(files) == {"overwritten", "in place", "onto", "moved", "removed"}
    assert all(file["cells"] == [1] and file["changed"] for file in files.values())
    assert "overwritten by this notebook" in files["overwritten"]["note"]
    assert "removed by this notebook" in files["removed"]["note"]
    assert "changed or removed since this run read it" in warnings[0]


def test_own_output_is_no_input(seen: Watch, tmp_path: Path) -> None:
    """Written, written and renamed, with a folder renamed, by a loader's writer into a folder."""
    for name in ("own", "tmp", "folder/part"):
        seen.opened(str(tmp_path / name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        write(tmp_path / name, name)
    seen.moves("tmp", "renamed")
    (tmp_path / "tmp").rename(tmp_path / "renamed")
    seen.moves("folder", "whole")
    (tmp_path / "folder").rename(tmp_path / "whole")
    seen.told_written(tmp_path / "ds")
    write(tmp_path / "ds/part-0", "x")
    for name in ("own", "renamed", "whole/part", "ds/part-0"):
        seen.opened(name, os.O_RDONLY)
    assert seen.inputs == {}


def test_each_cell_that_reads_is_named(seen: Watch, tmp_path: Path) -> None:
    """Once each; where the file changed between two of them, what the last one read counts, and the record says so."""
    seen.opened(str(write(tmp_path / "x", "old")), os.O_RDONLY)
    seen.opened(str(tmp_path / "x"), os.O_RDONLY)
    write(tmp_path / "x", "other")
    seen.begins(3)
    seen.opened("x", os.O_RDONLY)
    _, files, warnings = recorded(tmp_path)
    assert files["x"]["cells"] == [1, 3]
    assert files["x"]["sha256"] == sha("other")
    assert files["x"]["note"] == "it was another when cell [1] read it"
    assert warnings == ()


def test_what_is_no_file_neither_blocks_nor_counts(seen: Watch, tmp_path: Path) -> None:
    """A pipe, a socket, a device, a folder, a descriptor, nothing, and what is no name at all."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(tmp_path)
        listening.bind("socket")
        odd = ["pipe", "socket", "/dev/zero", tmp_path, 3, "missing", "a\0b", "", b"\xff", "x" * 5000]
        for one in odd:
            seen.opened(one, os.O_RDONLY)
            seen.told(one)
        seen.told([[["pipe"]], None])
        seen.told(object())
    seen.opened(str(write(tmp_path / "later", "x")), os.O_RDONLY)
    (tmp_path / "later").unlink()
    os.mkfifo(tmp_path / "later")
    _, files, _ = recorded(tmp_path)
    assert set(files) == {"later"}
    assert files["later"]["changed"]


def test_unreadable_names_and_files(seen: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is no text is kept exactly; a file that cannot be read costs its digest alone."""
    name = os.fsencode(tmp_path) + b"/\xe3\x28"
    with open(name, "w") as file:  # noqa: PTH123 - bytes
        file.write("x")
    seen.opened(name, os.O_RDONLY)
    seen.opened(str(write(tmp_path / "broken", "x")), os.O_RDONLY)
    take = seen.digests.take

    def failing(path: str, count: Any = lambda _: None) -> Any:
        if path.endswith("broken"):
            raise OSError(5, "Input/output error")
        return take(path, count)

    monkeypatch.setattr(seen.digests, "take", failing)
    _, files, _ = recorded(tmp_path)
    assert os.fsencode(tmp_path / "\udce3(") == name
    assert files["\udce3("]["sha256"] == sha("x")
    assert "sha256" not in files["broken"]
    assert "Input/output error" in files["broken"]["note"]


def test_too_many_files_are_counted(seen: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are listed, and the record says how many more there were."""
    monkeypatch.setattr(watch, "LISTED", 3)
    for number in range(10):
        seen.opened(str(write(tmp_path / str(number), "x")), os.O_RDONLY)
        seen.opened(str(tmp_path / str(number)), os.O_RDONLY)
    assert (len(seen.inputs), seen.more) == (3, 7)
    for number in range(20):
        seen.opened(str(write(tmp_path / str(number), "x")), os.O_RDONLY)
    assert (len(seen.inputs), seen.more) == (3, 17)


def test_files_of_the_environment_take_no_place(seen: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many modules are imported, what is read afterwards is listed."""
    monkeypatch.setattr(watch, "LISTED", 3)
    monkeypatch.setattr(watch, "_PENDING", 2)
    for module in list(Path(os.__file__).parent.glob("*.py"))[:20]:
        seen.opened(str(module), os.O_RDONLY)
    seen.opened(str(write(tmp_path / "x", "x")), os.O_RDONLY)
    assert [Path(name).name for name in seen.inputs] == ["x"]
    assert seen.more == 0


def test_second_record_reads_nothing_again(seen: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest is known by device, inode, size and time."""
    seen.opened(str(write(tmp_path / "x", "x")), os.O_RDONLY)
    first = recorded(tmp_path)
    monkeypatch.setattr(digests, "_sha256", None)
    assert recorded(tmp_path) == first


def test_large_file_is_sampled(seen: Watch, tmp_path: Path) -> None:
    """From 1 GB on, by the documented rule, and called so."""
    size, block = 10**9 + 5, 2**20
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
        file.seek(size - 1)
        file.write(b"x")
    expected = hashlib.sha256(size.to_bytes(8, "little"))
    with (tmp_path / "large").open("rb") as file:
        for number in range(64):
            file.seek(number * (size - block) // 63)
            expected.update(file.read(block))
    seen.opened(str(tmp_path / "large"), os.O_RDONLY)
    _, files, _ = recorded(tmp_path)
    assert files["large"]["sampled"] == expected.hexdigest()
    assert "sha256" not in files["large"]


def test_hub_and_places(seen: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hub by repository and revision; hidden folders of the home, caches and chosen folders not at all."""
    monkeypatch.setenv("JUPYTER_UTILS_INPUTS_WITHOUT", f"{tmp_path}/secret, ~/private")
    cache = tmp_path / "home/.cache/huggingface/hub"
    for name in (
        cache / "models--org--name/snapshots/0a1b/config.json",
        cache / "models--org--name/blobs/123",
        cache / "datasets--squad/snapshots/ffff/train.parquet",
        tmp_path / "home/.config/tool/settings",
        tmp_path / "home/.netrc",
        tmp_path / "home/data.csv",
        tmp_path / "secret/x",
        tmp_path / "home/private/y",
        tmp_path / "project/.git/HEAD",
        tmp_path / "spool/entries/1/entry.json",
    ):
        seen.opened(str(write(name, "x")), os.O_RDONLY)
    seen.hub_addresses["hf://datasets/org/data@beef/a/b.parquet"] = None
    data, files, _ = recorded(tmp_path)
    assert set(files) == {"data.csv"}
    assert data["hub"] == [
        {"kind": "dataset", "repository": "org/data", "revision": "beef"},
        {"kind": "dataset", "repository": "squad", "revision": "ffff"},
        {"kind": "model", "repository": "org/name", "revision": "0a1b"},
    ]
    assert data["partial"] == [
        f"files in {tmp_path}/secret/, {tmp_path}/home/private/ are left out (JUPYTER_UTILS_INPUTS_WITHOUT)"
    ]


def test_repository_in_a_hidden_folder_of_the_home(seen: Watch, tmp_path: Path) -> None:
    """Its files are inputs all the same, with paths relative to it."""
    write(tmp_path / "home/.work/repo/.git/HEAD", "x")
    os.chdir(tmp_path / "home/.work/repo")
    seen.opened(write(tmp_path / "home/.work/repo/data/x", "x"), os.O_RDONLY)
    data, _, _ = recorded(tmp_path)
    assert [file["path"] for file in data["files"]] == ["data/x"]


def test_own_work_is_not_the_users(seen: Watch, tmp_path: Path) -> None:
    """While this package works nothing that it opens counts, nor what threads open that it starts; others go on."""
    for name in ("own", "worker", "user"):
        write(tmp_path / name, name)
    go, done = threading.Event(), threading.Event()

    def user() -> None:
        go.wait()
        seen.opened(str(tmp_path / "user"), os.O_RDONLY)
        done.set()

    threading.Thread(target=user).start()
    with seen.paused(), seen.paused():
        seen.opened(str(tmp_path / "own"), os.O_RDONLY)
        seen.told(str(tmp_path / "own"))
        worker = threading.Thread(target=seen.opened, args=(str(tmp_path / "worker"), os.O_RDONLY))
        worker.start()
        worker.join()
        go.set()
        done.wait()
    assert [Path(name).name for name in seen.inputs] == ["user"]
    seen.opened(str(tmp_path / "own"), os.O_RDONLY)
    assert str(tmp_path / "own") in seen.inputs


@pytest.mark.parametrize(
    ("line", "read", "written"),
    [
        ("cat a.txt", ["a.txt"], []),
        ("LANG=C sort -k 2 a.txt | grep x > out.txt", ["a.txt"], ["out.txt"]),
        ("python 'b c.txt' 2>&1", ["b c.txt"], []),
        ("tool --input=a.txt; other < 'b c.txt'", ["a.txt", "b c.txt"], []),
        ("wc *.txt", ["a.txt", "b c.txt"], []),
        ("cp a.txt copy.txt", ["a.txt"], ["copy.txt"]),
        ("echo a.txt", [], []),
        ("grep -r x .", [], []),
        ("cat 'unfinished", [], []),
    ],
)
def test_line_of_shell(seen: Watch, tmp_path: Path, line: str, read: list[str], written: list[str]) -> None:
    """Arguments that are files are read; what output goes to is written."""
    for name in ("a.txt", "b c.txt"):
        write(tmp_path / name, name)
    children.command(seen, line)
    assert [Path(name).name for name in seen.inputs] == read
    assert [Path(name).name for name in seen.written] == written


def test_record_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, or all below a folder, even where nothing else is recorded; what is not there is refused."""
    kept = inputs._State(Watch())
    monkeypatch.setattr(inputs, "_state", lambda: kept)
    monkeypatch.chdir(tmp_path)
    for name in ("data/a", "data/b/c", "x"):
        write(tmp_path / name, name)
    jupyter_utils.record_input("data")
    jupyter_utils.record_input(tmp_path / "x")
    with pytest.raises(InputError, match=r"path='typo' is no file or folder.*Nothing was recorded"):
        jupyter_utils.record_input("typo")
    with pytest.raises(InputError, match="path=3"):
        jupyter_utils.record_input(3)  # type: ignore[arg-type]
    monkeypatch.setenv("JUPYTER_UTILS_RECORD_INPUTS", "off")
    data, files, _ = recorded(tmp_path)
    assert set(files) == {"a", "c", "x"}
    assert data["partial"] == ["only what `record_input` named: JUPYTER_UTILS_RECORD_INPUTS is off"]


def test_failure_costs_the_record_alone(seen: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is partial, and says why."""
    seen.opened(str(write(tmp_path / "x", "x")), os.O_RDONLY)
    monkeypatch.setattr(places.Places, "is_program", None)
    data, _, _ = recorded(tmp_path)
    assert not data["complete"]
    assert "not recorded (TypeError" in data["partial"][0]
