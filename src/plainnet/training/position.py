"""Where a training is: between which two batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from plainnet.network.arrays import Array

Finite = Annotated[float, "(-inf, inf)"]


@dataclass
class Position:
    """Between which two batches a training is; the loop keeps it up to date."""

    epochs: int = 0
    """Completed epochs."""
    batches: int = 0
    """Completed batches of the present epoch."""
    steps: int = 0
    """Completed steps of the training."""
    loss: Finite = 0.0
    """Σ n J over the present epoch's batches so far."""
    counted: Finite = 0.0
    """Σ n over them: samples, or their weights."""
    seconds: Finite = 0.0
    """The time that the present epoch has taken so far."""
    order: Mapping[str, Any] = field(default_factory=dict)
    """The state of the generator from which the present epoch's order was drawn."""

    def end_batch(self, J: float, X: Array, weights: Array | None, seconds: float) -> None:
        """Take in that a batch with loss J is done, and so much time of the epoch is over."""
        n = count(X, weights)
        self.loss, self.counted = self.loss + n * J, self.counted + n
        self.batches, self.steps, self.seconds = self.batches + 1, self.steps + 1, seconds

    def end_epoch(self) -> None:
        """Take in that the present epoch has ended, and nothing of the next one is done."""
        self.epochs += 1
        self.batches, self.loss, self.counted, self.seconds = 0, 0.0, 0.0, 0.0


def count(X: Array, weights: Array | None) -> float:
    """How many samples a batch counts as: the sum of their weights."""
    return len(X) if weights is None else float(weights.sum())
