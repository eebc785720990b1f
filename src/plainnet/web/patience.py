"""The protocol of uvicorn, with a limit on how long the beginning of a request may take.

uvicorn waits without end for a client that sends half a header, so that a few thousand such clients
could use up all connections of a server.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol


def patient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """Return the class of a protocol that closes a connection without a request for so long."""
    base: Any = AutoHTTPProtocol

    class PatientProtocol(base):  # type: ignore[misc]
        """The HTTP protocol of one connection."""

        waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Begin to wait for a request."""
            super().connection_made(transport)
            self._wait(transport.abort if hasattr(transport, "abort") else transport.close)

        def data_received(self, data: bytes) -> None:
            """Wait on, unless a whole header has come."""
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                if self.waiting is None and not self.transport.is_closing():
                    self._wait(self.transport.abort)
            else:
                self._end()

        def connection_lost(self, exc: Exception | None) -> None:
            """Wait no longer."""
            self._end()
            super().connection_lost(exc)

        def _wait(self, give_up: Callable[[], None]) -> None:
            self.waiting = asyncio.get_running_loop().call_later(seconds, give_up)

        def _end(self) -> None:
            if self.waiting is not None:
                self.waiting.cancel()
                self.waiting = None

    return PatientProtocol
