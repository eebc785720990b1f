"""The settings that are chosen where a recipe leaves them open: one table by the kind of data.

`docs/accuracy.md` says what each was chosen on.
"""

from dataclasses import dataclass, replace
from typing import Literal

from plainnet.data import Dataset

Kind = Literal["pictures", "features", "columns"]
"""Pixels; many numbers of one kind, such as the features of a backbone; the columns of a table, or
vectors of few numbers with meanings of their own."""

MOST_COLUMNS = 128
"""Vectors with more numbers are `features`."""
MOST_TABLE_COLUMNS = 512
"""Tables with more columns are `features`, too: they hold pixels, a spectrum or the like."""
MOST_BINS = 32
"""The bins of a column in a piecewise-linear encoding."""
BIN_ROWS = 16
"""The rows of a bin at least, on average. On 225 rows 14 bins are as good as 32, and on the 178
wines, which a linear model answers best, a point better."""
NETWORKS = {"quick": 1, "default": 5, "best": 16}
"""The networks of an ensemble by the effort, where they learn from columns."""
ENSEMBLE_TOLERANCE = 0.02
"""Each network of an ensemble over folds keeps the last epoch that is worse than its best by at
most this share: it gains little by itself, but the mean of all does."""
MANY_ROWS = 50_000
"""Each time there are so many rows more, one network less is needed, down to one."""
QUICK_GROWTH = 0.5
"""The growth of the patience of a single quick network, whose time is half as long so."""
LEAST_STEPS = 4_000
"""The steps that a training on columns may take at least, if it goes on to improve."""


@dataclass(frozen=True)
class Defaults:
    """The settings of one kind of data that a recipe may leave open."""

    activation: str
    dropout: float
    batch_size: int
    schedule: str
    averaging: float | str
    patience: int
    patience_growth: float
    class_weight: str
    encoding: str
    bagging: str


PICTURES = Defaults("relu", 0.2, 64, "cosine", 0.0, 0, 0.0, "balanced", "none", "none")
BY_KIND: dict[Kind, Defaults] = {
    "pictures": PICTURES,
    "features": PICTURES,
    "columns": Defaults(
        activation="silu",
        dropout=0.1,
        batch_size=256,
        schedule="constant",
        averaging="polynomial",
        patience=8,
        patience_growth=1.0,
        class_weight="none",
        encoding="piecewise-linear",
        bagging="folds",
    ),
}
LEARNING_RATES = {"adam": 0.003, "adamw": 0.003}
"""For columns and for convolutions, by the optimizer."""
CONVOLUTIONS = replace(PICTURES, dropout=0.0, schedule="one-cycle")
"""For pictures that a network of convolutions learns from."""


def kind_of(data: Dataset) -> Kind:
    """Return the kind of data that the defaults go by."""
    if data.is_pictures:
        return "pictures"
    if data.extractor is None:
        few = data.X.shape[1] <= MOST_COLUMNS
    else:
        few = 0 < data.extractor.n_columns <= MOST_TABLE_COLUMNS
    return "columns" if few else "features"


def by_kind(name: str) -> str:
    """Return the defaults of a setting for its help: `silu for tables and …, else relu`."""
    kinds = BY_KIND["columns"], BY_KIND["features"], CONVOLUTIONS
    columns, others, convolutions = (getattr(kind, name) for kind in kinds)
    of = "" if convolutions == others else f", {convolutions} for conv networks"
    return f"{columns} for tables and vectors of at most {MOST_COLUMNS} numbers{of}, else {others}"


def networks(effort: str, n: int) -> int:
    """Return how many networks learn from n rows of columns."""
    return max(NETWORKS[effort] - (n // MANY_ROWS if effort == "default" else 0), 1)


def batch_size(n: int) -> int:
    """Return the samples of a step for n rows of columns: fewer of few rows, for more steps."""
    most = BY_KIND["columns"].batch_size
    power_of_two: int = 1 << (n // 16).bit_length()
    return min(max(power_of_two // 2, 16), most)


def bins(n: int) -> int:
    """Return the bins of each column for n rows of columns."""
    return min(max(n // BIN_ROWS, 4), MOST_BINS)


def epochs(n: int, size: int) -> int:
    """Return the largest number of passes over n rows of columns in batches of a size."""
    return min(max(-(-LEAST_STEPS // -(-n // size)), 60), 600)
