"""Parts of a user's own, as docs/extending.md adds them: each a class or function, and a row."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_readme import blocks_of

from plainnet import (
    Adam,
    Classifier,
    Dense,
    Layer,
    MeanSquaredError,
    Network,
    ReLU,
    check_gradients,
    errors,
    fit,
    read_data,
)
from plainnet.data.sources import ARRAY_FORMATS
from plainnet.export import export_onnx, read_weights, sequential, verify_onnx, write_weights
from plainnet.export.network_nodes import network_nodes
from plainnet.files.model_file import read_model, write_model
from plainnet.files.onnx_nodes import Nodes
from plainnet.models import Checkpoint
from plainnet.models.names import OPTIMIZERS
from plainnet.network import ACTIVATIONS, LAYERS, Array, row_of
from plainnet.network.trace import trace
from plainnet.reports.graph import graph_boxes, graph_svg
from plainnet.reports.trace_text import trace_text
from plainnet.tables.files import READERS, read_table

SRC = Path(__file__).parents[1] / "src" / "plainnet"
RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(200, 3)).astype(np.float32)
Y = X[:, 0] * X[:, 1] > 0
TARGET = (2 * X[:, :1] - X[:, 1:2]).astype(np.float32)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the page defines; its rows are in the tables meanwhile."""
    tables: list[Any] = [LAYERS, ACTIVATIONS, OPTIMIZERS, ARRAY_FORMATS]
    before = [table.copy() for table in tables]
    held: dict[str, Any] = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        for code in blocks_of("docs/extending.md", "python"):
            exec(compile(code, "docs/extending.md", "exec"), held)
        yield held
    for table, rows in zip(tables, before, strict=True):
        table.clear()
        table.extend(rows) if isinstance(table, list) else table.update(rows)


def network_of(*layers: Layer) -> Network:
    return Network([Dense(3, 8), *layers, Dense(8, 1)], rng=1)


def test_own_layers_learn_and_their_gradients_are_right(page: Any) -> None:
    layers = [Dense(3, 4), page["Swish"](), page["Gain"](4), Dense(4, 1)]
    exact = Network(layers, dtype=np.float64, rng=1)
    check = check_gradients(exact, MeanSquaredError(), X[:9].astype(float), TARGET[:9])
    assert check.error < 1e-6
    net = network_of(page["Swish"](), page["Gain"](8))
    history = fit(net, MeanSquaredError(), Adam(0.01), X, TARGET, epochs=400)
    assert history[-1].loss < 0.05 * history[0].loss
    assert (net.copy().predict(X) == net.predict(X)).all()


def test_they_are_traced_and_drawn(page: Any) -> None:
    net = network_of(page["Gain"](8))
    text = trace_text(trace(net, MeanSquaredError(), X[:2], TARGET[:2]))
    assert "Y = g X" in text
    assert "dg = Σ_N X · dY" in text
    assert "Gain" in graph_svg(graph_boxes(net, MeanSquaredError()))


def test_they_go_through_a_model_file(page: Any, tmp_path: Path) -> None:
    net = network_of(page["Swish"](), page["Gain"](8))
    net.parameters["layers.2.g"][...] = RNG.normal(size=8)
    write_model(tmp_path / "m", net, {}, {})
    again, *_ = read_model(tmp_path / "m")
    assert isinstance(again.layers[2], page["Gain"])
    np.testing.assert_array_equal(again.predict(X), net.predict(X))


def test_a_file_with_a_layer_that_no_row_names_is_refused(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network_of(page["Gain"](8))
    write_model(tmp_path / "m", net, {}, {})
    monkeypatch.delitem(LAYERS, "Gain")
    with pytest.raises(errors.ModelFileError, match=r"a 'Gain'.* needs a row in plainnet\.network"):
        read_model(tmp_path / "m")
    with pytest.raises(errors.ModelFileError, match=r"give a layer of your own a row"):
        write_model(tmp_path / "n", net, {}, {})
    assert not (tmp_path / "n").exists()


def test_they_are_exported_or_a_sentence_says_why_not(page: Any, tmp_path: Path) -> None:
    net = network_of(page["Swish"]())
    assert sequential(net) == "Sequential(Linear(3, 8), SiLU(), Linear(8, 1))"
    write_weights(tmp_path / "w", net)
    other = network_of(page["Swish"]())
    other.theta[...] = 0
    read_weights(tmp_path / "w", other)
    np.testing.assert_array_equal(other.predict(X), net.predict(X))
    with pytest.raises(errors.ModelFileError, match="PyTorch has no layer for Gain"):
        write_weights(tmp_path / "g", network_of(page["Gain"](8)))


def test_pytorch_answers_the_same(page: Any, tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    net = network_of(page["Swish"]())
    write_weights(tmp_path / "w", net)
    theirs = eval(sequential(net), vars(torch.nn))
    theirs.load_state_dict(load_file(tmp_path / "w"))
    answers = theirs(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(answers, net.predict(X), atol=1e-5)


def test_a_subclass_is_another_layer(tmp_path: Path) -> None:
    """It may compute something else, which what is written of its base would not."""

    class Doubled(ReLU):
        def forward(self, X: Array, training: bool = False) -> Array:
            return 2 * super().forward(X, training)

    net = network_of(Doubled())
    assert row_of(net.layers[1]) is None
    for refused in (
        lambda: write_model(tmp_path / "m", net, {}, {}),
        lambda: write_weights(tmp_path / "m", net),
        lambda: network_nodes(Nodes(), net, "X"),
    ):
        with pytest.raises(errors.PlainnetError, match="Doubled"):
            refused()
    assert not (tmp_path / "m").exists()


@pytest.fixture(scope="module")
def classifier(page: Any) -> Classifier:
    del page  # only its rows are wanted
    settings: dict[str, Any] = {"hidden": (8,), "dropout": 0.1, "epochs": 6}
    return Classifier(activation="swish", optimizer="lion", **settings).fit(X, Y)


def test_names_of_ones_own_are_settings(classifier: Classifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "m.safetensors")
    loaded = Classifier.load(tmp_path / "m.safetensors")
    assert (loaded.recipe.activation, loaded.recipe.optimizer) == ("swish", "lion")
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.parametrize(("table", "name"), [(ACTIVATIONS, "swish"), (OPTIMIZERS, "lion")])
def test_without_their_row_they_are_not(
    classifier: Classifier, table: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier.save(tmp_path / "m.safetensors")
    monkeypatch.delitem(table, name)
    with pytest.raises(errors.PlainnetError, match=name):
        Classifier.load(tmp_path / "m.safetensors")


def test_a_classifier_of_own_layers_is_exported(classifier: Classifier, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    export_onnx(classifier, tmp_path / "m.onnx")
    assert verify_onnx(tmp_path / "m.onnx").sound


def test_without_a_form_in_onnx_a_sentence_says_so(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = LAYERS["Swish"]
    monkeypatch.setitem(LAYERS, "Swish", type(row)(row.layer))
    with pytest.raises(errors.SettingError, match=r"\(Swish\) has no form in ONNX; .*your own"):
        export_onnx(classifier, tmp_path / "m.onnx")


def test_an_own_optimizer_goes_on_to_the_same_bits(page: Any, tmp_path: Path) -> None:
    del page
    made = [Classifier(optimizer="lion", hidden=(8,), epochs=6) for _ in range(3)]
    made[0].fit(X, Y)
    checkpoint = Checkpoint(tmp_path / "c")
    for epoch in made[1].fit_epochs(X, Y, checkpoint=checkpoint):
        checkpoint.stopping = epoch.number == 3
    for _ in made[2].fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert len(made[1].history) < 6
    np.testing.assert_array_equal(made[2].network.theta, made[0].network.theta)


def test_a_form_of_data_is_read_everywhere(page: Any, tmp_path: Path) -> None:
    del page
    (tmp_path / "d.libsvm").write_text("cat 1:0.5 3:2\ndog 2:1\n" * 30)
    splits = read_data(tmp_path / "d.libsvm")
    assert splits.train is not None
    assert splits.train.counts() == {"cat": 30, "dog": 30}
    learned = Classifier(epochs=40).fit(tmp_path / "d.libsvm")
    assert learned.score(tmp_path / "d.libsvm") == 1
    (tmp_path / "d.txt.gz").touch()
    with pytest.raises(errors.DataError, match=r"Expected .*, a \.libsvm file, a table"):
        read_data(tmp_path / "d.txt.gz")


def test_a_form_of_tables_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d.fixed").write_text("a b\n1 x\n2 y\n")

    def read(path: Path, _: Any) -> Any:
        (tmp_path / "d.csv").write_text(path.read_text().replace(" ", ","))
        return read_table(tmp_path / "d.csv")

    monkeypatch.setitem(READERS, ".fixed", read)
    table = read_table(tmp_path / "d.fixed")
    assert [*table.columns] == ["a", "b"]
    learned = Classifier(epochs=1).fit(tmp_path / "d.fixed", target="b")
    assert list(learned.classes) == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "rooms"),
    [
        ("LeakyReLU", ["", "network", "network.layer_table", "network.activations"]),
        ("Nesterov", ["", "models.names", "sklearn.building", "training", "training.optimizers"]),
    ],
)
def test_a_part_is_named_in_few_places(name: str, rooms: list[str]) -> None:
    """Where it is written, in its row, and where it is handed on; scikit-learn has its own names.

    LayerNorm, or Adam, may be named for what it does; these two only as one of a list.
    """
    found = [
        ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        for path in SRC.rglob("*.py")
        if re.search(rf"^\s+{name},$|import .*\b{name}\b|class {name}\b", path.read_text(), re.M)
    ]
    assert {*found} <= {*rooms, "training.subspace"}
    assert {*rooms} <= {*found}
