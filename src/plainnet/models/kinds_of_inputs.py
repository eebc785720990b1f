"""The kinds of inputs: pictures, feature vectors, features of pictures, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from plainnet.data import Dataset, Extractor, PictureExtractor
from plainnet.errors import DataError
from plainnet.files.rows import MemoryMappedRows, not_finite
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.models.inputs import Inputs, Row
from plainnet.models.mirrored import with_mirror_images, with_mirrored_patches
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.rows import paths_in, rows_of_files
from plainnet.models.samples import Samples, as_array
from plainnet.network import Array

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder
    from plainnet.tables.grids import Choose, Grid


class PictureInputs(Inputs):
    """Pictures, whose pixels are the networks' inputs."""

    noun, trained_on, rows = "picture", "pictures", "pictures"

    @property
    def picture_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of the pictures that the networks take."""
        return self.preprocessing.shape

    def raw(self, samples: Samples) -> Array:
        """Return pictures uint8 `(N, height, width, channels)`."""
        from plainnet.models.picture_samples import raw_pictures  # with Pillow: only for pictures

        if isinstance(samples, Dataset):
            if not samples.is_pictures:
                raise DataError(
                    f"The model was trained on pictures, but {samples.name} holds feature vectors."
                )
            samples = samples.X
        return raw_pictures(samples, self.picture_shape)

    def read_files(self, paths: Sequence[Path], **how: Any) -> tuple[Array, Array]:
        """Return raw rows of picture files, and the indices of these files; see `read_pictures`."""
        from plainnet.pictures import read_pictures

        return read_pictures(paths, **self.read_options(), **how)

    def read_options(self) -> dict[str, Any]:
        """Read pictures in the size and colours of the training."""
        return {"size": self.preprocessing.size, "grey": self.preprocessing.grey}


class VectorInputs(Inputs):
    """Feature vectors, as the user has them."""

    noun, trained_on, rows = "sample", "feature vectors", "feature vectors"

    def raw(self, samples: Samples) -> Array:
        """Return the features `(N, n)` of arrays or .npy files."""
        if type(samples) is np.ndarray and samples.dtype.kind == "f":
            X = samples  # the usual case at once: one row should not wait for the others
        else:
            samples = samples.X if isinstance(samples, Dataset) else samples
            paths = paths_in(samples)
            X = as_array(samples if paths is None else rows_of_files(paths))
        return self._checked(X[None] if X.ndim == 1 else X)

    def row(self, sample: Samples) -> Row:
        """Return one feature vector."""
        raw, parts = self.raw(sample), self.parts()
        digits = 12 if self.preprocessing.needs_double else 6
        cells = [f"{value:.{digits}g}" for value in raw[0]]
        return Row(_one(raw), self.preprocessing.mean[None], [*parts], cells, [*parts.values()])

    def parts(self) -> dict[str, slice]:
        """Return each feature by its index."""
        return {f"feature {i}": slice(i, i + 1) for i in range(self.n_in)}

    def _checked(self, X: Array) -> Array:
        X = self.preprocessing.check(X)
        if not len(X):
            raise DataError(f"An array of shape {X.shape} holds no samples; give at least one.")
        found, row, column = not_finite(X, LARGEST_NUMBER)
        if found:
            raise DataError(
                f"Features must be finite numbers below 1e100, but row {row}, column {column} is "
                f"{X[row][column]}; fill it in, or leave the row out."
            )
        return X


class ExtractedInputs(VectorInputs):
    """Samples whose features an extractor makes; arrays of floats are features already."""

    rows = "ready-made features"
    extractor: Extractor

    def raw(self, samples: Samples) -> Array:
        """Return the features `(N, n)`, extracted unless the samples are features."""
        if isinstance(samples, Dataset) or self._are_features(samples):
            return super().raw(samples)
        return self._checked(self.extractor.extract(self._given(samples)))

    def _given(self, samples: Samples) -> Any:
        """Return the samples as the extractor takes them."""
        return samples

    def _are_features(self, samples: Any) -> bool:
        made = isinstance(samples, (np.ndarray, MemoryMappedRows)) and samples.ndim < 3
        return made and samples.dtype.kind == "f"


class BackboneInputs(ExtractedInputs):
    """Pictures whose features a backbone makes."""

    noun, trained_on = "picture", "pictures"
    has_gradient = False
    has_frozen_features = True
    extractor: PictureExtractor
    row, parts = Inputs.row, Inputs.parts

    def varied(self, data: Dataset, augment: object) -> Dataset:
        """Add mirror images, if there are few pictures."""
        return with_mirror_images(data, self.extractor) if augment == "auto" else data

    @property
    def picture_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of the pictures that the backbone takes."""
        return self.extractor.shape

    def typical(self) -> tuple[Array, Array]:
        """Return the backbone's average colour and a usual spread, as no pictures were kept."""
        shape = self.picture_shape
        return np.broadcast_to(self.extractor.average, shape), np.broadcast_to(50, shape)

    def centred(self, raw: Array, dtype: np.dtype[Any]) -> Array:  # noqa: ARG002
        """Return the pictures minus the colour that is 0 for the backbone."""
        return (raw - self.extractor.average.astype(np.float32)).reshape(len(raw), -1)

    def of_centred(self, X: Array, dtype: np.dtype[Any]) -> Array:
        """Run pictures through the backbone."""
        pictures = X.reshape(-1, *self.picture_shape) + self.extractor.average
        return self.prepare(self.extractor.extract(pictures.astype(np.uint8)), dtype)

    def read_files(self, paths: Sequence[Path], **how: Any) -> tuple[Array, Array]:
        """Return the backbone's features of picture files, and the indices of these files."""
        return self.extractor.of_files(paths, **how)

    def _given(self, samples: Samples) -> Any:
        from plainnet.models.picture_samples import given_pictures

        return given_pictures(samples, self.extractor.shape)


class PatchInputs(BackboneInputs):
    """Pictures whose features are those of patches, learned from the training pictures."""

    has_frozen_features = False

    def varied(self, data: Dataset, augment: object) -> Dataset:
        """Add mirror images of pictures in colour."""
        return with_mirrored_patches(data) if augment == "auto" else data


class TableInputs(ExtractedInputs):
    """Rows of a table, whose columns an encoder turns into features."""

    noun, trained_on, rows = "row", "a table", "the rows of a table"

    @classmethod
    def fit(cls, data: Dataset, varied: bool) -> Self:  # noqa: ARG003
        """Leave the features as they are: the encoder has standardized them."""
        return cls(Preprocessing.none(data.X.shape[1]), data.extractor)

    @property
    def columns(self) -> TableEncoder:  # type: ignore[override]
        """The encoder of the columns."""
        return cast("TableEncoder", self.extractor)

    @property
    def summary(self) -> str:
        """The numbers of features and columns."""
        return self.columns.summary()

    def row(self, sample: Samples) -> Row:
        """Return the row of a table of one row."""
        from plainnet.tables.files import table_at  # only where there is a table

        table, columns = table_at(sample), self.columns
        raw = _one(columns.extract_table(table))
        parts = self.parts()
        cells = [str(table[name][0]) for name in parts]
        return Row(raw, columns.averages[None], [*parts], cells, [*parts.values()])

    def parts(self) -> dict[str, slice]:
        """Return the features of each column."""
        return {column.name: part for column, part in self.columns.parts()}

    def grid(self, column: str, raw: Array, choose: Choose) -> Grid:
        """Return values of a column in its own unit."""
        from plainnet.tables.grids import grid_of  # only where there is a table

        made, part = next(one for one in self.columns.parts() if one[0].name == column)
        return grid_of(made, raw[:, part], choose)

    def _are_features(self, samples: Any) -> bool:  # noqa: ARG002 - columns have names
        return False


BY_NAME: Mapping[str, type[Inputs]] = {
    "pictures": PictureInputs,
    "vectors": VectorInputs,
    "extracted": ExtractedInputs,
    "backbone": BackboneInputs,
    "patches": PatchInputs,
    "table": TableInputs,
}


def kind_of_inputs(is_pictures: bool, extractor: Extractor | None) -> type[Inputs]:
    """Return the kind of inputs for raw rows and their extractor."""
    own = "pictures" if is_pictures else "vectors"
    return BY_NAME[own if extractor is None else extractor.inputs]


def _one(raw: Array) -> Array:
    if len(raw) != 1:
        raise DataError(f"One row is explained at a time, but got {len(raw)}; choose one.")
    return raw
