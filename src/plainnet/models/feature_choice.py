"""Choosing between the features of a backbone and the pixels: a short measured comparison.

The same small network learns from both, on a few hundred of the training pictures, and answers
those that it has held out. The features are cached, so that a training on them has fewer to make.

Where convolutions would learn from the pixels, features of patches stand in for them: of cats and
dogs they answer 76.7 % correctly, convolutions 78.7 %, Dense layers 66.2 %, and a comparison takes
seconds instead of minutes. They do not see brightness, so that Dense layers are compared, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plainnet.data import Dataset, PictureExtractor, stratified_folds
from plainnet.errors import PictureError
from plainnet.metrics.paired import NOISE, mcnemar
from plainnet.models.classifier import Classifier
from plainnet.models.cross_validation import cross_validate, pooled_answers
from plainnet.network import Array
from plainnet.pictures import read_pictures
from plainnet.pictures.gathering import Progress
from plainnet.pictures.patches.extractor import PatchReader

MOST_PICTURES = 300
"""The largest number of pictures that are compared on."""
LEAST_OF_A_CLASS = 10
"""The number of pictures of each class from which a comparison says anything."""
FOLDS = 3
SIDE = 32
"""The side of the pictures whose pixels are compared, in pixels."""


@dataclass(frozen=True)
class FeatureComparison:
    """The share of held-out pictures that are answered correctly."""

    n: int
    """The number of pictures."""
    features: float
    """From the features."""
    pixels: float
    """From the pixels, or from patches of them, if that is more."""
    p: float
    """The probability of such a difference by chance (McNemar), of the largest of those compared
    (Bonferroni)."""
    of_pixels: str = f"{SIDE} × {SIDE} pixels"
    """What the pixels' answers are made from."""

    @property
    def prefers_features(self) -> bool:
        """Whether the pixels are not better beyond noise."""
        return self.features >= self.pixels or self.p >= NOISE

    @property
    def text(self) -> str:
        """The result in words."""
        return (
            f"of {self.n} held-out pictures {100 * self.features:.1f} % right from features, "
            f"{100 * self.pixels:.1f} % from {self.of_pixels}"
        )


def compare_features(
    folder: Path,
    files: Sequence[tuple[Path, str]],
    extractor: PictureExtractor,
    convolved: bool,
    progress: Progress | None = None,
) -> FeatureComparison | None:
    """Compare features and pixels on some pictures; None if a class has too few.

    Args:
        folder: the data.
        files: the training pictures, each with the name of its class.
        extractor: makes the features.
        convolved: whether convolutions would learn from the pixels.
        progress: called with (done, total) while features are made.
    """
    classes = sorted({name for _, name in files})
    y = np.array([classes.index(name) for _, name in files])
    if len(classes) < 2 or np.bincount(y).min() < LEAST_OF_A_CLASS:
        return None
    rows = _some(y, max(MOST_PICTURES, LEAST_OF_A_CLASS * len(classes)))
    paths, y = [files[i][0] for i in rows], y[rows]
    skip = list[PictureError]().append
    X, kept = extractor.read_files(folder, paths, on_unreadable=skip, progress=progress)
    pixels, same = read_pictures(paths, SIDE, on_unreadable=skip)
    if not np.array_equal(kept, same) or np.bincount(y[kept], minlength=2).min() < FOLDS:
        return None
    data = Dataset(np.asarray(X), y[kept], tuple(classes))
    shown = replace(data, X=pixels)
    others = {f"{SIDE} × {SIDE} pixels": shown}
    if convolved:
        others |= {f"patches of {SIDE} × {SIDE} pixels": _patches(shown)}
    a, right = _right(data), {name: _right(one) for name, one in others.items()}
    name, b = max(right.items(), key=lambda one: one[1].sum())
    p = min(len(others) * mcnemar(int((a & ~b).sum()), int((b & ~a).sum())), 1.0)
    return FeatureComparison(len(kept), float(a.mean()), float(b.mean()), p, name)


def _patches(data: Dataset) -> Dataset:
    """Return features of patches, whose dictionary all pictures share: it knows no classes."""
    return replace(PatchReader().of(data), source=None)


def _some(y: Array, most: int) -> Array:
    """Return at most so many rows, with every class in proportion."""
    n = -(-len(y) // most)
    return np.arange(len(y)) if n == 1 else stratified_folds(y, n, np.random.default_rng(0))[0]


def _right(data: Dataset) -> Array:
    """Return which samples a small network answers correctly that held them out: bool `(N,)`."""
    like = Classifier(
        hidden=(64,), network="dense", epochs=60, validation_share=0, augment="none", ensemble=1
    )
    A = pooled_answers(data, [*cross_validate(data, like, FOLDS)])
    right: Array = A.argmax(axis=1) == data.y
    return right
