"""One kernel: listens to what it says, and knows which pages see it."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.ioloop import IOLoop

from jupyter_utils.servers.jupyter_app.moved import moved

from .executions import Executions

if TYPE_CHECKING:
    from collections.abc import Callable

    from .executions import Execution

# Ids of cells as nbformat has them; VS Code sends addresses of its documents.
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SHOWN = frozenset(
    {"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output", "execute_input"}
)
# Of messages for widgets that no page gets, the last ones are kept.
_BUFFER_BYTES = 32 << 20
# A page that asks before its websocket is there counts as there so long.
_COMING_SECONDS = 5.0
DIED = "The kernel died while this cell ran: what it had computed is lost.\n"
RESTARTED = "The kernel was restarted while this cell ran.\n"
STOPPED = "The kernel was shut down while this cell ran.\n"


class Kernel:
    """What is known of a kernel and of its pages.

    `pages` are the pages of notebooks that have asked for outputs, by session, with the paths of their notebooks:
    others (consoles, other programs) do not show what is kept, and need nothing kept.
    """

    def __init__(self, manager: Any, saved_at: Callable[[str], float]) -> None:
        self.manager = manager
        self._saved_at = saved_at
        self.id: str = manager.kernel_id
        self.executions = Executions(self.is_away)
        self.pages: dict[str, str] = {}
        self.writing = asyncio.Lock()
        self.written_at = 0.0
        self.left_at = 0.0
        self._asked_at: dict[str, float] = {}
        self._process = _process(manager)
        self._died = False
        self._stream = manager.connect_iopub()
        self._stream.on_recv(self._heard)
        for event in ("restart", "dead"):
            manager.add_restart_callback(self._dies, event)

    @property
    def has_ended(self) -> bool:
        return self.id not in self.manager.parent

    def now(self) -> float:
        """Return the time in seconds by the clock that Jupyter's server notes signs of life by."""
        return float(IOLoop.current().time())

    def close(self) -> None:
        """Listen no more."""
        if not self._stream.closed():
            self._stream.on_recv(None)
            self._stream.close()
        for event in ("restart", "dead"):
            self.manager.remove_restart_callback(self._dies, event)

    # ---- pages ----

    def is_away(self, client: str) -> bool:
        """Tell whether a page is not connected."""
        if f"{self.id}:{client}" in ZMQChannelsWebsocketConnection._open_sessions:  # noqa: SLF001 - as in clients.py
            return False
        return self.now() - self._asked_at.get(client, -_COMING_SECONDS) >= _COMING_SECONDS

    def came(self, client: str, path: str) -> None:
        """Note that a page shows outputs that are kept here."""
        self.pages[client] = path
        self._asked_at[client] = self.now()

    def move(self, old: str, new: str) -> None:
        """Follow a file or folder that was renamed."""
        self.pages = {client: moved(path, old, new) for client, path in self.pages.items()}

    def left(self, client: str, alive_until: float) -> None:
        """Note that a page is away, which got nothing that came after this moment."""
        self._asked_at.pop(client, None)
        self.left_at = self.now()
        self.executions.left(client, alive_until, self._saved_at(self.pages.get(client, "")))

    def unseen(self) -> list[Execution]:
        """Return what has come while its page was away, and is so still; of each cell the last execution."""
        return [
            one
            for one in self.executions.latest()
            if one.unseen and one.client in self.pages and self.is_away(one.client)
        ]

    def limit_buffer(self, session_key: str, client: str) -> None:
        """Keep a page's messages, which Jupyter's server keeps for the page's return, from growing without an end.

        Outputs are kept here, and a page of ours asks for them; left are the replies, questions and widgets.
        """
        buffers = self.manager.parent._kernel_buffers  # noqa: SLF001 - there is no other way to it
        if client not in self.pages or self.id not in buffers or buffers[self.id]["session_key"] != session_key:
            return
        kept = _Kept(buffers[self.id]["buffer"])
        for channel, stream in buffers[self.id]["channels"].items():
            stream.on_recv(partial(self._buffer, kept, channel))

    def _buffer(self, kept: _Kept, channel: str, parts: list[bytes]) -> None:
        if channel == "stdin":
            self.asked(parts)
        elif channel == "iopub" and self._is_kept_here(parts):
            return
        kept.add(channel, parts)

    def _is_kept_here(self, parts: list[bytes]) -> bool:
        session = self.manager.session
        _, rest = session.feed_identities(parts)
        is_shown = session.unpack(rest[1])["msg_type"] in _SHOWN
        return is_shown and self.executions.get(session.unpack(rest[2]).get("msg_id")) is not None

    # ---- messages ----

    def sent(self, message: dict[str, Any]) -> None:
        """Take what a page sends to the kernel."""
        header, content = message["header"], message["content"]
        if header["msg_type"] == "input_reply":
            self.executions.answered(str(content.get("value", "")))
            return
        cell = (message.get("metadata") or {}).get("cellId")
        if isinstance(cell, str) and _CELL_ID.fullmatch(cell) and not content.get("silent"):
            self.executions.begin(header["msg_id"], cell, content["code"], header["session"], self.now())

    def asked(self, parts: list[bytes]) -> None:
        """Take a question of the kernel's, such as that of `input()`."""
        session = self.manager.session
        _, rest = session.feed_identities(parts)
        header, parent, content = (session.unpack(rest[at]) for at in (1, 2, 4))
        if header["msg_type"] == "input_request":
            message = {"header": header, "parent_header": parent, "content": content}
            self.executions.ask(parent.get("msg_id"), message, self.now())

    def _heard(self, parts: list[bytes]) -> None:
        session = self.manager.session
        _, rest = session.feed_identities(parts)
        parent = session.unpack(rest[2]).get("msg_id")
        # Widgets are not kept, but which of them takes outputs matters.
        is_taker = b'"comm_' in rest[1] and (b'"msg_id"' in rest[4] or b"comm_close" in rest[1])
        if self.executions.get(parent) is None and b"update_display_data" not in rest[1] and not is_taker:
            return
        kind = session.unpack(rest[1])["msg_type"]
        if kind in _SHOWN or kind == "status" or is_taker:
            self.executions.handle(kind, parent, session.unpack(rest[4]), self.now())

    # ---- the kernel's process ----

    def _dies(self) -> None:
        self._died = True
        self.executions.end(DIED, self.now())

    def look(self) -> None:
        """See whether the kernel is still the one whose cells are awaited."""
        if self.has_ended:
            self.executions.end(DIED if self._died else STOPPED, self.now())
        elif (process := _process(self.manager)) != self._process and process is not None:
            self._process = process
            self.executions.end(RESTARTED, self.now())
        self.executions.forget_old(self.now())


class _Kept:
    """A buffer of Jupyter's server, of which the oldest goes when it grows too large."""

    def __init__(self, buffer: list[tuple[str, list[bytes]]]) -> None:
        self._buffer = buffer
        self._size = sum(_size(parts) for _, parts in buffer)

    def add(self, channel: str, parts: list[bytes]) -> None:
        self._buffer.append((channel, parts))
        self._size += _size(parts)
        while self._size > _BUFFER_BYTES and len(self._buffer) > 1:
            # What answers a request comes once, and is small.
            at = next((at for at, (one, _) in enumerate(self._buffer) if one == "iopub"), 0)
            self._size -= _size(self._buffer.pop(at)[1])


def _size(parts: list[bytes]) -> int:
    return sum(map(len, parts))


def _process(manager: Any) -> int | None:
    number: int | None = getattr(manager.provisioner, "pid", None)
    return number
