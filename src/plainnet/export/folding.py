"""BatchNorm as a part of the convolution in front of it, for programs that only predict."""

from collections.abc import Sequence
from copy import copy
from itertools import pairwise

from plainnet.network import BatchNorm2D, Conv2D, DepthwiseConv2D, Dropout, Layer


def folded(layers: Sequence[Layer]) -> list[Layer]:
    """Return layers to be written that predict the same, without BatchNorm2D behind a convolution.

    Its numbers become a part of the convolution's weights and biases, and a layer that does nothing
    takes its place, so that the numbers of the others stay.
    """
    made = [*layers]
    for i, (layer, norm) in enumerate(pairwise(layers)):
        if type(norm) is not BatchNorm2D:
            continue
        if type(layer) is Conv2D or type(layer) is DepthwiseConv2D:
            both = copy(layer)
            both.W, both.b = norm.folded(layer.W, layer.b)
            made[i : i + 2] = [both, Dropout(0)]
    return made
