"""Full disks and disks that cannot be written to, on the client's side and on the server's."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import jupyter_utils
import pytest
import servers
from jupyter_utils import errors
from jupyter_utils.runs.delivery import deliver_waiting
from jupyter_utils.spool import own_spool
from runs_on_disk import check_whole, runs_by_entry
from small_disks import small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started

SEED = 7


def test_full_disk_of_the_client(tmp_path: Path, mlflow_server: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of random sizes onto a disk of 2 MB, the server down: each is kept whole, refused, or without its file."""
    draw = random.Random(SEED)
    kept: dict[str, bytes] = {}
    without: list[str] = []
    refused = 0
    with small_disk(tmp_path / "disk", "2m") as disk:
        monkeypatch.setenv("JUPYTER_UTILS_SPOOL_DIR", str(disk / "spool"))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.mlflow_url)
        for _ in range(25):
            content = draw.randbytes(draw.randint(1, 600_000))
            try:
                result = jupyter_utils.save_mlflow(
                    "full disk", dataset={"a.bin": content}, do_commit=False, mlf_uri="http://127.0.0.1:9"
                )
            except errors.PartlySavedError as error:
                assert "No space left" in error.result.failed[0]  # noqa: PT017
                file = error.result.entry / "entry.json"
                without.append(error.result.entry.name)
                file.write_text(file.read_text().replace("http://127.0.0.1:9", mlflow_server.mlflow_url))
                continue
            except (errors.StageError, errors.SpoolError) as error:
                assert "JUPYTER_UTILS_SPOOL_DIR" in str(error) or "No space left" in str(error)  # noqa: PT017
                refused += 1
                continue
            assert result.entry is not None
            kept[result.entry.name] = content
            file = result.entry / "entry.json"
            file.write_text(file.read_text().replace("http://127.0.0.1:9", mlflow_server.mlflow_url))
        assert refused + len(without) > 5
        assert without
        assert len(kept) > 3
        assert own_spool().names() == sorted([*kept, *without])
        assert list((disk / "spool" / "new").iterdir()) == []
        assert not deliver_waiting(own_spool()).unsent
    stored = runs_by_entry(mlflow_server, "full disk")
    assert sorted(stored) == sorted([*kept, *without])
    for name, (run,) in stored.items():
        check_whole(mlflow_server, run, {"a.bin": kept[name]} if name in kept else {}, {})


@pytest.mark.parametrize("way", ["local", "http"])
def test_full_disk_of_the_server(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server has no room for waits; when there is room, it gets there."""
    content = random.Random(SEED).randbytes(3_000_000)
    with small_disk(tmp_path / "disk", "40m") as disk, servers.mlflow(tmp_path, MLFLOW_STORE_DIR=str(disk)) as server:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home/.local/state"))
        monkeypatch.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "" if way == "local" else "off")
        jupyter_utils.save_mlflow("no room", do_commit=False, mlf_uri=server.mlflow_url)
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "ballast").write_bytes(b"x" * (free - 2_000_000))
        arguments = {"dataset": {"a.bin": content}, "do_commit": False, "mlf_uri": server.mlflow_url}
        result = jupyter_utils.save_mlflow("no room", **arguments)
        assert result.entry is not None
        assert "did not take all of it" in result.warnings[-1]
        assert any("written to the spool" in text for text in result.warnings) == (way == "local")
        (disk / "ballast").unlink()
        result = jupyter_utils.save_mlflow("no room", **arguments)
        assert result.is_stored
        assert own_spool().names() == []
        runs = [run for (run,) in runs_by_entry(server, "no room").values()]
        assert len(runs) == 3
        assert {run.info.status for run in runs} == {"FINISHED"}
        for run in runs[: len(runs) - 1]:
            check_whole(server, run, {"a.bin": content}, {})
