"""Let figures show Japanese: give matplotlib IPAexGothic for the signs that its own font lacks. Attributes: font."""

import os
import shutil
import sys
from pathlib import Path

font = Path(os.environ["font"])  # noqa: SIM112 - an attribute of the derivation
data = Path(sys.argv[1], "matplotlib", "mpl-data")
shutil.copyfile(font, data / "fonts" / "ttf" / font.name)
defaults = data / "matplotlibrc"
before = "#font.family:  sans-serif"
text = defaults.read_text()
if before not in text:
    sys.exit(f"{defaults} has no line {before!r} any more: see how this release sets its fonts")
defaults.write_text(text.replace(before, "#font.family:  DejaVu Sans, IPAexGothic"))
