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
from typing import Any

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.data.class_names import Label
from plainnet.errors import DataError, SettingError
from plainnet.models.classifier import Classifier
from plainnet.models.explain_row import RowExplanation, explain_row
from plainnet.models.picture_samples import raw_pictures
from plainnet.models.question import Question, ThroughBackbone, class_asked
from plainnet.models.samples import Samples
from plainnet.network import Array, Rng, generator

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
    of: Label | np.generic | None = None,
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
    about = ThroughBackbone if classifier.extractor else Question
    named = answer if of is None else class_asked(classifier.classes, of)
    asked = about.about(classifier, raw, named)
    settings = _Settings.checked(samples, noise, patch, rng)
    return Explanation(
        answer,
        classifier.classes,
        P[0],
        named,
        method,
        METHODS[method](asked, settings),
        float(asked.scores(asked.x)[0] - asked.scores(np.zeros_like(asked.x))[0]),
        raw[0],
    )


def explain_any(
    classifier: Classifier,
    sample: Samples,
    *,
    of: Label | np.generic | None,
    method: str | None,
    **how: Any,
) -> Explanation | RowExplanation:
    """Explain what the classifier was trained on; see `Classifier.explain`."""
    classifier.check_trained()
    if classifier.picture_shape:
        return explain(classifier, sample, of=of, method=method, **how)
    if method is not None:
        raise SettingError(
            f"The method {method} is for pictures, but this model was trained on "
            f"{classifier.trained_on}; leave it out."
        )
    return explain_row(classifier, sample, of=of)


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
    classifier.check_trained()
    if not classifier.picture_shape:
        raise DataError(
            "This explanation shows the pixels of a picture, but the model was trained on feature "
            f"vectors of {classifier.preprocessing.shape[0]}; ask its method explain(…)."
        )
    raw = raw_pictures(picture, classifier.picture_shape)
    if len(raw) != 1:
        raise DataError(f"One picture is explained at a time, but got {len(raw)}; choose one.")
    return raw
