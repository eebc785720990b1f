"""The golden set: samples with plainnet's own answers, in a file beside an ONNX file.

An `.npz` file without pickle: `samples_0`, `probabilities_0`, `labels_0`, and `close_0`, which
marks close decisions; then `samples_1`, …. The first samples have the size that the network takes
(or are feature vectors) and show how exact the network is; the others are pictures of other sizes
and show how exact the resize is. For a table, `samples_0_0`, `samples_0_1`, … are the inputs of
the graph in their order. A regressor has `prediction_0` instead of probabilities and labels, and
`unit_0`, the unit of its differences: the spread of each target in training. With intervals there
are also `lower_0`, `upper_0` and `unit_of_ends_0`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plainnet.errors import FileError, MissingExtraError, ModelFileError
from plainnet.export.answers import answers_of
from plainnet.export.exported_answers import NETWORK_LIMIT, PICTURE_LIMIT
from plainnet.export.inputs import (
    BOUNDS,
    LABEL,
    LOWER,
    PREDICTION,
    PROBABILITIES,
    UPPER,
    exported,
)
from plainnet.models import Model
from plainnet.network import Array
from plainnet.pictures.backbone.model import first_line

NUMBER_LIMIT = 0.05
"""Largest difference of a predicted number for pictures of any size, in units of its spread."""


@dataclass(frozen=True)
class Verification:
    """The answers of ONNX Runtime compared with a golden set."""

    samples: int
    """Number of samples."""
    network: float
    """Largest difference of a probability without resizing; for a regressor, largest difference of
    a number, in units of the target's spread."""
    pictures: float | None
    """Largest difference for pictures of other sizes; None: there are none."""
    answers: int
    """Number of other predicted classes, not counting close decisions."""
    runtime: str
    """Version of ONNX Runtime."""
    numbers: bool = False
    """Whether the file predicts numbers."""

    @property
    def limit(self) -> float:
        """Largest difference allowed for pictures of other sizes."""
        return NUMBER_LIMIT if self.numbers else PICTURE_LIMIT

    @property
    def sound(self) -> bool:
        """Whether the file answers as plainnet does."""
        near = self.network <= NETWORK_LIMIT and (self.pictures or 0) <= self.limit
        return near and not self.answers


class Group(NamedTuple):
    """Samples of one size, and the expected answers."""

    samples: Sequence[Array]
    """One array for each input."""
    answers: Mapping[str, Array]
    """Arrays by the names of the outputs."""
    close: Array
    """Mask of the samples for which another class is acceptable, `(N,)`."""
    units: Mapping[str, Array]
    """Unit of differences for each output of numbers, `()` or one for each target `(k,)`; other
    outputs must be equal."""


def golden_path(path: str | Path) -> Path:
    """Return the path of an ONNX file's golden set: `pets.golden.npz` for `pets.onnx`.

    >>> golden_path("pets.onnx").name
    'pets.golden.npz'
    """
    return Path(path).with_suffix(".golden.npz")


def golden_bytes(model: Model, *, numbers: bool = False, coverage: float | None = None) -> bytes:
    """Return the content of a golden set: generated samples with the model's answers.

    Args:
        model: a trained model.
        numbers: as in `onnx_model`.
        coverage: as in `onnx_model`.
    """
    content: dict[str, Array] = {}
    answers, groups = answers_of(model, numbers, coverage), exported(model).golden(model)
    for i, golden in enumerate(groups):
        names = [f"samples_{i}"]
        if model.columns is not None:
            names = [f"samples_{i}_{j}" for j in range(len(golden.arrays))]
        content |= dict(zip(names, golden.arrays, strict=True))
        content |= answers.golden(golden.samples, i)
    file = io.BytesIO()
    np.savez_compressed(file, **content)  # type: ignore[arg-type]
    return file.getvalue()


def verify_onnx(path: str | Path) -> Verification:
    """Run an ONNX file on its golden set with ONNX Runtime, and compare the answers.

    >>> verify_onnx("pets.onnx").samples  # doctest: +SKIP

    Raises:
        MissingExtraError: onnxruntime is not installed.
        FileError: there is no golden set, or it cannot be read.
        ModelFileError: ONNX Runtime cannot run the file, or the outputs have other names or shapes.
    """
    path = Path(path)
    session, version = _open(path)
    groups = _read(golden_path(path), path)
    off, others = [], 0
    for group in groups:
        given = _run(session, path, group)
        _check(path, group, given)
        distances = [
            np.abs(given[name] - group.answers[name]) / unit for name, unit in group.units.items()
        ]
        off.append(max(float(distance.max()) for distance in distances))
        for name in group.answers.keys() - group.units.keys():
            others += int(((given[name] != group.answers[name]) & ~group.close).sum())
    n = sum(len(group.samples[0]) for group in groups)
    numbers = PREDICTION in groups[0].answers
    return Verification(n, off[0], max(off[1:], default=None), others, version, numbers)


def _check(path: Path, group: Group, given: Mapping[str, Array]) -> None:
    """Refuse outputs of another shape, or with numbers that are not finite."""
    shapes = {name: array.shape for name, array in group.answers.items()}
    came = {name: array.shape for name, array in given.items()}
    if shapes == came and all(np.isfinite(given[name]).all() for name in group.units):
        return
    raise ModelFileError(
        f"{path} gives {_named(came)}, but its golden set expects finite {_named(shapes)}; export "
        "it again."
    )


def _named(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return " and ".join(f"{name} {shape}" for name, shape in shapes.items())


def _open(path: Path) -> tuple[Any, str]:
    """Return an ONNX Runtime session on the CPU, and ONNX Runtime's version.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        FileError: there is no such file.
        ModelFileError: ONNX Runtime cannot run the file.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError.of("Running an ONNX file", "onnxruntime", extra="onnx") from None
    if not path.is_file():
        raise FileError(f"There is no file {path}; name an ONNX file that `export` has written.")
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1  # errors are raised, not logged
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common root
        raise ModelFileError(
            f"{path} cannot be run by ONNX Runtime ({first_line(error)}); export it again."
        ) from error
    return session, onnxruntime.__version__


def _run(session: Any, path: Path, group: Group) -> dict[str, Array]:
    """Return the outputs by name."""
    taken, N = session.get_inputs(), len(group.samples[0])
    fixed = taken[0].shape[0] if isinstance(taken[0].shape[0], int) else N
    answers = []
    try:
        for start in range(0, N, fixed):
            fed = {
                one.name: _some(samples, start, fixed)
                for one, samples in zip(taken, group.samples, strict=True)
            }
            answers.append(session.run([*group.answers], fed))
    except Exception as error:
        raise ModelFileError(
            f"{path} cannot be run on its golden set ({first_line(error)}); export it again."
        ) from error
    parts = [np.concatenate(part)[:N] for part in zip(*answers, strict=True)]
    return dict(zip(group.answers, parts, strict=True))


def _some(samples: Array, start: int, n: int) -> Array:
    """Return n samples; texts become Python's, which ONNX Runtime takes."""
    some: Array = np.resize(samples[start : start + n], (n, *samples.shape[1:]))
    return some.astype(object) if some.dtype.kind == "U" else some


def _read(path: Path, model: Path) -> list[Group]:
    """Read a golden set."""
    if not path.is_file():
        raise FileError(
            f"There is no golden set {path} beside {model}; export it again, or copy both files."
        )
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            groups = []
            for i in count():
                if not {f"probabilities_{i}", f"prediction_{i}"} & {*file.files}:
                    break
                groups.append(_group(file, i))
        if not groups:
            raise ValueError("it is empty")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        raise FileError(
            f"The golden set {path} cannot be read ({first_line(error)}); export it again."
        ) from error
    return groups


def _group(file: Any, i: int) -> Group:
    names = [f"samples_{i}"]
    if names[0] not in file.files:
        inputs = sum(name.startswith(f"samples_{i}_") for name in file.files)
        names = [f"samples_{i}_{j}" for j in range(max(inputs, 1))]
    samples = [file[name] for name in names]
    if f"prediction_{i}" in file.files:
        answers, units = {PREDICTION: file[f"prediction_{i}"]}, {PREDICTION: file[f"unit_{i}"]}
        if f"lower_{i}" in file.files:
            answers |= {LOWER: file[f"lower_{i}"], UPPER: file[f"upper_{i}"]}
            units |= dict.fromkeys(BOUNDS, file[f"unit_of_ends_{i}"])
        in_double = {name: unit.astype(np.float64) for name, unit in units.items()}
        return Group(samples, answers, np.array(True), in_double)
    answers = {PROBABILITIES: file[f"probabilities_{i}"], LABEL: file[f"labels_{i}"]}
    return Group(samples, answers, file[f"close_{i}"], {PROBABILITIES: np.array(1.0)})
