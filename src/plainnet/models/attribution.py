"""Attribution: how much each pixel, column or feature contributed to an answer.

The explained score s is one number: for classes the networks' preference for one, its logit against
those of the others (`attribution_target.contrast`), for a quantity the predicted number.

For a picture, s(picture) − s(mean picture) is distributed over the pixels by one of four methods:

- `gradient`: input × gradient of s, by the network's own backward pass (Simonyan, Vedaldi,
  Zisserman: Deep inside convolutional networks, 2014, for the gradient; Shrikumar and others: Not
  just a black box, 2016, for the product). The inputs are differences to the mean picture, so the
  relevances of a linear network add up to the difference exactly.
- `smooth`: the same with the mean of the gradients at noisy copies of the picture (Smilkov, Thorat,
  Kim, Viégas, Wattenberg: SmoothGrad, 2017); it has fewer speckles.
- `occlusion`: the fall of s when the mean picture covers a patch (Zeiler, Fergus: Visualizing and
  understanding convolutional networks, 2014). It needs no gradient, whose slope holds for tiny
  changes only. It is the only method for a backbone, which has no gradient here; the mean picture
  is then the one colour that the backbone receives as 0.
- `class-map`: what each pixel of the last convolution adds to s, spread over the picture (Zhou and
  others: Learning deep features for discriminative localization, 2016). It adds up to the
  difference exactly, and is as coarse as that layer. Only for networks that end with the mean over
  all pixels and one Dense layer.

For a row, s(row) − s(average row) is distributed over its features, along the straight line between
the two: (x − x̄) times the mean of ∂s/∂x on it; a column gets the sum of its features. If the
network encodes numbers in bins, the integral is taken over these. The contributions add up to the
difference, up to the integration error. Sundararajan, Taly, Yan: Axiomatic attribution for deep
networks (2017), integrated gradients.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.data.class_names import Label
from plainnet.errors import DataError, SettingError
from plainnet.models.attribution_methods import METHODS, PixelSettings
from plainnet.models.attribution_target import AttributionTarget
from plainnet.models.model import Model
from plainnet.models.picture_samples import raw_pictures
from plainnet.models.samples import Samples
from plainnet.network import Array, Rng

LINE_STEPS = 200
"""The steps on the line from the average row: s has a kink wherever a ReLU switches."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """The attribution of the answer to a picture."""

    answer: str
    """The most probable class."""
    classes: tuple[str, ...]
    probabilities: Array
    """The probability of each class `(K,)`, in the order of `classes`."""
    of: str
    """The class that is explained."""
    method: str
    relevance: Array
    """The contribution of each pixel to the class `of`, `(height, width)` float64: above 0 for it,
    below 0 against it, in units of the logit / temperature."""
    evidence: float
    """s(picture) − s(mean picture), which the relevances distribute."""
    picture: Array
    """The picture as the network saw it: uint8 `(height, width, channels)`."""

    @property
    def probability(self) -> float:
        """The probability of the class `of`."""
        return float(self.probabilities[self.classes.index(self.of)])

    @property
    def share_for(self) -> float:
        """The share of the contributions that is for the class; 0 if all of them are 0."""
        total = float(np.abs(self.relevance).sum())
        return float(self.relevance[self.relevance > 0].sum()) / total if total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the picture as JSON values."""
        P = self.probabilities.astype(float).round(6).tolist()
        return {
            "answer": self.answer,
            "probabilities": dict(zip(self.classes, P, strict=True)),
            "explained": self.of,
            "method": self.method,
            "evidence": self.evidence,
            "share_for": self.share_for,
            "relevance": [[float(f"{v:.5g}") for v in row] for row in self.relevance],
        }


@dataclass(frozen=True, eq=False)
class RowExplanation:
    """The attribution of the answer to a row."""

    answer: str | float
    """A class, or a number."""
    of: str
    """The explained class, or the target."""
    score: float
    """s(row): for a class in units of the logit, else the number."""
    average: float
    """s(average row), where the contributions start."""
    columns: tuple[str, ...]
    """The columns, the largest contribution first; features by index, `feature 0`, …."""
    cells: tuple[str, ...]
    """The texts of their cells."""
    contributions: Array
    """The contributions, float64 `(C,)`: above 0 if they raise s."""

    @property
    def relevance(self) -> Array:
        """The contributions."""
        return self.contributions

    @property
    def evidence(self) -> float:
        """s(row) − s(average row), which the contributions distribute."""
        return self.score - self.average

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        parts = zip(self.columns, self.cells, self.contributions.tolist(), strict=True)
        return {
            "answer": self.answer,
            "explained": self.of,
            "score": self.score,
            "average": self.average,
            "contributions": [
                {"column": name, "cell": cell, "contribution": value} for name, cell, value in parts
            ],
        }


def explain(
    model: Model, sample: Samples, *, of: Label | np.generic | None, method: str | None, **how: Any
) -> Explanation | RowExplanation:
    """Explain one answer of any model; see `Classifier.explain`."""
    model.check_trained()
    if model.picture_shape:
        return explain_pixels(model, sample, of=of, method=method, **how)
    if method is not None:
        raise SettingError(
            f"The method {method} is for pictures, but this model was trained on "
            f"{model.trained_on}; leave it out."
        )
    return explain_row(model, sample, of=of)


def explain_pixels(
    model: Model,
    picture: Samples,
    *,
    method: str | None = None,
    of: Label | np.generic | None = None,
    samples: int = 50,
    noise: float = 0.15,
    patch: int | None = None,
    rng: Rng | int | None = 0,
) -> Explanation:
    """Distribute the answer to one picture over its pixels; this overwrites `grad`.

    Args:
        model: a classifier of pictures.
        picture: one picture, a file or an array as `Classifier.predict` takes it.
        method: a name of `METHODS`; None: `gradient`, or `occlusion` for a backbone.
        of: the class to explain; None: the answer.
        samples: the number of noisy copies, for `smooth`.
        noise: their standard deviation, as a share of the inputs' range, for `smooth`.
        patch: side of a patch in pixels, for `occlusion`; None: an eighth of the shorter side.
            Patches overlap, except through a backbone without a side.
        rng: generator or seed of the noise.

    Raises:
        SettingError: an unknown method or class, or a setting out of range.
        DataError: not exactly one picture; as `PictureError`, it cannot be read.
    """
    model.check_trained()
    method = _method(model, method)
    raw = _one_picture(model, picture)
    P = model.mean_answers(raw)
    explained = model.answers.explained(P, of)
    target = AttributionTarget(model.inputs, model.networks, *explained[2:])
    x = model.inputs.centred(raw, model.network.dtype)
    how = PixelSettings.checked(samples, noise, patch, rng)
    return Explanation(
        str(explained.answer),
        model.answers.names,
        P[0],
        explained.of,
        method,
        METHODS[method](target, x, model.picture_shape, how),
        float(target.scores_of(x)[0] - target.scores_of(np.zeros_like(x))[0]),
        raw[0],
    )


def explain_row(
    model: Model, sample: Samples, *, of: Label | np.generic | None = None
) -> RowExplanation:
    """Distribute the answer to one row over its columns or features.

    Args:
        model: a model of tables or feature vectors.
        sample: a table of one row, or one feature vector.
        of: the class to explain; None: the answer.

    Raises:
        DataError: the model was trained on pictures, or it is not exactly one row.
        SettingError: an unknown class, or a class for a regressor.
    """
    model.check_trained()
    row = model.inputs.row(sample)
    explained = model.answers.explained(model.answers_of(row.raw), of)
    target = AttributionTarget(model.inputs, model.networks, *explained[2:])
    x, start = (model.inputs.prepare(raw, model.network.dtype) for raw in (row.raw, row.average))
    line = start + np.linspace(0, 1, LINE_STEPS + 1)[:, None] * (x - start)
    shares = target.integral(line.astype(x.dtype))
    contributions = np.array([shares[place].sum() for place in row.parts])
    order = np.argsort(-np.abs(contributions), kind="stable")
    return RowExplanation(
        explained.answer,
        explained.of,
        float(target.scores(x)[0]),
        float(target.scores(start)[0]),
        tuple(row.names[i] for i in order),
        tuple(row.cells[i] for i in order),
        contributions[order],
    )


def _method(model: Model, method: str | None) -> str:
    """Return the method, by default the usual one."""
    if method is None:
        return "gradient" if model.inputs.has_gradient else "occlusion"
    if method not in METHODS:
        raise SettingError(f"The method must be one of {', '.join(METHODS)}, but got {method!r}.")
    if method != "occlusion" and not model.inputs.has_gradient:
        raise SettingError(
            f"The method {method} needs a gradient, but the backbone that makes the features has "
            "none; use occlusion."
        )
    return method


def _one_picture(model: Model, picture: Samples) -> Array:
    """Return the raw picture `(1, height, width, channels)`."""
    if not model.picture_shape:
        raise DataError(
            "This explanation shows the pixels of a picture, but the model was trained on feature "
            f"vectors of {model.inputs.n_in}; call its method explain(…)."
        )
    raw = raw_pictures(picture, model.picture_shape)
    if len(raw) != 1:
        raise DataError(f"One picture is explained at a time, but got {len(raw)}; choose one.")
    return raw
