"""From the columns of a table to features as ONNX nodes, exactly as in `tables/column.py`.

Numbers and dates are float64 `(N, 1)`, NaN if missing, dates in days since 1970. They are
standardized in float64, so that time stamps remain distinct, and then become float32. Texts are
strings `(N, 1)`, "" if missing.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from math import prod
from unicodedata import normalize

import numpy as np

from plainnet.data.class_matching import match
from plainnet.errors import SettingError
from plainnet.files.onnx_nodes import FLOAT, ML, Nodes
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.network import Array
from plainnet.tables import TableEncoder
from plainnet.tables.column import Category, Date, Number
from plainnet.tables.dates import CYCLES
from plainnet.tables.ordinal import Ordinal
from plainnet.tables.standardizing import FARTHEST
from plainnet.tables.target_encoding import TargetEncoding

FLAGS = ("TRUE", "True", "true", "FALSE", "False", "false", "1", "0", "1.0", "0.0")
"""Texts that may match a category spelled otherwise."""
MOST_CASES = 32
"""Most combinations of small and large letters stored for one text."""


def table_nodes(nodes: Nodes, columns: TableEncoder, inputs: Sequence[str]) -> str:
    """Add the features `(N, n_features)`, float32, of the inputs, one for each column."""
    features: list[str] = []
    for column, given in zip(columns.columns, inputs, strict=True):
        if isinstance(column, TargetEncoding):
            place = _place(nodes, column, given, columns.missing)
            if len(own := column.places_of_own):
                features.append(_one_hot(nodes, place, own))
            features += [_statistics(nodes, column, place)]
        elif isinstance(column, Category):
            place = _place(nodes, column, given, columns.missing)
            features += [_one_hot(nodes, place, np.arange(len(column.features)))]
        elif isinstance(column, Ordinal):
            place = _place(nodes, column, given, columns.missing)
            levels = [*range(len(column.levels)), *([np.nan] * column.has_missing), np.nan]
            features += _number(nodes, column, nodes.add("Gather", nodes.double(levels), place))
        elif isinstance(column, Number):  # a date is one, too
            features += _number(nodes, column, given)
        else:
            raise SettingError(
                f"The column {column.name!r} is {column.kind}, which no operator of ONNX takes "
                f"apart; to export the model, train it without, --drop {column.name}."
            )
    return nodes.add("Concat", *features, axis=1, name="features")


def _number(nodes: Nodes, column: Number, x: str) -> list[str]:
    """Add (value − mean) / scale, whether it is missing, and a date's place in each cycle."""
    known = nodes.add("Less", nodes.add("Abs", x), nodes.double(LARGEST_NUMBER))  # not NaN
    filled = nodes.add("Where", known, x, nodes.double(column.median))
    centred = nodes.add("Sub", filled, nodes.double(column.mean))
    z = nodes.add("Div", centred, nodes.double(column.scale))
    least = nodes.add("Max", z, nodes.double(-FARTHEST))
    features = [nodes.add("Min", least, nodes.double(FARTHEST))]
    features = [nodes.add("Cast", features[0], to=FLOAT)]
    if column.has_missing:
        features.append(nodes.add("Cast", nodes.add("Not", known), to=FLOAT))
    if isinstance(column, Date):
        present = nodes.add("Cast", known, to=FLOAT)
        for cycle in column.cycles:
            turn = _turn(nodes, filled, CYCLES[cycle])
            features += [nodes.add("Mul", nodes.add(op, turn), present) for op in ("Sin", "Cos")]
    return features


def _turn(nodes: Nodes, days: str, length: float) -> str:
    """Add 2 π (days mod length) / length, in float64 until it is small."""
    rounds = nodes.add("Div", days, nodes.double(length))
    part = nodes.add("Sub", rounds, nodes.add("Floor", rounds))
    return nodes.add("Cast", nodes.add("Mul", part, nodes.double(2 * np.pi)), to=FLOAT)


def _one_hot(nodes: Nodes, place: str, numbers: Array) -> str:
    """Add 1 where the number of a row's category is one of these, else 0."""
    return nodes.add("Cast", nodes.add("Equal", place, numbers.reshape(1, -1)), to=FLOAT)


def _statistics(nodes: Nodes, column: TargetEncoding, place: str) -> str:
    """Add the statistics of each category, 0 for -1, which is the last row."""
    found = nodes.constant(column.table_of_statistics, "statistics")
    return nodes.add("Gather", found, nodes.add("Squeeze", place, np.array([1])))


def _place(nodes: Nodes, column: Category | Ordinal, cells: str, missing: Collection[str]) -> str:
    """Add the number of each text's category `(N, 1)`, as `Category.numbers` returns it."""
    number: dict[str, int] = {}
    if column.has_missing:
        spelled = [text for marker in missing for text in _cases(marker)]
        number = dict.fromkeys(spelled, len(column.values))
    for i, value in enumerate(column.values):  # an é may be one character, or two
        number |= dict.fromkeys((normalize("NFD", value), normalize("NFC", value), value), i)
    also = [*FLAGS, *(f"{value}.0" for value in column.values)]  # as far as `match` can be foreseen
    meant = zip(also, match(also, column.values), strict=True)
    number |= {text: k for text, k in meant if k is not None}
    return nodes.add(
        "LabelEncoder",
        cells,
        domain=ML[0],
        keys_strings=list(number),
        values_int64s=list(number.values()),
        default_int64=-1,
    )


def _cases(text: str) -> Iterator[str]:
    """Yield a text in small and large letters: in all combinations, unless these are too many."""
    letters = [{letter.lower(), letter.upper()} for letter in text]
    if prod(map(len, letters)) > MOST_CASES:
        yield from (text.lower(), text.upper(), text.capitalize(), text.title())
    else:
        yield from map("".join, product(*letters))
