"""Running the application: uvicorn, the end in steps, and the renewal of models."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from types import FrameType

import uvicorn

from plainnet.errors import FileError
from plainnet.serving.app import Application
from plainnet.serving.settings import ServerSettings
from plainnet.web.patience import patient_protocol

LOOK_EVERY = 1.0
"""The time between two looks at the files of the models, in seconds."""


class Server(uvicorn.Server):
    """A server that ends in steps.

    After SIGTERM it says that it is not ready, still takes requests for `grace` seconds, answers
    those that have come, and ends. After Ctrl-C, or a second SIGTERM, it takes no more requests.

    Args:
        application: what it runs.
    """

    def __init__(self, application: Application) -> None:
        self.application, made = application, application.settings
        super().__init__(
            uvicorn.Config(
                application,
                http=patient_protocol(made.timeout),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(made.timeout) + 1,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to end; uvicorn calls it for SIGINT and SIGTERM."""
        first = not self.application.draining
        self.application.draining = True
        if sig == signal.SIGTERM and first and self.application.settings.grace > 0:
            loop = asyncio.get_running_loop()
            loop.call_later(self.application.settings.grace, setattr, self, "should_exit", True)
        elif self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and to look after the models."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what has been loaded stays, and need not be looked through again
        self._renewal = asyncio.create_task(self._renew())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what has come, and end."""
        self._renewal.cancel()
        await super().shutdown(sockets)
        self.application.computer.close()

    async def _renew(self) -> None:
        parent = os.getppid()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self.application.settings.workers > 1 and os.getppid() != parent:
                self.should_exit = True  # whoever started this process has died
            for served in self.application.models.values():
                if served.has_changed:
                    await served.renew(self.application.computer.run)


def bound_socket(settings: ServerSettings) -> socket.socket:
    """Return a socket that listens at the address of the settings.

    Raises:
        FileError: the address cannot be used.
    """
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, number)
        with contextlib.ExitStack() as stack:
            stack.callback(made.close)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(2048)
            stack.pop_all()
        return made
    except OSError as error:
        raise FileError(
            f"The server cannot listen at {where} ({error.strerror}); choose another --port or "
            "--host."
        ) from None


def address_of(made: socket.socket) -> str:
    """Return the address of a listening socket for a browser."""
    host, port = made.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
