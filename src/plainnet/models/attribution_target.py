"""What an attribution explains: one number s, how much the networks prefer a class, or a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plainnet.data.class_matching import class_meant
from plainnet.data.class_names import Label
from plainnet.errors import SettingError
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.inputs import Inputs
from plainnet.network import Array
from plainnet.training.threads import suited_threads


class Explained(NamedTuple):
    """What of an answer is explained."""

    answer: str | float
    """A class, or a number."""
    of: str
    """The class that is explained, or the name of the number."""
    c: Array
    """The weights `(n_out,)` of a network's outputs in s = Z c + offset."""
    offset: float = 0.0


def class_asked(classes: tuple[str, ...], label: Label | np.generic) -> str:
    """The name of the class that is to be explained.

    Raises:
        SettingError: there is no such class.
    """
    place = class_meant(label, classes)
    if place is None:
        known = ", ".join(classes[:10]) + (", …" * (len(classes) > 10))
        raise SettingError(f"The class to explain must be one of {known}, but got {label!r}.")
    return classes[place]


def contrast(classes: tuple[str, ...], of: str, n_out: int) -> Array:
    """The weights c `(n_out,)` of the logits in s = Z c, how much the network prefers a class.

    Of more than two classes it is the logit minus the mean of the others. Softmax answers the same
    when all logits rise together, so a class's own logit may rise and mean nothing; the difference
    cannot. Of two classes it is the logit of their one output, the logarithm of the odds, and with
    two softmax outputs the difference is just that.
    """
    k = classes.index(of)
    if n_out == 1:
        return np.array([1.0 if k == 1 else -1.0])
    c = np.full(n_out, -1.0 / (n_out - 1))
    c[k] = 1.0
    return c


@dataclass(frozen=True)
class AttributionTarget:
    """s = the mean over the networks of Z c / temperature, plus an offset."""

    inputs: Inputs
    networks: Sequence[EnsembleMember]
    c: Array
    offset: float = 0.0

    def scores(self, X: Array) -> Array:
        """s of each input of the networks, float64 `(n,)`."""
        scores = np.full(len(X), self.offset)
        for (network, _), c in self._weighed():
            with suited_threads(network, len(X)):
                scores += network.forward(X).astype(np.float64) @ c
        return scores

    def scores_of(self, X: Array) -> Array:
        """s of pictures as `Inputs.centred` gives them, float64 `(n,)`."""
        return self.scores(self.inputs.of_centred(X, self.networks[-1].network.dtype))

    def gradients(self, X: Array) -> Array:
        """∂s/∂X, `(n, n_in)`, of inputs of the networks."""
        gradients = np.zeros_like(X)
        for (network, _), c in self._weighed():
            dZ = np.tile(c.astype(network.dtype), (len(X), 1))  # s = Z c: dZ = c
            with suited_threads(network, len(X)):
                network.forward(X)
                gradients += network.backward(dZ, need_dX=True)
        return gradients

    def _weighed(self) -> list[tuple[EnsembleMember, Array]]:
        c = self.c / len(self.networks)
        return [(member, c / member.temperature) for member in self.networks]
