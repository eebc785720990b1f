"""One setting of a recipe: default, check, help and spelling in a shell.

The recipe's checks, the arguments and help of `Classifier`, the options of the commands, and the
command that repeats a training are all generated from it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from plainnet.checks import check_flag, check_number, check_whole, did_you_mean, plain
from plainnet.data.class_names import class_name
from plainnet.errors import SettingError

T = TypeVar("T")
Section = Literal["Data", "Network", "Training", "Decision"]


@dataclass(frozen=True)
class ValueType:
    """The values of a setting, and their spelling in a shell."""

    check: Callable[[str, Any], Any]
    """Maps the setting's name and a given value to Python's own types. Raises a SettingError for
    invalid values."""
    read: Callable[[str], Any] = str
    """Reads a value from text. Raises a ValueError for invalid text."""
    write: Callable[[Any], str] = str
    """Writes a value as text."""
    names: tuple[str, ...] = ()
    """All values, if they are names."""


@dataclass(frozen=True)
class Setting:
    """A setting without its name and default."""

    values: ValueType
    help: str
    """A sentence, as `help(Classifier)` shows it."""
    section: Section
    """The section of the options that lists it."""
    metavar: str
    """The placeholder in the help of its option; "": click's own."""
    option_help: str
    """The sentence of its option, with values as in a shell."""
    switches: Mapping[str, str] = field(default_factory=dict)
    """Values that are options of their own, such as --best, instead, with their sentences."""


def setting(
    default: T,
    values: ValueType,
    help: str,
    *,
    section: Section,
    metavar: str = "",
    left_open: str = "",
    option_help: str = "",
    switches: Mapping[str, str] | None = None,
) -> T:
    """Make a field of the recipe.

    Args:
        default: None, or a name such as auto, leaves it open.
        values: its values, except for a default of None.
        help: a sentence that explains it.
        section: of the options.
        metavar: the placeholder in the help of its option.
        left_open: what is chosen if it is left open.
        option_help: the sentence for its option, if values look different in a shell.
        switches: make these values options of their own, with these sentences.
    """
    opened = f"; {'None' if default is None else default}: {left_open}" if left_open else ""
    shown = values.write(default) if default is not None else left_open
    known = left_open if default is None else f"{shown}: {left_open}" if left_open else shown
    known = "" if default is False else f" [{known}]"
    made = Setting(
        values,
        f"{help[:-1]}{opened}.",
        section,
        metavar,
        f"{option_help or help}{known}",
        switches or {},
    )
    field_: T = field(default=default, metadata={"setting": made})
    return field_


def number(what: str, interval: str) -> ValueType:
    """Return the type of numbers in an interval of `check_number`; messages call them `what`."""
    return ValueType(lambda _, value: check_number(what, value, interval), float, _digits)


def number_or(what: str, interval: str, names: tuple[str, ...]) -> ValueType:
    """Return the type of numbers in an interval, and of some names."""

    def check(_: str, value: Any) -> float | str:
        named = isinstance(value, str) and value in names
        return value if named else check_number(what, value, interval)

    return ValueType(
        check,
        lambda text: text if text in names else float(text),
        lambda value: value if isinstance(value, str) else _digits(value),
    )


def _digits(value: float) -> str:
    """Write a number as briefly as possible without changing it."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def whole(what: str, least: int) -> ValueType:
    """Return the type of whole numbers of at least `least`."""
    return ValueType(lambda _, value: check_whole(what, value, least), int)


def one_of(table: Mapping[str, Any]) -> ValueType:
    """Return the type of the names in a table."""

    def check(name: str, value: Any) -> str:
        """Return the name as text, or raise a SettingError."""
        value = plain(value)
        if not isinstance(value, str) or value not in table:
            raise SettingError(
                f"The {name} must be one of {', '.join(table)}, but got {value!r}"
                f"{did_you_mean(value, table)}."
            )
        return str(value)

    return ValueType(check, names=tuple(table))


flag = ValueType(check_flag)
"""True or False; the option takes no value."""


def _sequence(
    name: str, value: object, expected: str, length: int | None = None
) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or (length is not None and len(value) != length):
        raise SettingError(f"{name} must be {expected}, but got {value!r}.")
    return value


def _check_units(name: str, value: Any) -> tuple[int, ...]:
    sizes = _sequence(name, value, "units of layers such as (128, 64), or ()")
    return tuple(check_whole("number of units of a hidden layer", n, 1) for n in sizes)


def read_units(text: str) -> tuple[int, ...]:
    """Read `128,64` as (128, 64), `none` as ()."""
    try:
        return () if text == "none" else tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not a list of layer sizes; write 128,64 or none.") from None


units = ValueType(_check_units, read_units, lambda sizes: ",".join(map(str, sizes)) or "none")
"""The units of each hidden layer."""


def _check_channels(name: str, value: Any) -> tuple[int, ...]:
    counts = _sequence(name, value, "channels of convolutions such as (32, 64)")
    if not counts:
        raise SettingError("channels must name at least one convolution, but got ().")
    return tuple(check_whole("number of channels of a convolution", n, 1) for n in counts)


def _read_channels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not a list of channels; write 32,64,128.") from None


channel_counts = ValueType(
    _check_channels, _read_channels, lambda counts: ",".join(map(str, counts))
)
"""The channels of each convolution."""


def names_or_settings(table: Mapping[str, Any]) -> ValueType:
    """Return the type of several names in a table, `usual,linear`, or settings by name as JSON.

    The settings themselves are not checked.
    """
    each = one_of(table)

    def check(name: str, value: Any) -> tuple[str | dict[str, Any], ...]:
        """Return the names and settings, or raise a SettingError."""
        given = _sequence(name, value, f"names such as ({next(iter(table))!r},)")
        made = [{**one} if isinstance(one, Mapping) else each.check(name, one) for one in given]
        if not made or any(one in made[:i] for i, one in enumerate(made)):
            raise SettingError(f"{name} must be one or more different names, but got {value!r}.")
        return tuple(made)

    return ValueType(check, _read_names_or_settings, _write_names_or_settings)


def _read_names_or_settings(text: str) -> tuple[Any, ...]:
    if not text.startswith("["):
        return tuple(text.split(","))
    try:
        return tuple(json.loads(text))
    except ValueError as error:
        raise ValueError(
            f'{text!r} is not JSON ({error}); write ["usual", {{"dropout": 0.2}}].'
        ) from None


def _write_names_or_settings(value: Sequence[Any]) -> str:
    named = all(isinstance(one, str) for one in value)
    return ",".join(value) if named else json.dumps(value)


def _check_sides(name: str, value: Any) -> tuple[int, ...]:
    sides = _sequence(name, value, "height and width such as (64, 64)", 2)
    return tuple(check_whole("size of pictures", n, 1) for n in sides)


def _read_sides(text: str) -> tuple[int, int]:
    try:
        sides = [int(side) for side in text.split("x")]
        height, width = sides * 2 if len(sides) == 1 else sides
    except ValueError:
        raise ValueError(f"{text!r} is not a picture size; write 64 or 48x64.") from None
    return height, width


sides = ValueType(_check_sides, _read_sides, lambda pair: "x".join(map(str, pair)))
"""Height and width: `64` → (64, 64), `48x64` → height 48, width 64."""


def _read_named(text: str) -> str | dict[str, float]:
    if "=" not in text:
        return text
    try:
        parts = [part.rpartition("=") for part in text.split(",")]
        return {name.strip(): float(value) for name, _, value in parts}
    except ValueError:
        raise ValueError(
            f"{text!r} is not a list of names with numbers; write cat=2,dog=0.5."
        ) from None


def _write_named(value: str | Mapping[str, float]) -> str:
    if isinstance(value, str):
        return value
    return ",".join(f"{name}={_digits(number)}" for name, number in value.items())


def named_numbers(check: Callable[[str, Any], Any]) -> ValueType:
    """Return the type of a name, or named numbers: `flip=0.5,mix_up=0.2` for {"flip": 0.5, …}."""
    return ValueType(check, _read_named, _write_named)


def _check_class(name: str, label: Any) -> str:
    try:
        return class_name(label)
    except ValueError as error:
        raise SettingError(f"{name} must name a class, but {error}.") from None


one_class = ValueType(_check_class)
"""The name of a class, or its label."""
