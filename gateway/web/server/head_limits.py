"""Limits on a request's head, in time and in length (RFC 9110 §15.5.9, RFC 6585 §5).

uvicorn waits for a head for ever and keeps whatever comes of it; a body has its own limits (`bodies`).
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.web.server.merged_writes import MergingTransport

HEAD_TIMEOUT = 20.0
"""Seconds until the whole head has to be there, from the connection or from its first byte."""
MOST_HEAD = 65_536
"""Bytes of a head that comes in pieces; the longest that anybody needs has a certificate in it."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which waits for a head only so long and takes only so much."""

    timeout = HEAD_TIMEOUT
    most = MOST_HEAD

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin with a connection."""
        super().__init__(config, server_state, app_state, _loop)
        self._is_in_head = True
        self._length = 0
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's
        """Wait for the first head for so long only; a connection on which nothing comes is closed too."""
        super().connection_made(MergingTransport(transport, self.loop))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._is_in_head, self._length = True, 0

    def on_headers_complete(self) -> None:
        """End it."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take the bytes that came; a head in one piece, as nearly all are, needs neither clock nor count."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if not self._is_in_head:
            self._wait_no_longer()
            return
        self._wait()
        # The bytes before it in the same piece belong to another request.
        self._length += len(data) if was_in_head else 0
        if self._length > self.most:
            self._refuse(431)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.timeout, self._refuse, 408)

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        self._wait_no_longer()
        if self.transport.is_closing():
            return
        earlier: Any = self.cycle  # None before the first request, whatever its annotation says
        # A browser that opened a connection ahead would take a word of ours for the answer to its first request; and
        # while an earlier request is being answered, it would stand in the middle of that answer.
        if self._length and (earlier is None or earlier.response_complete):
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
