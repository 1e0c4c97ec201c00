"""Poetry is the real one, installed once; the index is one of this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from package_index import PackageIndex, serving
from small_lab import Installed, Lab, Tools, command, filled, new_lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def poetry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Poetry, as lock.py installs it, from where this machine's pip looks."""
    folder = tmp_path_factory.mktemp("poetry") / "tools"
    Tools(folder).install()
    return folder


@pytest.fixture
def index(files: dict[str, bytes]) -> Iterator[PackageIndex]:
    """Serve an index with nothing but simple pages."""
    with serving(PackageIndex(files=dict(files))) as running:
        yield running


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """Make the packages that the small lab asks for, once: their hashes stand in the lock."""
    return filled(PackageIndex()).files


def point_pip_at(url: str, monkeypatch: pytest.MonkeyPatch, poetry: Path, folder: Path) -> None:
    """Point pip at an address, and at nothing else; Poetry forgets what it has seen with other folders."""
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("POETRY_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr(command, "Tools", lambda _folder: Installed(poetry))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, poetry: Path, tmp_path: Path) -> Callable[[str], None]:
    """Return what points pip at an address."""
    return lambda url: point_pip_at(url, monkeypatch, poetry, tmp_path)


@pytest.fixture(scope="session")
def locked(poetry: Path, files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lock a small lab, once."""
    folder = tmp_path_factory.mktemp("locked")
    with serving(PackageIndex(files=files)) as index, pytest.MonkeyPatch.context() as monkeypatch:
        point_pip_at(index.url, monkeypatch, poetry, folder)
        lab = new_lab(folder / "python")
        lab.lock()
    return lab.folder


@pytest.fixture
def lab(index: PackageIndex, use: Callable[[str], None], locked: Path, tmp_path: Path) -> Lab:
    """Make a lab that is locked from the index."""
    use(index.url)
    return Lab(shutil.copytree(locked, tmp_path / "python"))
