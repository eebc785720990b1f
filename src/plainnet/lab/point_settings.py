"""The settings of the points view: what is drawn, the network, and how it is trained.

They are the recipe's own, by the same names and with the same checks, and beside them arguments of
optimizers and activations. What is offered to choose from are the library's own tables.
"""

import inspect
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from plainnet.checks import check_number, check_whole, did_you_mean, either, of_python
from plainnet.errors import SettingError
from plainnet.lab.point_axes import Axes, checked_axes
from plainnet.lab.point_sets import FEATURES, POINT_SETS, REACH
from plainnet.models.names import (
    INITIALIZERS,
    NORMALIZATIONS,
    OPTIMIZERS,
    POLYNOMIAL,
    SCHEDULES,
)
from plainnet.models.recipe import ResolvedRecipe
from plainnet.network import ACTIVATIONS

MOST_LAYERS, MOST_UNITS, MOST_OWN_POINTS = 8, 16, 2000
MOST_TARGET = 100.0
"""The largest number that is the target of an own point; those of a table reach to 1.5."""

Group = Literal["data", "network", "optimizer", "regularization"]


@dataclass(frozen=True)
class Parameter:
    """What the page knows of a setting: where it stands, and which values it takes."""

    group: Group
    kind: Literal["name", "number", "whole", "own"]
    names: tuple[str, ...] = ()
    """All values of a name; of a number those that are not numbers."""
    low: float = 0
    """The smallest number."""
    high: float = 1
    """The largest number that the page's slider reaches; larger ones may be typed."""
    log: bool = False
    """Whether the slider is logarithmic."""
    optional: bool = False
    """Whether null, which stands for off or all, is a value."""
    open_below: bool = False
    """Whether `low` itself is not a value."""
    most: float = math.inf
    """The largest number."""
    below: float | None = None
    """The number that all values are below."""

    def check(self, name: str, value: Any) -> Any:
        """Return a value, checked."""
        if (value is None and self.optional) or self.kind == "own":
            return value
        if isinstance(value, str) and value in self.names:
            return value
        if self.kind == "name":
            raise SettingError(f"The {name} must be {either(self.names)}, but got {value!r:.60}.")
        if self.kind == "whole":
            whole = check_whole(name, value, int(self.low))
            check_number(name, whole, f"[{self.low}, {self.most}]")
            return whole
        right = f"{self.below})" if self.below is not None else f"{self.most}]"
        return check_number(name, value, f"{'(' if self.open_below else '['}{self.low}, {right}")


def _name(default: str, group: Group, names: Mapping[str, Any]) -> str:
    offered = tuple(name for name in names if name != "auto" or names is INITIALIZERS)
    value: str = field(default=default, metadata={"is": Parameter(group, "name", offered)})
    return value


def _number(default: Any, group: Group, high: float, **more: Any) -> Any:
    parameter = Parameter(group, more.pop("kind", "number"), high=high, **more)
    return field(default=default, metadata={"is": parameter})


def _own(default: Any, group: Group) -> Any:
    return field(default=default, metadata={"is": Parameter(group, "own")})


@dataclass(frozen=True)
class PointSettings:
    """All settings of the points view, checked.

    Raises:
        SettingError: a value is out of its range.
    """

    data: str = _name("spirals", "data", POINT_SETS)
    samples: int = _number(300, "data", 1000, kind="whole", low=10, most=5000)
    classes: int = _number(2, "data", 5, kind="whole", low=2, most=5)
    noise: float = _number(0.1, "data", 1, most=2)
    validation_share: float = _number(0.3, "data", 0.8, most=0.9)
    class_weight: str = _name("none", "data", dict.fromkeys(("none", "balanced")))
    seed: int = _number(1, "data", 100, kind="whole", most=2**31)
    points: tuple[tuple[float, float, float], ...] = _own((), "data")
    axes: Axes = _own((), "data")  # noqa: RUF009
    features: tuple[str, ...] = _own(("x", "y"), "data")

    hidden: tuple[int, ...] = _own((8, 8), "network")
    activation: str = _name("tanh", "network", ACTIVATIONS)
    activations: tuple[str, ...] = _own((), "network")
    slope: float = _number(0.01, "network", 0.5, most=1)
    initializer: str = _name("auto", "network", INITIALIZERS)
    normalization: str = _name("none", "network", NORMALIZATIONS)

    optimizer: str = _name("adam", "optimizer", OPTIMIZERS)
    learning_rate: float = _number(
        0.01, "optimizer", 10, low=0, log=True, open_below=True, most=1000
    )
    schedule: str = _name("constant", "optimizer", SCHEDULES)
    batch_size: int | None = _number(
        30, "optimizer", 500, kind="whole", low=1, optional=True, most=5000
    )
    epochs: int = _number(1000, "optimizer", 5000, kind="whole", low=1, most=100_000)
    momentum: float = _number(0.9, "optimizer", 0.99, below=1)
    rho: float = _number(0.9, "optimizer", 0.999, below=1)
    beta1: float = _number(0.9, "optimizer", 0.99, below=1)
    beta2: float = _number(0.999, "optimizer", 0.9999, below=1)
    epsilon: float = _number(1e-8, "optimizer", 0.1, log=True, open_below=True, most=1)

    dropout: float = _number(0.0, "regularization", 0.8, below=1)
    input_dropout: float = _number(0.0, "regularization", 0.8, below=1)
    weight_decay: float = _number(0.0, "regularization", 1, log=True, most=1000)
    l2: float = _number(0.0, "regularization", 10, log=True, most=1000)
    clip_norm: float | None = _number(
        None, "regularization", 10, log=True, optional=True, open_below=True
    )
    max_norm: float | None = _number(
        None, "regularization", 10, log=True, optional=True, open_below=True
    )
    label_smoothing: float = _number(0.0, "regularization", 0.5, below=1)
    averaging: float | str = _number(0.0, "regularization", 0.999, below=1, names=(POLYNOMIAL,))

    def __post_init__(self) -> None:
        for name, parameter in PARAMETERS.items():
            value = parameter.check(name.replace("_", " "), getattr(self, name))
            object.__setattr__(self, name, value)
        object.__setattr__(self, "hidden", _checked_units(self.hidden))
        object.__setattr__(self, "features", _checked_features(self.features))
        object.__setattr__(self, "points", _checked_points(self.points, self.n_classes))
        object.__setattr__(self, "axes", checked_axes(self.axes))
        names = _checked_activations(self.activations, len(self.hidden), self.activation)
        object.__setattr__(self, "activations", names)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Make settings of names and values, such as JSON holds; what is not given is the default.

        Raises:
            SettingError: an unknown name, or a value out of its range.
        """
        known = {one.name for one in fields(cls)}
        if unknown := sorted({*map(str, given)} - known):
            near = did_you_mean(unknown[0], known)
            raise SettingError(f"There is no setting {unknown[0]!r:.60} in the lab{near}.")
        return cls(**{name: of_python(value) for name, value in given.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return names and values as JSON values."""
        return asdict(self)

    @property
    def is_regression(self) -> bool:
        """Whether targets are numbers."""
        return POINT_SETS[self.data].most_classes == 0

    @property
    def n_classes(self) -> int:
        """The number of classes that the data can have; 0 where targets are numbers."""
        return min(self.classes, POINT_SETS[self.data].most_classes)

    @property
    def n_out(self) -> int:
        """The number of outputs: one for two classes or a number, else one for each class."""
        return 1 if self.n_classes <= 2 else self.n_classes

    def recipe(self) -> ResolvedRecipe:
        """Return the recipe that makes network, loss, schedule and average."""
        known = {one.name for one in fields(ResolvedRecipe)} - {"class_weight", "encoding"}
        own = {name: value for name, value in self.to_dict().items() if name in known}
        return ResolvedRecipe(**{**own, "batch_size": self.batch_size or 1})


PARAMETERS: dict[str, Parameter] = {one.name: one.metadata["is"] for one in fields(PointSettings)}
"""What the page knows of each setting."""


def arguments_of(settings: PointSettings, made: Any) -> dict[str, Any]:
    """Return those settings that an optimizer or an activation takes as arguments."""
    return {name: getattr(settings, name) for name in taken_by(made)}


def taken_by(made: Any) -> list[str]:
    """Return the names of the settings that a class takes as arguments."""
    return [name for name in inspect.signature(made).parameters if name in PARAMETERS]


def described() -> dict[str, Any]:
    """Describe all settings in JSON values, for the page's form."""
    defaults = PointSettings().to_dict()
    shown = {
        name: {
            key: value
            for key, value in asdict(parameter).items()
            if key not in ("most", "below", "open_below")
        }
        | {"default": defaults[name]}
        for name, parameter in PARAMETERS.items()
    }
    return {
        "parameters": shown,
        "features": [*FEATURES],
        "classes": {name: kind.most_classes for name, kind in POINT_SETS.items()},
        "takes": {
            **{name: taken_by(row.optimizer) for name, row in OPTIMIZERS.items()},
            **{name: taken_by(kind) for name, kind in ACTIVATIONS.items()},
        },
        "rates": {name: row.usual_rate for name, row in OPTIMIZERS.items()},
        "limits": {"layers": MOST_LAYERS, "units": MOST_UNITS, "points": MOST_OWN_POINTS},
        "reach": REACH,
    }


def _sequence(name: str, value: Any, most: int) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list) or len(value) > most:
        raise SettingError(f"The {name} must be a list of at most {most}, but got {value!r:.60}.")
    return tuple(value)


def _checked_units(hidden: Any) -> tuple[int, ...]:
    units = _sequence("hidden layers", hidden, MOST_LAYERS)
    whole = [check_whole("number of units of a layer", n, 1) for n in units]
    if whole and max(whole) > MOST_UNITS:
        raise SettingError(f"A layer in the lab has at most {MOST_UNITS} units, not {max(whole)}.")
    return tuple(whole)


def _checked_features(features: Any) -> tuple[str, ...]:
    names = _sequence("features", features, len(FEATURES))
    if not names or len({*map(str, names)}) < len(names) or {*map(str, names)} - {*FEATURES}:
        raise SettingError(
            f"The features must be some of {', '.join(FEATURES)}, each once, but got {names!r:.60}."
        )
    return tuple(name for name in FEATURES if name in names)


def _checked_activations(names: Any, n: int, usual: str) -> tuple[str, ...]:
    """Return an activation for each of n hidden layers; () if all have the usual one."""
    given = _sequence("activations", names, MOST_LAYERS)
    if unknown := [name for name in given if name not in ACTIVATIONS]:
        raise SettingError(
            f"The activation of a layer must be {either(ACTIVATIONS)}, but got {unknown[0]!r:.60}."
        )
    found = (*given, *[usual] * n)[:n] if given else ()
    return found if {*found} - {usual} else ()


def _checked_points(points: Any, n_classes: int) -> tuple[tuple[float, float, float], ...]:
    """Return points of n classes, or with numbers as targets if there are no classes."""
    found: list[tuple[float, float, float]] = []
    for point in _sequence("own points", points, MOST_OWN_POINTS):
        at = _sequence("coordinates and class of a point", point, 3)
        if len(at) != 3:
            raise SettingError(f"A point is x, y and its class, but got {point!r:.60}.")
        x, y = (
            check_number("coordinate of a point", one, f"[-{REACH}, {REACH}]") for one in at[:2]
        )
        if not n_classes:
            ends = f"[-{MOST_TARGET}, {MOST_TARGET}]"
            found.append((x, y, check_number("target of a point", at[2], ends)))
            continue
        label = check_whole("class of a point", at[2], 0)
        if label >= n_classes:
            raise SettingError(
                f"A point is of class {label}, but there are {n_classes} classes, from 0 on."
            )
        found.append((x, y, label))
    return tuple(found)
