"""Which pixels spoke for an answer, and which against it.

What is explained is one number s, how much the network prefers a class: its logit against those of
the others. Three ways to share s out among the pixels:

- `gradient`: input × gradient of s, by the network's own backward pass (Simonyan, Vedaldi,
  Zisserman: Deep inside convolutional networks, 2014, for the gradient; Shrikumar and others: Not
  just a black box, 2016, for the product). The inputs are differences to the mean picture, so for
  a linear network the relevances add up to s(picture) − s(mean picture), exactly.
- `smooth`: the same with the mean of the gradients at noisy copies of the picture (Smilkov, Thorat,
  Kim, Viégas, Wattenberg: SmoothGrad, 2017): fewer speckles.
- `occlusion`: how far s falls when a patch is covered by the mean picture (Zeiler, Fergus:
  Visualizing and understanding convolutional networks, 2014). No gradient, so no local slope that
  holds for tiny changes only.

Through a backbone that makes the features there is no gradient of ours, so only `occlusion` can
tell; the mean picture is of the one colour that the backbone is shown as 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, cast

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.classifier.classifier import Classifier
from plainnet.classifier.learner import Learner
from plainnet.classifier.samples import Samples, raw_pictures
from plainnet.errors import DataError, SettingError
from plainnet.network import Array, Network, Rng, generator
from plainnet.pictures import PictureExtractor

PATCHES = 8
"""Patches of occlusion that fit side by side into a picture, unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a picture was answered as it was."""

    answer: str
    """The most probable class."""
    classes: tuple[str, ...]
    probabilities: Array
    """Of each class `(K,)`, in the order of `classes`."""
    of: str
    """The class that the relevance is about."""
    method: str
    relevance: Array
    """`(height, width)` float64: above 0 what spoke for the class `of`, below 0 what spoke against
    it, in units of the logit, divided by the temperature as the probabilities are."""
    evidence: float
    """s(picture) − s(mean picture), which is what the relevances share out."""
    picture: Array
    """What the network saw: uint8 `(height, width, channels)`."""

    @property
    def probability(self) -> float:
        """Of the class `of`."""
        return float(self.probabilities[self.classes.index(self.of)])

    @property
    def share_for(self) -> float:
        """Of all that spoke, the share that spoke for the class; 0 where nothing spoke at all."""
        total = float(np.abs(self.relevance).sum())
        return float(self.relevance[self.relevance > 0].sum()) / total if total else 0.0


def explain(
    classifier: Classifier,
    picture: Samples,
    *,
    method: str | None = None,
    of: str | None = None,
    samples: int = 50,
    noise: float = 0.15,
    patch: int | None = None,
    rng: Rng | int | None = 0,
) -> Explanation:
    """Share the answer for one picture out among its pixels.

    A backward pass writes the network's `grad`; its parameters stay as they are.

    Args:
        classifier: trained on pictures.
        picture: a file, or an array as `Classifier.predict` takes it; one picture.
        method: a name of `METHODS`; None: `gradient`, or `occlusion` where a backbone makes the
            features.
        of: the class that is explained; None: the answer.
        samples: noisy copies, of `smooth`.
        noise: their standard deviation, as a share of the inputs' range, of `smooth`.
        patch: side of a patch in pixels, of `occlusion`; None: an eighth of the shorter side.
        rng: generator or seed of the noise.

    Raises:
        SettingError: an unknown method or class, or a setting out of its range.
        DataError: not one picture; as `PictureError`, one that cannot be read.
    """
    method = _method(classifier, method)
    raw = _one_picture(classifier, picture)
    P = classifier.predict_proba(raw)
    answer = classifier.classes[classifier.answers(P)[0]]
    about = _ThroughBackbone if classifier.extractor else Question
    asked = about.about(classifier, raw, answer if of is None else of)
    settings = _Settings.checked(samples, noise, patch, rng)
    return Explanation(
        answer,
        classifier.classes,
        P[0],
        answer if of is None else of,
        method,
        METHODS[method](asked, settings),
        float(asked.scores(asked.x)[0] - asked.scores(np.zeros_like(asked.x))[0]),
        raw[0],
    )


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
class _Settings:
    samples: int
    noise: float
    patch: int | None
    rng: Rng

    @classmethod
    def checked(
        cls, samples: int, noise: float, patch: int | None, rng: Rng | int | None
    ) -> "_Settings":
        return cls(
            check_whole("number of noisy copies", samples, 1),
            check_number("noise, a share of the inputs' range,", noise, "[0, inf)"),
            None if patch is None else check_whole("side of a patch", patch, 1),
            generator(rng),
        )


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
        if of not in classifier.classes:
            known = ", ".join(classifier.classes[:10]) + (", …" * (len(classifier.classes) > 10))
            raise SettingError(f"The class to explain must be one of {known}, but got {of!r}.")
        c = contrast(classifier.classes, of, classifier.network.n_out or 1) / len(members)
        networks = tuple((member.network, c / member.temperature) for member in members)
        return cls(networks, *cls._input(classifier, raw), classifier)

    @staticmethod
    def _input(classifier: Classifier, raw: Array) -> tuple[Array, tuple[int, ...]]:
        return _prepared(classifier, raw), classifier.preprocessing.shape

    def scores(self, X: Array) -> Array:
        """s of each input, float64 `(n,)`."""
        scores = np.zeros(len(X))
        for network, c in self.networks:
            scores += network.forward(X).astype(np.float64) @ c
        return scores

    def gradients(self, X: Array) -> Array:
        """∂s/∂X, `(n, n_in)`."""
        gradients = np.zeros_like(X)
        for network, c in self.networks:
            network.forward(X)
            dZ = np.tile(c.astype(network.dtype), (len(X), 1))  # s = Z c: dZ = c
            gradients += network.backward(dZ, need_dX=True)
        return gradients

    def per_pixel(self, relevance: Array) -> Array:
        """`(n_in,)`, summed over the channels: `(height, width)`."""
        summed: Array = relevance.reshape(self.shape).sum(axis=2, dtype=np.float64)
        return summed


class _ThroughBackbone(Question):
    """The input is the picture itself, less the colour that its backbone is shown as 0."""

    @staticmethod
    def _input(classifier: Classifier, raw: Array) -> tuple[Array, tuple[int, ...]]:
        seen = cast(PictureExtractor, classifier.extractor)
        return (raw - seen.average.astype(np.float32)).reshape(1, -1), seen.shape

    def scores(self, X: Array) -> Array:
        seen = cast(PictureExtractor, self.learner.extractor)
        pictures = (X.reshape(-1, *self.shape) + seen.average).astype(np.uint8)
        return super().scores(_prepared(self.learner, seen.extract(pictures)))


def _prepared(learner: Learner, raw: Array) -> Array:
    """The network's inputs `(n, n_in)` of raw samples."""
    x = np.empty((len(raw), learner.preprocessing.mean.size), learner.network.dtype)
    learner.preprocessing(raw, x)
    return x


def _gradient(asked: Question, settings: _Settings) -> Array:  # noqa: ARG001
    return asked.per_pixel(asked.x[0] * asked.gradients(asked.x)[0])  # x · ∂s/∂x


def _smooth(asked: Question, settings: _Settings) -> Array:
    sigma = settings.noise * float(np.ptp(asked.x))
    noise = settings.rng.normal(scale=sigma, size=(settings.samples, asked.x.size))
    gradients = asked.gradients((asked.x + noise).astype(asked.x.dtype))
    return asked.per_pixel(asked.x[0] * gradients.mean(axis=0))  # x · mean of ∂s/∂x at x + noise


def _occlusion(asked: Question, settings: _Settings) -> Array:
    """A patch's fall of s is shared among its pixels; a pixel has the mean of its patches."""
    height, width, _ = asked.shape
    side = settings.patch or max(1, min(height, width) // PATCHES)
    tall, wide = min(side, height), min(side, width)
    lefts = _places(width, wide)
    s = asked.scores(asked.x)[0]
    total, covered = np.zeros((height, width)), np.zeros((height, width))
    for top in _places(height, tall):
        X = np.repeat(asked.x, len(lefts), axis=0)
        pictures = X.reshape(-1, *asked.shape)
        for picture, left in zip(pictures, lefts, strict=True):
            picture[top : top + tall, left : left + wide] = 0  # the mean picture
        for left, fall in zip(lefts, s - asked.scores(X), strict=True):
            total[top : top + tall, left : left + wide] += fall / (tall * wide)
            covered[top : top + tall, left : left + wide] += 1
    return total / covered


def _places(length: int, side: int) -> list[int]:
    """Where patches begin: each half a side after the last, and one at the very end."""
    return sorted({*range(0, length - side + 1, max(1, side // 2)), length - side})


METHODS: Mapping[str, Callable[[Question, _Settings], Array]] = {
    "gradient": _gradient,
    "smooth": _smooth,
    "occlusion": _occlusion,
}


def _method(classifier: Classifier, method: str | None) -> str:
    """The method, or the usual one."""
    if method is None:
        return "occlusion" if classifier.extractor else "gradient"
    if method not in METHODS:
        raise SettingError(f"The method must be one of {', '.join(METHODS)}, but got {method!r}.")
    if classifier.extractor and method != "occlusion":
        raise SettingError(
            f"The method {method} needs a gradient, which does not come through the backbone that "
            "makes the features; take occlusion."
        )
    return method


def _one_picture(classifier: Classifier, picture: Samples) -> Array:
    """The raw picture `(1, height, width, channels)`."""
    if not classifier.classes:
        raise SettingError("This classifier has not learned anything yet; call fit(…) first.")
    if not classifier.picture_shape:
        raise DataError(
            "An explanation shows the pixels of a picture, but this model was trained on feature "
            f"vectors of {classifier.preprocessing.shape[0]}; train one on pictures."
        )
    raw = raw_pictures(picture, classifier.picture_shape)
    if len(raw) != 1:
        raise DataError(f"One picture is explained at a time, but got {len(raw)}; choose one.")
    return raw
