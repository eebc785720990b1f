"""The settings of a recipe that say what the network is like."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plainnet.checks import either
from plainnet.errors import SettingError
from plainnet.models.convolutional import CHANNELS, LARGE_CHANNELS, LARGE_SIDE
from plainnet.models.defaults import (
    BIN_ROWS,
    FEW_PATCHES,
    FEW_ROWS,
    FEWEST_ROWS,
    MEMBER_COLUMNS,
    MOST_BINS,
    MOST_COLUMNS,
    VARIANTS,
    by_kind,
)
from plainnet.models.names import ENCODINGS, INITIALIZERS, NORMALIZATIONS
from plainnet.models.setting import (
    channel_counts,
    names_or_settings,
    number,
    one_of,
    setting,
    units,
    whole,
)
from plainnet.network import ACTIVATIONS
from plainnet.pictures.augment.augmentation import FEW_PICTURES

BATCH_NORM_BELOW = 2000
"""The number of pictures below which `auto` chooses BatchNorm for a dense network, and more than
40 epochs."""
CONVOLVED_FROM, CONVOLVED_TO, LEAST_SIDE = 100, 20_000, 24
"""The fewest and the most pictures for which `auto` chooses convolutions, and the least of their
shorter side in pixels. With more pictures a dense network is good, too, and takes a minute."""


def _joined(channels: tuple[int, ...]) -> str:
    return ",".join(map(str, channels))


@dataclass(frozen=True, init=False, repr=False, eq=False)  # `Recipe` has these
class NetworkSettings:
    """The layers of a network, checked."""

    network: str = setting(
        "auto",
        one_of({"auto": None, "dense": None, "conv": None}),
        "Layers of the network: dense: Dense layers; conv: convolutions, for pictures.",
        section="Network",
        left_open=f"conv for {CONVOLVED_FROM} to {CONVOLVED_TO:,} pictures of {LEAST_SIDE} pixels "
        "a side at least, without hidden layers of your own; else dense",
    )
    hidden: tuple[int, ...] | None = setting(
        None,
        units,
        "Units of each hidden layer of a dense network; () is logistic regression.",
        section="Network",
        metavar="UNITS",
        left_open=f"{by_kind('hidden')}; {_joined(FEW_PATCHES['hidden'])} for patches of fewer "
        f"than {FEW_PICTURES} pictures",
        option_help="Units of each hidden layer of a dense network, such as 128,64; none: no "
        "hidden layer.",
    )
    channels: tuple[int, ...] | None = setting(
        None,
        channel_counts,
        "Channels of each convolution of a conv network, such as (32, 64, 128); where they grow, "
        "pictures are halved.",
        section="Network",
        metavar="CHANNELS",
        left_open=f"{_joined(LARGE_CHANNELS)} for pictures of at least {LARGE_SIDE} pixels a side, "
        f"else {_joined(CHANNELS)}",
        option_help="Channels of each convolution of a conv network, such as 32,64,128; where they "
        "grow, pictures are halved.",
    )
    encoding: str = setting(
        "auto",
        one_of(ENCODINGS),
        "How columns of numbers enter the network: none: as they are, standardized; "
        "piecewise-linear: by how far each number has come in each of some bins; learned: by 16 "
        "features that are learned of these.",
        section="Network",
        left_open=f"learned for tables, and for vectors of at most {MOST_COLUMNS} numbers",
    )
    bins: int | None = setting(
        None,
        whole("number of bins", 2),
        "Bins of each column in a piecewise-linear encoding, at most.",
        section="Network",
        metavar="BINS",
        left_open=f"{MOST_BINS}; below {MOST_BINS * BIN_ROWS} rows one for each {BIN_ROWS} of them",
    )
    members: int = setting(
        1,
        whole("number of members", 1),
        "Answers of a network, which share its matrices and are averaged (TabM).",
        section="Network",
        metavar="K",
    )
    variants: tuple[str | Mapping[str, Any], ...] | None = setting(
        None,
        names_or_settings(VARIANTS),
        f"Variants of the network in an ensemble, {either(VARIANTS)}, or settings of their own "
        'such as {"dropout": 0.2}; equally many networks of each. How much each counts is found '
        "on the validation samples.",
        section="Network",
        metavar="NAMES",
        left_open=f"usual; for tables and vectors of up to {MEMBER_COLUMNS} columns members-8 from "
        f"{FEWEST_ROWS} rows on, and from {FEW_ROWS:,} on members-2; with the effort "
        "best several; unless the number of networks is given",
    )
    activation: str = setting(
        "auto",
        one_of(ChainMap({"auto": None}, ACTIVATIONS)),
        f"Activation after each hidden layer: {either(ACTIVATIONS)}.",
        section="Network",
        left_open=f"relu; silu for tables, and vectors of at most {MOST_COLUMNS} numbers, below "
        f"{FEW_ROWS:,} rows",
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
        left_open=f"batch for conv networks and for fewer than {BATCH_NORM_BELOW:,} pictures, else "
        "none",
    )
    dropout: float | None = setting(
        None,
        number("dropout", "[0, 1)"),
        "Share of the hidden units that each step drops at random; of a conv network, of what its "
        "last layer takes.",
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

    def check_layers(self) -> None:
        """Raise a SettingError for settings of different kinds of networks."""
        convolved = self.network == "conv" or self.channels is not None
        if convolved and self.network == "dense":
            raise SettingError("channels are those of a conv network, but network is 'dense'.")
        if convolved and (self.hidden or self.normalization == "layer"):
            name = "hidden" if self.hidden else "normalization"
            raise SettingError(
                f"{name} = {getattr(self, name)!r} is for a dense network, not for a conv one; "
                "leave it out, or network and channels."
            )
