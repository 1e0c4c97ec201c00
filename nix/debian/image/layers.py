"""The layers of an image: what each holds, and its archive, the same to the bit whenever and wherever it is written.

A layer is a plain dict, so that it can stand in JSON. One of these keys says what it holds:

    system   a folder of the store that becomes the root folder
    paths    paths of the store, each at its own place
    files    what is written out: path -> {"link": target}, {"mode": mode} of a folder, {"mode": mode, "text": text}
"""

import hashlib
import io
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

Layer = dict[str, Any]


class Measure(io.RawIOBase):
    """A file that only takes the measure of what is written: bytes and SHA-256."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: Any, /) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return len(data)


def measured(layer: Layer) -> tuple[str, int]:
    """Return the layer's digest, as an image's configuration lists it, and the size of its archive in bytes."""
    measure = Measure()
    write_archive(layer, cast("BinaryIO", measure))
    return f"sha256:{measure.sha256.hexdigest()}", measure.size


def write_archive(layer: Layer, out: BinaryIO) -> None:
    """Write the layer as a tar archive: names in order, everything of root, no times."""
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT, bufsize=2**20) as archive:
        for member, source in members(layer):
            if member.isreg():
                with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as content:
                    archive.addfile(member, content)
            else:
                archive.addfile(member)


def members(layer: Layer) -> Iterator[tuple[tarfile.TarInfo, Path | bytes]]:
    """Give each entry and where its content is."""
    if "system" in layer:
        root = Path(layer["system"])
        for path in below(root):
            yield from_store(path, str(path.relative_to(root)), writable=True), path
    elif "paths" in layer:
        for parent in ("nix", "nix/store"):
            yield entry(parent, tarfile.DIRTYPE, 0o755), b""
        for top in sorted(layer["paths"]):
            for path in (Path(top), *below(Path(top))):
                yield from_store(path, str(path).lstrip("/")), path
    else:
        for name, what in sorted(layer["files"].items()):
            yield written(name, what), what.get("text", "").encode()


def below(folder: Path) -> Iterator[Path]:
    """Give everything below a folder, each folder before what is in it, names in order."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        yield path
        yield from below(path)


def from_store(path: Path, name: str, *, writable: bool = False) -> tarfile.TarInfo:
    """Describe a file of the store; its mode says no more than whether it can be executed."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        member = entry(name, tarfile.SYMTYPE, 0o777)
        member.linkname = str(path.readlink())
        return member
    folder = stat.S_ISDIR(found.st_mode)
    mode = (0o755 if writable else 0o555) if folder or found.st_mode & 0o111 else (0o644 if writable else 0o444)
    member = entry(name, tarfile.DIRTYPE if folder else tarfile.REGTYPE, mode)
    member.size = 0 if folder else found.st_size
    return member


def written(name: str, what: dict[str, Any]) -> tarfile.TarInfo:
    """Describe an entry that is written out."""
    if "link" in what:
        member = entry(name, tarfile.SYMTYPE, 0o777)
        member.linkname = what["link"]
        return member
    member = entry(name, tarfile.REGTYPE if "text" in what else tarfile.DIRTYPE, int(what["mode"], 8))
    member.size = len(what.get("text", "").encode())
    return member


def entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    """Begin an entry that belongs to root and has the store's time."""
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, mode, 1
    return member
