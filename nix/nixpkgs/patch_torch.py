"""Let torch load the CUDA driver first.

Arguments: site-packages, cuda_driver.py, driver-folders.json.
"""

import shutil
import sys
from pathlib import Path

torch = Path(sys.argv[1], "torch")
shutil.copyfile(sys.argv[2], torch / "_cuda_driver.py")
shutil.copyfile(sys.argv[3], torch / "driver-folders.json")
start = torch / "__init__.py"
text = start.read_text()
first = "\nimport builtins\n"
if text.count(first) != 1:
    sys.exit(f"{start} has no line {first.strip()!r} any more: see what this release imports first")
start.write_text(text.replace(first, f"\nimport torch._cuda_driver\n{first[1:]}"))
