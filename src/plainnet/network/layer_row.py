"""What files and other programs know of a layer: its row, and how a description becomes one.

`layer_table.py` fills `LAYERS`, the table of all rows.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from plainnet.errors import SettingError
from plainnet.network.arrays import Array
from plainnet.network.layer import Layer

UNSAVED = {"initializer", "rng", "edges"}
"""Arguments of layers that settings leave out: a file holds what came of them, or nothing."""


class Graph(Protocol):
    """An ONNX graph under construction. Values are known by their names."""

    def add(self, op: str, *inputs: str | Array | float, name: str = "", **attributes: Any) -> str:
        """Add an operator of ONNX's set 13, with numbers as constants; return its output's name."""

    def constant(self, value: Any, name: str = "constant") -> str:
        """Add a constant and return its name."""


Writer = Callable[[Graph, Any, str, str], str]
"""`(graph, layer, X, name) -> Y`: adds a layer's operators; its constants are named `name.…`."""


@dataclass(frozen=True)
class LayerRow:
    """The facts about a layer beside its mathematics."""

    layer: type[Layer]
    """The class."""
    onnx: Writer | None = None
    """The function that writes the layer into an ONNX graph; None: it cannot be exported."""
    torch: str | None = None
    """The PyTorch code of the layer, with attributes in braces; None: PyTorch has no such layer."""

    @cached_property
    def arguments(self) -> Sequence[str]:
        """The names of the layer's arguments."""
        if self.layer.__init__ is object.__init__:
            return ()  # as `inspect` finds by reading texts, which takes 5 ms
        return (*inspect.signature(self.layer).parameters,)


LAYERS: dict[str, LayerRow] = {}
"""The rows by the name of the class, as it stands in model files."""


def row_of(layer: Layer) -> LayerRow | None:
    """Return the row of a layer's class, or None if there is none. A subclass is another layer.

    >>> row_of(Dense(3, 2)).layer.__name__
    'Dense'
    """
    row = LAYERS.get(type(layer).__name__)
    return row if row is not None and row.layer is type(layer) else None


def described(layer: Layer) -> dict[str, Any]:
    """The layer in JSON values, for `layer_of`: its type and its settings.

    >>> described(Dense(3, 2))
    {'type': 'Dense', 'n_in': 3, 'n_out': 2}
    """
    return {"type": type(layer).__name__, **layer.settings}


def layer_of(description: object, where: str, **hidden: Any) -> Layer:
    """The layer that `type` and its settings, neither more nor fewer, describe.

    >>> layer_of({"type": "Dropout", "rate": 0.2}, "this example").rate
    0.2

    Args:
        description: as `described` gives it.
        where: what the layer is called in messages: `layer 2`.
        hidden: arguments that no settings hold, for the layers that take them.

    Raises:
        ValueError: it describes no layer of the table.
        SettingError: a setting is out of its range.
    """
    settings = dict(description) if isinstance(description, dict) else {}
    kind = settings.pop("type", None)
    row = LAYERS.get(kind) if isinstance(kind, str) else None
    if row is None:
        raise ValueError(
            f"{where} is a {kind!r:.60}, which is none of {', '.join(LAYERS)}; a layer of "
            "your own needs a row in plainnet.network.LAYERS before it is loaded"
        )
    known = row.arguments
    wanted = {*known} - UNSAVED
    if {*settings} != wanted:
        raise ValueError(
            f"{where}, {kind}, has the settings {', '.join(sorted(wanted)) or 'none'}, but "
            f"{', '.join(sorted(settings)) or 'none'} are given"
        )
    return row.layer(**settings, **{name: hidden[name] for name in known if name in hidden})


def write_layers(graph: Graph, layers: Sequence[Layer], X: str, name: str) -> str:
    """Add the operators of layers, one after another, and return the output of the last.

    Args:
        graph: where the operators go.
        layers: with a form in ONNX.
        X: the name of what comes in.
        name: what the name of each layer, its number, is added to.

    Raises:
        SettingError: a layer has no form in ONNX.
    """
    for i, layer in enumerate(layers):
        row = row_of(layer)
        if row is None or row.onnx is None:
            known = [name for name, one in LAYERS.items() if one.onnx]
            raise SettingError(
                f"Layer {i} ({type(layer).__name__}) has no form in ONNX; networks of "
                f"{', '.join(known)} can be exported, and layers of your own with a writer in "
                "plainnet.network.LAYERS."
            )
        X = row.onnx(graph, layer, X, f"{name}{i}")
    return X
