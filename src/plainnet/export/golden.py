"""The golden set: samples with the answers of plainnet itself, which lie beside an ONNX file.

An `.npz` file, without pickle: `samples_0`, `probabilities_0`, `labels_0`, and in `close_0` where
that is a close decision; `samples_1`, …. The first samples are as large as the network takes them
(or feature vectors) and tell how exact the network is; the others are pictures of other sizes, and
tell how exact the resize is. Of a table there is `samples_0_0`, `samples_0_1`, …, one for each
input of the graph, in their order. A regressor has `prediction_0` in the place of what is said of
classes, and in `unit_0` what its differences are told in: the spread of the target in training.
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
from plainnet.export.answers import NETWORK_LIMIT, PICTURE_LIMIT, answers_of
from plainnet.export.inputs import LABEL, PREDICTION, PROBABILITIES, exported
from plainnet.models import Model
from plainnet.network import Array
from plainnet.pictures.backbone.model import first_line

NUMBER_LIMIT = 0.05
"""How far a number may be off in them, in its spread."""


@dataclass(frozen=True)
class Verification:
    """What ONNX Runtime made of a golden set."""

    samples: int
    network: float
    """The largest difference of a probability where nothing is resized; of a regressor that of a
    number, in the spread of the target."""
    pictures: float | None
    """The largest one in pictures of other sizes; None: there are none."""
    answers: int
    """How many other answers came where it was no close decision."""
    runtime: str
    """The version of ONNX Runtime."""
    numbers: bool = False
    """Whether the file predicts numbers."""

    @property
    def limit(self) -> float:
        """How far answers for pictures of other sizes may be off."""
        return NUMBER_LIMIT if self.numbers else PICTURE_LIMIT

    @property
    def sound(self) -> bool:
        """Whether the file answers as plainnet does."""
        near = self.network <= NETWORK_LIMIT and (self.pictures or 0) <= self.limit
        return near and not self.answers


class Group(NamedTuple):
    """Some samples of one size, and what is to be answered."""

    samples: Sequence[Array]
    """One array for each input."""
    answers: Mapping[str, Array]
    """By the names of the outputs; the first one is of numbers."""
    close: Array
    """Where another class may be answered `(N,)`."""
    unit: float
    """What differences are told in."""


def golden_path(path: str | Path) -> Path:
    """Where the golden set of an ONNX file lies: `pets.golden.npz` beside `pets.onnx`."""
    return Path(path).with_suffix(".golden.npz")


def golden_bytes(model: Model, numbers: bool) -> bytes:
    """The file: drawn samples, and how the model answers.

    Args:
        model: has learned something.
        numbers: as in `onnx_model`.
    """
    content: dict[str, Array] = {}
    answers, groups = answers_of(model, numbers), exported(model).golden(model)
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
    """Run an ONNX file on its golden set with ONNX Runtime.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        FileError: there is no golden set, or it cannot be read.
        ModelFileError: ONNX Runtime cannot run the file, or its outputs are others.
    """
    path = Path(path)
    session, version = _open(path)
    groups = _read(golden_path(path), path)
    off, others = [], 0
    for group in groups:
        given = _run(session, path, group)
        _check(path, group, given)
        first, *rest = group.answers
        distance = np.abs(given[first] - group.answers[first])
        off.append(float(distance.max()) / group.unit)
        for name in rest:
            others += int(((given[name] != group.answers[name]) & ~group.close).sum())
    n = sum(len(group.samples[0]) for group in groups)
    numbers = PREDICTION in groups[0].answers
    return Verification(n, off[0], max(off[1:], default=None), others, version, numbers)


def _check(path: Path, group: Group, given: Mapping[str, Array]) -> None:
    """A ModelFileError if the outputs are of another shape, or no finite numbers."""
    first = next(iter(group.answers))
    shapes = {name: array.shape for name, array in group.answers.items()}
    came = {name: array.shape for name, array in given.items()}
    if shapes == came and np.isfinite(given[first]).all():
        return
    raise ModelFileError(
        f"{path} gives {_told(came)}, but its golden set expects finite ones, {_told(shapes)}; "
        "export it again."
    )


def _told(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return " and ".join(f"{name} {shape}" for name, shape in shapes.items())


def _open(path: Path) -> tuple[Any, str]:
    """An ONNX Runtime session on the processor, and ONNX Runtime's version.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        FileError: there is no such file.
        ModelFileError: it cannot run it.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError.of("Running an ONNX file", "onnxruntime", extra="onnx") from None
    if not path.is_file():
        raise FileError(f"There is no file {path}; name an ONNX file that `export` has written.")
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1  # tell errors by raising them
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common root
        raise ModelFileError(
            f"{path} cannot be run by ONNX Runtime ({first_line(error)}); export it again."
        ) from error
    return session, onnxruntime.__version__


def _run(session: Any, path: Path, group: Group) -> dict[str, Array]:
    """The outputs by name."""
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
    """n samples; texts as Python's, as ONNX Runtime takes them."""
    some: Array = np.resize(samples[start : start + n], (n, *samples.shape[1:]))
    return some.astype(object) if some.dtype.kind == "U" else some


def _read(path: Path, model: Path) -> list[Group]:
    """All of a golden set."""
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
        unit = float(file[f"unit_{i}"])
        return Group(samples, {PREDICTION: file[f"prediction_{i}"]}, np.array(True), unit)
    answers = {PROBABILITIES: file[f"probabilities_{i}"], LABEL: file[f"labels_{i}"]}
    return Group(samples, answers, file[f"close_{i}"], 1.0)
