"""All kernels of a training step, with numba."""

# imported early, so that its threads exist before they are limited
import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401

from plainnet.training.compiled.embedding_kernels import embed, embedding_gradient
from plainnet.training.compiled.member_kernels import (
    activate,
    activate_gradient,
    answer,
    answer_gradient,
    scale,
    scale_gradient,
)
from plainnet.training.compiled.piecewise import sort_into_bins
from plainnet.training.compiled.steps import steps
from plainnet.training.compiled.updates import adam, mix, momentum

__all__ = [
    "activate",
    "activate_gradient",
    "adam",
    "answer",
    "answer_gradient",
    "embed",
    "embedding_gradient",
    "mix",
    "momentum",
    "scale",
    "scale_gradient",
    "sort_into_bins",
    "steps",
]
