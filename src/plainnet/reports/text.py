"""Plain text for a terminal: tables, counts, printable names, and networks layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any
from unicodedata import bidirectional

from plainnet.network import Layer, Network
from plainnet.reports.widths import cell_width, shortened

if TYPE_CHECKING:
    from plainnet.models.ensemble import EnsembleMember
    from plainnet.tables import TableEncoder

TERMINAL = 80
"""Width of a terminal, in columns."""
LAYER_HEADER = ("layer", "output", "parameters", "multiply-adds")
"""The columns of a table of layers."""
WIDEST_LAYER = 40
"""Most columns that the name of a layer takes."""
INVISIBLE = "\u200c\u200d\u2068\u2069"
"""Joiners, as in Persian, Hindi and emoji, and the marks that `on_a_page` adds."""


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], texts: Sequence[int] = (0,)) -> str:
    """Return a table: texts are aligned left, numbers right.

    >>> print(table(("name", "n"), [("cats", 12), ("dogs", 3)]))
    name   n
    cats  12
    dogs   3

    Args:
        header: the headings of the columns.
        rows: rows with a cell for each column.
        texts: the numbers of the columns that hold texts.
    """
    cells = [[printable(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(cell_width(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(
            _padded(cell, width, to_the_left=i in texts)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def printable(text: str) -> str:
    r"""Escape line breaks, control characters and broken UTF-8, which file names may contain.

    >>> printable("two\nlines.png")
    'two\\nlines.png'
    """
    return "".join(c if c.isprintable() or c in INVISIBLE else repr(c)[1:-1] for c in text)


def on_a_page(text: str) -> str:
    """Return printable text; Arabic and Hebrew are isolated from the direction of text around."""
    turns = any(bidirectional(c) in ("R", "AL") for c in text)
    return f"\u2068{printable(text)}\u2069" if turns else printable(text)


def indented(text: str) -> str:
    r"""Indent every line by two columns.

    >>> indented("one\ntwo")
    '  one\n  two'
    """
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def count(n: float, what: str = "sample") -> str:
    """Return `1 sample` or `2,000 samples`.

    >>> count(1234), count(1, "row")
    ('1,234 samples', '1 row')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a rounded duration: `40 s`, `12 min`, `3 h`."""
    unit, length = ("s", 1) if seconds < 90 else ("min", 60) if seconds < 5400 else ("h", 3600)
    return f"{max(round(seconds / length), 1)} {unit}"


def column_rows(columns: TableEncoder) -> list[tuple[str, str, str]]:
    """Return name, kind and use of each column, then the columns that are left out."""
    used = [(printable(c.name), c.kind, printable(c.summary())) for c in columns.columns]
    left_out = [
        (printable(name), "left out", printable(why)) for name, why in columns.left_out.items()
    ]
    return used + left_out


def network_line(network: Network) -> str:
    """Return `12,288 → 256 → 1, BatchNorm, 3,146,753 parameters`: inputs, outputs with weights.

    >>> network_line(Network.dense([2, 3, 1]))
    '2 → 3 → 1, 13 parameters'
    """
    sized = [layer for layer in network.layers if layer.weights]
    first = sized[0].shape_in if sized and sized[0] is network.layers[0] else None
    sizes = [_size(first, network.n_in), *(_size(layer.shape_out, layer.n_out) for layer in sized)]
    chain = " → ".join(size for size in sizes if size)
    kinds = dict.fromkeys(type(layer).__name__ for layer in network.layers)
    norms = [kind for kind in kinds if "Norm" in kind]
    return ", ".join([chain, *norms, count(network.n_parameters, "parameter")])


def ensemble_line(networks: Sequence[EnsembleMember]) -> str:
    """Return `the average of 5 such networks`, or the share of each variant in the average."""
    weights: dict[str, list[float]] = {}
    for network, _, weight in networks:
        weights.setdefault(network_line(network), []).append(weight)
    if len(weights) == 1:
        return f"the average of {len(networks)} such networks"
    total = sum(sum(each) for each in weights.values())
    parts = [
        f"{100 * sum(each) / total:.0f} % from {len(each)} of {line}"
        for line, each in weights.items()
    ]
    return f"the weighted average of {len(networks)} networks: {'; '.join(parts)}"


def network_text(network: Network) -> str:
    """Return a table of the layers: outputs, parameters, and multiply-adds for one sample.

    >>> print(network_text(Network.dense([2, 3, 1])))
    layer                      output  parameters  multiply-adds
    0  Dense(n_in=2, n_out=3)       3           9              6
    1  ReLU()                       3           0              0
    2  Dense(n_in=3, n_out=1)       1           4              3
    total                                      13              9
    """
    return table(LAYER_HEADER, network_rows(network))


def network_rows(network: Network) -> list[tuple[str, ...]]:
    """Return the rows of that table, the total last."""
    shown: list[tuple[str, ...]] = []
    features, parameters, shape = network.n_in, 0, network.layers[0].shape_in
    for i, layer in enumerate(network.layers):
        features = layer.n_out or features
        own = sum(value.size for name, value in network.parameters.items() if _of(name, i))
        parameters += own
        shape = layer.shape_out or (None if layer.n_out else shape)
        output = _size(shape, features or 0)
        shown.append((f"{i}  {_named(layer)}", output, f"{own:,}", f"{layer.multiply_adds:,}"))
    total = sum(layer.multiply_adds for layer in network.layers)
    shown.append(("total", "", f"{parameters:,}", f"{total:,}"))
    return shown


def _named(layer: Layer) -> str:
    """Name a layer with its settings, without its width, which is that of its output.

    Of layers of pictures, settings at their defaults are left out, too.
    """
    usual = signature(type(layer)).parameters if layer.shape_in else {}
    left_out = {name for name, value in layer.settings.items() if _is_usual(usual, name, value)}
    settings = [f"{k}={v!r}" for k, v in layer.settings.items() if k not in {"n", *left_out}]
    return shortened(f"{type(layer).__name__}({', '.join(settings)})", WIDEST_LAYER)


def _is_usual(parameters: Mapping[str, Parameter], name: str, value: Any) -> bool:
    return name in parameters and (name == "shape" or parameters[name].default == value)


def _size(shape: Sequence[int] | None, n: int | None) -> str:
    """Return `32 × 32 × 3` for pictures, else `3,072`; "" if it is not known."""
    return " × ".join(map(str, shape)) if shape else "" if n is None else f"{n:,}"


def _of(name: str, layer: int) -> bool:
    return name.startswith(f"layers.{layer}.")


def _padded(text: str, width: int, to_the_left: bool) -> str:
    gap = " " * (width - cell_width(text))
    return text + gap if to_the_left else gap + text
