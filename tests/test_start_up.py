"""What a process loads: as little as its work needs, since modules are most of a short command."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier, Regressor

SRC = Path(__file__).parents[1] / "src" / "plainnet"
LAZY = [
    path
    for path in [SRC / "__init__.py", *sorted(SRC.glob("*/__init__.py"))]
    if "on_first_use(" in path.read_text("utf-8")
]
TRAINING = {
    *("plainnet.training.trainer", "plainnet.training.engine", "plainnet.models.fitting"),
    *("plainnet.models.training_samples", "plainnet.models.evaluating", "plainnet.cli.reading"),
}
UNUSED = {
    *("pyarrow", "pandas", "h5py", "sklearn", "scipy", "numba", "onnx", "rich", "html"),
    *("numpy.ma", "numpy.random", "hashlib", "random", "statistics", "tempfile", "zipfile"),
}
"""What a prediction does without."""
TABLES = {"plainnet.tables.column", "plainnet.tables.files"}
PILLOW = {"PIL", "PIL.Image", "plainnet.pictures.decoding", "plainnet.models.picture_samples"}


def package_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(SRC.parent).parts)


def loaded_by(*command: str) -> set[str]:
    """The modules in memory at the end of a command of plainnet, or of some code."""
    code = command[0]
    if len(command) > 1:
        code = f"import sys; sys.argv = {list(command)!r}\n"
        code += "from plainnet.cli.command_line import main\n"
        code += "try: main()\nexcept SystemExit as end: assert not end.code"
    code += "\nimport sys; print('loaded', *sys.modules)"
    environment = {**os.environ, "PLAINNET_CACHE": "off"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=environment
    )
    assert done.returncode == 0, done.stderr
    return {*done.stdout.splitlines()[-1].split()[1:]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold a model of a table and one of pictures, with a sample of each."""
    path = tmp_path_factory.mktemp("start")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 2))
    cells = [f"{a:.3f},{'xy'[int(b > 0)]},{a + b:.3f}" for a, b in rows]
    (path / "rows.csv").write_text("\n".join(["a,b,c", *cells]))
    (path / "one.csv").write_text("a,b\n0.5,x\n")
    regressor = Regressor(epochs=1, ensemble=2).fit(path / "rows.csv", target="c")
    regressor.save(path / "table.safetensors")
    X = rng.integers(0, 256, (12, 8, 8, 3), np.uint8)
    classifier = Classifier(epochs=1, hidden=(4,), network="dense", dropout=0.1)
    classifier.fit(X, np.arange(12) % 2).save(path / "pictures.safetensors")
    Image.fromarray(X[0]).resize((40, 30)).save(path / "one.jpg")
    return path


def test_an_import_loads_no_part_before_its_name_is_used() -> None:
    loaded = loaded_by("import plainnet")
    ours = {name for name in loaded if name.startswith("plainnet")}
    own = ("display", "errors", "on_first_use", "version")
    assert ours == {"plainnet", *(f"plainnet.{name}" for name in own)}
    assert "numpy" not in loaded


def test_a_network_and_its_training_load_no_random_numbers_before_they_draw_any() -> None:
    loaded = loaded_by(
        "from plainnet import Adam, Dense, Network, ReLU, SoftmaxCrossEntropy, train"
    )
    assert {"numpy", "plainnet.training.trainer"} <= loaded
    of_others = {"numpy.random", "numpy.ma", "decimal", "difflib"}
    assert not sorted(loaded & {*of_others, "plainnet.models", "plainnet.data"})


def test_the_names_of_models_load_no_part_before_one_is_made() -> None:
    loaded = loaded_by("from plainnet import Classifier, Regressor")
    ours = {name for name in loaded if name.startswith("plainnet.models.")}
    own = ("classifier", "inspectable", "model", "regressor", "settings", "trainable")
    assert ours == {f"plainnet.models.{name}" for name in own}
    rooms = ("data", "files", "metrics", "network", "pictures", "tables", "training")
    assert not sorted(loaded & {*UNUSED, *(f"plainnet.{room}" for room in rooms)})
    assert not sorted(loaded & {"dataclasses", "json", "logging", "pathlib", "threading"})


def test_a_prediction_from_a_table_loads_neither_pictures_nor_training(folder: Path) -> None:
    loaded = loaded_by("plainnet", "predict", f"{folder}/table.safetensors", f"{folder}/one.csv")
    assert loaded >= TABLES
    assert not sorted(loaded & {*TRAINING, *UNUSED, *PILLOW, "plainnet.models.classifier"})


def test_a_prediction_from_a_picture_loads_neither_tables_nor_training(folder: Path) -> None:
    loaded = loaded_by("plainnet", "predict", f"{folder}/pictures.safetensors", f"{folder}/one.jpg")
    assert loaded >= PILLOW
    threads = {"concurrent.futures", "concurrent.futures.thread"}
    assert not sorted(loaded & {*TRAINING, *UNUSED, *TABLES, *threads, "plainnet.models.regressor"})


@pytest.mark.parametrize("command", ["--help", "--version", "predict --help"])
def test_help_needs_no_arrays(command: str) -> None:
    assert not loaded_by("plainnet", *command.split()) & {"numpy", "plainnet.models"}


def test_garbage_is_collected_as_usual_after_the_first_time() -> None:
    loaded_by(
        "import gc; from plainnet.cli.command_line import LOADED, _collect_late as late\n"
        "usual = gc.get_threshold(); late(); late()\n"
        "assert gc.isenabled() and gc.get_threshold()[0] == LOADED and len(gc.callbacks) == 1\n"
        "many = [[] for _ in range(LOADED + 1)]\n"
        "assert gc.get_threshold() == usual and not gc.callbacks and not gc.get_freeze_count()"
    )


@pytest.mark.parametrize("path", LAZY, ids=package_of)
def test_a_package_has_all_of_its_names(path: Path) -> None:
    package = importlib.import_module(package_of(path))
    assert {*package.__all__} <= {*dir(package)}
    for name in package.__all__:
        getattr(package, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        package.nothing  # noqa: B018


@pytest.mark.parametrize("path", LAZY, ids=package_of)
def test_no_name_of_a_package_is_hidden_by_a_module(path: Path) -> None:
    """The import of a module sets its name in the package, whichever object was there before."""
    tables = [
        node.args[1]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "on_first_use"
    ]
    names = {name for names in ast.literal_eval(tables[0]).values() for name in names.split()}
    assert names
    assert not names & {one.stem for one in path.parent.iterdir()}
