"""Places that take no outputs while no page is there: somebody says where these are, and none is lost."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kernels
import pytest
import servers
from away import LIMIT, SLOW, left
from small_disks import small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from away import Page
    from servers import Started

pytestmark = pytest.mark.full

UID = 12345
LARGE = f"{SLOW}print('x' * 100_000)"


@pytest.fixture(scope="module")
def user_lab() -> Iterator[Started]:
    """Run a lab as an ordinary user: permissions are nothing to root."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("no lab can be run as another user here: this needs root and setpriv")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)  # pytest's own folders are root's alone
        for name in (".", "home", "notebooks", "mlflow"):
            (folder / name).mkdir(exist_ok=True)
            os.chown(folder / name, UID, UID)
        become = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--")
        with contextlib.ExitStack() as stack:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(servers, "LAUNCHER", (*become, *servers.LAUNCHER))
                lab = stack.enter_context(servers.lab(folder, MLFLOW_TRACKING_URI="http://127.0.0.1:9"))
            yield lab


def told(page: Page) -> dict[str, Any]:
    """Ask as a page that opens the notebook, once there is something to be told."""
    page.client = str(uuid.uuid4())
    deadline = time.monotonic() + LIMIT
    while not (answer := page.ask())["kept"]:
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)
    return answer


def shown(answer: dict[str, Any]) -> str:
    return "".join(one.get("text", "") for one in answer["executions"][0]["outputs"])


def run_in(lab: Started, folder: Path, source: str = SLOW) -> Page:
    """Run a cell in a folder whose files are the lab's user's, and leave."""
    page = left(lab, source, folder=f"{folder.relative_to(lab.root_dir)}/", owner=UID)
    assert page.file.stat().st_uid == UID
    return page


def test_a_notebook_that_cannot_be_written(user_lab: Started) -> None:
    """It stays as it is; the outputs are beside it, and the message says so."""
    folder = user_lab.root_dir / "read-only-file"
    page = run_in(user_lab, folder)
    page.file.chmod(0o444)
    before = page.file.read_bytes()
    answer = told(page)
    assert list(answer["kept"]) == [page.beside.name]
    assert f"{page.beside.name} has the outputs of" in answer["kept"][page.beside.name]
    assert "ermission" in answer["kept"][page.beside.name]
    assert "before" in page.beside.read_text()
    assert page.file.read_bytes() == before


def test_a_folder_that_cannot_be_written(user_lab: Started) -> None:
    """Its outputs are shown to who opens the notebook, and are written once that is allowed again."""
    folder = user_lab.root_dir / "read-only-folder"
    page = run_in(user_lab, folder)
    page.file.chmod(0o444)
    folder.chmod(0o555)
    before = page.file.read_bytes()
    answer = told(page)
    assert "are in no file" in answer["kept"][""]
    assert "ermission" in answer["kept"][""]
    assert shown(answer) == "before\n"
    assert page.file.read_bytes() == before
    folder.chmod(0o755)
    page.file.chmod(0o644)
    page.until(lambda: page.stored() == "before\n")
    assert page.ask()["kept"] == {}


def test_a_twin_that_cannot_be_made(user_lab: Started) -> None:
    """The notebook itself can be written: it has the outputs, and nobody says that it has not."""
    folder = user_lab.root_dir / "no-twin"
    page = run_in(user_lab, folder)
    folder.chmod(0o555)
    page.until(lambda: page.stored() == "before\n")
    time.sleep(5)
    folder.chmod(0o755)
    page.client = str(uuid.uuid4())
    answer = page.ask()
    assert answer["kept"] == {}
    assert all(one["inFile"] for one in answer["executions"])
    assert not page.beside.exists()


@pytest.mark.parametrize("room", [0, 60_000], ids=["for nothing", "for a part"])
def test_a_full_disk(lab: Started, room: int) -> None:
    """The notebook stays whole; its outputs are shown to who opens it, and are written once there is room."""
    with small_disk(lab.root_dir / f"disk-{uuid.uuid4().hex[:8]}", "1m") as disk:
        page = left(lab, LARGE, folder=f"{disk.name}/")
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        filler = disk / "filler"
        filler.write_bytes(b"x" * (free - room))
        answer = told(page)
        assert "No space left" in "".join(answer["kept"].values())
        assert shown(answer) == f"before\n{'x' * 100_000}\n"
        assert json.loads(page.file.read_text())["cells"], "the notebook is whole"
        filler.unlink()
        page.until(lambda: page.stored().endswith("x\n") or page.beside.exists())
        kernels.api(lab, "DELETE", f"api/kernels/{page.kernel}")
        assert not list(disk.glob(".~*"))
