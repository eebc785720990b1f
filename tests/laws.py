"""What the tables of laws share: random arrays, watched memory, and an array module not NumPy."""

import operator
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import Array, Layer, Network

PLAIN: dict[str, Any] = {
    **{"encoding": "none", "activation": "relu", "dropout": 0.2, "learning_rate": 0.001},
    **{"batch_size": 64, "epochs": 40, "schedule": "cosine", "averaging": 0, "patience": 0},
    **{"ensemble": 1, "bagging": "none"},
}
"""One network of Dense layers that learns for 40 epochs, whatever the kind of its data."""


def normal(*shape: int, seed: int = 0, dtype: DTypeLike = np.float64) -> Array:
    """Standard normal numbers, the same at each call."""
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def randomized(network: Network, seed: int = 0) -> Network:
    """The network with all parameters drawn at random, biases too."""
    network.theta[...] = normal(network.theta.size, seed=seed)
    return network


def held_still(network: Network) -> Callable[[Array], Array]:
    """`network.forward` while training, with the same random draws at each call."""
    drawing = [layer.rng for layer in network.layers if layer.rng is not None]
    states = [rng.bit_generator.state for rng in drawing]

    def forward(X: Array) -> Array:
        for rng, state in zip(drawing, states, strict=True):
            rng.bit_generator.state = state
        return network.forward(X, training=True)

    return forward


def arrays_of(layer: Layer) -> Iterator[Array]:
    """Every array that a layer holds: parameters, gradients, scratch memory, what it remembers."""
    yield from (value for value in vars(layer).values() if isinstance(value, np.ndarray))
    yield from layer.scratch._held.values()


def address(A: Array) -> int:
    """Where an array's memory begins."""
    return int(A.__array_interface__["data"][0])


def peak_bytes(work: Callable[[], object]) -> int:
    """How much memory `work` takes at most beside what is held already."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class DeviceArray:
    """An array as on a GPU: it is no NumPy array, turns into none by itself, and meets none.

    It refuses, too, that float32 meets float64, which NumPy allows and which costs twice the time.
    """

    __array_ufunc__ = None

    def __init__(self, held: Array) -> None:
        self.held = held

    def __array__(self, *_: object, **__: object) -> Array:
        raise TypeError("A device array was handed to NumPy.")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.held, name)
        return _on_device(found) if callable(found) and name != "dtype" else _wrapped(found)

    def __getitem__(self, key: Any) -> Any:
        return _wrapped(self.held[_unwrapped(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.held[_unwrapped(key)] = _unwrapped(value)

    def __len__(self) -> int:
        return len(self.held)

    def __float__(self) -> float:
        return float(self.held)

    def __neg__(self) -> "DeviceArray":
        return DeviceArray(-self.held)

    def __abs__(self) -> "DeviceArray":
        return DeviceArray(abs(self.held))

    def get(self) -> Array:
        """The array, carried to the host."""
        return self.held.copy()


def _operator(name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)

    def apply(self: DeviceArray, other: Any) -> Any:
        _check_dtypes((self, other))
        pair = self.held, _unwrapped(other)
        result = function(*(reversed(pair) if reflected else pair))
        return self if result is self.held else _wrapped(result)

    return apply


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "ge", "gt", "eq"):
    setattr(DeviceArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("iadd", "isub", "imul", "itruediv"):
    setattr(DeviceArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv"):
    setattr(DeviceArray, f"__r{_name}__", _operator(f"__{_name}__", reflected=True))


def _wrapped(value: Any) -> Any:
    return DeviceArray(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value


def _unwrapped(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        raise TypeError("A NumPy array was handed to the device; asarray carries it there.")
    if isinstance(value, tuple):
        return tuple(map(_unwrapped, value))
    return value.held if isinstance(value, DeviceArray) else value


def _check_dtypes(values: tuple[Any, ...]) -> None:
    met = {str(value.dtype) for value in values if isinstance(value, DeviceArray | np.generic)}
    if {"float32", "float64"} <= met:
        raise TypeError("float32 met float64 on the device.")


def _on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        _check_dtypes((*args, *named.values()))
        named = {name: _unwrapped(value) for name, value in named.items()}
        return _wrapped(function(*map(_unwrapped, args), **named))

    return call


def device() -> tuple[ModuleType, Counter[str]]:
    """An array module that spells as NumPy does, and how often each of its functions is called."""
    module, calls = ModuleType("device"), Counter[str]()

    def attribute(name: str) -> Any:
        function = _on_device(getattr(np, name))

        def counted(*args: Any, **named: Any) -> Any:
            calls[name] += 1
            return function(*args, **named)

        return counted

    def asarray(value: Any, dtype: Any = None) -> Any:
        return DeviceArray(np.array(getattr(value, "held", value), dtype))

    vars(module)["__getattr__"] = attribute
    vars(module)["asarray"] = asarray
    return module, calls
