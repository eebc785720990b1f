"""The passes through the layers, and their checks: done once, when a training takes its first step.

A layer that gives float64, rows too many or nothing at all would otherwise end in an error of NumPy
about another layer, or in no error at all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from plainnet.errors import PlainnetError, ShapeError
from plainnet.network.arrays import Array
from plainnet.network.layer import Layer


def checked_forward(layers: Sequence[Layer], A: Array, training: bool) -> Array:
    """As `forward`; each layer has to give an array as it says it does.

    Raises:
        ShapeError: it does not; the message names the layer.
    """
    for i, layer in enumerate(layers):
        expected = len(A), layer.n_out or A.shape[1]
        Y = layer.forward(A, training)
        _check(f"forward of layer {i} ({layer})", Y, expected, A.dtype)
        A = Y
    return A


def checked_backward(layers: Sequence[Layer], dA: Array, first: int, need_dX: bool) -> Array | None:
    """As `backward`; each layer has to give a gradient as it says it does.

    Raises:
        ShapeError: a gradient is missing or does not fit; the message names the layer.
    """
    dY: Array | None = dA
    for i in reversed(range(len(layers))):
        if dY is None:
            break
        layer, needed = layers[i], need_dX or i > first
        names = [f"d{name}" for name in (*layer.weights, *layer.biases)]
        views = {name: getattr(layer, name) for name in names if hasattr(layer, name)}
        n, dtype = len(dY), dY.dtype
        n_in = layer.n_in or (None if layer.n_out else dY.shape[1])
        dY = layer.backward(dY, needed)
        for name, view in views.items():
            if getattr(layer, name) is not view:
                raise ShapeError(
                    f"backward of layer {i} ({layer}) has set self.{name} to another array, so the "
                    f"network does not see that gradient; write into it, self.{name}[...] = …."
                )
        if needed:
            _check(f"backward of layer {i} ({layer})", dY, (n, n_in), dtype)
    return dY


def forward(layers: Sequence[Layer], X: Array, training: bool) -> Array:
    """Apply the layers one after another.

    Raises:
        ShapeError: a layer does not give what it says, where that would go wrong.
    """
    A = X
    try:
        for layer in layers:
            A = layer.forward(A, training)
        if len(A) == len(X):
            return A
    except PlainnetError:
        raise
    except Exception:  # a layer's own, or NumPy's about what the layer before has given
        checked_forward(layers, X, training)
        raise
    return checked_forward(layers, X, training)


def backward(layers: Sequence[Layer], dZ: Array, first: int, need_dX: bool) -> Array | None:
    """Go back through the layers, of which number `first` is the first with parameters."""
    dA: Array | None = dZ
    for i in reversed(range(len(layers))):
        if dA is None:
            break
        dA = layers[i].backward(dA, need_dX or i > first)
    return dA


def check_gradient(loss: object, J: Any, dZ: Any, Z: Array) -> None:
    """Refuse what a loss has given, if it is no number and no gradient like Z.

    Raises:
        ShapeError: the message names the loss.
    """
    name = f"value_and_grad of {type(loss).__name__}"
    if np.ndim(J):
        raise ShapeError(f"{name} gave a loss of shape {np.shape(J)}; give their mean, one number.")
    _check(name, dZ, Z.shape, Z.dtype)


def _check(what: str, A: Any, shape: tuple[int | None, ...], dtype: np.dtype[Any]) -> None:
    found = getattr(A, "shape", None), getattr(A, "dtype", None)
    fits = (
        found[0] is not None
        and len(found[0]) == len(shape)
        and all(n in (side, None) for side, n in zip(found[0], shape, strict=True))
    )
    if fits and found[1] == dtype:
        return
    expected = ", ".join("…" if n is None else str(n) for n in shape)
    told = "nothing (None)" if A is None else f"{type(A).__name__} {A!r:.40}"
    if found[0] is not None:
        told = f"{found[1]} {found[0]}"
    remedy = "return such an array"
    if fits:
        remedy = "compute in that, or into self.scratch(…)"
    elif what.startswith("forward"):
        remedy += ", or set self.n_out if it gives another number of features"
    raise ShapeError(f"The {what} gave {told} instead of {dtype} ({expected}); {remedy}.")
