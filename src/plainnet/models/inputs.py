"""What a model takes, and how the networks' inputs are made of it.

`inputs → networks → answers`: the inputs make raw rows of what a user hands in, and the networks'
inputs of raw rows. Everything that differs between the kinds of samples is in `kinds_of_inputs`.
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


class Row(NamedTuple):
    """One row, and the average row of the training."""

    raw: Array
    """Features `(1, n)`."""
    average: Array
    """`(1, n)`."""
    names: list[str]
    """Of its columns."""
    cells: list[str]
    """What stands in them."""
    parts: list[slice]
    """The features of each column."""


class Inputs(ABC):
    """A kind of inputs.

    Args:
        preprocessing: from raw rows to the networks' inputs.
        extractor: what makes feature vectors of what is handed in, if something does.
    """

    noun: ClassVar[str]
    """What one sample is called: `picture`, `row`, `sample`."""
    trained_on: ClassVar[str]
    """What kind of samples the model was trained on: `pictures`, `a table`, `feature vectors`."""
    rows: ClassVar[str]
    """What the networks learn from, for messages: `feature vectors`."""
    picture_shape: tuple[int, ...] = ()
    """(height, width, channels) of the pictures that are looked at; () if there are none."""
    columns: TableEncoder | None = None
    """What makes features of a table, if it is one."""
    has_gradient: ClassVar[bool] = True
    """Whether a gradient comes through to what is handed in."""

    def __init__(self, preprocessing: Preprocessing, extractor: Extractor | None = None) -> None:
        self.preprocessing, self.extractor = preprocessing, extractor

    @classmethod
    def fit(cls, data: Dataset, varied: bool) -> Self:
        """Fit the preprocessing to training samples; pictures may be `varied` while training."""
        return cls(Preprocessing.fit(data.X, data.weights, varied=varied), data.extractor)

    @property
    def n_in(self) -> int:
        """How many inputs a network has."""
        return self.preprocessing.mean.size

    @property
    def summary(self) -> str:
        """What they are, in a line for people."""
        kind = "pictures" if self.preprocessing.is_pictures else "features"
        return f"{' × '.join(map(str, self.preprocessing.shape))} {kind}, as (raw − mean) / scale"

    @abstractmethod
    def raw(self, samples: Samples) -> Array:
        """Raw rows `(N, …)` as the preprocessing takes them, read and resized where needed.

        Raises:
            DataError: samples of another kind or shape than the model was trained on.
            PictureError: a picture that cannot be read.
        """

    def prepare(self, raw: Array, dtype: np.dtype[Any]) -> Array:
        """The networks' inputs `(n, n_in)` of raw rows."""
        X = np.empty((len(raw), self.n_in), dtype)
        self.preprocessing(raw, X)
        return X

    def typical(self) -> tuple[Array, Array]:
        """The mean of the samples in training and their spread, each in the shape of a sample."""
        made = self.preprocessing
        spread = np.broadcast_to(made.spread, made.mean.size)
        return made.mean.reshape(made.shape), spread.reshape(made.shape)

    def centred(self, raw: Array, dtype: np.dtype[Any]) -> Array:
        """Pictures as an attribution changes them, `(n, n_in)`: 0 is the mean picture."""
        return self.prepare(raw, dtype)

    def of_centred(self, X: Array, dtype: np.dtype[Any]) -> Array:  # noqa: ARG002
        """The networks' inputs `(n, n_in)` of what `centred` gives."""
        return X

    def read_options(self) -> dict[str, Any]:
        """How a path is read as samples of this kind: arguments of `read_data`."""
        return {} if self.extractor is None else {"extractor": self.extractor}

    def row(self, sample: Samples) -> Row:  # noqa: ARG002
        """One sample, whose features can be explained.

        Raises:
            DataError: it is none, or not one.
        """
        raise DataError(
            "This model was trained on pictures; give it a picture, whose pixels it explains."
        )
