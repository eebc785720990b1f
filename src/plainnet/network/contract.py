"""Check that layers and losses keep to their contract.

Layers are checked when a network takes them, and their passes in the first step of a training. A
layer that returns float64, too many rows or None would otherwise cause a NumPy error about another
layer, or no error at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from plainnet.errors import SettingError, ShapeError
from plainnet.network.arrays import Array
from plainnet.network.layer import Layer


def checked_layers(layers: Any, taker: object) -> list[Layer]:
    """Return the layers of a network as a list, after checking them.

    Args:
        layers: the argument of the network.
        taker: the network that takes them.

    Raises:
        SettingError: the list is empty, a layer occurs twice or belongs to another network, or an
            element is not a layer.
    """
    if isinstance(layers, (Layer, type, str)) or not isinstance(layers, Iterable):
        raise SettingError(
            f"A network takes a list of layers, [Dense(2, 16), ReLU(), …], but got {layers!r}."
        )
    found = list(layers)
    if not found:
        raise SettingError("A network needs at least one layer, but got none.")
    seen: set[int] = set()
    for i, layer in enumerate(found):
        if isinstance(layer, type) and issubclass(layer, Layer):
            name = layer.__name__
            raise SettingError(f"Layer {i} is the class {name}, not a layer; write {name}(…).")
        if not isinstance(layer, Layer):
            raise SettingError(
                f"Layer {i} must be a layer such as Dense(2, 16) or ReLU(), but got {layer!r:.60}; "
                "derive your own from plainnet.Layer."
            )
        for one in with_inner([layer]):
            _check_free(one, i, seen, taker)
            seen.add(id(one))
    return found


def _check_free(layer: Layer, i: int, seen: set[int], taker: object) -> None:
    """Raise a SettingError unless a layer, the one at place i or inside of it, is there once."""
    if id(layer) in seen:
        raise SettingError(
            f"Layer {i} ({layer}) is the same object as an earlier layer; "
            "make a new layer for each place."
        )
    if _is_taken(layer, taker):
        raise SettingError(
            f"Layer {i} ({layer}) is already part of another network, which would lose its "
            "parameters; make a new layer, or a copy of that network: network.copy()."
        )


def _is_taken(layer: Layer, taker: object) -> bool:
    """Return whether another network than `taker`, which still exists, holds the layer."""
    network = layer.taken_by() if layer.taken_by else None
    if network is None or network is taker:
        return False
    held = with_inner(network.layers)
    return any(layer is one for one in held)  # replicas and removed layers are not


def with_inner(layers: Iterable[Layer]) -> Iterator[Layer]:
    """These layers, each followed by those inside."""
    for layer in layers:
        yield layer
        for chain in layer.chains.values():
            yield from with_inner(chain)


def matched_sizes(layers: Sequence[Layer]) -> tuple[int | None, int | None]:
    """Return the numbers of input and output features.

    Raises:
        ShapeError: neighbouring sizes do not match.
    """
    n_in: int | None = None
    n_out: int | None = None
    shape: tuple[int, int, int] | None = None
    giver = 0
    for i, layer in enumerate(layers):
        if layer.n_in is not None and n_out is not None and layer.n_in != n_out:
            raise ShapeError(
                f"Layer {i} ({layer}) takes {layer.n_in} features, but layer {giver} "
                f"({layers[giver]}) gives {n_out}; make the two numbers equal."
            )
        if shape is not None and layer.shape_in not in (None, shape):
            raise ShapeError(
                f"Layer {i} ({layer}) takes pictures of {layer.shape_in}, but layer {giver} "
                f"({layers[giver]}) gives {shape}, height, width, channels; make them equal."
            )
        if n_in is None and n_out is None:
            n_in = layer.n_in
        if layer.n_out is not None:
            n_out, shape, giver = layer.n_out, layer.shape_out, i
    return n_in, n_out


def checked_forward(layers: Sequence[Layer], A: Array, training: bool) -> Array:
    """Apply the layers, and check the shape and dtype that each of them returns.

    Raises:
        ShapeError: an array is missing or does not fit; the message names the layer.
    """
    for i, layer in enumerate(layers):
        expected = len(A), (training and layer.n_out_training) or layer.n_out or A.shape[1]
        Y = layer.forward(A, training)
        check_array(f"forward of layer {i} ({layer})", Y, expected, A.dtype)
        A = Y
    return A


def checked_backward(layers: Sequence[Layer], dZ: Array, first: int, need_dX: bool) -> Array | None:
    """Go back through the layers, and check the shape and dtype of each gradient.

    Raises:
        ShapeError: a gradient is missing or does not fit; the message names the layer.
    """
    dY: Array | None = dZ
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
            check_array(f"backward of layer {i} ({layer})", dY, (n, n_in), dtype)
    return dY


def check_gradient(loss: object, J: Any, dZ: Any, Z: Array) -> None:
    """Check that a loss returned one number and a gradient like Z.

    Raises:
        ShapeError: it did not; the message names the loss.
    """
    name = f"value_and_grad of {type(loss).__name__}"
    if np.ndim(J):
        raise ShapeError(f"{name} gave a loss of shape {np.shape(J)}; return the mean, one number.")
    check_array(name, dZ, Z.shape, Z.dtype)


def check_array(what: str, A: Any, shape: tuple[int | None, ...], dtype: np.dtype[Any]) -> None:
    """Raise a ShapeError unless A, that `what` gave, is an array of this shape and dtype."""
    found = getattr(A, "shape", None), getattr(A, "dtype", None)
    if found == (shape, dtype):
        return
    fits = (
        found[0] is not None
        and len(found[0]) == len(shape)
        and all(n in (side, None) for side, n in zip(found[0], shape, strict=True))
    )
    if fits and found[1] == dtype:
        return
    expected = ", ".join("…" if n is None else str(n) for n in shape)
    returned = "nothing (None)" if A is None else f"{type(A).__name__} {A!r:.40}"
    if found[0] is not None:
        returned = f"{found[1]} {found[0]}"
    remedy = "return such an array"
    if fits:
        remedy = "compute in that dtype, or into self.scratch(…)"
    elif what.startswith("forward"):
        remedy += ", or set self.n_out if it gives another number of features"
    raise ShapeError(f"The {what} gave {returned} instead of {dtype} ({expected}); {remedy}.")
