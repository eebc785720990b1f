"""The experiment of the points view: the library's training, which can be changed while it runs.

The recipe makes network, loss, schedule and average from the settings, as for any model, and
`train` takes the steps. A change of settings ends the stream of epochs and
begins another one at the same position, with as much of the old state as still fits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from plainnet.errors import SettingError
from plainnet.lab.point_sets import Points, draw_points, inputs_of
from plainnet.lab.point_settings import PointSettings, arguments_of
from plainnet.models.layers import network_layers
from plainnet.models.names import OPTIMIZERS
from plainnet.network import (
    ACTIVATIONS,
    Array,
    Loss,
    MeanSquaredError,
    MemberMean,
    Network,
)
from plainnet.training import (
    Checkpointing,
    Epoch,
    Optimizer,
    Regularization,
    Schedule,
    Validation,
    train,
)
from plainnet.training.position import Position

RESTARTING = {
    *("data", "classes", "axes", "seed", "features"),
    *("hidden", "initializer", "normalization"),
}
"""The settings whose change begins the training again; after all others it goes on."""


@dataclass(frozen=True)
class Samples:
    """The points as the network gets them."""

    X: Array
    """Inputs `(N, features)`."""
    y: Array
    """Targets `(N,)`."""
    weights: Array | None
    """Sample weights `(N,)`, if the classes count equally."""


@dataclass(frozen=True)
class Snapshot:
    """All that pages show of a moment of the training."""

    version: int
    """A number that grows with each snapshot."""
    revision: int
    """The number of changes of the settings so far."""
    run: int
    """The number of trainings begun so far."""
    settings: PointSettings
    twin: Network
    """A network of the same layers, in which the one who makes frames puts the parameters."""
    theta: Array
    state: dict[str, Array]
    loss: Loss
    points: Points
    training: Samples
    held_out: Samples | None
    position: tuple[int, int, int]
    """Completed epochs, batches of the current epoch, steps."""
    learning_rate: float
    history: list[Epoch]
    """The records of all epochs; the first `position[0]` do not change any more."""


class Experiment:
    """A training of a small network on points in the plane.

    Args:
        settings: what to begin with.

    Raises:
        SettingError: a setting is out of its range.
    """

    def __init__(self, settings: PointSettings | None = None) -> None:
        self.settings = settings or PointSettings()
        self.revision = self.run = self._version = 0
        self.restart()

    def restart(self) -> None:
        """Draw points and initial weights, and go to the beginning."""
        self.run += 1
        self._take_points()
        self.network = self._make_network()
        self._adopt_network()
        self.optimizer = self._make_optimizer()
        self.average = self.settings.recipe().make_average()
        self.position, self.history = Position(), list[Epoch]()
        self.order = self._generators()[2]

    def change(self, settings: PointSettings) -> bool:
        """Take other settings; return whether the training begins again.

        Otherwise it goes on from where it is.

        Raises:
            SettingError, DataError: they do not fit together; nothing has changed.
        """
        before, self.settings = self.settings, settings
        changed = {
            name for name, value in settings.to_dict().items() if value != before.to_dict()[name]
        }
        self.revision += bool(changed)
        if changed & RESTARTING or settings.n_classes != before.n_classes:
            self.restart()
            return True
        if changed:
            self._go_on(changed)
        return False

    def train(self, should_stop: Callable[[], bool]) -> Iterator[Epoch]:
        """Train until the last epoch of the settings; yield the record of each epoch.

        Args:
            should_stop: called after each batch; True ends the stream there, and the next call goes
                on from there.

        Raises:
            SettingError: there are no points to train on.
            DivergedError: the loss is no longer finite.
        """
        data, held, recipe = self.training, self.held_out, self.settings.recipe()
        if not len(data.X):
            raise SettingError("There are no points to train on; draw some, or hold out fewer.")
        n_batches = -(-len(data.X) // (self.settings.batch_size or len(data.X)))
        stream = train(
            self.network,
            self.loss,
            self.optimizer,
            data.X,
            data.y,
            epochs=self.settings.epochs,
            batch_size=self.settings.batch_size,
            rng=self.order,
            weights=data.weights,
            schedule=self._schedule(self.settings.epochs * n_batches),
            validation=Validation(held.X, held.y, held.weights) if held else None,
            regularization=Regularization(
                self.settings.l2, recipe.clip_norm, recipe.max_norm, self.average
            ),
            checkpointing=Checkpointing(self.position, should_stop),
        )
        for epoch in stream:
            self.history.append(epoch)
            yield epoch

    def snapshot(self) -> Snapshot:
        """Copy what pages show; between two batches."""
        self._version += 1
        at, average = self.position, self.average
        return Snapshot(
            self._version,
            self.revision,
            self.run,
            self.settings,
            self._twin,
            (average.theta if average and average.t else self.network.theta).copy(),
            {name: value.copy() for name, value in self.network.state.items()},
            self.loss,
            self.points,
            self.training,
            self.held_out,
            (at.epochs, at.batches, at.steps),
            self.optimizer.learning_rate,
            self.history,
        )

    def _go_on(self, changed: set[str]) -> None:
        """Make again what depends on the settings, with the parameters as they are."""
        before, self.network = self.network, self._make_network()
        self.network.theta = before.theta
        for new, old in zip(self.network.state.values(), before.state.values(), strict=True):
            new[...] = old
        self._adopt_network()
        memory, kind = self.optimizer.state(), type(self.optimizer)
        self.optimizer = self._make_optimizer()
        if type(self.optimizer) is kind:
            self.optimizer.restore(memory)
        if "averaging" in changed:
            self.average = self.settings.recipe().make_average()
        if changed & {
            "samples",
            "noise",
            "validation_share",
            "points",
            "batch_size",
            "class_weight",
        }:
            self._take_points()
            self.position = Position(self.position.epochs, steps=self.position.steps)

    def _take_points(self) -> None:
        at = self.settings
        share, rng = at.validation_share, self._generators()[0]
        self.points = points = draw_points(
            at.data, at.samples, at.n_classes, at.noise, share, at.points, rng
        )
        self.training = self._samples(~points.held_out)
        self.held_out = self._samples(points.held_out) if points.held_out.any() else None

    def _samples(self, chosen: Array) -> Samples:
        X, y = self.points.X[chosen], self.points.y[chosen]
        weights = None
        if self.settings.class_weight == "balanced" and not self.settings.is_regression and len(y):
            counts = np.bincount(y)
            weights = len(y) / (np.count_nonzero(counts) * counts[y])
        return Samples(inputs_of(X, self.settings.features), y, weights)

    def _make_network(self) -> Network:
        """Make the network as a recipe does, but with the activation of each layer."""
        at, rng = self.settings, self._generators()[1]
        layers = network_layers(at.recipe(), [len(at.features)], at.n_out, None, MemberMean)
        names = iter(at.activations or [at.activation] * len(at.hidden))
        kinds = tuple(ACTIVATIONS.values())
        for i, layer in enumerate(layers):
            if isinstance(layer, kinds):
                made = ACTIVATIONS[next(names)]
                layers[i] = made(**arguments_of(at, made))
        return Network(layers, rng=rng).spread_biases(rng)

    def _adopt_network(self) -> None:
        self._twin = self.network.copy()
        recipe = self.settings.recipe()
        regression = self.settings.is_regression
        self.loss: Loss = (
            MeanSquaredError() if regression else recipe.make_loss(self.settings.n_out)
        )

    def _make_optimizer(self) -> Optimizer:
        made = OPTIMIZERS[self.settings.optimizer].optimizer
        return made(**arguments_of(self.settings, made))

    def _schedule(self, steps: int) -> Schedule:
        return self.settings.recipe().make_schedule(self.settings.learning_rate, steps)

    def _generators(self) -> list[np.random.Generator]:
        """Return the generators of the points, the weights and the order of the samples."""
        return np.random.default_rng(self.settings.seed).spawn(3)
