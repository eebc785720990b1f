"""All kernels of a training step, with numba."""

from plainnet.training.compiled.pcg64 import read_state, write_state
from plainnet.training.compiled.steps import steps
from plainnet.training.compiled.updates import adam, mix, momentum

__all__ = ["adam", "mix", "momentum", "read_state", "steps", "write_state"]
