"""Make a folder of text files. Attributes: files, JSON of relative path -> text."""

import json
import os
from pathlib import Path

out = Path(os.environ["out"])  # noqa: SIM112 - Nix names it so
texts = json.loads(Path(os.environ["files"]).read_text(encoding="utf-8"))  # noqa: SIM112
for name, text in texts.items():
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
