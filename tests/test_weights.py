"""Weights as PyTorch names them: out and in without losing a bit, and the page's lines for them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import PLAIN
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from test_readme import BLOCK, text_of

from plainnet import Classifier
from plainnet.demo.drawing import draw_animal
from plainnet.errors import FileError, ModelFileError, SettingError
from plainnet.export import read_weights, sequential, write_weights
from plainnet.network import (
    GELU,
    SELU,
    Array,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Mish,
    Network,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
)

PAGE = "docs/interchange.md"
RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(30, 3)).astype(np.float32)
Y = np.arange(30) % 3
TWO: dict[str, Any] = {**PLAIN, "hidden": (4,), "epochs": 1, "ensemble": 2, "dropout": 0}


def network(seed: int = 1, dtype: Any = np.float32) -> Network:
    """One of each layer, with numbers everywhere."""
    layers: list[Layer] = [
        *(Dropout(0.1), Dense(3, 5), BatchNorm(5, 0.2, 1e-3), ReLU(), Dense(5, 4), Tanh()),
        *(LayerNorm(4, 1e-4), LeakyReLU(0.3), Dense(4, 4), Sigmoid()),
        *(Dense(4, 2), SiLU(), GELU(), SELU(), Mish()),
    ]
    made, rng = Network(layers, dtype=dtype), np.random.default_rng(seed)
    made.theta[:] = rng.normal(size=made.n_parameters)
    for value in made.state.values():
        value[:] = rng.uniform(0.5, 2, value.shape)
    return made


def values_of(made: Network) -> bytes:
    return made.theta.tobytes() + b"".join(value.tobytes() for value in made.state.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back_not_a_bit_is_lost(tmp_path: Path, dtype: Any) -> None:
    before, after = network(1, dtype), network(2, dtype)
    write_weights(tmp_path / "w", before)
    assert values_of(after) != values_of(before)
    read_weights(tmp_path / "w", after)
    assert values_of(after) == values_of(before)


def test_the_names_and_shapes_are_those_of_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    write_weights(tmp_path / "w", ours := network())
    theirs = eval(
        f"torch.nn.{sequential(ours)}".replace("(", "(torch.nn.", 1).replace("), ", "), torch.nn."),
        {"torch": torch},
    )
    held = load_file(tmp_path / "w")
    expected = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
    assert {name: value.shape for name, value in held.items()} == expected
    theirs.load_state_dict({name: torch.from_numpy(value) for name, value in held.items()})
    Z = theirs.eval()(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(Z, ours.forward(X), rtol=1e-4, atol=1e-5)
    with safe_open(tmp_path / "w", "np") as file:
        assert file.metadata() == {"format": "pt"}


def test_what_torch_has_saved_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as torch_save

    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
    )
    theirs(torch.from_numpy(X))  # so that the running means are something
    torch_save(theirs.eval().state_dict(), tmp_path / "w")
    ours = Network([Dense(3, 4), BatchNorm(4), ReLU(), Dense(4, 2)])
    read_weights(tmp_path / "w", ours)
    Z = theirs(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(ours.forward(X), Z, rtol=1e-4, atol=1e-5)


def test_an_ensemble_is_a_list_of_them(tmp_path: Path) -> None:
    ours = Classifier(**TWO).fit(X, Y)
    write_weights(tmp_path / "w", ours)
    tensors = ("0.weight", "0.bias", "2.weight", "2.bias")
    assert {*load_file(tmp_path / "w")} == {f"{i}.{name}" for i in (0, 1) for name in tensors}
    other = Classifier(**TWO, seed=5).fit(X, Y)
    other.inputs = ours.inputs
    read_weights(tmp_path / "w", other)
    ours.networks = [member._replace(temperature=1.0) for member in ours.networks]
    ours.answers = ours.answers.uncalibrated()
    assert other.predict_proba(X).tobytes() == ours.predict_proba(X).tobytes()


def test_a_classifier_keeps_what_was_measured_only_with_its_own_weights(tmp_path: Path) -> None:
    ours = Classifier(**TWO | {"ensemble": 1}).fit(X, Y)
    ours.quality, ours.temperature = {"test": {"n": 3}}, 1.7
    write_weights(tmp_path / "w", ours)
    read_weights(tmp_path / "w", ours)
    assert (ours.quality, ours.temperature) == ({"test": {"n": 3}}, 1.7)
    held = {name: value + 1 for name, value in load_file(tmp_path / "w").items()}
    save_file(held, tmp_path / "w")
    read_weights(tmp_path / "w", ours)
    assert (ours.quality, ours.temperature) == ({}, 1.0)
    assert np.array_equal(ours.network.parameters["layers.0.b"], held["0.bias"])


def test_half_precision_is_read_and_double_only_where_nothing_is_lost(tmp_path: Path) -> None:
    ours = network()
    write_weights(tmp_path / "w", ours)
    halves = {name: value.astype(np.float16) for name, value in load_file(tmp_path / "w").items()}
    save_file(halves, tmp_path / "w")
    read_weights(tmp_path / "w", ours)
    assert np.array_equal(ours.parameters["layers.1.W"], halves["1.weight"].T)
    save_file({name: value.astype(float) for name, value in halves.items()}, tmp_path / "w")
    with pytest.raises(ModelFileError, match=r"needs .*float32.* holds .*float64"):
        read_weights(tmp_path / "w", ours)
    read_weights(tmp_path / "w", network(dtype=np.float64))


@pytest.mark.parametrize(
    "damage",
    [
        lambda held: held.pop("1.weight"),
        lambda held: held.update({"11.weight": held["1.weight"]}),
        lambda held: held.update({"1.weight": held["1.weight"].T.copy()}),
        lambda held: held.update({"1.bias": held["1.bias"].astype(int)}),
        lambda held: held.clear(),
    ],
)
def test_what_does_not_fit_is_refused_with_both_lists(
    tmp_path: Path, damage: Callable[[dict[str, Array]], object]
) -> None:
    ours = network()
    write_weights(tmp_path / "w", ours)
    held, before = load_file(tmp_path / "w"), values_of(ours)
    damage(held)
    save_file(held, tmp_path / "w")
    shown = (
        r"needs .*1\.weight float32 \(5, 3\).*, but the file holds (?!.*needs).*; make a network"
    )
    with pytest.raises(ModelFileError, match=shown) as caught:
        read_weights(tmp_path / "w", ours)
    assert all(f" {name} " in str(caught.value) for name in held if "batches" not in name)
    assert values_of(ours) == before


@pytest.mark.parametrize(
    ("value", "why"),
    [(np.nan, "not finite"), (np.inf, "not finite"), (1e30, r"beyond 1e\+18")],
)
def test_numbers_that_nothing_answers_with_are_neither_read_nor_written(
    tmp_path: Path, value: float, why: str
) -> None:
    ours = network()
    write_weights(tmp_path / "w", ours)
    held, before = load_file(tmp_path / "w"), values_of(ours)
    held["10.weight"][0, 0] = value
    save_file(held, tmp_path / "w")
    with pytest.raises(ModelFileError, match=why):
        read_weights(tmp_path / "w", ours)
    assert values_of(ours) == before
    ours.theta[0] = value
    with pytest.raises(ModelFileError, match=rf"was not written, because 1\.weight .*{why}"):
        write_weights(tmp_path / "x", ours)
    assert not (tmp_path / "x").exists()


def test_negative_variances_are_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "w", ours := network())
    held = load_file(tmp_path / "w")
    save_file({**held, "2.running_var": -held["2.running_var"]}, tmp_path / "w")
    with pytest.raises(ModelFileError, match=r"2\.running_var holds negative variances"):
        read_weights(tmp_path / "w", ours)


def test_where_there_is_nothing_to_write_or_read(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is not trained"):
        write_weights(tmp_path / "w", Classifier())
    with pytest.raises(ModelFileError, match=r"cannot be read .* name a safetensors file\."):
        read_weights(tmp_path / "w", network())
    with pytest.raises(FileError, match="could not be written"):
        write_weights(tmp_path / "missing" / "w", network())

    class Own(ReLU):
        pass

    with pytest.raises(ModelFileError, match="PyTorch has no layer for"):
        write_weights(tmp_path / "w", Network([Dense(3, 2), Own.__mro__[2]()]))


# -- the page ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page works in: a run and a photograph."""
    folder, rng = tmp_path_factory.mktemp("page"), np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (folder / "pets" / kind).mkdir(parents=True)
        for i in range(16):
            draw_animal(kind, rng, 80).save(folder / "pets" / kind / f"{i}.png")
    draw_animal("cat", rng, 200).save(folder / "photo.jpg")
    (folder / "runs" / "pets-1").mkdir(parents=True)
    made = Classifier(epochs=1, augment="none", normalization="none").fit(folder / "pets")
    made.temperature = 1.5
    made.save(folder / "runs" / "pets-1" / "model.safetensors")
    write_weights(folder / "pets-weights.safetensors", made)
    return folder


def run(code: str, held: dict[str, Any]) -> dict[str, Any]:
    exec(compile(code, PAGE, "exec"), held)
    return held


SECTION = text_of(PAGE).split("## safetensors\n")[1].split("\n## ")[0]
WEIGHTS, PICTURES, TORCH, KERAS, JAX = (
    code for language, code in BLOCK.findall(SECTION) if language == "python"
)


def test_the_page_in_plainnet(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pets)
    before = (pets / "pets-weights.safetensors").read_bytes()
    held = run(WEIGHTS, {})
    assert (pets / "pets-weights.safetensors").read_bytes() == before
    assert held["classifier"].temperature == 1.5


@pytest.mark.parametrize(
    ("package", "code"), [("torch", TORCH), ("keras", KERAS), ("jax", JAX)], ids=str
)
def test_the_page_elsewhere(
    pets: Path, package: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pets)
    if package == "keras" and "KERAS_BACKEND" not in os.environ:
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip(package, exc_type=ImportError)
    held = run(code, run(PICTURES, {}))
    classifier = Classifier.load("runs/pets-1/model.safetensors")
    expected = classifier.predict_proba("photo.jpg")[0]
    p = 1 / (1 + np.exp(-float(held["logits"][0, 0]) / held["about"]["temperature"]))
    assert p == pytest.approx(expected[1], abs=0.01)  # Pillow alone averages no blocks before
    X = held["inputs"]("photo.jpg")
    Z = classifier.network.forward(X)
    np.testing.assert_allclose(held["logits"], Z, rtol=1e-3, atol=1e-4)


def test_the_page_tells_of_the_layers_that_are_printed(pets: Path) -> None:
    classifier = Classifier.load(pets / "runs" / "pets-1" / "model.safetensors")
    inside = sequential(classifier.network).removeprefix("Sequential(").removesuffix(")")
    words = TORCH[TORCH.index("Sequential(") + 11 : TORCH.index(")  # fmt")].replace(
        "torch.nn.", ""
    )
    assert " ".join(words.split()).rstrip(",") == inside
