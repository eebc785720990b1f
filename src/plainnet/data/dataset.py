"""A data set: samples, the index of each sample's class, and the names of the classes.

For regression, a number for each sample replaces the class, and with several targets a row of
classes or numbers. A data set is checked once, when it is made, so that no other code has to check
it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plainnet.data.class_names import Label, class_name, plain_label
from plainnet.data.extractor import Extractor, Source
from plainnet.data.sample_checks import check_samples, checked_weights
from plainnet.data.target_column import TargetColumn
from plainnet.errors import DataError
from plainnet.files.rows import MemoryMappedRows, select
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.network.arrays import Array
from plainnet.network.numbers import unmasked

if TYPE_CHECKING:
    from plainnet.pictures.files import Header
    from plainnet.pictures.scanning import LeftOut


@dataclass(frozen=True, eq=False)
class Dataset:
    """N samples with their classes, with a `target` with their numbers, or with several `targets`.

    >>> Dataset(np.zeros((4, 3)), np.array([0, 1, 0, 1]), ("no", "yes")).counts()
    {'no': 2, 'yes': 2}

    Raises:
        DataError: the parts do not fit together; the message begins with `name`.
    """

    X: Array
    """The samples: pictures, uint8 `(N, height, width, channels)` with 1 or 3 channels, or feature
    vectors, finite numbers `(N, n)` below 1e100. Large arrays are `MemoryMappedRows`, which stay
    on the disk."""
    y: Array
    """The index of each sample's class, from 0: int64 `(N,)`. With a `target`, its value for each
    sample: finite float64 `(N,)`. With k `targets`, a column of the one or the other kind for each,
    `(N, k)`."""
    classes: tuple[str, ...] = ()
    """The name of each class, by its index."""
    paths: tuple[Path, ...] | None = None
    """The file of each sample; None without files."""
    name: str = "the data set"
    """The source of the data, for messages."""
    extractor: Extractor | None = None
    """The extractor that made the features; None without one."""
    lines: Array | None = None
    """The line of the file that each sample came from, `(N,)`; None without lines."""
    target: str | None = None
    """The name of the number to predict; None for classification, or with several targets."""
    labels: tuple[Label, ...] = ()
    """The original labels of the classes: `(0, 1)` for the classes `("0", "1")`; () if they are
    the names."""
    weights: Array | None = None
    """The weight of each sample in training and evaluation, `(N,)`; None if all are equal.
    Samples of weight 0 may hold any values; they are left out of everything."""
    source: Source | None = None
    """The rows that a fitted extractor made the features of, so that another one can be fitted to
    some of them; None without such an extractor."""
    targets: tuple[TargetColumn, ...] = ()
    """The targets if there are several, by their columns in `y`: all classes, or all numbers."""

    def __post_init__(self) -> None:
        for name in ("X", "y", "weights"):
            given = getattr(self, name)
            is_array = type(given) in (np.ndarray, MemoryMappedRows)
            if not is_array and not (name == "weights" and given is None):
                object.__setattr__(self, name, unmasked(given, f"{self.name} ({name})"))
        if self.weights is not None:
            weights = checked_weights(self.weights, len(self.X), self._error)
            object.__setattr__(self, "weights", weights)
        check_samples(self.X, self.weights, self._error)
        self._check_targets() if self.targets else self._check_answers()
        if self.paths is not None and len(self.paths) != len(self.X):
            raise self._error(f"has {len(self.X)} samples but {len(self.paths)} paths.")

    def __len__(self) -> int:
        return len(self.X)

    @property
    def holds_numbers(self) -> bool:
        """Whether the targets are numbers rather than classes."""
        return self.target is not None or any(not one.classes for one in self.targets)

    @property
    def is_pictures(self) -> bool:
        """Whether the samples are pictures rather than feature vectors."""
        return self.X.ndim == 4

    def of_target(self, i: int) -> Dataset:
        """Return the data set with one of its several targets alone."""
        alone, (name, classes, labels) = copy(self), self.targets[i]
        target = None if classes else name
        parts = {"y": self.y[:, i], "classes": classes, "labels": labels, "target": target}
        for field_name, value in {**parts, "targets": ()}.items():  # which were checked together
            object.__setattr__(alone, field_name, value)
        return alone

    def take(self, rows: Array | Sequence[int] | slice) -> Dataset:
        """Return the data set of these rows, in this order: indices, a mask or a slice."""
        paths = self.paths
        if paths is not None:
            paths = tuple(paths[i] for i in np.arange(len(self))[rows])
        lines = None if self.lines is None else self.lines[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(
            self,
            X=select(self.X, rows),
            y=self.y[rows],
            paths=paths,
            lines=lines,
            weights=weights,
            source=None if self.source is None else self.source.take(rows),
        )

    def refit(self, other: Dataset) -> tuple[Dataset, Dataset]:
        """Return this data set and another with features by an extractor fitted to this one alone.

        They stay as they are if no fitted extractor made their features.
        """
        here, there = self.source, other.source
        if here is None or there is None:
            return self, other
        extractor, X = here.fit_extractor(self.y, self.classes, self.weights)
        fitted = replace(self, X=X, extractor=extractor, source=here.by(extractor))
        X = extractor.extract(there)
        return fitted, replace(other, X=X, extractor=extractor, source=there.by(extractor))

    def without_targets_of_others(self) -> Dataset:
        """Return the data set with features that know the targets of its own samples only.

        Features that depend on the target, such as the mean target of a category, were computed
        from all training samples; a network that holds out some of these must not learn from them.
        """
        if self.source is None:
            return self
        X = self.source.target_features(self.X, self.y, self.classes, self.weights)
        return self if X is self.X else replace(self, X=X)

    def counting(self) -> Array:
        """Return the rows of all samples except those of weight 0.

        Raises:
            DataError: there are none.
        """
        if self.weights is None:
            return np.arange(len(self))
        if not self.weights.any():
            raise self._error("has no sample with a weight above 0; give some samples one.")
        return np.flatnonzero(self.weights)

    def counted(self) -> Dataset:
        """Return the data set without samples of weight 0, and without weights that are all 1.

        Raises:
            DataError: all samples have weight 0.
        """
        rows = self.counting()
        counted = self if len(rows) == len(self) else self.take(rows)
        if counted.weights is None or not (counted.weights == 1).all():
            return counted
        return replace(counted, weights=None)

    def counts(self) -> dict[str, int]:
        """Return the number of samples of each class, in order of `classes`.

        It is {} for numbers, and with several targets.
        """
        if self.holds_numbers or self.targets:
            return {}
        numbers = np.bincount(self.y, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))

    def check_for_training(self) -> None:
        """Raise a DataError unless at least two classes, or two target values, are present."""
        for i in range(len(self.targets)):
            self.of_target(i).check_for_training()
        if self.targets:
            return
        if self.holds_numbers:
            if np.ptp(self.y) == 0:
                raise self._error(
                    f"holds only one value of {self.target!r}, {self.y[0]:g}, so there is nothing "
                    "to learn; add samples with other values."
                )
            return
        present = [name for name, count in self.counts().items() if count]
        if len(present) < 2:
            raise self._error(
                f"holds samples of only one class, {present[0]!r}, but a classifier needs at least "
                "two; add another class."
            )

    def _name_classes(self) -> None:
        """Name classes that are given as numbers, and keep the numbers as labels."""
        given = tuple(self.classes)
        try:
            names = tuple(name if isinstance(name, str) else class_name(name) for name in given)
        except ValueError as error:
            raise self._error(f"must name each class, but {error}.") from None
        if names != given:
            object.__setattr__(self, "labels", self.labels or tuple(map(plain_label, given)))
        object.__setattr__(self, "classes", names)

    def _check_targets(self) -> None:
        k, names = len(self.targets), [one.name for one in self.targets]
        if self.y.shape != (len(self.X), k) or k < 2 or len({*names}) < k:
            raise self._error(
                f"has {len(self.X)} samples and {k} targets, {', '.join(names)}, and needs an "
                f"answer to each, shape ({len(self.X)}, {k}), and different names, but y is "
                f"{self.y.dtype} {self.y.shape}."
            )
        if len({bool(one.classes) for one in self.targets}) > 1:
            raise self._error(
                f"has classes and numbers as targets, {', '.join(names)}, but one model learns "
                "either; train one for the classes and one for the numbers."
            )
        parts = [self.of_target(i) for i in range(k)]
        for part in parts:
            part._check_answers()
        object.__setattr__(self, "y", np.stack([part.y for part in parts], axis=1))

    def _check_answers(self) -> None:
        self._check_numbers() if self.holds_numbers else self._check_y()

    def _check_y(self) -> None:
        self._name_classes()
        y, n_classes = self.y, len(self.classes)
        if y.shape != (len(self.X),) or not np.issubdtype(y.dtype, np.integer):
            raise self._error(
                f"has {len(self.X)} samples and needs as many class indices, integers of shape "
                f"({len(self.X)},), but y is {y.dtype} {y.shape}."
            )
        if n_classes == 0 or len(set(self.classes)) < n_classes:
            raise self._error(f"must name each class once, but classes is {self.classes}.")
        if self.labels and len(self.labels) != n_classes:
            raise self._error(f"has {n_classes} classes, but {len(self.labels)} labels of classes.")
        if y.min() < 0 or y.max() >= n_classes:
            raise self._error(
                f"has {n_classes} classes, numbered from 0 to {n_classes - 1}, but y ranges from "
                f"{y.min()} to {y.max()}."
            )
        object.__setattr__(self, "y", y.astype(np.int64, copy=False))

    def _check_numbers(self) -> None:
        y = self.y
        if y.shape != (len(self.X),) or y.dtype.kind not in "biuf":
            raise self._error(
                f"has {len(self.X)} samples and needs a number of {self.target!r} for each, shape "
                f"({len(self.X)},), but y is {y.dtype} {y.shape}."
            )
        object.__setattr__(self, "y", y.astype(np.float64, copy=False))
        valid = np.abs(self.y) < LARGEST_NUMBER
        if self.weights is not None:
            valid |= self.weights == 0
        if len(bad := np.flatnonzero(~valid)):
            raise self._error(
                f"has {len(bad)} samples whose {self.target!r} is not a finite number below 1e100, "
                f"the first, {self.y[bad[0]]}, in row {bad[0]}; leave them out."
            )

    def _error(self, what: str) -> DataError:
        return DataError(f"{self.name} {what}")


@dataclass(frozen=True)
class Splits:
    """The data sets of one source: for training, validation and test."""

    path: Path
    train: Dataset | None = None
    validation: Dataset | None = None
    test: Dataset | None = None
    left_out: tuple[LeftOut, ...] | None = None
    """Every file of a folder of pictures that is not in these data sets, with the reason."""
    headers: Mapping[Path, Header] = field(default_factory=dict, repr=False)
    """What the picture files say of themselves, as far as it was noted when they were read."""
