"""The figures of each epoch as TensorBoard event files: one more consumer of the stream of epochs.

tensorboardX is imported when such files are wanted; nothing else needs it. Of it only what writes
one event after another is used: its `SummaryWriter` has a thread and a queue, and on a full disk
the training would wait for these for ever.
"""

import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from plainnet.errors import FileError, MissingExtraError
from plainnet.files.lock import locked
from plainnet.models import Model
from plainnet.reports.progress import say
from plainnet.reports.text import printable
from plainnet.training import Epoch, Epochs


def needs_tensorboard() -> tuple[Any, Any, Any]:
    """What writes events, and the messages of events and of summaries, of tensorboardX.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2, summary_pb2
    except ImportError:
        what = "Writing TensorBoard event files"
        raise MissingExtraError.of(what, "tensorboardX", extra="tensorboard") from None
    return EventsWriter, event_pb2, summary_pb2


def write_events(epochs: Iterable[Epoch], model: Model, folder: Path) -> Epochs:
    """Pass a stream of epochs on and write the figures of each as scalars, at once.

    They have the names that they have in `history.csv`, and the number of the epoch as their step.
    Each network of an ensemble has a folder of its own in it: `network-1`, …. Where a training goes
    on, or is repeated, TensorBoard forgets what older files in the folder say of the same epochs.

    Args:
        epochs: the stream.
        model: what is trained.
        folder: made where it is not there yet.

    Raises:
        FileError: at the call, if the folder cannot be made. What cannot be written later is told,
            and stops nothing.
        MissingExtraError: at the call, without tensorboardX.
    """
    needs_tensorboard()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise FileError(
            f"The folder {folder} for TensorBoard could not be made ({error}); choose another."
        ) from error
    return _writing(epochs, model, folder)


def _writing(epochs: Iterable[Epoch], model: Model, folder: Path) -> Epochs:
    stream = iter(epochs)
    with locked(folder / ".training.lock", f"The folder {folder}"), ExitStack() as opened:
        file = None
        for epoch in stream:
            number = len(model.networks)
            try:
                if file is None or file.network != number:
                    opened.close()
                    file = _File(folder, model.recipe.ensemble, number, epoch.number)
                    opened.callback(file.close)
                file.write(epoch)
            except OSError as error:
                told = f"{printable(str(folder))}: {error.strerror or error}"
                say(f"The training goes on, but not its TensorBoard files in {told}.")
                yield epoch
                yield from stream
                return
            yield epoch


class _File:
    """The event file of one network."""

    def __init__(self, folder: Path, networks: int, network: int, first: int) -> None:
        writer, self._event, self._summary = needs_tensorboard()
        folder = folder if networks == 1 else folder / f"network-{network}"
        folder.mkdir(parents=True, exist_ok=True)
        self.network = network
        # its name has the second only, and a training may go on within that
        self._writer = writer(str(folder / "events"), f".{time.time_ns()}")
        start = self._event.SessionLog(status=self._event.SessionLog.START)
        self._add(first, session_log=start)  # older events from this step on are forgotten

    def write(self, epoch: Epoch) -> None:
        """The figures of an epoch, and out to the disk with them."""
        figures = {k: v for k, v in epoch.as_row().items() if k not in ("epoch", "step")}
        values = [self._summary.Summary.Value(tag=k, simple_value=v) for k, v in figures.items()]
        self._add(epoch.number, summary=self._summary.Summary(value=values))
        self._writer.flush()

    def close(self) -> None:
        """Nothing more is written."""
        with suppress(OSError):  # what could not be written has been told
            self._writer.close()

    def _add(self, step: int, **content: Any) -> None:
        self._writer.write_event(self._event.Event(wall_time=time.time(), step=step, **content))
