"""Archives of environments: what one machine puts in, another takes out, if nobody has touched it meanwhile."""

from __future__ import annotations

import functools
import json
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import built, evaluated
from fetching import archives
from fetching.nix import Output
from fetching.screen import Log, Screen
from jupyter_utils.environments import archive, building
from jupyter_utils.environments.archive import Archived
from jupyter_utils.environments.nix import is_valid
from jupyter_utils.environments.recipe import Recipe, read_recipe
from jupyter_utils.errors import ArchiveError
from roots import run_in_own_store

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREIGN = "somebody-1:oebefeq35FkrPBm6wuZMNkbN199BUJgHloxGX/5MCF8="


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    """Return what stands in for an environment: a path that Nix has built, and that is soon copied."""
    path = str(built("recipes.environment", tmp_path_factory.mktemp("small") / "link"))
    return Archived("debian-cpu-0", path, path)


@pytest.fixture
def filled(small: Archived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Archive it under a name that no address takes, with a key of this test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "保管 1"
    archive.archive(folder, small, [])
    return folder


@pytest.fixture
def elsewhere(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001 - after it
    """Go to another machine: Nix has an empty store there. Its folder is returned."""
    monkeypatch.setenv("NIX_REMOTE", f"local?root={tmp_path}/other")
    return tmp_path / "other"


@pytest.fixture
def served(filled: Path) -> Iterator[str]:
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(filled))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_restored_is_what_was_archived(small: Archived, filled: Path, elsewhere: Path) -> None:
    """The same path with the same content, by the key that is printed; the key is made once, and nobody else's."""
    assert not is_valid(small.store_path)
    archive.restore(str(filled), archive.chosen(str(filled), None), archive.public_key())
    assert is_valid(small.store_path)
    restored = Path(f"{elsewhere}{small.store_path}", "recipe.tar.gz").read_bytes()
    assert restored == Path(small.store_path, "recipe.tar.gz").read_bytes()
    key = filled.parent / "state" / "jupyter-utils" / "archive.key"
    assert key.stat().st_mode & 0o77 == 0


def test_a_web_server_hands_it_out(small: Archived, served: str, elsewhere: Path) -> None:
    """Any that serves files; what it lacks is named with what it has."""
    with pytest.raises(ArchiveError, match=r"other is not among the environments of http.*\n  debian-cpu-0"):
        archive.chosen(served, "other")
    archive.restore(served, archive.chosen(served, small.name), archive.public_key())
    assert Path(f"{elsewhere}{small.store_path}").is_dir()
    with pytest.raises(ArchiveError, match=r"no environments.json in it"):
        archive.contents(f"{served}/nothing")


def test_another_key_is_refused(small: Archived, filled: Path, elsewhere: Path) -> None:
    """Whoever made it is not the one who is trusted: nothing of it comes into the store."""
    with pytest.raises(ArchiveError, match="is not signed by the key that was given"):
        archive.restore(str(filled), small, FOREIGN)
    assert not Path(f"{elsewhere}{small.store_path}").exists()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("harm", ["a byte", "the end", "all", "another hash"])
def test_a_damaged_one_is_refused(small: Archived, filled: Path, harm: str) -> None:
    """Whatever happened to it: what comes into the store is what was signed."""
    (nar,) = (filled / "nar").iterdir()
    content = bytearray(nar.read_bytes())
    if harm == "a byte":
        content[len(content) // 2] ^= 1
    nar.write_bytes({"the end": content[:-100], "all": b""}.get(harm, content))
    if harm == "another hash":
        info = filled / f"{Path(small.store_path).name[:32]}.narinfo"
        info.write_text(info.read_text().replace("NarHash: sha256:", "NarHash: sha256:0")[:-1])
    with pytest.raises(ArchiveError, match=r"damaged|not signed"):
        archive.restore(str(filled), small, archive.public_key())
    assert not is_valid(small.store_path)


def test_each_path_is_written_once(
    small: Archived, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one adds what is new, and its own signature to what is there: its key opens all of it."""
    (nar,) = (filled / "nar").iterdir()
    before = nar.stat().st_mtime_ns
    first = archive.public_key()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "colleague"))
    archive.archive(filled, small, [])
    assert nar.stat().st_mtime_ns == before
    assert archive.contents(str(filled)) == [small]
    for number, key in enumerate([first, archive.public_key()]):
        monkeypatch.setenv("NIX_REMOTE", f"local?root={tmp_path}/machine{number}")
        archive.restore(str(filled), small, key)
    assert first != archive.public_key()


def test_sources_are_what_it_is_built_from(small: Archived) -> None:
    """The Debian system and the wheels of that environment, and of no other."""
    recipe = read_recipe(Path(small.store_path, "recipe.tar.gz").read_bytes(), "here")
    names = [Path(path).name.partition("-")[2] for path in building.sources_of(recipe, "environment-mlflow")]
    assert "debian-bookworm" in names
    assert any(name.startswith("mlflow-") and name.endswith(".whl") for name in names)
    assert not any(name.startswith(("torch-", "jupyterlab-")) for name in names)


def test_a_recipe_gives_its_path_after_a_later_change(small: Archived) -> None:
    """Nix evaluates an older recipe to the older path, wherever it is unpacked, and tells what differs from a run."""
    recipe = read_recipe(Path(small.store_path, "recipe.tar.gz").read_bytes(), "here")
    here = evaluated("-f", "nix/debian", "environment.outPath")
    with building.unpacked(recipe) as found:
        assert found.paths[found.output(here, "cuda")] == here
        assert found.output("/nix/store/other", "cuda") == "environment-gpu"
    # What a later commit does: another package in the lock, another line in the builders.
    name = "python/files.json"
    files = json.loads(recipe.files[name])
    files["lock"] = "later"
    files["common"] = [row for row in files["common"] if row["name"] != "humanize"]
    later = Recipe({**recipe.files, name: json.dumps(files).encode()})
    with building.unpacked(later) as found:
        assert here not in found.paths.values()
        assert list(found.differences({"jupyter_utils.lock": "now", "jupyter_utils.system": found.system})) == [
            "lock: now in the run, later by the recipe"
        ]


def test_a_list_of_archives_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders with blanks and addresses, each with its key; one without is named, its password is not."""
    monkeypatch.setenv("ENVIRONMENTS", "/a folder k-1:AAA=, https://host/b k-2:BBB=,")
    assert archives.named() == [("/a folder", "k-1:AAA="), ("https://host/b", "k-2:BBB=")]
    for wrong in ("https://me:secret@host/b", "/folder"):
        monkeypatch.setenv("ENVIRONMENTS", wrong)
        with pytest.raises(archives.FetchError, match="and its key") as told:
            archives.named()
        assert "secret" not in str(told.value)


@pytest.mark.parametrize("key", ["own", "foreign"])
def test_the_fetch_step_takes_from_it(
    filled: Path, elsewhere: Path, key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it asks anything else; what it refuses is said, and looked for elsewhere."""
    chosen = archive.public_key() if key == "own" else FOREIGN
    monkeypatch.setenv("ENVIRONMENTS", f"/nowhere {chosen}, {filled} {chosen}")
    output = Output("recipes.environment")
    assert archives.may_have(output)
    archives.take(output, Screen("fetch"), Log("test"))
    said = capsys.readouterr().err
    assert "/nowhere has nothing of this environment" in said
    (path,) = output.wanted()
    assert Path(f"{elsewhere}{path}").exists() == (key == "own")
    assert ("the environment is from the archive" in said) == (key == "own")
    assert ("not signed by the key" in said) == (key == "foreign")


@pytest.mark.full
def test_a_machine_with_nothing_but_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, an empty store: the fetch step brings the whole environment, and the program is built on it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    program = built("mlflow", tmp_path / "link")
    one = Archived("mlflow", evaluated("-f", "nix/debian", "environment-mlflow.outPath"), str(program))
    archive.archive(tmp_path / "archive", one, [])
    shutil.rmtree(tmp_path / "archive" / "log", ignore_errors=True)
    monkeypatch.setenv("ENVIRONMENTS", f"{tmp_path}/archive {archive.public_key()}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    step = "python3 nix/debian/fetch.py"
    script = f"{step} --missing mlflow && {step} mlflow && nix build -f nix/debian mlflow --no-link"
    done = run_in_own_store(tmp_path / "store", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "the environment is from the archive" in done.stderr
    assert (tmp_path / "store" / "store" / Path(one.store_path).name).is_dir()
    assert os.path.lexists(tmp_path / "store" / "store" / program.name)
