"""The layers of a network in PyTorch: an expression, and the code of modules that PyTorch lacks."""

import re
from textwrap import dedent

from plainnet.errors import ModelFileError
from plainnet.export.torch_pictures import PICTURE_MODULES
from plainnet.export.torch_tables import TABLE_MODULES
from plainnet.network import (
    ByColumns,
    Layer,
    Network,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    row_of,
)

MODULES: dict[str, str] = {**PICTURE_MODULES, **TABLE_MODULES}
"""The code of PyTorch modules by the name of their layer here; they need `import torch` alone.

Their buffers are the state here, under the same names.
"""


def sequential(network: Network) -> str:
    """Write the layers for PyTorch: `Sequential(Linear(4, 3), ReLU(), Linear(3, 1))`.

    Names that PyTorch lacks are those of `torch_modules`.

    >>> sequential(Network.dense([2, 3, 1]))
    'Sequential(Linear(2, 3), ReLU(), Linear(3, 1))'

    Raises:
        ModelFileError: there is no such layer for PyTorch.
    """
    return f"Sequential({', '.join(map(_in_torch, network.layers))})"


def torch_modules(network: Network) -> str:
    """Return the code of the modules in `sequential(network)` that PyTorch lacks; "" without.

    >>> torch_modules(Network.dense([2, 3, 1]))
    ''
    """
    text, codes = sequential(network), dict[str, str]()
    for name, code in reversed(MODULES.items()):  # what derives from a class, and then the class
        if f"{name}(" in text or any(f"({name})" in other for other in codes.values()):
            codes[name] = dedent(code)
    return "\n\n".join(reversed(codes.values()))


def _in_torch(layer: Layer) -> str:
    row = row_of(layer)
    if row is not None and isinstance(layer, ByColumns):
        chains = zip(layer.columns, layer.chains.values(), strict=True)
        branches = (f"({[*c]}, [{', '.join(map(_in_torch, chain))}])" for c, chain in chains)
        return f"ByColumns({', '.join(branches)})"
    if row is not None and isinstance(layer, PerMember):
        inside = (_in_torch(part) for part in layer.chains[""])
        return f"PerMember({', '.join([str(layer.members), *inside])})"
    if row is not None and isinstance(layer, PiecewiseLinear):
        bounded = "" if layer.bounded else ", bounded=False"
        length = ""
        if isinstance(layer, PiecewiseLinearEmbedding):
            length = f", length={layer.length}"
        return f"{type(layer).__name__}({', '.join(map(str, layer.bins))}{length}{bounded})"
    if row is None or row.torch is None:
        raise ModelFileError(
            f"PyTorch has no layer for {layer}; only layers with a PyTorch name in "
            "plainnet.network.LAYERS, encodings and columns can be written."
        )
    braced = re.compile(r"\{(\w+)\}")
    return braced.sub(lambda name: str(getattr(layer, name[1])), row.torch)
