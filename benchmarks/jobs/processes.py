"""What takes a process of its own: an import, and one prediction from the shell."""

import compileall
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import plainnet
from benchmarks.jobs import Result, Settings

FEW, MANY = 3, 7
"""Processes of one measurement."""
MODULES = {
    "ours": "plainnet.models.classifier",  # `plainnet` imports it when the name is first used
    "pytorch": "torch",
    "sklearn": "sklearn.neural_network",
    "jax": "jax",
    "onnxruntime": "onnxruntime",
}
SCRIPT = Path(__file__).parents[1] / "predict_with_pytorch.py"
TOLERANCE = 0.02
"""Of a probability; the two read the picture in slightly different ways."""


def run(job: str, contender: str, settings: Settings) -> Result:
    compileall.compile_dir(*plainnet.__path__, quiet=2)  # as pip does with what it installs
    few = settings.quick or contender != "ours"
    return (imports if job == "import" else predictions)(contender, FEW if few else MANY)


def imports(contender: str, repeats: int) -> Result:
    """Seconds from NumPy's import to the end of the other's, each time in a new Python."""
    code = (
        "import numpy, time; start = time.perf_counter(); "
        f"import {MODULES[contender]}; print(time.perf_counter() - start)"
    )
    found = [_output([sys.executable, "-c", code]) for _ in range(repeats + 1)]
    if found[0] is None:
        raise ModuleNotFoundError(name=MODULES[contender])
    return {"seconds": statistics.median(float(text or "nan") for text in found[1:])}


def predictions(contender: str, repeats: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        command, expected = prepare(contender, Path(folder))
        times = []
        for _ in range(repeats + 1):  # the first is not counted
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    error = abs(float(answer["predictions"][0]["probabilities"]["dog"]) - expected)
    return {
        "seconds": statistics.median(times[1:]),
        "error": error,
        "right": error <= TOLERANCE,
    }


def prepare(contender: str, folder: Path) -> tuple[list[str], float]:
    """The command that tells one JPEG by a trained model, and the probability it should give."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (64, 64, 64, 3), np.uint8)
    labels = np.repeat(["cat", "dog"], 32)
    given = {"hidden": (256, 128), "normalization": "none", "epochs": 1, "validation_share": 0.0}
    classifier = plainnet.Classifier(**given).fit(pictures, labels)
    photo = folder / "photo.jpg"
    draw_photo(photo)
    expected = float(classifier.predict_proba(photo)[0, 1])
    if contender == "ours":
        classifier.save(folder / "model.safetensors")
        command: list[Path | str] = [Path(sys.executable).with_name("plainnet"), "predict"]
        command += [folder / "model.safetensors", photo, "--json"]
    else:
        save_for_pytorch(classifier, folder / "model.pt")
        command = [Path(sys.executable), SCRIPT, folder / "model.pt", photo]
    return [str(part) for part in command], expected


def save_for_pytorch(classifier: Any, path: Path) -> None:
    import torch

    state = {}
    weights = [A for A in classifier.network.parameters.values() if A.ndim == 2]
    biases = [A for A in classifier.network.parameters.values() if A.ndim == 1]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
        state[f"{2 * i}.weight"] = torch.from_numpy(W.T.copy())
        state[f"{2 * i}.bias"] = torch.from_numpy(b.copy())
    preprocessing = classifier.preprocessing
    mean, scale = torch.from_numpy(preprocessing.mean), torch.from_numpy(preprocessing.scale)
    torch.save({"network": state, "mean": mean, "scale": scale}, path)


def draw_photo(path: Path) -> None:
    """A smooth picture of 500 × 374 pixels, the size of many photographs in data sets."""
    from PIL import Image

    y, x = np.mgrid[:374, :500] / 100
    waves = [np.sin((k + 1) * x + k) * np.cos((3 - k) * y) for k in range(3)]
    pixels = np.rint(127.5 + 127.5 * np.stack(waves, axis=2)).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=90)


def _output(command: list[str]) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None
