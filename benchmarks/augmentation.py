"""Does augmentation keep the trainer busy? `python -m benchmarks.augmentation`.

Pictures a second, in batches of 64: augmented by the NumPy form and by the compiled loops, beside
those that the default network (256-128) trains on. Not part of `make bench`: everything runs in
this process, one thread each, and the figures are medians of some seconds.
"""

import statistics
from collections.abc import Callable

import numpy as np

from benchmarks.clock import per_step
from plainnet import Adam, Network, SoftmaxCrossEntropy, train_step
from plainnet.models.preprocessing import Preprocessing
from plainnet.pictures.augment.augmentation import HANDWRITING, MILD, Augmentation
from plainnet.pictures.augment.transforms import kernels
from plainnet.training import compiled as training_compiled
from plainnet.training.threads import suited_threads

BATCH = 64
N_CLASSES = 10
CASES: list[tuple[tuple[int, int, int], str, Augmentation]] = [
    ((28, 28, 1), "mild", MILD),
    ((28, 28, 1), "handwriting", HANDWRITING),
    ((64, 64, 3), "mild", MILD),
    ((64, 64, 3), "handwriting", HANDWRITING),
]


def main() -> None:
    training_compiled.AFTER = 0  # the compiled step from the first
    print(f"Pictures a second, batches of {BATCH}; compiled loops: {kernels() is not None}\n")
    print(f"{'pictures':>10} {'':<12} {'NumPy':>9} {'compiled':>9} {'prepare':>9} {'training':>9}")
    for shape, name, augmentation in CASES:
        rng = np.random.default_rng(0)
        raw = smooth(rng, shape)
        plain, compiled = (augmenting(raw, augmentation, fuse) for fuse in (False, True))
        prepare, step = training(raw, rng)
        figures = " ".join(f"{rate(run):>9,.0f}" for run in (plain, compiled, prepare, step))
        print(f"{'×'.join(map(str, shape)):>10} {name:<12} {figures}", flush=True)


def smooth(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Pictures that change from pixel to pixel as photographs do, not as noise does."""
    height, width, channels = shape
    coarse = rng.integers(0, 256, (BATCH, height // 4, width // 4, channels), np.uint8)
    return np.ascontiguousarray(coarse.repeat(4, axis=1).repeat(4, axis=2))


def augmenting(raw: np.ndarray, augmentation: Augmentation, fuse: bool) -> Callable[[], None]:
    out, rng = np.empty_like(raw), np.random.default_rng(1)
    return lambda: augmentation(raw, out, rng, fuse=fuse)


def training(
    raw: np.ndarray, rng: np.random.Generator
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What else a batch takes: its preprocessing, and its step."""
    n_in = raw[0].size
    network = Network.dense([n_in, 256, 128, N_CLASSES], dropout=0.2, rng=rng)
    loss, optimizer = SoftmaxCrossEntropy(), Adam(1e-6, weight_decay=1e-4)
    y = rng.integers(0, N_CLASSES, BATCH)
    inputs = np.empty((BATCH, n_in), np.float32)
    prepare = Preprocessing.fit(raw)
    prepare(raw, inputs)

    def step() -> None:
        with suited_threads(network, BATCH):
            train_step(network, loss, optimizer, inputs, y)

    return lambda: prepare(raw, inputs), step


def rate(run: Callable[[], None]) -> float:
    """Pictures a second."""

    def several(times: int) -> int:
        for _ in range(times):
            run()
        return times

    return BATCH / statistics.median(per_step(several).blocks)


if __name__ == "__main__":
    main()
