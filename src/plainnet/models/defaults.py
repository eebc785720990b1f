"""The settings that are chosen where a recipe leaves them open: one table by the kind of data.

`docs/accuracy.md` says what each was chosen on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from plainnet.data import Dataset

Kind = Literal["pictures", "patches", "features", "columns"]
"""Pixels; features of patches of pictures; many other numbers of one kind, such as the features of
a backbone; the columns of a table, or vectors of few numbers with meanings of their own."""

MOST_COLUMNS = 128
"""Vectors with more numbers are `features`."""
MOST_TABLE_COLUMNS = 512
"""Tables with more columns are `features`, too: they hold pixels, a spectrum or the like."""
MOST_BINS = 32
"""The bins of a column in a piecewise-linear encoding."""
BIN_ROWS = 16
"""The rows of a bin at least, on average. On 225 rows 14 bins are as good as 32, and on the 178
wines, which a linear model answers best, a point better."""
NETWORKS = {"quick": 1, "default": 5, "best": 5}
"""The networks of each variant in an ensemble by the effort, where they learn from columns."""
FEW_NETWORKS = 3
"""Those of a quick one for few rows: of so few it costs little, and one holds out too few."""
SHARING: Mapping[str, Any] = {
    "encoding": "learned",
    "hidden": (128, 128),
    "activation": "relu",
    "learning_rate": 0.006,
}
"""What networks of members have in common, as in TabM: they share their hidden layers."""
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "usual": {},
    "binned": {"encoding": "piecewise-linear", "hidden": (256, 128)},
    **{f"members-{k}": {**SHARING, "members": k} for k in (2, 4, 8)},
    "linear": {"hidden": (), "encoding": "none"},
}
"""The variants of a network by their names: what differs unless a recipe says otherwise. The first
layer of `binned` networks takes the bins themselves: it is wide, and so are they."""
FEWEST_ROWS, FEW_ROWS = 250, 1500
"""From the first on networks of members learn more, and below the second of eight. Still fewer
rows are learned for hundreds of epochs."""
MEMBER_COLUMNS = 64
"""With more columns networks of members take too long."""
ENSEMBLE_TOLERANCE = 0.02
"""Each network of an ensemble over folds keeps the last epoch that is worse than its best by at
most this share: it gains little by itself, but the mean of all does."""
MANY_ROWS = 50_000
"""Each time there are so many rows more, one network less is needed, down to one."""
LEAST_STEPS = 4_000
"""The steps that a training on columns may take at least, if it goes on to improve."""


@dataclass(frozen=True)
class Defaults:
    """The settings of one kind of data that a recipe may leave open."""

    hidden: tuple[int, ...]
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


PICTURES = Defaults((256, 128), "relu", 0.2, 64, "cosine", 0.0, 0, 0.0, "balanced", "none", "none")
BY_KIND: dict[Kind, Defaults] = {
    "pictures": PICTURES,
    "patches": replace(PICTURES, dropout=0.5, bagging="folds"),
    "features": PICTURES,
    "columns": Defaults(
        hidden=(128, 128),
        activation="relu",
        dropout=0.0,
        batch_size=256,
        schedule="constant",
        averaging="polynomial",
        patience=8,
        patience_growth=0.5,
        class_weight="none",
        encoding="learned",
        bagging="folds",
    ),
}
FEW_PATCHES: Mapping[str, Any] = {"hidden": (64,), "ensemble": 5}
"""For features of patches of few pictures: networks on folds are calibrated by all pictures, while
one network could hold out too few for its temperature."""
LEARNING_RATES = {"adam": 0.003, "adamw": 0.003}
"""For columns and for convolutions, by the optimizer."""
CONVOLUTIONS = replace(PICTURES, hidden=(), dropout=0.0, schedule="one-cycle")
"""For pictures that a network of convolutions learns from."""


def kind_of(data: Dataset) -> Kind:
    """Return the kind of data that the defaults go by."""
    if data.is_pictures:
        return "pictures"
    if data.extractor is not None and data.extractor.inputs == "patches":
        return "patches"
    most = MOST_COLUMNS if data.extractor is None else MOST_TABLE_COLUMNS
    return "columns" if 0 < columns_of(data) <= most else "features"


def columns_of(data: Dataset) -> int:
    """Return how many columns a table has, or numbers a vector; 0 for features of pictures."""
    return data.X.shape[1] if data.extractor is None else data.extractor.n_columns


def by_kind(name: str) -> str:
    """Return the defaults of a setting for its help: `constant for tables and …, else cosine`."""
    others = _as_option(getattr(PICTURES, name))
    kinds = {"conv networks": CONVOLUTIONS, "features of patches": BY_KIND["patches"]}
    own = {words: _as_option(getattr(kind, name)) for words, kind in kinds.items()}
    of = "".join(f", {value} for {words}" for words, value in own.items() if value != others)
    columns = _as_option(getattr(BY_KIND["columns"], name))
    return f"{columns} for tables and vectors of at most {MOST_COLUMNS} numbers{of}, else {others}"


def _as_option(value: object) -> str:
    """Return a value as a command says it."""
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def networks(effort: str, n: int) -> int:
    """Return how many networks of each variant learn from n rows of columns."""
    if effort == "quick" and n < FEW_ROWS:
        return FEW_NETWORKS
    return max(NETWORKS[effort] - (n // MANY_ROWS if effort == "default" else 0), 1)


def variants(effort: str, data: Dataset) -> tuple[str, ...]:
    """Return the variants of the networks that learn from these rows of columns."""
    few = len(data) < FEW_ROWS
    if effort == "best":
        more = ("members-8",) if few or not data.holds_numbers else ("members-2",)
        return *more, "members-4", "linear"
    if effort == "quick" or len(data) < FEWEST_ROWS or columns_of(data) > MEMBER_COLUMNS:
        return ("usual",)
    return ("members-8",) if few else ("members-2",)


def batch_size(n: int) -> int:
    """Return the samples of a step for n rows of columns: fewer of few rows, for more steps."""
    most = BY_KIND["columns"].batch_size
    power_of_two: int = 1 << (n // 16).bit_length()
    return min(max(power_of_two // 2, 16), most)


def activation(n: int) -> str:
    """Return the activation of usual networks for n rows of columns: a smooth one for few."""
    return "silu" if n < FEW_ROWS else BY_KIND["columns"].activation


def bins(n: int) -> int:
    """Return the bins of each column for n rows of columns."""
    return min(max(n // BIN_ROWS, 4), MOST_BINS)


def epochs(n: int, size: int) -> int:
    """Return the largest number of passes over n rows of columns in batches of a size."""
    return min(max(-(-LEAST_STEPS // -(-n // size)), 60), 600)
