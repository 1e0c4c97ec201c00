"""The websocket between a page and a kernel: it tells whose cell a request is, and when a page leaves."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.services.kernels.connection.base import deserialize_binary_message, deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.ioloop import IOLoop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from .keeping import Keeping
    from .kernel import Kernel

# How long it may take until a server that is busy hears that a page has closed: what it sent meanwhile, nobody saw.
_CLOSING_SECONDS = 5.0
_V1 = "v1.kernel.websocket.jupyter.org"


class Connection(ZMQChannelsWebsocketConnection):
    """Jupyter's own connection, which it remains in all that a page or a kernel sees of it."""

    keeping: ClassVar[Keeping]
    """What keeps the outputs of this process's lab: the server's end reaches it by the class alone."""
    kernel: Kernel | None = None
    socket: Any = None

    @classmethod
    async def close_all(cls) -> None:
        """Write what is in no file yet; Jupyter's server calls this when it ends, once it has ended its kernels."""
        await cls.keeping.end()
        await super().close_all()  # type: ignore[no-untyped-call]

    async def prepare(self) -> None:
        """Wait until the kernel answers, and listen to it from then on."""
        key = f"{self.kernel_id}:{self.session.session}"
        stale = self._open_sessions.get(key)
        await super().prepare()  # type: ignore[no-untyped-call]
        with self._aside():
            self.kernel = self.keeping.listen(self.kernel_manager)
            if stale:  # the same page comes again before its dead connection was found out
                self.kernel.left(self.session.session, stale.last_pong)

    def connect(self) -> asyncio.Future[None] | None:  # type: ignore[override]  # as the class above, not its base
        self.socket = self.websocket_handler.ws_connection
        connected: asyncio.Future[None] | None = super().connect()
        return connected

    def disconnect(self) -> None:  # type: ignore[override]  # as the class above, not its base
        super().disconnect()  # type: ignore[no-untyped-call]
        if self.kernel is None:
            return
        kernel, self.kernel = self.kernel, None
        # A page that says good-bye has seen all but what was on its way; of one that does not, only its last sign of
        # life tells.
        is_clean = bool(getattr(self.socket, "client_terminated", False))
        with self._aside():
            said = IOLoop.current().time() - _CLOSING_SECONDS
            kernel.left(self.session.session, said if is_clean else self.websocket_handler.last_pong)
            kernel.limit_buffer(self.session_key, self.session.session)

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        if self.kernel is not None:
            with self._aside():
                if message := self._read(incoming_msg):
                    self.kernel.sent(message)
        super().handle_incoming_message(incoming_msg)

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        if self.kernel is not None and getattr(stream, "channel", stream) == "stdin":
            with self._aside():
                self.kernel.asked(outgoing_msg)
        super().handle_outgoing_message(stream, outgoing_msg)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Let nothing that goes wrong here come between a page and its kernel."""
        try:
            yield
        except Exception:
            self.log.exception("Outputs of kernel %s may not be kept", self.kernel_id)

    def _read(self, message: Any) -> dict[str, Any] | None:
        """Return what a page sends if it is one of the two messages that matter here."""
        wanted = ("execute_request", "input_reply")
        if self.subprotocol == _V1:
            _, parts = deserialize_msg_from_ws_v1(message)
            header = json.loads(parts[0])
            if header["msg_type"] not in wanted:
                return None
            return {"header": header, "metadata": json.loads(parts[2]), "content": json.loads(parts[3])}
        read: dict[str, Any] = (
            deserialize_binary_message(message) if isinstance(message, bytes) else json.loads(message)
        )
        return read if read["header"]["msg_type"] in wanted else None
