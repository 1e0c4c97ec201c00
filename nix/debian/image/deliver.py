"""Bring images to where they are used; nothing of them lies on the disk a second time.

stream IMAGE                an archive for `docker load` and skopeo (docker-archive:), to standard output
load IMAGE ...              into this machine's Docker engine; layers that it has are not sent again
save IMAGE ... FILE         into FILE, for machines without network and Nix, and its SHA-256 into FILE.sha256;
                            FILE may end in .gz or .zst
unpack IMAGE FOLDER         the files, a folder for each kind of layer (what the Dockerfile copies)
"""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from archive import Image, stream
from layers import write_archive

COMPRESSORS = {".gz": ["gzip", "--fast", "--no-name"], ".zst": ["zstd", "-3", "--threads=0", "--quiet"]}


def main() -> None:
    """Do what the command says."""
    command, *words = sys.argv[1:]
    images = [json.loads(Path(word).read_text()) for word in words if word.endswith("/image.json")]
    rest = [word for word in words if not word.endswith("/image.json")]
    if command == "stream":
        to_stdout(images, rest)
    elif command == "load":
        load(images, rest)
    elif command == "save":
        save(images, rest)
    else:
        unpack(images, rest)


def expect(rest: list[str], names: Sequence[str], hint: str) -> list[str]:
    """Return the words of the command line, or say what is wanted."""
    if len(rest) != len(names) or any(word.startswith("-") for word in rest):
        sys.exit(f"usage: {sys.argv[1]} {' '.join(names)}\n{hint}")
    return rest


def to_stdout(images: list[Image], rest: list[str]) -> None:
    """Write the archive to standard output."""
    expect(rest, [], "It writes an archive for `docker load` to its standard output.")
    if sys.stdout.isatty():
        sys.exit("An image is no text for a terminal: pipe it into `docker load`, or redirect it into a file.")
    stream(images, (), sys.stdout.buffer)


def load(images: list[Image], rest: list[str]) -> None:
    """Send to the engine what it lacks."""
    expect(rest, [], "It loads the images into Docker.")
    if shutil.which("docker") is None:
        sys.exit("There is no `docker` here: install Docker, or write an archive with `save` for another machine.")
    known = known_layers(images)
    result = pipe(images, known, ["docker", "load"])
    if result and known:
        # An engine that keeps images otherwise (containerd's store) wants all the layers each time.
        result = pipe(images, (), ["docker", "load"])
    if result:
        sys.exit(
            f"docker load failed with exit code {result}; is its engine running, and may you use it (docker info)?"
        )
    for image in images:
        name = subprocess.run(
            ["docker", "image", "inspect", "--format", "{{.Id}}", image["tags"][0]],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.strip()
        sys.stdout.write(f"{name}  {'  '.join(image['tags'])}\n")


def known_layers(images: list[Image]) -> set[str]:
    """Return the digests of the layers that the engine need not be sent.

    It knows a layer by what lies below it, too: of each image those count that an image which it has begins with.
    """
    listed = docker("image", "ls", "--quiet").split()
    rows = docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", *listed).splitlines() if listed else []
    there = [json.loads(row) for row in rows]
    known, unknown = set(), set()
    for image in images:
        digests = [layer["digest"] for layer in image["layers"]]
        common = max((same_beginning(digests, other) for other in there), default=0)
        known.update(digests[:common])
        unknown.update(digests[common:])
    return known - unknown


def same_beginning(one: Sequence[str], other: Sequence[str]) -> int:
    """Count how many elements two lists have in common before they differ."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def docker(*words: str) -> str:
    """Return what a command of Docker prints; nothing where it fails."""
    return subprocess.run(
        ["docker", *words], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


def pipe(images: list[Image], known: set[str] | tuple[()], command: list[str]) -> int:
    """Stream into a command; its exit code."""
    # Where it ends before it has read everything, its exit code tells.
    with contextlib.suppress(BrokenPipeError), subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        stream(images, known, cast("BinaryIO", process.stdin))
    return process.returncode


def save(images: list[Image], rest: list[str]) -> None:
    """Write a file and its checksum; a file that is not whole never has the name."""
    (name,) = expect(rest, ["FILE"], "It writes the images into FILE (.tar, .tar.gz, .tar.zst) for `docker load`.")
    file = Path(name)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    words = COMPRESSORS.get(file.suffix)
    if words and shutil.which(words[0]) is None:
        sys.exit(f"There is no `{words[0]}` here: install it, or choose another ending than {file.suffix}.")
    try:
        with aside.open("wb") as out:
            if words:
                compress(images, words, out)
            else:
                stream(images, (), out)
        with aside.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
        aside.replace(file)
        file.with_name(f"{file.name}.sha256").write_text(f"{digest}  {file.name}\n")
    except OSError as error:
        aside.unlink(missing_ok=True)
        sys.exit(f"{file} could not be written ({error}); name a file on a disk with room for it.")
    names = "  ".join(tag for image in images for tag in image["tags"])
    # Docker 20.10 does not know zstd.
    how = f"zstd -dc {file.name} | docker load" if file.suffix == ".zst" else f"docker load -i {file.name}"
    sys.stdout.write(f"{file}: {file.stat().st_size / 1e6:.0f} MB, SHA-256 {digest}\n{names}\nThere:  {how}\n")


def compress(images: list[Image], words: list[str], out: BinaryIO) -> None:
    """Stream through a compressor."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out) as process:
        stream(images, (), cast("BinaryIO", process.stdin))
    if process.returncode:
        raise OSError(f"{words[0]} failed with exit code {process.returncode}")


def unpack(images: list[Image], rest: list[str]) -> None:
    """Unpack each layer into the folder of its kind, by tar, which knows modes and owners."""
    (name,) = expect(rest, ["FOLDER"], "It unpacks the image's layers into FOLDER.")
    for image in images:
        for layer in image["layers"]:
            target = Path(name, layer["kind"])
            target.mkdir(parents=True, exist_ok=True)
            words = ["tar", "--extract", "--preserve-permissions", "--numeric-owner", "--directory", str(target)]
            with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
                write_archive(layer, cast("BinaryIO", process.stdin))
            if process.returncode:
                sys.exit(f"tar failed with exit code {process.returncode}")


main()
