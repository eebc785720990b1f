"""What spoke for an answer, and what against it: pixels, columns of a table, or features.

What is explained is one number s: of classes how much the networks prefer one, its logit against
those of the others (`attribution_target.contrast`), of a quantity the predicted number itself.

Of a picture s(picture) − s(mean picture) is shared out among the pixels, in one of three ways:

- `gradient`: input × gradient of s, by the network's own backward pass (Simonyan, Vedaldi,
  Zisserman: Deep inside convolutional networks, 2014, for the gradient; Shrikumar and others: Not
  just a black box, 2016, for the product). The inputs are differences to the mean picture, so for
  a linear network the relevances add up to the difference, exactly.
- `smooth`: the same with the mean of the gradients at noisy copies of the picture (Smilkov, Thorat,
  Kim, Viégas, Wattenberg: SmoothGrad, 2017): fewer speckles.
- `occlusion`: how far s falls when a patch is covered by the mean picture (Zeiler, Fergus:
  Visualizing and understanding convolutional networks, 2014). No gradient, so no local slope that
  holds for tiny changes only. It is the only way through a backbone, which has no gradient of ours;
  the mean picture is of the one colour that the backbone is shown as 0.

Of a row s(row) − s(average row) is shared out among its features, on the straight line from the one
to the other: (x − x̄) times the mean of ∂s/∂x along it; features are summed up by their columns. The
contributions add up to the difference, up to the integration error. Sundararajan, Taly, Yan:
Axiomatic attribution for deep networks (2017), integrated gradients.
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

STEPS = 200
"""Of the line from the average row: s has a kink wherever a unit is switched on or off."""


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

    def to_dict(self) -> dict[str, Any]:
        """All but the picture in plain Python values, ready for JSON."""
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
    """Why a row was answered as it was."""

    answer: str | float
    """A class, or a number."""
    of: str
    """The class that is explained, or the target."""
    score: float
    """s(row): of a class in units of the logit, else the number."""
    average: float
    """s(average row), which the contributions lead away from."""
    columns: tuple[str, ...]
    """By the size of their contribution, the largest first; features by number, `feature 0`, …."""
    cells: tuple[str, ...]
    """What stands in them."""
    contributions: Array
    """float64 `(C,)`: above 0 what raised s."""

    @property
    def relevance(self) -> Array:
        """The contributions."""
        return self.contributions

    @property
    def evidence(self) -> float:
        """s(row) − s(average row), which is what the contributions share out."""
        return self.score - self.average

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain Python values, ready for JSON."""
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
    """Explain whatever the model was trained on; see `Classifier.explain`."""
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
    """Share the answer for one picture out among its pixels.

    A backward pass writes the network's `grad`; its parameters stay as they are.

    Args:
        model: trained on the classes of pictures.
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
    model.check_trained()
    method = _method(model, method)
    raw = _one_picture(model, picture)
    P = model.mean_answers(raw)
    explained = model.answers.explained(P, of)
    target = AttributionTarget(model.inputs, model.networks, *explained[2:])
    x = model.inputs.centred(raw, model.network.dtype)
    settings = PixelSettings.checked(samples, noise, patch, rng)
    relevance = METHODS[method](target, x, model.picture_shape, settings)
    return Explanation(
        str(explained.answer),
        model.answers.names,
        P[0],
        explained.of,
        method,
        relevance,
        float(target.scores_of(x)[0] - target.scores_of(np.zeros_like(x))[0]),
        raw[0],
    )


def explain_row(
    model: Model, sample: Samples, *, of: Label | np.generic | None = None
) -> RowExplanation:
    """Share the answer for one row out among its columns, or its features.

    Args:
        model: trained on a table, or on feature vectors.
        sample: a table of one row, or one feature vector.
        of: the class that is explained; None: the answer.

    Raises:
        DataError: the model was trained on pictures, or it is not one row.
        SettingError: an unknown class, or one of a regressor.
    """
    model.check_trained()
    row = model.inputs.row(sample)
    explained = model.answers.explained(model.answers_of(row.raw), of)
    target = AttributionTarget(model.inputs, model.networks, *explained[2:])
    x, start = (model.inputs.prepare(raw, model.network.dtype) for raw in (row.raw, row.average))
    steps = (np.arange(STEPS) + 0.5)[:, None] / STEPS
    line = start + steps * (x - start)
    gradient = target.gradients(line.astype(x.dtype)).mean(axis=0, dtype=np.float64)
    shares = (x[0].astype(np.float64) - start[0]) * gradient
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
    """The method, or the usual one."""
    if method is None:
        return "gradient" if model.inputs.has_gradient else "occlusion"
    if method not in METHODS:
        raise SettingError(f"The method must be one of {', '.join(METHODS)}, but got {method!r}.")
    if method != "occlusion" and not model.inputs.has_gradient:
        raise SettingError(
            f"The method {method} needs a gradient, which does not come through the backbone that "
            "makes the features; take occlusion."
        )
    return method


def _one_picture(model: Model, picture: Samples) -> Array:
    """The raw picture `(1, height, width, channels)`."""
    if not model.picture_shape:
        raise DataError(
            "This explanation shows the pixels of a picture, but the model was trained on feature "
            f"vectors of {model.inputs.n_in}; ask its method explain(…)."
        )
    raw = raw_pictures(picture, model.picture_shape)
    if len(raw) != 1:
        raise DataError(f"One picture is explained at a time, but got {len(raw)}; choose one.")
    return raw
