"""What a training yields: a record after each pass over the samples, and the stream of them."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from plainnet.errors import SettingError


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch ends."""

    number: Annotated[int, "[1, inf)"]
    """1, 2, 3, …"""
    step: int
    """Optimizer steps of this training so far."""
    loss: float
    """The mean loss of the epoch's batches, each as it was before its step, by their size."""
    learning_rate: float
    """Of the last step."""
    seconds: float
    """Of training, without validation."""
    validation: Mapping[str, float] = field(default_factory=dict)
    """`loss` and the other metrics on the validation data; empty without any."""

    def as_row(self) -> dict[str, float]:
        """Everything recorded as one flat row: `epoch`, `loss`, `validation_loss`, …."""
        row = {"epoch": self.number, "step": self.step, "loss": self.loss}
        row |= {f"validation_{name}": value for name, value in self.validation.items()}
        return row | {"learning_rate": self.learning_rate, "seconds": self.seconds}

    def __getitem__(self, metric: str) -> float:
        row = self.as_row()
        if metric not in row:
            raise SettingError(
                f"No metric {metric!r} is recorded, only {', '.join(row)}"
                f"{'' if self.validation else '; train with validation data to have more'}."
            )
        return row[metric]


Epochs = Generator[Epoch, None, None]
"""A stream of epochs; `close()`, as `break` does, ends it."""
