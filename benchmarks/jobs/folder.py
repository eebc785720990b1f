"""A folder of JPEG photographs as one array, beside the loop that everyone writes with Pillow."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.jobs import Result, Settings
from benchmarks.problem import Array

SIDE = 64
FEW = 300
"""Pictures of the quick run."""
COMPARED = 60
TOLERANCE = 4.0
"""Mean difference, of 255 levels; the plain loop's filter (bicubic) is another than ours."""


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    paths = sorted(settings.folder("catdog").rglob("*.jpg"))
    if settings.quick:
        paths = paths[:: max(1, len(paths) // FEW)]
    for path in paths:
        path.read_bytes()  # so that nobody waits for the disk
    read = READERS[contender]
    read(paths[:4])
    start = time.perf_counter()
    pictures = read(paths)
    seconds = time.perf_counter() - start
    some = paths[:: max(1, len(paths) // COMPARED)]
    difference = float(np.abs(read(some).astype(np.float32) - plain_loop(some)).mean())
    return {
        "seconds": seconds,
        "pictures": len(pictures),
        "difference": difference,
        "right": difference <= TOLERANCE,
    }


def ours(paths: Sequence[Path]) -> Array:
    from plainnet.pictures import read_pictures

    return read_pictures(paths, SIDE)[0]


def plain_loop(paths: Sequence[Path]) -> Array:
    pictures = []
    for path in paths:
        with Image.open(path) as image:
            pictures.append(np.asarray(image.convert("RGB").resize((SIDE, SIDE))))
    return np.stack(pictures)


READERS = {"ours": ours, "pillow": plain_loop}
