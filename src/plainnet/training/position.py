"""The position of a training: between which two batches it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from plainnet.network.arrays import Array

Finite = Annotated[float, "(-inf, inf)"]


@dataclass
class Position:
    """The position of a training between two batches; the loop keeps it up to date."""

    epochs: int = 0
    """Completed epochs."""
    batches: int = 0
    """Completed batches of the current epoch."""
    steps: int = 0
    """Completed steps of the training."""
    loss: Finite = 0.0
    """Σ n J over the current epoch's batches so far."""
    counted: Finite = 0.0
    """Σ n over the same batches: samples, or their weights."""
    seconds: Finite = 0.0
    """The duration of the current epoch so far, in seconds."""
    order: Mapping[str, Any] = field(default_factory=dict)
    """The generator's state before the current epoch's order was drawn."""
    trainings: int = 1
    """The trainings of the same work, such as those of the networks of an ensemble."""
    threads: int = 0
    """The number of threads that was chosen for large products; 0: none yet."""

    def end_batch(self, J: float, X: Array, weights: Array | None, seconds: float) -> None:
        """Record a completed batch with loss J, and the duration of the epoch so far."""
        n = count(X, weights)
        self.loss, self.counted = self.loss + n * J, self.counted + n
        self.batches, self.steps, self.seconds = self.batches + 1, self.steps + 1, seconds

    def end_batches(self, many: int, loss: float, counted: float, seconds: float) -> None:
        """Record so many completed batches, with the sums over the epoch so far."""
        self.loss, self.counted = loss, counted
        self.batches, self.steps, self.seconds = self.batches + many, self.steps + many, seconds

    def end_epoch(self) -> None:
        """Record the end of the current epoch."""
        self.epochs += 1
        self.batches, self.loss, self.counted, self.seconds = 0, 0.0, 0.0, 0.0


def count(X: Array, weights: Array | None) -> float:
    """Return the number of samples in a batch, or the sum of their weights."""
    return len(X) if weights is None else float(weights.sum())
