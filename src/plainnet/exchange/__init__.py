"""What goes to and comes from other programs.

- `write_weights`, `read_weights`: the weights as PyTorch names them, in plain safetensors.
"""

from plainnet.exchange.weights import read_weights, sequential, write_weights

__all__ = ["read_weights", "sequential", "write_weights"]
