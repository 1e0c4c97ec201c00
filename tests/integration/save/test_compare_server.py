"""`compare` over a real server: committed notebooks, files that no manifest knows, a login that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jupyter_utils
import odd_servers
import pytest
from jupyter_utils.errors import CompareError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Repo, Runs


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_two_committed_notebooks(runs: Runs, repo: Repo) -> None:
    """Cells by the run's own code or by its commit; values and what was logged beside them; nothing is changed."""
    made = []
    for number in range(2):
        repo.write(f"lr = 0.{number + 1}\ntrain(lr)")
        values = {"metrics": {"f1": 0.9 + number}, "result": {"精度.txt": f"{number}\n"}}
        made.append(runs.save(experiment_name="compare", notebook=repo.notebook, **values))
        runs.client.log_text(made[-1].run_id, f"{number}", "notes/n.txt")
    before = repo.git("status", "--porcelain"), repo.git("rev-parse", "HEAD")
    found = jupyter_utils.compare(made[0].run_id, made[1], mlf_uri=runs.uri)
    rows = {row.name: row for section in found.sections for row in section.rows}
    assert (rows["f1"].difference, rows["result/精度.txt"].difference) == (
        "+1 (+111.11%)",
        "1 lines only in A, 1 only in B",
    )
    assert rows["notes/n.txt"].verdict == "differs"
    assert {"-lr = 0.1", "+lr = 0.2"} <= set(rows["nb.ipynb"].details[0].lines)
    assert found.a.about["status"] == "finished"
    assert (repo.git("status", "--porcelain"), repo.git("rev-parse", "HEAD")) == before
    assert jupyter_utils.compare(made[0], made[0], mlf_uri=runs.uri).exit_code == 0


def test_a_server_that_asks_for_a_password() -> None:
    """A run that one may not read cannot be compared, and the error says what was answered."""
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with odd_servers.odd(refusal) as url, pytest.raises(CompareError, match="401"):
        jupyter_utils.compare("0" * 32, "1" * 32, mlf_uri=url)
