"""From the columns of a table to features, as ONNX nodes: just what `tables/column.py` does.

Numbers and dates are float64 `(N, 1)`, NaN where one is missing, dates in days since 1970; they
are standardized in float64, so that time stamps stay apart, and are float32 from then on. Texts are
strings `(N, 1)`, "" where one is missing.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from math import prod
from unicodedata import normalize

import numpy as np

from plainnet.data.class_matching import match
from plainnet.export.nodes import FLOAT, ML, Nodes
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.tables import TableEncoder
from plainnet.tables.column import FARTHEST, Category, Date, Number
from plainnet.tables.dates import CYCLES

FLAGS = ("TRUE", "True", "true", "FALSE", "False", "false", "1", "0", "1.0", "0.0")
"""Texts that may be a category though they are not spelled as it."""
MOST_CASES = 32
"""Spellings of one text that a graph knows by heart."""


def table_nodes(nodes: Nodes, columns: TableEncoder, inputs: Sequence[str]) -> str:
    """Features `(N, n_features)`, float32, of the inputs, one for each column."""
    features: list[str] = []
    for column, given in zip(columns.columns, inputs, strict=True):
        if isinstance(column, Category):
            features += [_category(nodes, column, given, columns.missing)]
        elif isinstance(column, Number):  # a date is one, too
            features += _number(nodes, column, given)
    return nodes.add("Concat", *features, axis=1, name="features")


def _number(nodes: Nodes, column: Number, x: str) -> list[str]:
    """(value − mean) / scale, whether it is missing, and of a date its place in each cycle."""
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
    """2 π (days mod length) / length, in float64 until it is small."""
    rounds = nodes.add("Div", days, nodes.double(length))
    part = nodes.add("Sub", rounds, nodes.add("Floor", rounds))
    return nodes.add("Cast", nodes.add("Mul", part, nodes.double(2 * np.pi)), to=FLOAT)


def _category(nodes: Nodes, column: Category, cells: str, missing: Collection[str]) -> str:
    """1 where it is this category, else 0: from the text to its number, and from that to a row."""
    number: dict[str, int] = {}
    if column.has_missing:
        spelled = [text for marker in missing for text in _cases(marker)]
        number = dict.fromkeys(spelled, len(column.values))
    for i, value in enumerate(column.values):  # an é may be one character, or two
        number |= dict.fromkeys((normalize("NFD", value), normalize("NFC", value), value), i)
    also = [*FLAGS, *(f"{value}.0" for value in column.values)]  # as far as `match` can be foreseen
    meant = zip(also, match(also, column.values), strict=True)
    number |= {text: k for text, k in meant if k is not None}
    place = nodes.add(
        "LabelEncoder",
        cells,
        domain=ML[0],
        keys_strings=list(number),
        values_int64s=list(number.values()),
        default_int64=-1,
    )
    every = np.arange(len(column.features)).reshape(1, -1)
    return nodes.add("Cast", nodes.add("Equal", place, every), to=FLOAT)


def _cases(text: str) -> Iterator[str]:
    """A text in small and large letters, mixed in all ways where these are few."""
    letters = [{letter.lower(), letter.upper()} for letter in text]
    if prod(map(len, letters)) > MOST_CASES:
        yield from (text.lower(), text.upper(), text.capitalize(), text.title())
    else:
        yield from map("".join, product(*letters))
