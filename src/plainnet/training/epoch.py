"""The record of an epoch, and the stream of records that a training yields."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from plainnet.display import Displayed
from plainnet.errors import SettingError


@dataclass(frozen=True)
class Epoch:
    """The record of a completed epoch."""

    number: Annotated[int, "[1, inf)"]
    """The number of the epoch: 1, 2, 3, …"""
    step: int
    """The number of steps of this training so far."""
    loss: float
    """The mean loss of the epoch's batches before their steps, weighted by their sizes."""
    learning_rate: float
    """The learning rate of the last step."""
    seconds: float
    """The duration of the epoch without validation, in seconds."""
    validation: Mapping[str, float] = field(default_factory=dict)
    """The loss and the other metrics on the validation data; empty without such data."""

    def as_row(self) -> dict[str, float]:
        """Return the record as one flat row: `epoch`, `loss`, `validation_loss`, …."""
        row = {"epoch": self.number, "step": self.step, "loss": self.loss}
        row |= {f"validation_{name}": value for name, value in self.validation.items()}
        return row | {"learning_rate": self.learning_rate, "seconds": self.seconds}

    def __getitem__(self, metric: str) -> float:
        row = self.as_row()
        if metric not in row:
            raise SettingError(
                f"No metric {metric!r} is recorded, only {', '.join(row)}"
                f"{'' if self.validation else '; train with validation data to record more'}."
            )
        return row[metric]


class History(list[Epoch], Displayed):
    """The epochs of a training: a list, which notebooks show as a chart.

    >>> History([Epoch(1, 10, 0.7, 0.01, 0.1)])[-1].loss
    0.7
    """


Epochs = Generator[Epoch, None, None]
"""A stream of epochs; `close()` ends it, as `break` does."""
