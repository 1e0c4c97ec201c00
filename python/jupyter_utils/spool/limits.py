"""Where the spool is, and how much may wait in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import SpoolError, SpoolFullError
from jupyter_utils.variables import given

from .folder import Spool

if TYPE_CHECKING:
    from .folder import Waiting

DEFAULT_LIMIT = 50.0
_GIB = 2**30


def own_spool() -> Spool:
    """Give this user's spool: `JUPYTER_UTILS_SPOOL_DIR`, else a folder of the user's state (~/.local/state)."""
    import platformdirs  # noqa: PLC0415

    folder = given("JUPYTER_UTILS_SPOOL_DIR")
    default = platformdirs.user_state_path("jupyter-utils") / "spool"
    return Spool(Path(folder).expanduser().absolute() if folder else default)


def limit() -> int:
    """Give the number of bytes that may wait (`JUPYTER_UTILS_SPOOL_GIB`).

    Raises `SpoolError` where that is no number.
    """
    text = given("JUPYTER_UTILS_SPOOL_GIB")
    try:
        return int(float(text or DEFAULT_LIMIT) * _GIB)
    except ValueError:
        raise SpoolError(f"JUPYTER_UTILS_SPOOL_GIB={text!r} is no number of GiB: correct or unset it.") from None


def check_room(spool: Spool, more: int) -> None:
    """Refuse what would have to wait in a spool that is full; what waits already is never removed for it.

    Raises `SpoolFullError`.
    """
    allowed = limit()
    waiting = spool.waiting()
    taken = sum(one.size for one in waiting)
    if taken + more > allowed or (waiting and taken >= allowed):
        raise SpoolFullError(
            f"The MLflow server does not answer, and {len(waiting)} runs ({size(taken)}) wait for it in {spool.path} "
            f"already: with this one ({size(more)} or more) that is over the limit of {size(allowed)}. Start the "
            "server and run `jupyter-utils sync`, or raise JUPYTER_UTILS_SPOOL_GIB. Nothing of this call was kept."
        )


def status_line(waiting: list[Waiting]) -> str | None:
    """Say in one line what waits; None where nothing does.

    >>> status_line([])
    """
    if not waiting:
        return None
    refused = sum(one.state.refused for one in waiting)
    text = f"{len(waiting)} run{'s' * (len(waiting) > 1)} ({size(sum(one.size for one in waiting))}) not yet in MLflow"
    return text + (f", {refused} of them refused" if refused else "") + ": jupyter-utils sync"


def size(count: float) -> str:
    """Give a number of bytes for people.

    >>> size(2_500_000)
    '2.4 MiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":  # noqa: PLR2004
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
