"""The samples of a golden set, generated at random but always the same."""

import numpy as np

from plainnet.models import Model
from plainnet.network import Array
from plainnet.tables import TableEncoder
from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.numbers import written
from plainnet.tables.ordinal import Ordinal

SEED = 20
ROWS = 32
"""Number of rows of a table."""
MISSING, UNKNOWN = 5, 7
"""Every so many rows, a cell is missing, or holds a text that training did not know."""
FIRST_DAY, LAST_DAY = -719_000, 2_930_000
"""Days of the years 1 to 9999, for which dates can be written."""


def golden_vectors(model: Model) -> Array:
    """Generate feature vectors with the spread of those in the training."""
    like = _typical(model, np.random.default_rng(SEED))
    return like if model.preprocessing.needs_double else like.astype(np.float32)


def golden_pictures(model: Model) -> list[Array]:
    """Generate pictures with the spread of those in training, in the model's size and others."""
    rng = np.random.default_rng(SEED)
    like = _typical(model, rng)
    own = np.rint(like.clip(0, 255)).astype(np.uint8)
    own = np.broadcast_to(own, (*own.shape[:3], 3)).copy()  # grey ones in three channels, too
    height, width = own.shape[1:3]
    sizes = [(height // 2 + 1, width + 3), (2 * height + 1, 3 * width), (7 * height, 5 * width + 3)]
    return [own, *(_enlarged(own[i : i + 1], rng, *size) for i, size in enumerate(sizes))]


def _typical(model: Model, rng: np.random.Generator) -> Array:
    mean, spread = model.inputs.typical()
    like: Array = mean + 1.5 * spread * rng.standard_normal((8, *mean.shape))
    return like


def golden_rows(columns: TableEncoder) -> tuple[list[Array], dict[str, list[object]]]:
    """Generate rows of a table, as inputs of a graph `(N, 1)` and as plainnet's cells by column."""
    rng = np.random.default_rng(SEED)
    inputs, cells = [], {}
    for j, column in enumerate(columns.columns):
        value, cells[column.name] = _cells(column, rng, np.arange(ROWS) + j)
        inputs.append(value.reshape(-1, 1))
    return inputs, cells


def _cells(column: Column, rng: np.random.Generator, row: Array) -> tuple[Array, list[object]]:
    """Generate cells of a column, as inputs of a graph and as plainnet reads them."""
    missing = row % MISSING == 0
    if isinstance(column, (Category, Ordinal)):
        known = ["", *column.values]
        drawn = [known[i] for i in rng.integers(0, len(known), ROWS)]
        strange = max(known, key=len) + " unknown"  # longer than all of them
        texts = np.where(missing, "", np.where(row % UNKNOWN == 0, strange, np.array(drawn)))
        return texts, texts.tolist()
    if not isinstance(column, Number):
        raise TypeError(f"There is no golden set for the kind of the column {column.name!r}.")
    values = column.mean + 1.5 * column.spread * rng.standard_normal(ROWS)
    if not isinstance(column, Date):
        values = np.where(missing, np.nan, values)
        return values, [written(value, column.format) for value in values.tolist()]
    seconds = np.rint(values.clip(FIRST_DAY, LAST_DAY) * 86_400).astype("datetime64[s]")
    days = np.where(missing, np.nan, seconds.astype(np.int64) / 86_400)
    return days, np.where(missing, "", np.datetime_as_string(seconds)).tolist()


def _enlarged(pictures: Array, rng: np.random.Generator, height: int, width: int) -> Array:
    """Resize pictures to their nearest pixels, and add noise as detail."""
    rows = np.arange(height) * pictures.shape[1] // height
    columns = np.arange(width) * pictures.shape[2] // width
    large = pictures[:, rows][:, :, columns] + rng.normal(0, 30, (len(pictures), height, width, 3))
    levels: Array = np.rint(large.clip(0, 255)).astype(np.uint8)
    return levels
