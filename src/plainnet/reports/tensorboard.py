"""The metrics of each epoch as TensorBoard event files: one more consumer of the stream of epochs.

tensorboardX is imported only when such files are written. Only its writer of single events is
used: its `SummaryWriter` has a thread and a queue, and with a full disk the training would wait for
them forever.
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
    """Return tensorboardX's writer of events, and its messages for events and summaries.

    Raises:
        MissingExtraError: tensorboardX is not installed.
    """
    try:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2, summary_pb2
    except ImportError:
        what = "Writing TensorBoard event files"
        raise MissingExtraError.of(what, "tensorboardX", extra="tensorboard") from None
    return EventsWriter, event_pb2, summary_pb2


def write_events(epochs: Iterable[Epoch], model: Model, folder: Path) -> Epochs:
    """Pass a stream of epochs on, and write the metrics of each as scalars at once.

    The scalars are named as in `history.csv`; their step is the number of the epoch. Each network
    of an ensemble has its own folder: `network-1`, …. When a training is resumed or repeated,
    TensorBoard ignores what older files in the folder hold for the same epochs.

    Args:
        epochs: the stream.
        model: the model being trained.
        folder: created if it is missing.

    Raises:
        FileError: at the call, if the folder cannot be created. Later errors are printed, and the
            training continues.
        MissingExtraError: at the call, if tensorboardX is not installed.
    """
    needs_tensorboard()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise FileError(
            f"The folder {folder} for TensorBoard could not be created ({error}); choose another."
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
                    file = _File(folder, model.resolved_recipe.ensemble, number, epoch.number)
                    opened.callback(file.close)
                file.write(epoch)
            except OSError as error:
                what = f"{printable(str(folder))}: {error.strerror or error}"
                say(f"The training continues without its TensorBoard files in {what}.")
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
        # tensorboardX names files by the second, and a training may be resumed within it
        self._writer = writer(str(folder / "events"), f".{time.time_ns()}")
        start = self._event.SessionLog(status=self._event.SessionLog.START)
        self._add(first, session_log=start)  # TensorBoard ignores older events from here on

    def write(self, epoch: Epoch) -> None:
        """Write the metrics of an epoch, and flush them to the disk."""
        metrics = {k: v for k, v in epoch.as_row().items() if k not in ("epoch", "step")}
        values = [self._summary.Summary.Value(tag=k, simple_value=v) for k, v in metrics.items()]
        self._add(epoch.number, summary=self._summary.Summary(value=values))
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # an error in writing was printed already
            self._writer.close()

    def _add(self, step: int, **content: Any) -> None:
        self._writer.write_event(self._event.Event(wall_time=time.time(), step=step, **content))
