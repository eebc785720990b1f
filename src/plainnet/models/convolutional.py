"""The layers of a convolutional network, and how much of it suits the pictures."""

from collections.abc import Callable, Sequence

from plainnet.network import (
    BatchNorm2D,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    ReLU,
)
from plainnet.network.initializers import Initializer

Shape = tuple[int, int, int]
"""Height, width and channels of a picture."""

LARGE_SIDE = 48
"""The shorter side, in pixels, from which pictures are halved three times instead of twice."""
CHANNELS, LARGE_CHANNELS = (32, 64, 64, 128, 128), (16, 32, 64, 128)
"""The default channels of the convolutions, for smaller pictures and from this side on."""
WORK = 1.2e13
"""The multiply-adds of all forward passes of a training from which the default epochs follow:
about ten minutes on two cores."""
EPOCHS, MOST_EPOCHS, SHOWN = 40, 120, 45_000
"""The usual epochs, and the most; of few pictures there are enough to show so many."""
LEAST_EPOCHS = 8
"""The fewest epochs, where the work is too much for more."""


def usual_channels(shape: Shape) -> tuple[int, ...]:
    """Return the default channels of the convolutions for pictures of this shape."""
    return LARGE_CHANNELS if min(shape[:2]) >= LARGE_SIDE else CHANNELS


def usual_epochs(shape: Shape, channels: Sequence[int], n: int) -> int:
    """Return the default number of passes over n pictures."""
    wanted = max(EPOCHS, min(SHOWN // n, MOST_EPOCHS))
    layers = convolutional_layers(shape, channels, 1)
    possible = int(WORK // (n * sum(layer.multiply_adds for layer in layers)))
    return min(wanted, max(possible, LEAST_EPOCHS))


def convolutional_layers(
    shape: Shape,
    channels: Sequence[int],
    n_out: int,
    *,
    activation: Callable[[], Layer] = ReLU,
    initializer: Initializer | None = None,
    normalized: bool = True,
    dropout: float = 0.0,
) -> list[Layer]:
    """Make convolutions, the mean of each of their channels over the picture, and a Dense layer.

    A picture is halved by the maximum of 2 × 2 pixels in front of each convolution with more
    channels than the one before. So the work of a layer stays about the same, and the last ones see
    most of the picture. Simonyan, Zisserman: Very deep convolutional networks (2015), with the
    BatchNorm and the mean of later ones.

    Args:
        shape: height, width and channels of the pictures.
        channels: the channels of each convolution; at least one.
        n_out: the number of outputs, the logits.
        activation: the layer behind each convolution.
        initializer: of all weights; None: the one that suits each layer.
        normalized: whether BatchNorm stands between each convolution and its activation.
        dropout: the rate of a Dropout layer in front of the Dense layer; 0 for none.
    """
    layers: list[Layer] = []
    for i, wider in enumerate(channels):
        if i and wider > channels[i - 1] and min(shape[:2]) > 1:
            shape = _add(layers, MaxPool2D(shape))
        shape = _add(layers, Conv2D(shape, wider, initializer=initializer))
        layers += [BatchNorm2D(shape)] if normalized else []
        layers += [activation()]
    layers += [GlobalAveragePool2D(shape)]
    layers += [Dropout(dropout)] if dropout else []
    return [*layers, Dense(channels[-1], n_out, initializer)]


def _add(layers: list[Layer], layer: MaxPool2D | Conv2D) -> Shape:
    """Append a layer; return the shape of the pictures behind it."""
    layers.append(layer)
    return layer.shape_out
