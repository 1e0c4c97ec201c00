"""Take the measure of one layer of an image; the archive itself is written when the image is loaded.

Attributes: layerName, kind; root, paths, or files (JSON) with the root of the system to edit from.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from layers import measured
from store import argument


def with_server(what: dict[str, Any]) -> dict[str, Any]:
    """Fill in the address of the server that a file of the system names (server: file and pattern)."""
    server = what.pop("server")
    found = re.search(server["pattern"], Path(server["file"]).read_text())
    if found is None:
        sys.exit(f"{server['file']} names no server any more: nothing matches {server['pattern']!r}")
    return what | {"text": what["text"].replace("@server@", found[1])}


def edited(what: dict[str, Any]) -> dict[str, Any]:
    """Turn an edited file of the system (base, replace, append) into one that is written out."""
    if "server" in what:
        return with_server(what)
    if "base" not in what:
        return what
    text = Path(what["base"]).read_text()
    for old, new in what.get("replace", {}).items():
        if old not in text:
            sys.exit(f"{what['base']} has no {old!r} any more")
        text = text.replace(old, new)
    return {"mode": what["mode"], "text": text + what.get("append", "")}


layer: dict[str, Any] = {"name": argument("layerName"), "kind": argument("kind")}
if system := argument("root", ""):
    layer["system"] = system
elif paths := argument("paths", ""):
    layer["paths"] = paths.split()
else:
    layer["files"] = {name: edited(what) for name, what in json.loads(argument("files")).items()}
layer["digest"], layer["size"] = measured(layer)
Path(os.environ["out"]).write_text(json.dumps(layer) + "\n")  # noqa: SIM112 - Nix names it so
