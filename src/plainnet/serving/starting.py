"""Starting a server: the models, the socket, and one process or several."""

import logging
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from plainnet.errors import PlainnetError
from plainnet.serving.app import Application
from plainnet.serving.metrics import Metrics
from plainnet.serving.served import served_models
from plainnet.serving.server import Server, address_of, bound_socket
from plainnet.serving.settings import ServerSettings
from plainnet.training.threads import allowed_threads, set_threads

log = logging.getLogger(__name__)

PAUSE = 1.0
"""The time before a process that has died is started again, in seconds."""


def serve(runs: Sequence[Path], settings: ServerSettings) -> None:
    """Answer requests until a signal ends it.

    Args:
        runs: run folders or model files.
        settings: how to listen, and what a request is granted.

    Raises:
        ModelFileError: there is no model at one of the paths.
        FileError: the address cannot be used.
        SettingError: two models have the same name.
    """
    with _quiet():
        _serve(runs, settings)


def _serve(runs: Sequence[Path], settings: ServerSettings) -> None:
    models = served_models(runs, settings.max_batch)
    with bound_socket(settings) as listening:
        address = address_of(listening)
        log.info("%s: %s", address, ", ".join(models))
        log.info("Ctrl-C ends it.")
        if settings.workers == 1:
            Server(Application(models, settings)).run(sockets=[listening])
        else:
            del models  # each process reads its own
            Workers(runs, settings, listening).run()


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out warnings about samples: senders could fill the disk with them."""
    loggers = [logging.getLogger(f"plainnet.{room}") for room in ("tables", "pictures", "models")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


class Workers:
    """Processes that answer at one socket; one that dies is started again."""

    def __init__(
        self, runs: Sequence[Path], settings: ServerSettings, listening: socket.socket
    ) -> None:
        self.runs, self.settings, self.listening = runs, settings, listening
        self.ending = False

    def run(self) -> None:
        """Start them, and wait for their end."""
        before = {n: signal.signal(n, self._end) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            with tempfile.NamedTemporaryFile() as numbers:
                self._numbers = Path(numbers.name)
                self._processes = [self._start(i) for i in range(self.settings.workers)]
                while self._look_after():
                    pass
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _look_after(self) -> bool:
        """Wait a moment for the end of a process; return whether any is left."""
        connection.wait([one.sentinel for one in self._processes if one.is_alive()], PAUSE)
        for i, one in enumerate(self._processes):
            if not one.is_alive() and not self.ending:
                log.warning("Process %d ended with code %s; starting another.", i, one.exitcode)
                time.sleep(PAUSE)
                self._processes[i] = self._start(i)
        return any(one.is_alive() for one in self._processes)

    def _start(self, i: int) -> BaseProcess:
        given = self.runs, self.settings, self.listening, i, self._numbers, allowed_threads()
        made = get_context("spawn").Process(target=work, args=given, daemon=True)
        made.start()
        return made

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Hand a signal on."""
        self.ending = True
        for one in self._processes:
            if one.is_alive() and one.pid is not None:
                os.kill(one.pid, number)


def work(
    runs: Sequence[Path],
    settings: ServerSettings,
    listening: socket.socket,
    i: int,
    numbers: Path,
    threads: int | None,
) -> None:
    """Answer requests in process i of several.

    Args:
        runs: see `serve`.
        settings: see `serve`.
        listening: the socket that all share.
        i: the number of the process.
        numbers: the file with the metrics of all.
        threads: the limit of threads of a process; None: the usual.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if threads is not None:
        set_threads(threads)
    try:
        with _quiet():
            models = served_models(runs, settings.max_batch)
            metrics = Metrics([*models], settings.workers, i, numbers)
            Server(Application(models, settings, metrics)).run(sockets=[listening])
    except PlainnetError as error:
        log.error("%s", error)
        raise SystemExit(2) from None
