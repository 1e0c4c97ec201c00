"""The archive of images as `docker load` and skopeo (docker-archive:) read it; a layer that two share is in it once."""

import hashlib
import json
import tarfile
from collections.abc import Collection, Sequence
from typing import Any, BinaryIO

from layers import entry, write_archive

Image = dict[str, Any]
"""The content of image.json: tags, config (OCI image configuration), layers."""


def stream(images: Sequence[Image], without: Collection[str], out: BinaryIO) -> None:
    """Write the layers whose digest is not in `without`, the configurations, and a manifest that names all."""
    layers = {layer["digest"]: layer for image in images for layer in image["layers"]}
    for digest, layer in layers.items():
        if digest not in without:
            out.write(header(file_name(digest), layer["size"]))
            write_archive(layer, out)
            out.write(padding(layer["size"]))
    manifest = []
    for image in images:
        config = json.dumps(image["config"], sort_keys=True, separators=(",", ":")).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        add(name, config, out)
        names = [file_name(layer["digest"]) for layer in image["layers"]]
        manifest.append({"Config": name, "RepoTags": image["tags"], "Layers": names})
    add("manifest.json", json.dumps(manifest).encode(), out)
    out.write(bytes(2 * tarfile.BLOCKSIZE))
    out.flush()


def file_name(digest: str) -> str:
    """Return the name of a layer's file."""
    return f"{digest.removeprefix('sha256:')}.tar"


def add(name: str, content: bytes, out: BinaryIO) -> None:
    """Write one file."""
    out.write(header(name, len(content)) + content + padding(len(content)))


def header(name: str, size: int) -> bytes:
    """Return the header of one file."""
    member = entry(name, tarfile.REGTYPE, 0o644)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def padding(size: int) -> bytes:
    """Return what fills the last block of a file."""
    return bytes(-size % tarfile.BLOCKSIZE)
