"""Convolutions and pooling: beside PyTorch, by hand, with planted mistakes, and what is refused."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from laws import device, normal, randomized

from plainnet import Adam, SoftmaxCrossEntropy, fit
from plainnet.errors import SettingError, ShapeError
from plainnet.network import (
    Array,
    AveragePool2D,
    BatchNorm2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    MeanSquaredError,
    Network,
    ReLU,
    Residual,
    check_gradients,
    windows,
)
from plainnet.network.windows import Windowed

KINDS: dict[str, Callable[..., Windowed]] = {
    "Conv2D": lambda shape, *rest: Conv2D(shape, 4, *rest),
    "DepthwiseConv2D": DepthwiseConv2D,
    "MaxPool2D": MaxPool2D,
    "AveragePool2D": AveragePool2D,
}

# beside PyTorch ---------------------------------------------------------------------------------


def in_torch(layer: Windowed, X: Any, parameters: list[Any]) -> Any:
    """What PyTorch computes of pictures (N, channels, height, width)."""
    F, k, depth = pytest.importorskip("torch").nn.functional, layer.kernel, layer.shape_in[2]
    (h, w, _), (rows, columns, _) = layer.shape_in, layer.shape_out
    after = [max((n - 1) * layer.stride + k - m, 0) for n, m in ((columns, w), (rows, h))]
    pads = [layer.left, after[0] - layer.left, layer.top, after[1] - layer.top]
    if layer.padding == "valid":
        pads = [0] * 4
    padded, how = F.pad(X, pads), {"stride": layer.stride}
    if isinstance(layer, MaxPool2D):
        return F.max_pool2d(F.pad(X, pads, value=-np.inf), k, **how)
    if isinstance(layer, AveragePool2D):
        share = F.avg_pool2d(F.pad(X * 0 + 1, pads), k, **how)
        return F.avg_pool2d(padded, k, **how) / share
    W, b = parameters
    if isinstance(layer, DepthwiseConv2D):
        return F.conv2d(padded, W.T.reshape(depth, 1, k, k), b, groups=depth, **how)
    return F.conv2d(padded, W.reshape(k, k, depth, -1).permute(3, 2, 0, 1), b, **how)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_pytorch(kind: str, kernel: int, stride: int, padding: str) -> None:
    torch = pytest.importorskip("torch")
    for shape in ((5, 7, 2), (4, 4, 3), (6, 4, 1)):
        layer = KINDS[kind](shape, kernel, stride, padding)
        network = randomized(Network([layer], dtype=np.float64))
        X = normal(3, network.n_in or 0, seed=2)
        theirs = [torch.tensor(A.copy()) for A in (X, *network.parameters.values())]
        for A in theirs:
            A.requires_grad = True
        X_theirs = theirs[0].reshape(3, *shape).permute(0, 3, 1, 2)
        Y = in_torch(layer, X_theirs, theirs[1:]).permute(0, 2, 3, 1).reshape(3, -1)
        dY = normal(3, network.n_out or 0, seed=3)
        Y.backward(torch.tensor(dY))
        np.testing.assert_allclose(network.forward(X), Y.detach(), rtol=0, atol=1e-10)
        dX = network.backward(dY, need_dX=True)
        found = [np.asarray(dX), *network.gradients.values()]
        for own, other in zip(found, theirs, strict=True):
            np.testing.assert_allclose(own, other.grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_of_channels_is_that_of_pytorch(training: bool) -> None:
    torch = pytest.importorskip("torch")
    network = randomized(Network([BatchNorm2D((4, 3, 5), 0.3, 1e-3)], dtype=np.float64))
    theirs = torch.nn.BatchNorm2d(5, 1e-3, 0.3, dtype=torch.float64).train(training)
    with torch.no_grad():
        for own, other in zip(network.parameters.values(), theirs.parameters(), strict=True):
            other.copy_(torch.tensor(own))
    for N in (6, 1):  # one picture has a variance, too
        X, dY = normal(N, 60, seed=N), normal(N, 60, seed=9)
        X_theirs = torch.tensor(X, requires_grad=True)
        Y = theirs(X_theirs.reshape(N, 4, 3, 5).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        theirs.zero_grad()
        Y.reshape(N, 60).backward(torch.tensor(dY))
        pairs = [(network.forward(X, training=training).copy(), Y.detach().reshape(N, 60))]
        pairs += [(np.asarray(network.backward(dY, need_dX=True)), X_theirs.grad)]
        grads = (parameter.grad for parameter in theirs.parameters())
        pairs += [*zip(network.gradients.values(), grads, strict=True)]
        running = theirs.running_mean, theirs.running_var
        pairs += [*zip(network.state.values(), running, strict=True)]
        for own, other in pairs:
            np.testing.assert_allclose(own, other, rtol=0, atol=1e-10)


def test_global_average_pool() -> None:
    X = normal(4, 30)
    Y = Network([GlobalAveragePool2D((5, 2, 3))], dtype=np.float64).forward(X)
    np.testing.assert_allclose(Y, X.reshape(4, 10, 3).mean(axis=1), rtol=1e-13)


# by hand ----------------------------------------------------------------------------------------

PICTURE = np.array([[1.0, 2, 3, 4, 5, 6, 7, 8, 9]])  # 3 × 3, one channel


def test_a_filter_by_hand() -> None:
    conv = Conv2D((3, 3, 1), 1, 2, 1, "valid")
    network = Network([conv], dtype=np.float64)
    conv.W[:, 0], conv.b[...] = [1, 10, 100, 1000], 0.5
    np.testing.assert_array_equal(network.forward(PICTURE), [[5421.5, 6532.5, 8754.5, 9865.5]])
    dX = network.backward(np.array([[1.0, 0, 0, 2]]), need_dX=True)
    np.testing.assert_array_equal(np.asarray(dX), [[1, 10, 0, 100, 1002, 20, 0, 200, 2000]])
    np.testing.assert_array_equal(conv.dW[:, 0], [11, 14, 20, 23])  # 1 + 2 · 5, 2 + 2 · 6, …
    np.testing.assert_array_equal(conv.db, [3])


def test_the_first_of_several_maxima_gets_the_gradient() -> None:
    network = Network([MaxPool2D((3, 3, 1), 2, 1)], dtype=np.float64)
    np.testing.assert_array_equal(network.forward(np.ones((1, 9))), np.ones((1, 4)))
    dX = network.backward(np.array([[1.0, 2, 3, 4]]), need_dX=True)
    np.testing.assert_array_equal(np.asarray(dX), [[1, 2, 0, 3, 4, 0, 0, 0, 0]])


def test_padding_does_not_count_in_a_mean() -> None:
    network = Network([AveragePool2D((3, 3, 1), 2, 2, "same")], dtype=np.float64)
    np.testing.assert_array_equal(network.forward(PICTURE), [[3, 4.5, 7.5, 9]])


def test_samples_in_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for at_once in (1, 500, 2**18):
        monkeypatch.setattr(windows, "NUMBERS_AT_ONCE", at_once)
        network = randomized(Network([Conv2D((4, 3, 2), 3)], dtype=np.float64))
        Y = network.forward(normal(7, 24)).copy()
        dX = network.backward(normal(7, 36, seed=1), need_dX=True)
        found.append(np.concatenate([Y.ravel(), np.ravel(np.asarray(dX)), network.grad]))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-12)


def test_another_array_module_computes_the_same() -> None:
    def made(**settings: Any) -> Network:
        layers: list[Layer] = [Conv2D((6, 6, 2), 4), BatchNorm2D((6, 6, 4)), MaxPool2D((6, 6, 4))]
        layers += [DepthwiseConv2D((3, 3, 4)), DepthwiseConv2D((3, 3, 4), 3, 2)]
        layers += [AveragePool2D((2, 2, 4), 2, 1, "same"), Conv2D((2, 2, 4), 3, 1)]
        return Network([*layers, GlobalAveragePool2D((2, 2, 3))], **settings)

    xp, _ = device()
    here, there = made(), made(xp=xp)
    X, dY = normal(5, 72, dtype=np.float32), normal(5, 3, seed=1, dtype=np.float32)
    Y: Any = there.forward(xp.asarray(X), training=True)
    np.testing.assert_allclose(Y.held, here.forward(X, training=True), rtol=0, atol=1e-5)
    dX: Any = there.backward(xp.asarray(dY), need_dX=True)
    np.testing.assert_allclose(dX.held, np.asarray(here.backward(dY, True)), rtol=0, atol=1e-5)
    grad: Any = there.grad
    np.testing.assert_allclose(grad.held, here.grad, rtol=0, atol=1e-4)


# planted mistakes -------------------------------------------------------------------------------

SHAPE = (4, 3, 2)
MISTAKES: list[tuple[Callable[..., Layer], tuple[Any, ...], str, str]] = [
    (Conv2D, (3,), "self.dW += dW", "self.dW[...] = dW"),
    (Conv2D, (3,), "dot(P.T, own, out=dW)", "dot(P.T[::-1], own, out=dW)"),
    (Conv2D, (3,), "dot(ones, dY, out=self.db)", "dot(ones[1:], dY[1:], out=self.db)"),
    (Conv2D, (3,), "dX[place.pixels] +=", "dX[place.pixels] ="),
    (Conv2D, (3,), "dot(own, self.W.T", "dot(own, self.W[::-1].T"),
    (Conv2D, (3, 1), "reshape(P.shape) if", "reshape(P.shape).copy() if"),
    (DepthwiseConv2D, (), "dW[column] +=", "dW[column] ="),
    (DepthwiseConv2D, (), "sum(dW, axis=1", "mean(dW, axis=1"),
    (DepthwiseConv2D, (), "dot(ones, windows", "dot(ones[1:], windows[1:]"),
    (DepthwiseConv2D, (), "self.W[::-1]", "self.W"),
    (DepthwiseConv2D, (4,), "- 1 - self.top", "- 2 - self.top"),
    (DepthwiseConv2D, (3, 2), "multiply(own, self.W[place.number", "multiply(own, self.W[0"),
    (DepthwiseConv2D, (3, 2), "dX[place.pixels] +=", "dX[place.pixels] ="),
    (MaxPool2D, (2, 1), "dX[place.pixels] +=", "dX[place.pixels] ="),
    (MaxPool2D, (), "equal(X[", "less(X["),
    (AveragePool2D, (2, 1), "dX[place.pixels] +=", "dX[place.pixels] ="),
    (AveragePool2D, (3, 1, "same"), "dY /= self._pixels()", "dY /= self.kernel**2"),
    (GlobalAveragePool2D, (), "dY *= 1 / self.pixels", "dY *= 1 / len(dY)"),
    (BatchNorm2D, (), "super().backward(dY.reshape((-1, self.n)), need_dX)", "dY * self.gamma[0]"),
]


def error_of(kind: Callable[..., Layer], given: tuple[Any, ...]) -> float:
    """The error that the gradient check finds with this layer in the middle of a network."""
    layer = kind(SHAPE, *given)
    layers = [Dense(5, 24), layer, Dense(layer.n_out or 0, 2)]
    network = randomized(Network(layers, dtype=np.float64))
    X, y = normal(6, 5), normal(6, 2, seed=1)
    return check_gradients(network, MeanSquaredError(), X, y).error


@pytest.mark.parametrize(("kind", "given", "right", "wrong"), MISTAKES)
def test_the_gradient_check_finds_a_planted_mistake(
    kind: Callable[..., Layer],
    given: tuple[Any, ...],
    right: str,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = inspect.getsource(kind)
    assert right in source
    monkeypatch.setattr(windows, "NUMBERS_AT_ONCE", 1)
    names = {**vars(sys.modules[kind.__module__])}
    for text, found in ((source, False), (source.replace(right, wrong), True)):
        exec(text, names)
        assert (error_of(names[kind.__name__], given) > 1e-4) == found, text


# what is refused --------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Layer], list[str]]] = {
    "two sides": (lambda: Conv2D((3, 3), 2), ["Conv2D", "(3, 3)", "height, width, channels"]),
    "a text": (lambda: MaxPool2D("3x3"), ["MaxPool2D", "'3x3'"]),  # type: ignore[arg-type]
    "no height": (lambda: BatchNorm2D((0, 3, 1)), ["BatchNorm2D", "got 0"]),
    "no channels": (lambda: Conv2D((3, 3, 1), 0), ["channels of Conv2D", "got 0"]),
    "no kernel": (lambda: AveragePool2D((3, 3, 1), 0), ["kernel of AveragePool2D", "got 0"]),
    "half a stride": (lambda: Conv2D((3, 3, 1), 1, 3, 0.5), ["stride of Conv2D", "0.5"]),  # type: ignore[arg-type]
    "padding": (lambda: Conv2D((3, 3, 1), 1, padding="full"), ["'same' or 'valid'", "'full'"]),
    "too large": (lambda: MaxPool2D((3, 9, 1), 4), ["4", "3 × 9", "padding='same'"]),
    "far too large": (lambda: Conv2D((3, 9, 1), 1, 10**9), ["64", "1000000000"]),
}


@pytest.mark.parametrize(("make", "facts"), REFUSED.values(), ids=REFUSED)
def test_settings_out_of_range_are_refused(make: Callable[[], Layer], facts: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert all(fact in str(caught.value) for fact in facts), caught.value


def test_neighbours_must_agree_on_height_width_and_channels() -> None:
    turned = [Conv2D((4, 6, 1), 2), ReLU(), Conv2D((6, 4, 2), 1)]  # of the same size, 48
    for make in (lambda: Network(turned), lambda: Residual([*turned])):
        with pytest.raises(ShapeError) as caught:
            make()
        assert "(4, 6, 2)" in str(caught.value)
        assert "(6, 4, 2)" in str(caught.value)
    with pytest.raises(ShapeError, match="takes 36 features"):
        Network([Conv2D((4, 6, 1), 2), Conv2D((6, 6, 1), 1)])
    Network([Conv2D((4, 6, 1), 2), Dense(48, 48), Conv2D((6, 4, 2), 1)])  # Dense has no layout


def test_a_network_of_convolutions_learns_where_something_is() -> None:
    """A bright spot in the upper or lower half, anywhere."""
    rng, n = np.random.default_rng(0), 200
    X: Array = rng.normal(0, 0.1, (n, 6, 6, 1))
    y = rng.integers(0, 2, n)
    X[np.arange(n), 3 * y + rng.integers(0, 3, n), rng.integers(0, 6, n)] += 2
    layers = [Conv2D((6, 6, 1), 4), ReLU(), MaxPool2D((6, 6, 4)), Dense(36, 2)]
    network = Network(layers, rng=0)
    rows = X.reshape(n, -1).astype(np.float32)
    fit(network, SoftmaxCrossEntropy(), Adam(0.01), rows[:150], y[:150], epochs=40, rng=1)
    assert (network.predict(rows[150:]).argmax(axis=1) == y[150:]).mean() > 0.9
