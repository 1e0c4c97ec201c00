"""Output widgets of ipywidgets: while one takes what a cell shows, that is not part of the cell's own outputs."""

from __future__ import annotations

from typing import Any

TOLD = "[A widget took the outputs that follow. The widget itself may show older ones, and is not in the file.]"


class Takers:
    """Which widget takes what answers a request: a page learns it from the trait `msg_id` of the widget's state."""

    def __init__(self) -> None:
        # Widget -> id of the request; the one that began last, which is asked first, stands last.
        self._takes: dict[str, str] = {}

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Take a message of the kernel's for a widget: `comm_open`, `comm_msg` or `comm_close`."""
        widget = str(content.get("comm_id"))
        state = (content.get("data") or {}).get("state") or {}
        if kind == "comm_close" or "msg_id" in state:
            self._takes.pop(widget, None)
        if kind != "comm_close" and state.get("msg_id"):
            self._takes[widget] = str(state["msg_id"])

    def of(self, msg_id: str) -> str | None:
        """Return the widget that takes what answers this request, if one does."""
        return next((widget for widget in reversed(self._takes) if self._takes[widget] == msg_id), None)

    def forget(self) -> None:
        """Forget all: their kernel has ended."""
        self._takes.clear()
