"""Inputs: the samples of a user, raw rows of them, and the networks' inputs of these.

`inputs → networks → answers`. All differences between the kinds of samples are in
`kinds_of_inputs.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from plainnet.data import Dataset, Extractor
from plainnet.errors import DataError
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.samples import Samples
from plainnet.network import Array

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder
    from plainnet.tables.grids import Choose, Grid


class Row(NamedTuple):
    """One row to explain, and the average row of the training."""

    raw: Array
    """The features `(1, n)`."""
    average: Array
    """The average features `(1, n)`."""
    names: list[str]
    """The names of the columns."""
    cells: list[str]
    """The texts of the cells."""
    parts: list[slice]
    """The features of each column."""


class Inputs(ABC):
    """A kind of inputs.

    Args:
        preprocessing: maps raw rows to the networks' inputs.
        extractor: makes feature vectors of the samples, if there is one.
    """

    noun: ClassVar[str]
    """The word for one sample: `picture`, `row`, `sample`."""
    trained_on: ClassVar[str]
    """The word for the training samples: `pictures`, `a table`, `feature vectors`."""
    rows: ClassVar[str]
    """The word for the samples of the networks, for messages: `feature vectors`."""
    picture_shape: tuple[int, ...] = ()
    """The (height, width, channels) of pictures as the model sees them; () without pictures."""
    columns: TableEncoder | None = None
    """The encoder of a table's columns, if there is one."""
    has_gradient: ClassVar[bool] = True
    """Whether the gradient reaches the samples."""

    has_frozen_features: ClassVar[bool] = False
    """Whether the raw rows are features that did not learn from the training samples."""

    def __init__(self, preprocessing: Preprocessing, extractor: Extractor | None = None) -> None:
        self.preprocessing, self.extractor = preprocessing, extractor

    @classmethod
    def fit(cls, data: Dataset, varied: bool) -> Self:
        """Fit the preprocessing to training samples; `varied` pictures have no constant pixels."""
        return cls(Preprocessing.fit(data.X, data.weights, varied=varied), data.extractor)

    def varied(self, data: Dataset, augment: object) -> Dataset:  # noqa: ARG002
        """Return training samples with variations of them that are computed once.

        Args:
            data: the training samples.
            augment: the setting; pictures themselves are varied in each epoch.
        """
        return data

    @property
    def prepares(self) -> Preprocessing | None:
        """The preprocessing; None: raw rows are the networks' inputs."""
        return None if self.preprocessing.is_identity else self.preprocessing

    @property
    def n_in(self) -> int:
        """The number of a network's inputs."""
        return self.preprocessing.mean.size

    @property
    def summary(self) -> str:
        """A line for people about the inputs."""
        kind = "pictures" if self.preprocessing.is_pictures else "features"
        return f"{' × '.join(map(str, self.preprocessing.shape))} {kind}, as (raw − mean) / scale"

    @abstractmethod
    def raw(self, samples: Samples) -> Array:
        """Return raw rows `(N, …)` for the preprocessing, read and resized as needed.

        Raises:
            DataError: samples of another kind or shape than in training.
            PictureError: a picture cannot be read.
        """

    def prepare(self, raw: Array, dtype: np.dtype[Any]) -> Array:
        """Return the networks' inputs `(n, n_in)` of raw rows."""
        X = np.empty((len(raw), self.n_in), dtype)
        self.preprocessing(raw, X)
        return X

    def typical(self) -> tuple[Array, Array]:
        """Return mean and spread of the training samples, each in the shape of a sample."""
        made = self.preprocessing
        spread = np.broadcast_to(made.spread, made.mean.size)
        return made.mean.reshape(made.shape), spread.reshape(made.shape)

    def centred(self, raw: Array, dtype: np.dtype[Any]) -> Array:
        """Return pictures as an attribution changes them, `(n, n_in)`: 0 is the mean picture."""
        return self.prepare(raw, dtype)

    def of_centred(self, X: Array, dtype: np.dtype[Any]) -> Array:  # noqa: ARG002
        """Return the networks' inputs `(n, n_in)` of the result of `centred`."""
        return X

    def read_options(self) -> dict[str, Any]:
        """Return the arguments with which `read_data` reads a path as such samples."""
        return {} if self.extractor is None else {"extractor": self.extractor}

    def row(self, sample: Samples) -> Row:  # noqa: ARG002
        """Return one sample whose features can be explained.

        Raises:
            DataError: not exactly one sample, or a picture.
        """
        raise DataError(
            "This model was trained on pictures, whose pixels it explains; give it a picture."
        )

    def parts(self) -> dict[str, slice]:
        """Return the features of each column, by name.

        Raises:
            DataError: the samples are pictures.
        """
        raise DataError(
            "This model was trained on pictures, which have no columns; explain(…) shows which "
            "pixels led to an answer."
        )

    def grid(self, column: str, raw: Array, choose: Choose) -> Grid:
        """Return values of a column, chosen from those in raw rows, or its categories in them.

        Args:
            column: a key of `parts`.
            raw: `(N, n_in)`.
            choose: chooses among numbers.

        Raises:
            DataError: as `parts`.
        """
        from plainnet.tables.grids import Grid  # only where it is asked for

        values = choose(raw[:, self.parts()[column]][:, 0])
        return Grid("number", values.tolist(), values[:, None])
