"""What a run records of its overlay: which packages `%pip` had added, and from which files each can be had again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_utils.artifacts.manifest import OWN_FOLDER
from jupyter_utils.entries.entry import ARTIFACTS
from jupyter_utils.environments.overlay_record import written

from .provenance import cut
from .recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

FILE = f"{OWN_FOLDER}/overlay.json"


def record_overlay(directory: Path) -> Recorded:
    """Write the artifact `jupyter_utils/overlay.json` below `directory`, and return the tag of what is not exact.

    Without an overlay, or without a package in it, there is neither.

    Raises:
        OSError: the disk does not take the file. Whatever else fails costs the record, which the tag
            `jupyter_utils.overlay.unrecorded` says, and never the run.
    """
    try:
        from jupyter_utils.kernels.overlay import Overlay

        overlay = Overlay.of_environment()
        packages = overlay.sources() if overlay else ()
        text = written(packages)
    except Exception as error:  # noqa: BLE001 - packages of anybody's making
        return Recorded({"jupyter_utils.overlay.unrecorded": cut(f"{type(error).__name__}: {error}")})
    if not packages:
        return Recorded({})
    path = directory / ARTIFACTS / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    inexact = [str(one) for one in packages if not one.exact]
    return Recorded({"jupyter_utils.overlay.inexact": cut(", ".join(inexact))} if inexact else {})
