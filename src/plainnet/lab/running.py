"""Run the lab's server until Ctrl-C."""

import socket
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn

from plainnet.errors import SettingError
from plainnet.lab.app import lab_app
from plainnet.lab.guard import Guard, Secret
from plainnet.lab.pictures import Pictures
from plainnet.lab.point_checkpoint import keep, kept
from plainnet.lab.runs import Runs
from plainnet.lab.states import settings_of
from plainnet.lab.tables import Tables
from plainnet.lab.training_process import TrainingProcess
from plainnet.lab.worker import Worker
from plainnet.models.run_folder import RUNS
from plainnet.reports.progress import say
from plainnet.web.patience import patient_protocol

HOST = "127.0.0.1"
"""The only address at which the lab listens."""
HEADER_SECONDS = 30.0
"""How long a connection may stay without a whole header."""


class LabServer(uvicorn.Server):
    """The lab's server, with its worker.

    Args:
        port: the port; 0: a free one.
        folder: the folder with the runs.

    Raises:
        SettingError: the port cannot be used.
    """

    def __init__(self, port: int = 0, folder: Path = RUNS) -> None:
        self._listener = _listener(port)
        self.port: int = self._listener.getsockname()[1]
        self.folder, self._experiment = folder, kept(folder)
        self.secret, self.worker = Secret(self.port), Worker(self._experiment)
        self.tables, self.pictures = Tables(folder), Pictures(folder)
        self.resumed = TrainingProcess(folder)
        data = Runs(folder), self.resumed, self.tables, self.pictures
        super().__init__(
            uvicorn.Config(
                Guard(lab_app(self.worker, *data), self.secret),
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
                ws="none",
                http=patient_protocol(HEADER_SECONDS),
            )
        )

    @property
    def address(self) -> str:
        """The address that opens the lab, with its token."""
        return f"http://{HOST}:{self.port}/?token={self.secret.token}"

    def serve_until_stopped(self) -> None:
        """Answer requests until Ctrl-C, SIGTERM, or `should_exit`."""
        try:
            self.run(sockets=[self._listener])
        finally:
            self.worker.close()
            keep(self._experiment, self.folder)
            for training in (self.resumed, self.tables.training, self.pictures.training):
                training.close()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, and let no page wait for a frame any more."""
        super().handle_exit(sig, frame)
        # in a thread, because the signal may have interrupted one that holds a lock
        threading.Thread(target=self.worker.newest.close, daemon=True).start()


def run_lab(port: int, folder: Path, *, browser: bool, state: str = "", page: str = "") -> None:
    """Serve the lab on the own machine, print its address, and open it in a browser.

    Args:
        port: the port; 0: a free one.
        folder: the folder with the runs.
        browser: whether to open a browser.
        state: the settings of the points view to open, as they stand behind # in an address.
        page: the path of a lesson to open instead, such as `/lessons/3.en`.

    Raises:
        SettingError: the port cannot be used, or the state is not valid.
    """
    settings_of(state)
    server = LabServer(port, folder)
    fragment = page or state.removeprefix("#")
    address = f"{server.address}#{fragment}" if fragment else server.address
    say(f"The lab is at  {address}\nStop it with Ctrl-C.")
    if browser:
        webbrowser.open(address)
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again when it has ended
        server.serve_until_stopped()


def _listener(port: int) -> socket.socket:
    """Return a socket that listens on the own machine only."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)  # now, so that a browser may come before the server has started
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingError(
            f"Port {port} cannot be used ({error}); choose another with --port, or none."
        ) from None
    return listener
