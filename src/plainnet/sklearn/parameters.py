"""The parameters: scikit-learn's with their names and defaults, then the additional ones.

Each is declared once with its constraints, which scikit-learn checks in `fit`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from plainnet import network
from plainnet.training import Epoch

THEIR_NAMES = {"sigmoid": "logistic"}
"""scikit-learn's names of activations, if they differ."""
OWN_NAMES = {n: THEIR_NAMES.get(n, n.replace("-", "_")) for n in network.ACTIVATIONS}
"""The estimators' names of plainnet's activations."""
ACTIVATIONS: dict[str, list[type[network.Layer]]] = {
    "identity": [],
    **{OWN_NAMES[n]: [one] for n, one in network.ACTIVATIONS.items()},
}
PRESETS = {"tabular": "default", "tabular-quick": "quick", "tabular-best": "best"}
"""The effort of the recipe by the name of a preset."""
Consumer = Callable[[Iterable[Epoch]], Iterable[Epoch]]
"""A function that takes a stream of epochs and passes it on; it may also end it."""


def from_0(kind: type, high: float | None = None, closed: str = "left") -> Any:
    """Return the constraint of a number of at least 0."""
    return Interval(kind, 0, high, closed=closed)


COUNT = Interval(Integral, 1, None, closed="left")
POSITIVE = from_0(Real, closed="neither")


@dataclass(eq=False, repr=False, match_args=False)
class Parameters:
    """The parameters that classifier and regressor share; `PlainNetClassifier` describes them."""

    hidden_layer_sizes: Any = (100,)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str | Callable[[int], float] = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool | int | str = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000

    dropout: float = 0.0
    normalization: str | None = None
    weight_decay: float = 0.01
    rho: float = 0.9
    clip_norm: float | None = None
    scoring: Any = None
    consumer: Consumer | None = None
    preset: str | None = None
    settings: Mapping[str, Any] | None = None
    n_jobs: int | None = None

    _parameter_constraints: ClassVar[Mapping[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", COUNT],
        "activation": [StrOptions({*ACTIVATIONS})],
        "solver": [StrOptions({"lbfgs", "sgd", "rmsprop", "adam", "adamw"})],
        "alpha": [from_0(Real)],
        "batch_size": [StrOptions({"auto"}), COUNT],
        "learning_rate": [
            StrOptions({"constant", "invscaling", "adaptive", "cosine", "one_cycle"}),
            callable,
        ],
        "learning_rate_init": [POSITIVE],
        "power_t": [from_0(Real)],
        "max_iter": [COUNT],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [from_0(Real)],
        "verbose": ["verbose", StrOptions({"bar"})],
        "warm_start": ["boolean"],
        "momentum": [from_0(Real, 1)],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [from_0(Real, 1, "neither")],
        "beta_1": [from_0(Real, 1)],
        "beta_2": [from_0(Real, 1)],
        "epsilon": [POSITIVE],
        "n_iter_no_change": [COUNT, Options(Real, {math.inf})],
        "max_fun": [COUNT],
        "dropout": [from_0(Real, 1)],
        "normalization": [StrOptions({"batch", "layer"}), None],
        "weight_decay": [from_0(Real)],
        "rho": [from_0(Real, 1)],
        "clip_norm": [POSITIVE, None],
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
        "consumer": [callable, None],
        "preset": [StrOptions({*PRESETS}), None],
        "settings": [Mapping, None],
        "n_jobs": [Integral, None],
    }
