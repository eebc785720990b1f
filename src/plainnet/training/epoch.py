"""What a training yields: a record after each pass over the samples, and the stream of them."""

import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from plainnet.errors import SettingError


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch ends."""

    number: int
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
    """`loss` and the other figures on the validation data; empty without any."""

    def figures(self) -> dict[str, float]:
        """Everything recorded as one flat row: `epoch`, `loss`, `validation_loss`, …."""
        row = {"epoch": self.number, "step": self.step, "loss": self.loss}
        row |= {f"validation_{name}": value for name, value in self.validation.items()}
        return row | {"learning_rate": self.learning_rate, "seconds": self.seconds}

    def __getitem__(self, figure: str) -> float:
        row = self.figures()
        if figure not in row:
            raise SettingError(
                f"No figure {figure!r} is recorded, only {', '.join(row)}"
                f"{'' if self.validation else '; train with validation data to have more'}."
            )
        return row[figure]


Epochs = Generator[Epoch, None, None]
"""A stream of epochs; `close()`, as `break` does, ends it."""


class Training(Epochs):
    """A stream of epochs that warns when it is dropped before anybody has asked for one.

    Args:
        epochs: the stream.
        source: what it is made of, if that is such a stream as well: it ends with this one.
    """

    def __init__(self, epochs: Epochs, source: Epochs | None = None) -> None:
        self._epochs, self._source = epochs, source
        self._begun = False

    def send(self, value: None) -> Epoch:
        """The next epoch."""
        self._begun = True
        return self._epochs.send(value)

    def throw(self, *error: Any) -> Epoch:
        """Raise an error where the training stands."""
        self._begun = True
        return self._epochs.throw(*error)

    def close(self) -> None:
        """End the training."""
        self._begun = True
        self._epochs.close()
        if self._source is not None:
            self._source.close()

    def __del__(self) -> None:
        if not self._begun:
            warnings.warn(
                "The epochs of a training were never asked for, so nothing was learned; write "
                "`for epoch in train(…)`, or call fit(…), which takes the same arguments.",
                RuntimeWarning,
                stacklevel=2,
            )
            self.close()
