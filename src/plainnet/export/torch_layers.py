"""The layers of a network in PyTorch: an expression, and the code of modules that PyTorch lacks."""

import re
from textwrap import dedent

from plainnet.errors import ModelFileError
from plainnet.export.torch_pictures import PICTURE_MODULES
from plainnet.network import ByColumns, Layer, Network, PiecewiseLinear, row_of

MODULES: dict[str, str] = {
    **PICTURE_MODULES,
    ByColumns.__name__: """\
        class ByColumns(torch.nn.ModuleList):
            def __init__(self, *branches):
                super().__init__(torch.nn.Sequential(*layers) for _, layers in branches)
                self.columns = [columns for columns, _ in branches]

            def forward(self, X):
                return torch.cat([layers(X[:, c]) for c, layers in zip(self.columns, self)], 1)
        """,
    PiecewiseLinear.__name__: """\
        class PiecewiseLinear(torch.nn.Module):
            def __init__(self, *bins, bounded=True):
                super().__init__()
                low, high, bins = torch.zeros(sum(bins)), torch.ones(sum(bins)), torch.tensor(bins)
                self.register_buffer("lower", low.clone())
                self.register_buffer("bin_width", high.clone())
                if not bounded:
                    high[bins.cumsum(0) - 1], low[bins.cumsum(0) - bins] = torch.inf, -torch.inf
                for name, value in (("bins", bins), ("low", low), ("high", high)):
                    self.register_buffer(name, value, persistent=False)

            def forward(self, X):
                Y = (X.repeat_interleave(self.bins, 1) - self.lower) / self.bin_width
                return Y.clamp(self.low, self.high)
        """,
}
"""The code of PyTorch modules by the name of their layer here; they need `import torch` alone.

Their buffers are the state here, under the same names.
"""


def sequential(network: Network) -> str:
    """Write the layers for PyTorch: `Sequential(Linear(4, 3), ReLU(), Linear(3, 1))`.

    Names that PyTorch lacks are those of `torch_modules`.

    Raises:
        ModelFileError: there is no such layer for PyTorch.
    """
    return f"Sequential({', '.join(map(_in_torch, network.layers))})"


def torch_modules(network: Network) -> str:
    """Return the code of the modules in `sequential(network)` that PyTorch lacks; "" without."""
    text = sequential(network)
    return "\n\n".join(dedent(code) for name, code in MODULES.items() if f"{name}(" in text)


def _in_torch(layer: Layer) -> str:
    row = row_of(layer)
    if row is not None and isinstance(layer, ByColumns):
        chains = zip(layer.columns, layer.chains.values(), strict=True)
        branches = (f"({[*c]}, [{', '.join(map(_in_torch, chain))}])" for c, chain in chains)
        return f"ByColumns({', '.join(branches)})"
    if row is not None and isinstance(layer, PiecewiseLinear) and row.layer is PiecewiseLinear:
        bounded = "" if layer.bounded else ", bounded=False"
        return f"PiecewiseLinear({', '.join(map(str, layer.bins))}{bounded})"
    if row is None or row.torch is None:
        raise ModelFileError(
            f"PyTorch has no layer for {layer}; only layers with a PyTorch name in "
            "plainnet.network.LAYERS, encodings and columns can be written."
        )
    braced = re.compile(r"\{(\w+)\}")
    return braced.sub(lambda name: str(getattr(layer, name[1])), row.torch)
