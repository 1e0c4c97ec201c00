"""Write the folder of a recipe: recipe.tar.gz, the same to the bit wherever it is written, and recipe.json about it.

Attributes: texts, a JSON file of path -> text; about, JSON.
"""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

out = Path(os.environ["out"])  # noqa: SIM112 - Nix names it so
out.mkdir()
texts = json.loads(Path(os.environ["texts"]).read_text(encoding="utf-8"))  # noqa: SIM112
with (
    (out / "recipe.tar.gz").open("wb") as file,
    gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed,
    tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
):
    for name, text in sorted(texts.items()):
        content = text.encode()
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(content), 0o644, 1
        archive.addfile(member, io.BytesIO(content))
(out / "recipe.json").write_text(os.environ["about"] + "\n", encoding="utf-8")  # noqa: SIM112
