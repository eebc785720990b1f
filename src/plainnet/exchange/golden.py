"""The golden set: samples with the answers of plainnet itself, which lie beside an ONNX file.

An `.npz` file, without pickle: `samples_0`, `probabilities_0`, `labels_0`, and in `close_0` where
that is a close decision; `samples_1`, …. The first samples are as large as the network takes them
(or feature vectors) and tell how exact the network is; the others are pictures of other sizes, and
tell how exact the resize is.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.classifier import Classifier
from plainnet.errors import FileError, MissingExtraError, ModelFileError
from plainnet.network import Array
from plainnet.pictures import PictureExtractor
from plainnet.pictures.backbone_model import first_line

NETWORK_LIMIT = 1e-4
"""How far a probability may be off where nothing is resized."""
PICTURE_LIMIT = 0.01
"""How far it may be off in pictures of any size."""
SEED = 20
_PARTS = ("samples", "probabilities", "labels", "close")


@dataclass(frozen=True)
class Verification:
    """What ONNX Runtime made of a golden set."""

    samples: int
    network: float
    """The largest difference of a probability where nothing is resized."""
    pictures: float | None
    """The largest one in pictures of other sizes; None: there are none."""
    answers: int
    """How many other answers came where it was no close decision."""
    runtime: str
    """The version of ONNX Runtime."""

    @property
    def sound(self) -> bool:
        """Whether the file answers as plainnet does."""
        near = self.network <= NETWORK_LIMIT and (self.pictures or 0) <= PICTURE_LIMIT
        return near and not self.answers


def golden_path(path: str | Path) -> Path:
    """Where the golden set of an ONNX file lies: `pets.golden.npz` beside `pets.onnx`."""
    return Path(path).with_suffix(".golden.npz")


def golden_bytes(classifier: Classifier, labels: Array) -> bytes:
    """The file: drawn samples, and how the classifier answers.

    Args:
        classifier: that has learned something.
        labels: what the graph answers for each class `(K,)`.
    """
    content: dict[str, Array] = {}
    for i, samples in enumerate(golden_samples(classifier)):
        P = classifier.predict_proba(samples)
        content |= {f"samples_{i}": samples, f"probabilities_{i}": P}
        content |= {
            f"labels_{i}": labels[classifier.answers(P)],
            f"close_{i}": _close(classifier, P),
        }
    file = io.BytesIO()
    np.savez_compressed(file, **content)  # type: ignore[arg-type]
    return file.getvalue()


def golden_samples(classifier: Classifier) -> list[Array]:
    """Samples that spread as those of the training do, always the same."""
    rng, extractor = np.random.default_rng(SEED), classifier.extractor
    if isinstance(extractor, PictureExtractor):
        shape: tuple[int, ...] = extractor.shape
        mean, spread = extractor.average, np.array(50)
    else:
        given = classifier.preprocessing
        shape, mean = given.shape, given.mean.reshape(given.shape)
        spread = np.broadcast_to(given.scale, mean.size).reshape(shape)
    like: Array = (mean + 1.5 * spread * rng.standard_normal((8, *shape))).astype(np.float32)
    if len(shape) == 1:
        return [like]
    own = np.rint(like.clip(0, 255)).astype(np.uint8)
    own = np.broadcast_to(own, (*own.shape[:3], 3)).copy()  # grey ones in three channels, too
    height, width = shape[:2]
    sizes = [(height // 2 + 1, width + 3), (2 * height + 1, 3 * width), (7 * height, 5 * width + 3)]
    return [own, *(_enlarged(own[i : i + 1], rng, *size) for i, size in enumerate(sizes))]


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
    off, answers = [], 0
    for samples, P, labels, close in groups:
        given, label = _run(session, path, samples)
        if given.shape != P.shape or label.shape != labels.shape or not np.isfinite(given).all():
            raise ModelFileError(
                f"{path} gives probabilities {given.shape} and labels {label.shape}, but its golden"
                f" set expects finite ones {P.shape} and {labels.shape}; export it again."
            )
        off.append(float(np.abs(given - P).max()))
        answers += int(((label != labels) & ~close).sum())
    n = sum(len(samples) for samples, *_ in groups)
    return Verification(n, off[0], max(off[1:], default=None), answers, version)


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
        raise MissingExtraError(
            "Running an ONNX file needs onnxruntime, which is not installed: "
            'pip install "plainnet[onnx]".'
        ) from None
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


def _run(session: Any, path: Path, samples: Array) -> tuple[Array, Array]:
    """Probabilities and labels."""
    (given,) = session.get_inputs()
    fixed = given.shape[0] if isinstance(given.shape[0], int) else len(samples)
    answers = []
    try:
        for start in range(0, len(samples), fixed):
            some = np.resize(samples[start : start + fixed], (fixed, *samples.shape[1:]))
            answers.append(session.run(["probabilities", "label"], {given.name: some}))
    except Exception as error:
        raise ModelFileError(
            f"{path} cannot be run on its golden set ({first_line(error)}); export it again."
        ) from error
    P, labels = (np.concatenate(part)[: len(samples)] for part in zip(*answers, strict=True))
    return P, labels


def _close(classifier: Classifier, P: Array) -> Array:
    """Where another answer is no wonder `(N,)`: as far off as a probability may be, it changes."""
    if P.shape[1] == 2:
        close: Array = abs(P[:, 1] - classifier.threshold) <= PICTURE_LIMIT
    else:
        most = np.sort(P, axis=1)
        close = most[:, -1] - most[:, -2] <= 2 * PICTURE_LIMIT
    return close


def _read(path: Path, model: Path) -> list[tuple[Array, ...]]:
    """Samples, probabilities, labels, and where these are close, group by group."""
    if not path.is_file():
        raise FileError(
            f"There is no golden set {path} beside {model}; export it again, or copy both files."
        )
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            groups = [
                tuple(file[f"{part}_{i}"] for part in _PARTS)
                for i in range(len(file.files) // len(_PARTS))
            ]
        if not groups:
            raise ValueError("it is empty")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        raise FileError(
            f"The golden set {path} cannot be read ({first_line(error)}); export it again."
        ) from error
    return groups


def _enlarged(pictures: Array, rng: np.random.Generator, height: int, width: int) -> Array:
    """Pictures of another size with details of their own: their nearest pixels, and noise."""
    rows = np.arange(height) * pictures.shape[1] // height
    columns = np.arange(width) * pictures.shape[2] // width
    large = pictures[:, rows][:, :, columns] + rng.normal(0, 30, (len(pictures), height, width, 3))
    levels: Array = np.rint(large.clip(0, 255)).astype(np.uint8)
    return levels
