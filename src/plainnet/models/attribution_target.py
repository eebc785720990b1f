"""The score s that an attribution explains: the networks' preference for a class, or a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plainnet.data.class_matching import class_meant
from plainnet.data.class_names import Label
from plainnet.errors import SettingError
from plainnet.models.column_features import columns_of
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.inputs import Inputs
from plainnet.network import (
    Array,
    Dense,
    Dropout,
    GlobalAveragePool2D,
    Layer,
)
from plainnet.network.windows import pictures
from plainnet.training.threads import suited_threads


class Explained(NamedTuple):
    """The explained score of an answer: s = Z c + offset."""

    answer: str | float
    """A class, or a number."""
    of: str
    """The explained class, or the name of the number."""
    c: Array
    """The weights `(n_out,)` of a network's outputs in s."""
    offset: float = 0.0


def class_asked(classes: tuple[str, ...], label: Label | np.generic) -> str:
    """Return the name of the class to explain.

    Raises:
        SettingError: there is no such class.
    """
    place = class_meant(label, classes)
    if place is None:
        known = ", ".join(classes[:10]) + (", …" * (len(classes) > 10))
        raise SettingError(f"The class to explain must be one of {known}, but got {label!r}.")
    return classes[place]


def contrast(classes: tuple[str, ...], of: str, n_out: int) -> Array:
    """Return the weights c `(n_out,)` of the logits in s = Z c, the preference for a class.

    For more than two classes, s is the logit minus the mean of the others. Softmax does not change
    when all logits rise together, so a class's own logit can rise without meaning; the difference
    cannot. For two classes with one output, s is its logit, the log odds; with two outputs, the
    difference equals that.
    """
    k = classes.index(of)
    if n_out == 1:
        return np.array([1.0 if k == 1 else -1.0])
    c = np.full(n_out, -1.0 / (n_out - 1))
    c[k] = 1.0
    return c


@dataclass(frozen=True)
class AttributionTarget:
    """The score s, the weighted mean over the networks of Z c / temperature, plus an offset."""

    inputs: Inputs
    networks: Sequence[EnsembleMember]
    c: Array
    offset: float = 0.0

    def scores(self, X: Array) -> Array:
        """Return s for inputs of the networks, float64 `(n,)`."""
        scores = np.full(len(X), self.offset)
        for (network, *_), c in self._weighed():
            with suited_threads(network, len(X)):
                scores += network.forward(X).astype(np.float64) @ c
        return scores

    def scores_of(self, X: Array) -> Array:
        """Return s for pictures in the form of `Inputs.centred`, float64 `(n,)`."""
        return self.scores(self.inputs.of_centred(X, self.networks[-1].network.dtype))

    def gradients(self, X: Array) -> Array:
        """Return ∂s/∂X, `(n, n_in)`, for inputs X of the networks."""
        gradients = np.zeros_like(X)
        for (network, *_), c in self._weighed():
            dZ = np.tile(c.astype(network.dtype), (len(X), 1))  # s = Z c: dZ = c
            with suited_threads(network, len(X)):
                network.forward(X)
                gradients += network.backward(dZ, need_dX=True)
        return gradients

    def last_pictures(self, X: Array) -> tuple[list[Array], list[Array]]:
        """Return what each network's mean over all pixels takes, and what of it counts in s.

        Args:
            X: inputs `(n, n_in)` of the networks.

        Returns:
            For each network `(n, height, width, channels)`, and its last W times c `(channels,)`.

        Raises:
            SettingError: the networks do not end with such a mean and one Dense layer.
        """
        A, columns = list[Array](), list[Array]()
        for (network, *_), c in self._weighed():
            layers = network.copy().layers  # of this thread alone
            *most, last = [layer for layer in layers if not isinstance(layer, Dropout)]
            if not (most and isinstance(most[-1], GlobalAveragePool2D) and isinstance(last, Dense)):
                raise SettingError(
                    "A class map needs a network that ends with the mean over all pixels and one "
                    "Dense layer, such as network = 'conv' makes; use another method."
                )
            with suited_threads(network, len(X)):
                A.append(pictures(_through(most[:-1], X), most[-1].shape_in))
            columns.append(last.W.astype(np.float64) @ c)
        return A, columns

    def integral(self, line: Array) -> Array:
        """Return what each input contributes to s on a line `(steps + 1, n_in)`: `(n_in,)` float64.

        It is Σ_steps ∂s/∂E · ΔE, where E are the inputs or, if there is one, their encoding: that
        has a kink at each edge of a bin, and bins may be narrower than a step.
        """
        total = np.zeros(line.shape[1])
        middles = (line[1:] + line[:-1]) / 2
        for (network, *_), c in self._weighed():
            layers = network.copy().layers  # of this thread alone
            of = columns_of(layers[0])
            encoding = [] if of is None else [layers.pop(0)]
            of = np.arange(line.shape[1]) if of is None else of
            dE = np.diff(_through(encoding, line).astype(np.float64), axis=0)
            with suited_threads(network, len(line)):
                _through(layers, _through(encoding, middles))
                gradient = np.tile(c.astype(network.dtype), (len(middles), 1))  # s = Z c: dZ = c
                for layer in reversed(layers):
                    gradient = np.asarray(layer.backward(gradient, need_dX=True))
            np.add.at(total, of, (gradient * dE).sum(axis=0))
        return total

    def _weighed(self) -> list[tuple[EnsembleMember, Array]]:
        total = sum(member.weight for member in self.networks)
        c = self.c / total
        return [(one, c * one.weight / one.temperature) for one in self.networks]


def _through(layers: Sequence[Layer], X: Array) -> Array:
    for layer in layers:
        X = layer.forward(X)
    return X
