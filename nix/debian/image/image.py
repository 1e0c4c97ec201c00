"""Put an image together: its configuration, its layers, and the program that streams it.

Attributes: imageName, tags, config (JSON), layers (descriptions of layers), closure (what Nix says the environment
refers to), root, deliver (the line of shell that does @command@ with @image@).
"""

import json
import sys
from pathlib import Path
from typing import Any

from store import argument, output, write_program

EPOCH = "1970-01-01T00:00:01Z"


def check_complete(layers: list[dict[str, Any]]) -> None:
    """End the build if the environment refers to what no layer holds."""
    held = {argument("root"), *(path for layer in layers for path in layer.get("paths", []))}
    referred = {line for line in Path("closure").read_text().splitlines() if line.startswith("/nix/store/")}
    if missing := sorted(referred - held):
        sys.exit(f"the environment refers to paths that no layer holds: {' '.join(missing)}")


def configuration(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the OCI image configuration."""
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": EPOCH,
        "config": json.loads(argument("config")),
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        "history": [{"created": EPOCH, "created_by": layer["name"]} for layer in layers],
    }


def main() -> None:
    """Write the description and the program."""
    layers = [json.loads(Path(path).read_text()) for path in argument("layers").split()]
    check_complete(layers)
    out = output()
    tags = [f"{argument('imageName')}:{tag}" for tag in argument("tags").split()]
    description = {"tags": tags, "config": configuration(layers), "layers": layers}
    (out / "image.json").write_text(json.dumps(description, indent=1) + "\n")
    command = argument("deliver").replace("@image@", f"{out}/image.json")
    write_program(out / "bin" / argument("imageName"), command.replace("@command@", "stream"))
    write_program(out / "libexec" / "unpack", command.replace("@command@", "unpack"))


main()
