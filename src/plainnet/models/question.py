"""What a classifier is asked to explain: one number s, how much its networks prefer a class."""

from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from plainnet.data import PictureExtractor
from plainnet.data.class_matching import class_meant
from plainnet.data.class_names import Label
from plainnet.errors import SettingError
from plainnet.models.classifier import Classifier
from plainnet.models.learner import Learner
from plainnet.network import Array, Network
from plainnet.training.threads import suited_threads


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
class Question:
    """The networks of a classifier, the question to each, and the one input that it is about.

    Of an ensemble the mean of its networks' scores is explained.
    """

    networks: tuple[tuple[Network, Array], ...]  # with the weights c of its logits
    x: Array  # (1, n_in), prepared: 0 is the mean picture
    shape: tuple[int, ...]  # (height, width, channels)
    learner: Learner

    @classmethod
    def about(cls, classifier: Classifier, raw: Array, of: str) -> Self:
        """How much the networks of a classifier prefer a class, for one raw sample."""
        members = classifier.members
        c = contrast(classifier.classes, of, classifier.network.n_out or 1) / len(members)
        networks = tuple((member.network, c / member.temperature) for member in members)
        return cls(networks, *cls._input(classifier, raw), classifier)

    @staticmethod
    def _input(classifier: Classifier, raw: Array) -> tuple[Array, tuple[int, ...]]:
        return prepared(classifier, raw), classifier.preprocessing.shape

    def scores(self, X: Array) -> Array:
        """s of each input, float64 `(n,)`."""
        scores = np.zeros(len(X))
        for network, c in self.networks:
            with suited_threads(network, len(X)):
                scores += network.forward(X).astype(np.float64) @ c
        return scores

    def gradients(self, X: Array) -> Array:
        """∂s/∂X, `(n, n_in)`."""
        gradients = np.zeros_like(X)
        for network, c in self.networks:
            dZ = np.tile(c.astype(network.dtype), (len(X), 1))  # s = Z c: dZ = c
            with suited_threads(network, len(X)):
                network.forward(X)
                gradients += network.backward(dZ, need_dX=True)
        return gradients

    def per_pixel(self, relevance: Array) -> Array:
        """`(n_in,)`, summed over the channels: `(height, width)`."""
        summed: Array = relevance.reshape(self.shape).sum(axis=2, dtype=np.float64)
        return summed


class ThroughBackbone(Question):
    """The input is the picture itself, less the colour that its backbone is shown as 0."""

    @staticmethod
    def _input(classifier: Classifier, raw: Array) -> tuple[Array, tuple[int, ...]]:
        seen = cast(PictureExtractor, classifier.extractor)
        return (raw - seen.average.astype(np.float32)).reshape(1, -1), seen.shape

    def scores(self, X: Array) -> Array:
        """s of each picture, through the backbone."""
        seen = cast(PictureExtractor, self.learner.extractor)
        pictures = (X.reshape(-1, *self.shape) + seen.average).astype(np.uint8)
        return super().scores(prepared(self.learner, seen.extract(pictures)))


def prepared(learner: Learner, raw: Array) -> Array:
    """The network's inputs `(n, n_in)` of raw samples."""
    x = np.empty((len(raw), learner.preprocessing.mean.size), learner.network.dtype)
    learner.preprocessing(raw, x)
    return x
