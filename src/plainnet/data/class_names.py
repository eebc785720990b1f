"""The names of classes: one rule for labels from any source.

The name of a text is the text without surrounding spaces, in Unicode's composed form (NFC). The
name of a boolean is `True` or `False`, of an integer its decimal digits, of another number its
`repr`. The name of a label never depends on the other labels.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.network.numbers import unmasked

log = logging.getLogger(__name__)

MAX_FRACTIONS = 20
"""The number of different fractions that still count as classes."""
_REMEDY = "name the classes, or number them from 0"
"""The way out for invalid labels, in messages."""
Label = str | bool | int | float
"""The type of a sample's label."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Named(NamedTuple):
    """Labels as indices of classes."""

    y: Array
    """The index of each label's class, int64 `(N,)`; −1 without a label."""
    classes: tuple[str, ...]
    """The name of each class."""
    labels: tuple[Label, ...]
    """The label of each class, as given."""


def composed(text: str) -> str:
    """Return the text in Unicode's composed form, in which an é is one character."""
    return text if text.isascii() else normalize("NFC", text)


def plain_text(text: str) -> str:
    """Return the text without surrounding spaces, in composed form."""
    return composed(text.strip())


def plain_label(label: Any) -> Label:
    """Return the label as Python's own text, boolean, integer or float.

    Raises:
        ValueError: the label is something else, or a float too large to be exact.
    """
    if hasattr(label, "item") and not isinstance(label, (np.generic, str)):  # such as a tensor
        label = label.item()
    if isinstance(label, str):
        return str.__str__(label)
    if isinstance(label, (bool, np.bool)):
        return bool(label)
    if isinstance(label, (int, np.integer)):
        return int(label)
    if not isinstance(label, (float, np.floating)):
        raise ValueError(f"{label!r:.40} is neither a text, a boolean nor a number")
    if not np.isfinite(label):
        raise ValueError(f"{float(label)} is not a finite number")
    exact: float = 2.0 ** (np.finfo(type(label)).nmant + 1)  # beyond it integers are missing
    if abs(float(label)) >= exact:
        raise ValueError(f"{label!r:.40} cannot be distinguished from the next integers")
    return float(label)


def class_name(label: Any) -> str:
    """Return the name of a label's class.

    Raises:
        ValueError: see `plain_label`.
    """
    plain = plain_label(label)
    if isinstance(plain, str):
        return plain_text(plain)
    return str(int(plain)) if isinstance(plain, float) and plain.is_integer() else repr(plain)


def is_absent(label: Any) -> bool:
    """Whether a label is missing: None, an empty text, NaN, or a missing value of pandas."""
    return label is None or str(label).strip() in ("", "nan", "NaT", "<NA>")


def name_labels(
    y: Any,
    whose: str,
    *,
    natural: bool = False,
    absent: Callable[[Any], bool] = lambda label: False,  # noqa: ARG005
) -> Named:
    """Return labels as indices of their classes, with the classes' names.

    Args:
        y: a label for each sample, `(N,)`: texts, booleans, integers or other numbers.
        whose: the source of the labels, for messages: `y`.
        natural: order texts naturally, `2` before `10`, instead of letter by letter.
        absent: whether a label counts as missing.

    Raises:
        DataError: the labels are something else.
    """
    different, codes = _coded(_one_each(y, whose))
    names: dict[str, Label] = {}
    of_code: list[str | None] = []
    for code, label in enumerate(different):
        if absent(label):
            of_code.append(None)
            continue
        try:
            name, plain = class_name(label), plain_label(label)
        except ValueError as error:
            remedy = "leave such samples out" if is_absent(label) else _REMEDY
            raise DataError(
                f"The class of each sample must be a name or an integer, but {whose} holds "
                f"{label!r:.40} in row {int((codes == code).argmax())} ({error}); {remedy}."
            ) from None
        of_code.append(name)
        names[name] = _same(names[name], plain, name, whose) if name in names else plain
    labels = dict(_ordered(names, natural))
    if {bool} < {type(label) for label in labels.values()}:
        _check_flags(labels.values(), whose)
    number = {name: i for i, name in enumerate(labels)}
    places = np.array([-1 if name is None else number[name] for name in of_code], np.int64)
    return Named(places[codes], tuple(labels), tuple(labels.values()))


def check_few_fractions(named: Named, whose: str) -> None:
    """Raise a DataError if labels have so many fractions that they are targets of regression."""
    n = sum(isinstance(label, float) and not label.is_integer() for label in named.labels)
    if n > MAX_FRACTIONS:
        raise DataError(
            f"The class of each sample must be a name or an integer, but {whose} holds {n:,} "
            "different fractions; use a Regressor to predict numbers, or convert them to classes."
        )


def label_array(labels: Sequence[Label]) -> Array:
    """Return labels as an array of their type, `(K,)`; an object array if no type fits."""
    kinds = {type(label) for label in labels}
    if kinds == {int}:
        for dtype in (np.int64, np.uint64):
            with suppress(OverflowError):
                return np.array(labels, dtype)
    elif len(kinds) == 1 and (plain := np.array(labels)).tolist() == [*labels]:
        return plain  # a text that ends in NUL would lose it
    made = np.empty(len(labels), object)
    made[:] = labels
    return made


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort numbers by value, and texts so that `a2` comes before `a10`."""
    names = [*names]
    if all(map(_NUMBER.fullmatch, names)):
        return sorted(names, key=lambda name: (_value(name), name))
    return sorted(names, key=lambda name: (_parts(name), name))


def _one_each(y: Any, whose: str) -> Array:
    """Return labels as an array `(N,)` of their type, or of objects if that would change them."""
    y = unmasked(y, whose, always=False)
    try:
        given = np.asarray(y) if hasattr(y, "dtype") or hasattr(y, "__array__") else _objects(y)
    except ValueError:  # lists of different lengths
        given = np.array(None)
    if given.ndim == 2 and given.shape[1] == 1:
        return given[:, 0]
    if given.ndim == 1 and given.dtype.kind in "biufUTO":
        return given
    found = f"{given.dtype} {given.shape}"
    if given.ndim == 2 and is_one_hot(given):
        raise DataError(
            f"There must be one class for each sample, but {whose} is {found}, with a single 1 "
            "in each row; pass the index of each sample's class, y.argmax(axis=1)."
        )
    remedy = "decode them, np.char.decode(y, 'utf-8')" if given.dtype.kind == "S" else _REMEDY
    raise DataError(
        f"The class of each sample must be a name or an integer, but {whose} is {found}; {remedy}."
    )


def _objects(y: Any) -> Array:
    cells = np.asarray(y, object) if not isinstance(y, (str, bytes)) else np.array(None)
    return np.asarray(y) if cells.ndim == 2 else cells


def is_one_hot(given: Array) -> bool:
    """Return whether numbers `(N, K)` hold a single 1 in each row, and else 0."""
    if given.dtype.kind not in "biuf" or given.shape[1] < 2:
        return False
    return bool((((given == 0) | (given == 1)).all(axis=1) & (given.sum(axis=1) == 1)).all())


def _coded(given: Array) -> tuple[list[Any], Array]:
    """Return the different labels, and the index of each label `(N,)`."""
    if given.dtype.kind in "biufU":
        different, codes = np.unique(given, return_inverse=True)
        return list(different), codes.reshape(-1)
    numbers: dict[Any, int] = {}
    cells = given.tolist()
    try:
        keys = [(type(cell), cell if cell == cell else None) for cell in cells]  # NaN is not NaN
        codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    except TypeError:  # pandas' missing value has no truth value; a list is not hashable
        keys = [(type(cell), str(cell)) for cell in cells]
        codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    first = {code: cell for code, cell in zip(codes[::-1].tolist(), reversed(cells), strict=True)}
    return [first[code] for code in range(len(numbers))], codes


def _same(label: Label, other: Label, name: str, whose: str) -> Label:
    """Return the label for two labels with the same name."""
    if isinstance(label, str) is not isinstance(other, str):
        raise DataError(
            f"{whose} holds {name!r} both as a text and as a number or boolean; convert all labels "
            "to texts, y.astype(str)."
        )
    if label != other:
        log.warning("%s spells the class %r in several ways; they are the same class.", whose, name)
        return name
    return label


def _check_flags(labels: Iterable[Label], whose: str) -> None:
    """Refuse booleans among numbers: 1 == True."""
    if any(isinstance(label, (int, float)) and not isinstance(label, bool) for label in labels):
        raise DataError(
            f"{whose} holds both booleans and numbers, and True equals 1; convert all of them to "
            "numbers, or to texts."
        )


def _ordered(names: dict[str, Label], natural: bool) -> list[tuple[str, Label]]:
    if natural:
        return [(name, names[name]) for name in natural_order(names)]
    numbers = [item for item in names.items() if not isinstance(item[1], str)]
    texts = [item for item in names.items() if isinstance(item[1], str)]
    return [*sorted(numbers, key=lambda item: item[1]), *sorted(texts)]


def _value(name: str) -> int | float:
    try:
        return int(name)
    except ValueError:
        return float(name)


def _parts(name: str) -> list[tuple[int, int, str]]:
    """Return runs of digits as numbers, and the other characters as texts."""
    runs = re.findall(r"[0-9]{1,4000}|[^0-9]+", name)
    return [(0, int(run), "") if run[0] in "0123456789" else (1, 0, run) for run in runs]
