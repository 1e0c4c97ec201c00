"""The pinned packages come from whichever place still has them, each by name and hash."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from archives import CONTENTS, MOMENT, file_of, pin, served
from fetching import FetchError, places, web
from fetching.debs import Debs, GoneError
from fetching.screen import Log, Screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archives import Archive

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSE", 0)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Serve this machine's mirror; its security archive lies elsewhere."""
    with served({"debian": "/debian", "debian-security": "/security"}) as archive:
        monkeypatch.setenv("DEBIAN_MIRROR", f"{archive.address}/debian/")
        monkeypatch.setenv("DEBIAN_SECURITY_MIRROR", f"{archive.address}/security")
        yield archive


@pytest.fixture
def snapshot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Serve Debian's snapshot service at the pin's moment."""
    prefixes = {name: f"/archive/{name}/{MOMENT}" for name in ("debian", "debian-security")}
    with served(prefixes) as archive:
        monkeypatch.setenv("DEBIAN_SNAPSHOT", f"{archive.address}/archive")
        yield archive


def bring(folder: Path, **changes: Any) -> dict[str, bytes]:
    """Fetch the packages as the fetch step does; name of the package -> content of its file."""
    folder.mkdir(exist_ok=True)
    log = Log("test-pin")
    try:
        files = Debs(pin(**changes), folder / "debs", Screen("fetch"), log).bring()
    finally:
        log.path.unlink(missing_ok=True)
    return {file.name.partition("_")[0]: file.read_bytes() for file in files}


def forget(archive: Archive, *packages: str) -> None:
    """Let a mirror move on."""
    archive.files = {path: content for path, content in archive.files.items() if path.split("/")[-2] not in packages}


def test_a_mirror_that_has_all_is_asked_alone(mirror: Archive, snapshot: Archive, tmp_path: Path) -> None:
    """Before anything is loaded it is asked for all; the snapshot service is nobody's first choice."""
    assert bring(tmp_path) == CONTENTS
    methods = [method for method, _ in mirror.asked]
    assert methods == ["HEAD"] * 6 + ["GET"] * 6
    assert snapshot.asked == []


def test_what_the_mirror_has_dropped_comes_from_the_snapshot(
    mirror: Archive, snapshot: Archive, tmp_path: Path
) -> None:
    """That and nothing else, at the pin's moment, and of the security archive from its own address there."""
    forget(mirror, "p1", "p5")
    assert bring(tmp_path) == CONTENTS
    assert snapshot.got() == ["p1_1_amd64.deb", "p5_1_amd64.deb"]
    assert ("GET", f"/archive/debian-security/{MOMENT}/pool/updates/main/p/p5/p5_1_amd64.deb") in snapshot.asked
    assert mirror.got() == [f"{name}_1_amd64.deb" for name in ("p0", "p2", "p3", "p4")]


def test_a_security_update_is_found_in_the_main_archive(mirror: Archive, tmp_path: Path) -> None:
    """Where a point release has moved it to, the same file."""
    mirror.files["/debian/pool/main/p/p5/p5_1_amd64.deb"] = mirror.files.pop(
        "/security/pool/updates/main/p/p5/p5_1_amd64.deb"
    )
    assert bring(tmp_path) == CONTENTS


@pytest.mark.parametrize("off", [True, False])
def test_what_is_nowhere_is_known_before_anything_is_loaded(
    mirror: Archive, snapshot: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, off: bool
) -> None:
    """And named, with the places that lack it; DEBIAN_SNAPSHOT=off keeps the service from being asked."""
    forget(mirror, "p1")
    forget(snapshot, "p1")
    if off:
        monkeypatch.setenv("DEBIAN_SNAPSHOT", "off")
    with pytest.raises(GoneError, match=r"the mirror .*/debian lacks p1 1") as caught:
        bring(tmp_path)
    assert ("the snapshot" in str(caught.value)) is not off
    assert mirror.got() == snapshot.got() == []
    assert (snapshot.asked == []) is off


def test_an_unreachable_snapshot_is_no_reason_to_wait(
    mirror: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that reaches nothing but a mirror learns at once that the pin is gone."""
    monkeypatch.setenv("DEBIAN_SNAPSHOT", NOWHERE)
    forget(mirror, "p1", "p2")
    with pytest.raises(GoneError, match=rf"(?s)lacks p1 1, p2 1; .*cannot be asked.*{NOWHERE}"):
        bring(tmp_path)


@pytest.mark.usefixtures("snapshot")
@pytest.mark.parametrize("code", [0, 503, 407])
def test_a_mirror_without_an_answer_is_no_mirror_that_has_moved(
    mirror: Archive, snapshot: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Nothing may stand in for the pin because a proxy was down; what the snapshot service has serves all the same."""
    if code:
        mirror.refuses = {"HEAD": code, "GET": code}
    else:
        monkeypatch.setenv("DEBIAN_MIRROR", NOWHERE)
    forget(snapshot, "p0")
    with pytest.raises(FetchError, match="proxy settings in force") as caught:
        bring(tmp_path)
    assert not isinstance(caught.value, GoneError)
    snapshot.files[f"/archive/debian/{MOMENT}/pool/main/p/p0/p0_1_amd64.deb"] = CONTENTS["p0"]
    assert bring(tmp_path) == CONTENTS


def test_another_file_under_a_pinned_name_is_not_taken(mirror: Archive, snapshot: Archive, tmp_path: Path) -> None:
    """The snapshot's is; and where that is another one, too, the package is gone."""
    path = "/" + file_of("p2")
    mirror.files[path] = b"changed"
    assert bring(tmp_path / "first") == CONTENTS
    snapshot.files[f"/archive/debian/{MOMENT}/pool/main/p/p2/p2_1_amd64.deb"] = b"changed"
    with pytest.raises(GoneError):
        bring(tmp_path / "second")
    assert not list((tmp_path / "second").rglob("*.part"))


@pytest.mark.parametrize("code", [405, 501])
def test_a_server_that_is_not_to_be_asked_is_taken_from(mirror: Archive, tmp_path: Path, code: int) -> None:
    """Some know no HEAD."""
    mirror.refuses = {"HEAD": code}
    assert bring(tmp_path) == CONTENTS


def test_what_an_interrupted_fetch_left_is_not_loaded_again(mirror: Archive, tmp_path: Path) -> None:
    """Whole files count, cut ones do not."""
    (tmp_path / "debs").mkdir()
    (tmp_path / "debs" / "p0_1_amd64.deb").write_bytes(CONTENTS["p0"])
    (tmp_path / "debs" / "p1_1_amd64.deb").write_bytes(CONTENTS["p1"][:100])
    assert bring(tmp_path) == CONTENTS
    assert "p0_1_amd64.deb" not in mirror.got("HEAD")
    assert "p1_1_amd64.deb" in mirror.got()


def test_a_login_in_the_mirrors_address(mirror: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent as apt does, and stands in no message."""
    mirror.login = "Basic " + base64.b64encode(b"taro:hi@mitsu").decode()
    named = mirror.address.replace("//", "//taro:hi%40mitsu@")
    monkeypatch.setenv("DEBIAN_MIRROR", f"{named}/debian")
    monkeypatch.setenv("DEBIAN_SECURITY_MIRROR", f"{named}/security")
    monkeypatch.setenv("DEBIAN_SNAPSHOT", "off")
    assert bring(tmp_path) == CONTENTS
    forget(mirror, "p3")
    with pytest.raises(GoneError) as caught:
        bring(tmp_path / "again")
    assert "mitsu" not in str(caught.value)


@pytest.mark.parametrize("kind", ["file:", "copy:", "mirror+file:"])
def test_mirrors_of_apts_own_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A folder, and a list of mirrors, as Debian's images for clouds have it."""
    for name, content in CONTENTS.items():
        path = tmp_path / "mirror" / file_of(name)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (tmp_path / "list").write_text(f"file:{tmp_path}/mirror/debian\n")
    named = f"{kind}{tmp_path}/list" if kind.startswith("mirror") else f"{kind}{tmp_path}/mirror/debian"
    monkeypatch.setenv("DEBIAN_MIRROR", named)
    monkeypatch.setenv("DEBIAN_SECURITY_MIRROR", f"file:{tmp_path}/mirror/debian-security")
    monkeypatch.setenv("DEBIAN_SNAPSHOT", "off")
    assert bring(tmp_path) == CONTENTS


@pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="no mmdebstrap on this machine")
def test_where_nobody_knows_a_mirror_debians_own_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that mmdebstrap knows: on Ubuntu apt names none."""
    for name in ("DEBIAN_MIRROR", "DEBIAN_SECURITY_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(places, "apt_repositories", list)
    assert places.sources("bookworm") == []
    place = places.mirror()
    assert place is not None
    assert place.archives["debian"].endswith("/debian")
    assert place.archives["debian-security"].endswith("/debian-security")
