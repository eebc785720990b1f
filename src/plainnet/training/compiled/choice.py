"""Choose what computes the outputs of many samples, once for all of them."""

from collections.abc import Callable

import numpy as np

from plainnet.network import Array, Conv2D, Network
from plainnet.training import compiled
from plainnet.training.compiled.parts import LEAST_WORK
from plainnet.training.threads import one_thread

FORWARD_SECONDS = 2.5e-11
"""The estimated time of a multiply-add in a convolution's forward pass."""

ANSWER_SECONDS = 4.5e-11
"""That of one of a network behind an encoding, with all that is not a multiply-add."""

WORK_AFTER_TRAINING = 0.05
"""The estimated seconds of answers after which kernels compute them where a training has imported
the compiler, which takes a third of a second, anyway."""


def is_little_work(network: Network, n: int) -> bool:
    """Return whether NumPy computes the outputs of n samples before any kernel is chosen."""
    return network.xp is np and (n == 1 or _work(network, n) < LEAST_WORK)


def outputs_of(network: Network, n: int) -> Callable[[Array], Array]:
    """Return a function of inputs `(batch, n_in)` that computes outputs, for n samples in all.

    Convolutions run in compiled kernels if that is a second of work, else in NumPy.
    """
    work = FORWARD_SECONDS * _work(network, n)
    convolved = any(type(layer) is Conv2D for layer in network.layers)
    if work < compiled.WORK_BEFORE_COMPILING or not convolved or network.xp is not np:
        return network.forward
    from plainnet.training.compiled.picture_stack import picture_outputs  # only if it is used

    def forward(X: Array) -> Array:
        Z = None
        with compiled.giving_up(), one_thread():  # the parts of a batch have threads of their own
            Z = picture_outputs(network, X)
        return network.forward(X) if Z is None else Z

    return forward


def loaded_outputs_of(network: Network, n: int) -> Callable[[Array], Array] | None:
    """Return the same by kernels of tables; None: they do not fit, or are not worth loading.

    They are after about a second of such work in this process, or a part of it where a training has
    loaded kernels, whether or not the compiler has to be waited for: so two processes that do the
    same get the same bits.
    """
    global _answered
    work = _work(network, n)
    if work < LEAST_WORK:
        return None
    _answered += work * ANSWER_SECONDS
    enough = WORK_AFTER_TRAINING if compiled.are_loaded() else compiled.WORK_BEFORE_COMPILING
    return _by_table(network) if _answered > enough else None


def _work(network: Network, n: int) -> int:
    """Return the multiply-adds for n samples."""
    return n * sum([layer.multiply_adds for layer in network.layers])


def _by_table(network: Network) -> Callable[[Array], Array] | None:
    from plainnet.training.compiled.answering import parts_of, table_outputs  # only if used

    if parts_of(network) is None:  # kernels would be loaded for nothing
        return None
    code = compiled.load_answer_kernels()
    return None if code is None else table_outputs(network, code)


_answered = 0.0
"""The seconds that NumPy would have needed for the answers to many samples in this process."""
