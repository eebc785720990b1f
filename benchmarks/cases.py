"""The training steps that are measured: which network, which batch, which optimizer."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

MEMORY = 32e6
"""Bytes of different batches that a case goes through in turn, at most."""


@dataclass(frozen=True)
class Case:
    """One training step: forward, loss, backward, update."""

    key: str
    sizes: tuple[int, ...]
    """Features in, units of each hidden layer (with ReLU), outputs."""
    batch: int
    """Rows of a batch."""
    optimizer: str
    learning_rate: float
    check_steps: int = 16
    """Steps after which the results are compared."""
    most_batches: int = 64
    """Different batches, at most."""
    full_batch: bool = False
    """All rows there are, at each step."""

    @property
    def title(self) -> str:
        network = "-".join(map(str, self.sizes))
        rows = f"all {self.batch} rows" if self.full_batch else f"batch {self.batch}"
        return f"({self.key}) {network}, {rows}, {self.optimizer}"

    @property
    def loss(self) -> str:
        """`sigmoid` cross-entropy with one output, else `softmax`."""
        return "sigmoid" if self.sizes[-1] == 1 else "softmax"

    @cached_property
    def batches(self) -> int:
        """Different batches that follow each other; an even number, except for a full batch."""
        if self.full_batch:
            return 1
        fitting = int(MEMORY / (4 * self.batch * self.sizes[0])) // 2 * 2
        return max(self.check_steps, min(self.most_batches, fitting))

    @property
    def multiply_adds(self) -> int:
        """Of a step's matrix products: forward, dW of all layers, dX of all but the first."""
        products = [n_in * n_out for n_in, n_out in pairwise(self.sizes)]
        return self.batch * (3 * sum(products) - products[0])


CASES = {
    case.key: case
    for case in (
        Case("a", (12288, 100, 20, 1), 209, "gradient descent", 0.001, full_batch=True),
        Case("b", (784, 256, 128, 10), 128, "Adam", 0.001),
        Case("c", (784, 100, 10), 32, "Adam", 0.001),
        Case("d", (2, 16, 16, 1), 32, "Adam", 0.001),
        Case("e", (20, 100, 2), 200, "Adam", 0.001),
        Case("f", (3072, 1024, 512, 10), 256, "Adam", 0.001, check_steps=4),
        Case(
            "g", (784, 2500, 2000, 1500, 1000, 500, 10), 256, "momentum", 0.01, 4, most_batches=10
        ),
    )
}
