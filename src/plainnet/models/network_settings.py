"""The settings of a recipe that say what the network is like."""

from collections import ChainMap
from dataclasses import dataclass

from plainnet.checks import either
from plainnet.models.defaults import BIN_ROWS, MOST_BINS, MOST_COLUMNS, by_kind
from plainnet.models.names import ENCODINGS, INITIALIZERS, NORMALIZATIONS
from plainnet.models.setting import number, one_of, setting, units, whole
from plainnet.network import ACTIVATIONS

BATCH_NORM_BELOW = 2000
"""The number of pictures below which `auto` chooses BatchNorm, and more than 40 epochs."""


@dataclass(frozen=True)
class NetworkSettings:
    """The layers of a network, checked."""

    hidden: tuple[int, ...] = setting(
        (256, 128),
        units,
        "Units of each hidden layer; () is logistic regression.",
        section="Network",
        metavar="UNITS",
        option_help="Units of each hidden layer, such as 128,64; none: no hidden layer.",
    )
    encoding: str = setting(
        "auto",
        one_of(ENCODINGS),
        "How columns of numbers enter the network: none: as they are, standardized; "
        "piecewise-linear: by how far each number has come in each of some bins.",
        section="Network",
        left_open=f"piecewise-linear for tables, and for vectors of at most {MOST_COLUMNS} numbers",
    )
    bins: int | None = setting(
        None,
        whole("number of bins", 2),
        "Bins of each column in a piecewise-linear encoding, at most.",
        section="Network",
        metavar="BINS",
        left_open=f"{MOST_BINS}; below {MOST_BINS * BIN_ROWS} rows one for each {BIN_ROWS} of them",
    )
    activation: str = setting(
        "auto",
        one_of(ChainMap({"auto": None}, ACTIVATIONS)),
        f"Activation after each hidden layer: {either(ACTIVATIONS)}.",
        section="Network",
        left_open=by_kind("activation"),
    )
    initializer: str = setting(
        "auto",
        one_of(INITIALIZERS),
        f"Initial weights: {either(INITIALIZERS)}.",
        section="Network",
        left_open="what suits the activation",
    )
    normalization: str = setting(
        "auto",
        one_of(NORMALIZATIONS),
        f"Normalization before each activation: {either(NORMALIZATIONS)}.",
        section="Network",
        left_open=f"batch for fewer than {BATCH_NORM_BELOW:,} pictures, else none",
    )
    dropout: float | None = setting(
        None,
        number("dropout", "[0, 1)"),
        "Share of the hidden units that each step drops at random.",
        section="Network",
        metavar="SHARE",
        left_open=by_kind("dropout"),
    )
    input_dropout: float = setting(
        0.0,
        number("input dropout", "[0, 1)"),
        "Share of the inputs that each step drops at random.",
        section="Network",
        metavar="SHARE",
    )
