"""The networks and batches that the compiled kernels fit, and the arguments of the kernels."""

import time
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from plainnet.network import (
    Array,
    Loss,
    MeanSquaredError,
    Network,
    Rng,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.network.arrays import Scratch
from plainnet.training.compiled.array_form import as_compiled
from plainnet.training.compiled.encodings import encoding_of
from plainnet.training.compiled.parts import BLOCKS, SCRATCH, together
from plainnet.training.compiled.structure import ACTIVATIONS, structure_of
from plainnet.training.compiled.team_size import TEAMS, TeamSize
from plainnet.training.threads import own_processors, processors

Samples = tuple[Array, Array, Array, Array]
"""X, class numbers, target numbers and weights, in the form of the kernels."""
LOSSES: Mapping[type[Loss], int] = {
    SoftmaxCrossEntropy: 0,
    SigmoidCrossEntropy: 1,
    MeanSquaredError: 2,
}
"""Losses with a kernel, and their numbers in `losses.py`."""
ANSWER, GRADIENT = -2, -1
"""What the kernels take instead of an optimizer, to give outputs or a gradient only."""


class Stack:
    """The arguments of the kernels for one network: its sizes, and scratch memory."""

    def __init__(self, network: Network) -> None:
        self.layers = [*network.layers]
        self.encoding, rest = encoding_of(self.layers, network.dtype)
        found = structure_of(rest) if type(network) is Network and network.xp is np else None
        self.structure, hidden = found, found.hidden if found else ()
        self.dropouts = [each.dropout for each in hidden]
        self.kinds = np.array([ACTIVATIONS[type(each.activation)] for each in hidden], np.int64)
        self.dtype, self.n_in = network.dtype, network.n_in
        self.sizes = np.array(found.sizes if found else (), np.int64)
        self.members = found.members if found else 1
        self.units = self.members * int(self.sizes[1:].sum())
        """The outputs of all layers for a sample."""
        rates = np.zeros(len(self.dropouts), network.dtype)
        self.net = self.sizes, self.kinds, rates, self.members
        """The sizes, the kinds of the activations, the present rates of Dropout, and the members
        of an ensemble in one network (1: it is none)."""
        self._scratch, self._losses = Scratch(np, network.dtype), Scratch(np, np.float64)
        self._whole, self._sums = Scratch(np, np.int64), np.zeros(3)
        self.none, self._no_numbers = np.empty(0, self.dtype), np.empty((0, 0), self.dtype)
        self._no_classes = self._no_rows = np.empty(0, np.int64)
        self._each, self._no_state = (np.zeros(1), np.empty(0)), np.empty(0, np.uint64)
        shared = not len(self.encoding.columns) or self.encoding.length > 0
        self.threads = min(len(own_processors()), TEAMS[-1]) if shared else 1
        """The threads that can take steps together: there is memory for them."""
        self._memory: tuple[Any, tuple[Array, ...]] = None, ()
        """The latest memory that was asked for, and for what."""
        self._teams = {number: TeamSize(self.most_threads()) for number in (GRADIENT, ANSWER)}
        self._largest = {GRADIENT: 0, ANSWER: 0}
        """The most samples of a pass, by which threads are chosen."""

    def takes(self, loss: Loss, X: Array, y: Array, weights: Array | None) -> bool:
        """Return whether the batch fits the kernels, which check nothing themselves."""
        if not self.takes_inputs(X) or not self.takes_loss(loss):
            return False
        kind, n, n_out = type(self._of_each(loss)), len(X), self.sizes[-1]
        if kind is SoftmaxCrossEntropy:
            fits = y.shape == (n,) and np.issubdtype(y.dtype, np.integer)
        else:
            fits = y.shape == (n, n_out) or (y.shape == (n,) and n_out == 1)
        return fits and (weights is None or weights.shape == (n,))

    def takes_loss(self, loss: Loss) -> bool:
        """Return whether there are kernels for the network with this loss."""
        return self.structure is not None and type(self._of_each(loss)) in LOSSES

    def takes_inputs(self, X: Array) -> bool:
        """Return whether the inputs fit the kernels."""
        return self.structure is not None and X.shape == (len(X), self.n_in)

    def most_threads(self) -> int:
        """Return how many threads may take the next steps together: see `team.py`."""
        return min(processors(), self.threads)

    def _team(self, number: int) -> TeamSize:
        """Return the number of threads of a pass."""
        team = self._teams[number] = self._teams[number].limited_to(self.most_threads())
        return team

    def gradient(
        self,
        network: Network,
        loss: Loss,
        X: Array,
        y: Array,
        weights: Array | None,
        code: ModuleType,
    ) -> float | None:
        """Write `network.grad` and return J; None if the kernels do not fit the encoding."""
        if not self.encoding.is_connected:
            return None
        memory = self.memory(len(X), training=True)
        self.draw(memory[0], len(X))
        samples = self.in_form(loss, X, y, weights)
        vectors = network.theta, network.gradient_memory(), self.none, self.none, self.none
        self._pass(GRADIENT, samples, self.how(loss), network, vectors, memory, code)
        if not np.isfinite(self._sums[2]):
            check_classes(samples[1], int(self.sizes[-1]))
        return float(self._sums[2])

    def outputs(self, network: Network, X: Array, code: ModuleType) -> Array | None:
        """Return Z as outside of training, valid until the next call; None as in `gradient`."""
        if not self.encoding.is_connected:
            return None
        self.net[2][:] = 0
        n, memory = len(X), self.memory(len(X))
        vectors = network.theta, *[self.none] * 4
        samples = as_compiled(X, self.dtype), self._no_classes, self._no_numbers, self.none
        how = LOSSES[SoftmaxCrossEntropy], self.dtype.type(0)
        self._pass(ANSWER, samples, how, network, vectors, memory, code)
        mean, Z = self.structure.mean if self.structure else None, memory[1]
        Z = Z[len(Z) - n * self.members * int(self.sizes[-1]) :].reshape(n, -1)
        return mean.forward(Z) if mean else Z

    def _pass(
        self,
        number: int,
        samples: Samples,
        how: tuple[int, Any],
        network: Network,
        vectors: Sequence[Array],
        memory: tuple[Array, ...],
        code: ModuleType,
    ) -> None:
        """Call the kernels for one batch, whose loss is the last of `self._sums`."""
        n, team, start = len(samples[0]), self._team(number), time.perf_counter()
        data, optimizer = (*samples, self._no_rows, n), (number, (0.0,) * 5, 0)
        given = network, vectors, optimizer, self._each, memory, self._sums, team.threads
        self.call(code, data, how, *given)
        if n >= self._largest[number]:
            self._largest[number] = n
            team.measured(n, time.perf_counter() - start)

    def call(
        self,
        code: ModuleType,
        data: tuple[Any, ...],
        how: tuple[int, Any],
        network: Network,
        vectors: Sequence[Array],
        optimizer: tuple[Any, ...],
        each: tuple[Array, Array],
        memory: tuple[Array, ...],
        sums: Array,
        threads: int = 1,
    ) -> int:
        """Call the kernels, see `steps.py` for the arguments; return how many steps they took."""
        (_, classes, numbers, _, rows, size), scratch = data, self._scratch
        training, n = optimizer[0] != ANSWER, size if len(rows) else 0
        units = self.members * int(self.sizes[1])
        encoding = self.encoding.arrays(size, units, training, self.threads)
        batch = (
            scratch("X", (n, self.n_in or 0)),
            self._whole("classes", (n if len(classes) else 0,)),
            scratch("targets", (n, numbers.shape[1])) if n else self._no_numbers,
            scratch("r", (size,)),
            scratch("plain", (size, len(encoding[1]))),
        )
        first = network.n_weights
        parts = tuple(v[:first] for v in vectors), tuple(v[first:] for v in vectors)
        given = data, batch, encoding, how, parts, optimizer, each, self.net, memory, sums
        done: int = together(code.steps, given, threads)
        return done

    def in_form(self, loss: Loss, X: Array, y: Array, weights: Array | None) -> Samples:
        """Return samples, class numbers, target numbers and weights as the kernels take them."""
        X = as_compiled(X, self.dtype)
        weights = self.none if weights is None else as_compiled(weights, self.dtype)
        if type(self._of_each(loss)) is SoftmaxCrossEntropy:
            return X, as_compiled(y, np.int64), self._no_numbers, weights
        numbers = as_compiled(y, self.dtype).reshape(len(y), -1)
        return X, self._no_classes, numbers, weights

    def how(self, loss: Loss) -> tuple[int, Any]:
        """Return the number of the loss and its smoothing."""
        loss = self._of_each(loss)
        return LOSSES[type(loss)], self.dtype.type(getattr(loss, "smoothing", 0))

    def _of_each(self, loss: Loss) -> Any:
        """Return the loss of one answer."""
        return self.structure and self.structure.loss_of_each(loss)

    def memory(self, n: int, training: bool = False) -> tuple[Array, ...]:
        """Return the memory of the kernels for n samples; `training` adds that of backward."""
        key = n, training
        if key != self._memory[0]:
            self._memory = key, self._made_memory(n, training)
        return self._memory[1]

    def _made_memory(self, n: int, training: bool) -> tuple[Array, ...]:
        sizes, k, scratch = self.sizes, self.members, self._scratch
        size, widest = n * self.units, max(int(sizes.max()), k * int(max(sizes[1], sizes[-1])))
        columns, of_heads = k * int(sizes[1]), (k - 1) * int(sizes[-2] * sizes[-1])
        turned = int((sizes[1:-1] * sizes[2:]).sum()) + of_heads
        turned += columns * self.encoding.features
        of_backward = (size, turned) if training else (0, 0)
        of_first = int(sizes[0]) * columns if k > 1 else 0
        fewest = int(sizes[0] * sizes[1]) // int(sizes[0] + sizes[1])
        of_blocks = BLOCKS * min(n, fewest + 1) * int(sizes[1])
        return (
            scratch("U", (of_backward[0],)),
            scratch("A", (size,)),
            scratch("S", (size if self.kinds.any() else 0,)),
            scratch("dA", (of_backward[0],)),
            scratch("T", (of_backward[1],)),
            self._losses("J", (n * k,)),
            scratch("ones", (n * k,), fill=1),
            scratch("zeros", (widest,), fill=0),
            scratch("s", (SCRATCH * widest * self.threads,)),
            scratch("wide", (2 * of_first + columns if k > 1 else of_blocks,)),
            self._no_state,
        )

    def bits_of_dropouts(self) -> np.random.PCG64 | None:
        """Return the generator of all Dropout layers, if the kernels can draw with it."""
        drawing = [each for each in self.dropouts if each is not None and each.rate > 0]
        bits = [cast(Rng, each.rng).bit_generator for each in drawing]
        one = len({*map(id, bits)}) == 1 and self.dtype == np.float32
        return bits[0] if one and type(bits[0]) is np.random.PCG64 else None

    def set_rates(self) -> None:
        """Note the present rates of the Dropout layers."""
        self.net[2][:] = [0 if each is None else each.rate for each in self.dropouts]

    def draw(self, U: Array, n: int) -> None:
        """Fill U for each Dropout layer from the layer's own generator."""
        self.set_rates()
        start = 0
        for dropout, units in zip(self.dropouts, self.sizes[1:], strict=False):
            stop = start + n * self.members * int(units)
            if dropout is not None and dropout.rate > 0:
                cast(Rng, dropout.rng).random(dtype=U.dtype, out=U[start:stop])
            start = stop


def compiled_gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, code: ModuleType
) -> float | None:
    """Write `network.grad` and return J of a batch; None if no kernel fits the network or data.

    The result is that of forward, `value_and_grad` and backward, up to rounding. Kernels fit Dense
    layers with ReLU or SiLU, and perhaps Dropout, between each two, behind a `PiecewiseLinear` or a
    `PiecewiseLinearEmbedding` of all or some columns.
    """
    stack = stack_of(network)
    fits = stack.takes(loss, X, y, weights)
    return stack.gradient(network, loss, X, y, weights, code) if fits else None


def compiled_outputs(network: Network, X: Array, code: ModuleType) -> Array | None:
    """Return the outputs of `network.forward(X)` up to rounding; None if no kernel fits."""
    stack = stack_of(network)
    return stack.outputs(network, X, code) if stack.takes_inputs(X) else None


def stack_of(network: Network) -> Stack:
    """Return the stack of a network, made once."""
    stack = _stacks.get(network)
    if stack is None or stack.layers != network.layers:
        stack = _stacks[network] = Stack(network)
    return stack


def check_classes(classes: Array, n_out: int) -> None:
    """Raise IndexError if a class number has no output: its loss is NaN."""
    if len(classes) and not 0 <= classes.min() <= classes.max() < n_out:
        raise IndexError("A class number lies outside of the network's outputs.")


_stacks: "WeakKeyDictionary[Network, Stack]" = WeakKeyDictionary()
