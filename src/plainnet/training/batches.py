"""The samples of an epoch, batch by batch: uint8 pictures become floats only in their batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from plainnet.checks import check_whole
from plainnet.errors import DataError, ShapeError
from plainnet.files.rows import not_finite
from plainnet.metrics.weighting import weighted
from plainnet.network import Array, Network, Rng, generator
from plainnet.network.arrays import on_host
from plainnet.training.compiled.choice import is_little_work, loaded_outputs_of, outputs_of
from plainnet.training.loop import Batch
from plainnet.training.position import Position
from plainnet.training.threads import suited_threads

Prepare = Callable[[Array, Array], None]
"""`prepare(raw, out)` writes the network's inputs for n raw samples into `out`."""

PREDICTION_BYTES = 2**23
"""The largest size of a batch of inputs in `logits`, in bytes."""
PREPARED_BYTES = 2**26
"""The largest size of inputs that are prepared once instead of in each epoch, in bytes."""
FEW = 64
"""The most samples that are computed at once without looking at their size."""
MOST_TOGETHER = 2**14
"""The most samples that a kernel gets at once."""
RUN_BYTES = 2**22
"""The size of the inputs that are prepared for several batches at once, in bytes."""
Order = Callable[[int], Array]
"""`order(N)` returns the indices of the N samples in the order of an epoch."""
Run = tuple[Array, Array, Array | None, Array]
"""Inputs, targets and weights of samples, and the rows of them that several batches take in turn;
no rows: one batch takes all samples."""
Mix = Callable[[Array, Array], tuple[Array, Array]]
"""`mix(X, y)` returns changed inputs and targets of a batch."""


@dataclass(frozen=True)
class InputPipeline:
    """The functions that raw samples pass through on their way to the network.

    >>> pipeline = InputPipeline(prepare=lambda raw, out: np.divide(raw, 255, out=out))
    """

    prepare: Prepare | None = None
    """The function that turns a batch of raw samples into inputs; None: they are inputs already."""
    augment: Prepare | None = None
    """The same for training batches, with new random changes in each epoch."""
    mix: Mix | None = None
    """A function that changes the inputs and targets of a training batch: mix-up."""
    order: Order | None = None
    """The order of the samples in each epoch; None: random. To continue from a checkpoint it must
    return the same order again."""


def copy_as_is(raw: Array, out: Array) -> None:
    """Copy raw samples that are the network's inputs already."""
    np.copyto(out, raw.reshape(out.shape), casting="unsafe")


class Batches:
    """The batches of each epoch: every sample once, in a new random order.

    Without a size, or with one that takes all samples, there is one batch in the data's own order,
    prepared once. The memory of a batch is reused for the next.

    >>> [len(y) for _, y, _ in Batches(np.eye(10), np.arange(10), size=4)]
    [4, 4, 2]

    Args:
        X: raw samples `(N, …)`, flattened to rows.
        y: targets `(N, …)`.
        weights: sample weights `(N,)`, or None.
        size: samples of a batch; the last of an epoch may be shorter. None: all.
        rng: generator or seed of the order.
        pipeline: the functions that the samples pass through; its order is used only where there is
            more than one batch.
        dtype: the dtype of the inputs.
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        weights: Array | None = None,
        *,
        size: int | None = None,
        rng: Rng | int | None = 0,
        pipeline: InputPipeline | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        pipeline = pipeline or InputPipeline()
        prepare = pipeline.augment or pipeline.prepare
        self.X = X.reshape(len(X), -1)
        self.y = y
        self.weights = None if weights is None else weights.astype(dtype, copy=False)
        self.size = len(X) if size is None else min(check_whole("batch size", size, 1), len(X))
        self.rng = generator(rng)
        self.order = pipeline.order or self.rng.permutation
        self.prepare = prepare or copy_as_is
        self.dtype = np.dtype(dtype)
        self.augmented, self.mix = pipeline.augment is not None, pipeline.mix
        self._ready = prepare is None and X.dtype == self.dtype
        self._plainly = pipeline.order is None and isinstance(self.X, np.ndarray)
        self._raw, self._prepared = np.empty((0, 0), X.dtype), np.empty((0, 0), self.dtype)
        self._run = self._prepared

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.X) // self.size)

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch(Position())

    def epoch(self, at: Position) -> Iterator[Batch]:
        """Yield an epoch's batches from a position on, which records the generator's state."""
        self._begin(at)
        for X, y, weights in self._batches(at.batches):
            yield (*(self.mix(X, y) if self.mix else (X, y)), weights)

    def runs(self, at: Position, most: Callable[[], int]) -> Iterator[Run]:
        """Yield the same, several batches at a time; they must not be mixed.

        Args:
            at: the position; the batches of a run are recorded there before the next one.
            most: returns how many batches the next run may have.
        """
        self._begin(at)
        order, row = self._order(), at.batches * self.size
        while row < len(self.X if order is None else order):
            n = max(most(), 1) * self.size
            if order is None or (self._ready and self._plainly):
                rows = np.empty(0, np.int64) if order is None else order[row : row + n]
                yield self.inputs(), self.y, self.weights, rows
            else:
                n = min(n, max(RUN_BYTES // (self.X[0].size * self.dtype.itemsize), self.size))
                n -= n % self.size
                yield self._prepared_run(order[row : row + n])
            row += n

    def _prepared_run(self, order: Array) -> Run:
        """Return samples that are prepared batch by batch."""
        if len(self._run) < len(order):
            self._run = np.empty((len(order), self.X.shape[1]), self.dtype)
        for start in range(0, len(order), self.size):
            rows = order[start : start + self.size]
            raw = np.take(self.X, rows, axis=0, mode="clip")
            self.prepare(raw, self._run[start : start + len(rows)])
        weights = None if self.weights is None else self.weights[order]
        return self._run, self.y[order], weights, np.arange(len(order))

    def _begin(self, at: Position) -> None:
        """Record the generator's state before an epoch; within one, restore it."""
        bits = self.rng.bit_generator
        if at.batches:
            bits.state = at.order  # to draw the order of this epoch again
        at.order = bits.state

    def _order(self) -> Array | None:
        """Return the order of the samples in an epoch; None: as they are, in one batch."""
        if len(self) == 1 and not self.augmented:
            return None
        in_memory = isinstance(self.X, np.ndarray) and self.X.dtype != np.uint8
        small = self.X.size * self.dtype.itemsize <= PREPARED_BYTES
        if in_memory and small and not self.augmented:
            self.inputs()
        return self.order(len(self.X))

    def _batches(self, first: int) -> Iterator[Batch]:
        """Yield the batches from number `first` on, before they are mixed."""
        order = self._order()
        if order is None:
            if first == 0:
                yield self.inputs(), self.y, self.weights
            return
        if not self._raw.size:
            self._raw = np.empty((self.size, self.X.shape[1]), self.X.dtype)
            self._prepared = self._raw if self._ready else np.empty(self._raw.shape, self.dtype)
        for start in range(first * self.size, len(order), self.size):
            rows = order[start : start + self.size]
            raw, inputs = self._raw[: len(rows)], self._prepared[: len(rows)]
            np.take(self.X, rows, axis=0, out=raw, mode="clip")  # "raise" would copy again
            if not self._ready:
                self.prepare(raw, inputs)
            yield inputs, self.y[rows], None if self.weights is None else self.weights[rows]

    def inputs(self) -> Array:
        """Return the inputs of all samples in their own order; they are prepared once."""
        if not self._ready:
            out = np.empty(self.X.shape, self.dtype)
            self.prepare(np.asarray(self.X), out)
            self.X, self._ready = out, True
        return np.asarray(self.X)


def logits(
    network: Network,
    X: Array,
    *,
    prepare: Prepare | None = None,
    batch_size: int | None = None,
    forward: Callable[[Array], Array] | None = None,
    loaded: bool = False,
) -> Array:
    """Compute the network's outputs `(N, n_out)` for raw samples X `(N, …)`, batch by batch.

    >>> logits(Network.dense([3, 4, 2]), np.zeros((5, 3))).shape
    (5, 2)

    Args:
        network: the network.
        X: raw samples `(N, …)`.
        prepare: makes the network's inputs of them; None: they are inputs already.
        batch_size: None: 512 samples, or as many as fit into 8 MB, in each layer of pictures.
        forward: the network's `forward`, perhaps a compiled one; None: as `outputs_of` chooses.
        loaded: whether kernels may compute after enough answers. Then the last digits depend
            on how many this process has computed before.
    """
    n, rows = len(X), X.reshape(len(X), -1)
    if n <= FEW and forward is None and batch_size is None and is_little_work(network, n):
        return _of_few(network, rows[:], prepare)  # of rows in a file, [:] reads them
    kernel = loaded_outputs_of(network, n) if loaded and forward is None else None
    forward = forward or kernel or outputs_of(network, n)
    ready = prepare is None and X.dtype == network.dtype
    prepare = prepare or copy_as_is
    size = min(batch_size or _most_at_once(network, rows.shape[1], kernel is not None), n)
    inputs = np.empty((0 if ready else size, rows.shape[1]), network.dtype)
    parts = []
    with suited_threads(network, size):
        for start in range(0, n, size):
            batch = rows[start : start + size]
            if not ready:
                raw, batch = batch, inputs[: len(batch)]
                prepare(raw, batch)
            given = batch if network.xp is np else network.xp.asarray(batch)
            parts.append(on_host(forward(given)).copy())
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _of_few(network: Network, X: Array, prepare: Prepare | None) -> Array:
    """Return what `logits` does for a few samples, without choosing how to compute many."""
    with suited_threads(network, len(X)):
        if prepare is not None or X.dtype != network.dtype:
            raw, X = X, np.empty(X.shape, network.dtype)
            (prepare or copy_as_is)(raw, X)
        return network.predict(X)


def _most_at_once(network: Network, n_in: int, by_kernel: bool) -> int:
    """Return how many samples are a batch of answers."""
    outputs = [layer.n_out or 0 for layer in network.layers if layer.shape_out]
    most = MOST_TOGETHER if by_kernel else 512
    return min(most, 1 + PREDICTION_BYTES // (max([n_in, *outputs]) * network.dtype.itemsize))


def counting_samples(
    X: Array, y: Array, weights: Array | None, n_in: int | None = None
) -> tuple[Array, Array, Array | None]:
    """Return the samples of positive weight, their targets and weights; without weights all.

    Samples of weight 0 are removed before the values are checked, so they may hold anything.

    Raises:
        ShapeError: there are no samples, or the numbers of features or weights do not fit.
        DataError: a value is not finite, or the weights are negative or all zero.
    """
    if X.ndim < 2 or X.size == 0:
        raise ShapeError(f"Samples are rows of features, (N, …) with N ≥ 1, but got {X.shape}.")
    if n_in is not None and X[0].size != n_in:
        raise ShapeError(
            f"The network takes samples of {n_in} features, but got {X[0].size} in samples of "
            f"shape {X.shape}."
        )
    if X.dtype.kind not in "biuf":
        raise DataError(
            f"Samples must be numbers, but got {X.dtype}; np.asarray(X, float) converts objects "
            "and texts that hold numbers."
        )
    weights, X, y = weighted(weights, X, y)
    if np.issubdtype(X.dtype, np.floating) and (found := not_finite(X))[0]:
        n, row, _ = found
        raise DataError(
            f"The samples hold {n} values that are not finite, the "
            f"first in sample {row}; remove those samples or fill in what is missing."
        )
    return X, y, weights
