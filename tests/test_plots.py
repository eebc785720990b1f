"""Pictures for notebooks: the numbers that they show, what they refuse; the bar of a training."""

import base64
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_readme import ROOT, blocks_of

import plainnet
from plainnet import Adam, Classifier, Epoch, Network, SigmoidCrossEntropy, fit, show_progress
from plainnet.errors import DataError, SettingError, ShapeError
from plainnet.models import Model
from plainnet.network import Array
from plainnet.plots import Plot, plot_confusion, plot_decision_surface, plot_history
from plainnet.reports.axes import TOP
from plainnet.training import History

HEIGHT = 220  # of a chart of a history
HOSTILE = "<script>alert(1)</script>"


def text_of(shown: str) -> list[str]:
    return re.findall(r"<(?:text|td|th|b)\b[^>]*>([^<]*)<", shown)


def curve(plot: Plot, kind: str) -> Array:
    """The coordinates of the points of one line."""
    found = re.search(rf'class="line {kind}" d="M([^"h]+)"', plot.svg)
    assert found, plot.svg
    return np.array([[*map(float, at.split())] for at in found[1].split("L")])


def epochs(*losses: float, **validation: list[float]) -> History:
    return History(
        Epoch(
            *(i + 1, 10 * i + 10, loss, 0.1, 0.01),
            {name: values[i] for name, values in validation.items()},
        )
        for i, loss in enumerate(losses)
    )


# -- histories -----------------------------------------------------------------------------------


def test_a_history_shows_its_numbers() -> None:
    losses, accuracies = [0.8, 0.6, 0.3], [0.5, 0.75, 1.0]
    plot = plot_history(epochs(*losses, loss=[0.9, 0.7, 0.5], accuracy=accuracies))
    top = 0.9 * 1.05
    drawn = curve(plot, "series-2 dashed")[:, 1]
    assert drawn == pytest.approx([TOP + (1 - v / top) * HEIGHT for v in losses], abs=0.06)
    validation = re.findall(r'class="line series-1" d="M([^"h]+)"', plot.svg)
    places = [[float(at.split()[1]) for at in one.split("L")] for one in validation]
    assert places[0] == pytest.approx([TOP + (1 - v / top) * HEIGHT for v in (0.9, 0.7, 0.5)], 1e-3)
    low = 0.4  # of an axis that ends at 100 %
    expected = [TOP + (1 - (v - low) / (1 - low)) * HEIGHT for v in accuracies]
    assert places[1] == pytest.approx(expected, abs=0.06)
    assert {"loss", "accuracy", "epoch", "training", "validation", "100 %"} <= {*text_of(plot.svg)}
    assert plot.about == (
        "loss by epoch: 0.8 in epoch 1, 0.3 in epoch 3, accuracy by epoch: 0.5 in epoch 1, 1 in "
        "epoch 3"
    )


def test_each_network_of_an_ensemble_has_a_line() -> None:
    plot = plot_history([*epochs(0.9, 0.5), *epochs(0.8, 0.4, 0.2)])
    assert plot.svg.count('class="line series-2 dashed" d="M') == 2 + 1  # and the legend's
    assert text_of(plot.svg).count("training") == 1


def test_metrics_can_be_named() -> None:
    history = epochs(1, 2, R2=[-3, 0.5], loss=[1, 1])
    assert "R2" in text_of(plot_history(history, metrics="R2").svg)
    with pytest.raises(SettingError, match=r"'f1'.*R2, loss"):
        plot_history(history, metrics=["f1"])
    with pytest.raises(DataError, match="no history"):
        plot_history([])


def test_the_epoch_that_was_kept_is_marked(trained: Classifier) -> None:
    assert trained.best_epoch is not None
    assert f"epoch {trained.best_epoch.number} kept" in text_of(plot_history(trained).svg)


# -- confusion matrices ----------------------------------------------------------------------------


def test_a_confusion_matrix_shows_its_counts() -> None:
    y, answers = ["a"] * 5 + ["b"] * 4, ["a", "a", "a", "a", "b", "b", "b", "b", "a"]
    svg = plot_confusion(y, answers).svg
    titles = re.findall(r"<title>([^<]+)</title>", svg)
    assert titles == [
        "a predicted as a: 4 (80.0 %)",
        "a predicted as b: 1 (20.0 %)",
        "b predicted as a: 1 (25.0 %)",
        "b predicted as b: 3 (75.0 %)",
    ]
    assert {"4", "1", "3"} <= {*text_of(svg)}


def test_a_matrix_of_an_evaluation(trained: Classifier, samples: tuple[Array, Array]) -> None:
    evaluation = trained.evaluate(*samples)
    plot = plot_confusion(evaluation)
    assert f"{evaluation.correct:g} of 80 samples" in plot.about
    assert plot.svg == plot_confusion(samples[1], trained.predict(samples[0])).svg
    assert HOSTILE not in plot.svg
    assert "&lt;script&gt;" in plot.svg


def test_what_is_no_confusion_matrix() -> None:
    with pytest.raises(ShapeError, match=r"\(3,\), \(2,\)"):
        plot_confusion([1, 2, 3], [1, 2])
    with pytest.raises(DataError, match="right and predicted"):
        plot_confusion([1, 2, 3])
    with pytest.raises(DataError, match="at least one"):
        plot_confusion([], [])
    with pytest.raises(SettingError, match="30 classes"):
        plot_confusion(range(30), range(30))


# -- decision surfaces -----------------------------------------------------------------------------


class ByTheFirst:
    """Class 1 right of 0, as sure as it is far; the third feature counts, too."""

    classes_ = np.array(["left", "right"])

    def predict_proba(self, X: Array) -> Array:
        p = 1 / (1 + np.exp(-4 * X[:, 0] - X[:, 2]))
        return np.column_stack([1 - p, p])


def places(svg: str, series: int) -> list[tuple[float, float]]:
    """The left and right ends of all runs of cells of a colour that can be seen."""
    found = re.findall(rf'class="surface value series-{series} shade-[1-8]"[^>]* d="([^"]+)"', svg)
    runs = re.findall(r"M([\d.]+) [\d.]+H([\d.]+)V", " ".join(found))
    return [(float(a), float(b)) for a, b in runs]


def test_a_surface_shows_the_most_probable_class() -> None:
    X = np.array([[-1, 0, 0], [1, 1, 0], [0, 0.5, 0.0]])
    plot = plot_decision_surface(ByTheFirst(), X, ["left", "right", "right"])
    left, right = places(plot.svg, 2), places(plot.svg, 1)
    middle = (min(a for a, _ in left) + max(b for _, b in right)) / 2
    assert max(b for _, b in left) == pytest.approx(middle, abs=8)  # its cells beside are pale
    assert min(a for a, _ in right) == pytest.approx(middle, abs=8)
    assert {"left", "right", "feature 0", "feature 1"} <= {*text_of(plot.svg)}
    assert plot.svg.count("<circle") == 3
    shifted = X + np.array([0, 0, 8])  # the third feature is at its median: now all is right
    assert not places(plot_decision_surface(ByTheFirst(), shifted).svg, 2)


def test_other_features_along_the_axes() -> None:
    X = np.array([[0, -1, -9.0], [0, 1, 9], [0, 0.5, 0]])
    plot = plot_decision_surface(ByTheFirst(), X, features=(2, 1), names=["a", "b", "c & d"])
    assert plot.about == "classes left, right over c & d and b"
    assert "c &amp; d" in plot.svg
    assert places(plot.svg, 1)
    assert places(plot.svg, 2)


def test_surfaces_of_numbers_networks_and_models(
    trained: Classifier, samples: tuple[Array, Array]
) -> None:
    X, y = samples
    height = SimpleNamespace(predict=lambda cells: cells[:, 1])
    plot = plot_decision_surface(height, X, y)
    low, high = X[:, 1].min(), X[:, 1].max()
    beyond = 0.07 * (high - low)
    step = (high - low + 2 * beyond) / 90
    ends = f"{low - beyond + step / 2:.4g} (pale) to {high + beyond - step / 2:.4g}"
    assert f"predictions from {ends}" in text_of(plot.svg)
    network = Network.dense([2, 3, 1])
    assert "classes 0, 1" in plot_decision_surface(network, X, 1 * (y == "dog")).about
    assert "predictions" in plot_decision_surface(network, X, X[:, 0]).about
    assert "classes 0, 1, 2" in plot_decision_surface(Network.dense([2, 3, 3]), X).about
    plot = plot_decision_surface(trained, X, y)
    assert plot.svg.count("<circle") == len({*map(tuple, X.round(3))})
    assert HOSTILE not in plot.svg


@pytest.mark.parametrize(
    ("X", "y", "more", "error"),
    [
        (np.zeros((3, 1)), None, {}, ShapeError),
        (np.zeros((3, 2)), [1, 2], {}, ShapeError),
        (np.full((3, 2), np.nan), None, {}, DataError),
        (np.zeros((3, 3)), None, {"features": (0, 3)}, SettingError),
        (np.zeros((3, 3)), None, {"features": (1, 1)}, SettingError),
        (np.zeros((3, 3)), ["left", "right", "up"], {}, DataError),
    ],
)
def test_what_is_no_surface(X: Array, y: Any, more: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        plot_decision_surface(ByTheFirst(), X, y, **more)


def test_more_classes_than_colours_are_refused() -> None:
    with pytest.raises(SettingError, match="at most 4 classes"):
        plot_decision_surface(Network.dense([2, 5]), np.zeros((3, 2)))


# -- files and notebooks ---------------------------------------------------------------------------


def test_a_plot_is_saved_and_shown(tmp_path: Path) -> None:
    plot = plot_confusion(["<a>", "b"], ["<a>", "b"])
    assert plot.save(tmp_path / "matrix.svg").read_text("utf-8") == plot.svg
    assert plot.svg.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in plot.svg
    html = plot.save(str(tmp_path / "matrix.html")).read_text("utf-8")
    [data] = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert base64.b64decode(data).decode() == plot.svg
    with pytest.raises(SettingError, match=r"\.svg or \.html"):
        plot.save(tmp_path / "matrix.png")


@pytest.fixture(scope="module")
def samples() -> tuple[Array, Array]:
    X = np.random.default_rng(0).normal(size=(80, 2))
    return X, np.where(X[:, 0] > 0, "dog", HOSTILE)


@pytest.fixture(scope="module")
def trained(samples: tuple[Array, Array]) -> Classifier:
    return Classifier(epochs=4, hidden=(5,), ensemble=1, encoding="none").fit(*samples)


def shown(value: Any) -> str:
    html = value._repr_html_()
    assert html is not None
    return str(html)


def test_a_network_shows_its_layers() -> None:
    network = Network.dense([2, 16, 1])
    cells = text_of(shown(network))
    assert cells[-4:] == ["total", "", str(network.n_parameters), str(2 * 16 + 16)]
    assert cells[4:8] == ["0  Dense(n_in=2, n_out=16)", "16", "48", "32"]


def test_a_model_shows_what_it_is(trained: Classifier) -> None:
    html = shown(trained)
    assert HOSTILE not in html
    assert f"{HOSTILE}, dog" in html.replace("&lt;", "<").replace("&gt;", ">")
    assert f"{trained.network.n_parameters:,}" in text_of(html)
    assert {"Classifier", "classes", "inputs", "epochs", "4"} <= {*text_of(html)}
    untrained = shown(Classifier(hidden=(3,), class_weight={HOSTILE: 2}))
    assert "not trained yet: hidden=(3,)" in untrained
    assert HOSTILE not in untrained


def test_a_history_is_a_list_that_is_shown_as_a_chart(trained: Classifier) -> None:
    history = fit(
        *(Network.dense([1, 1]), SigmoidCrossEntropy(), Adam(), np.ones((4, 1)), np.ones(4)),
        epochs=2,
    )
    assert [epoch.number for epoch in history] == [1, 2]
    assert shown(history) == plot_history(history)._repr_html_()
    assert isinstance(trained.history, History)
    assert History()._repr_html_() is None
    assert Model._repr_html_ is Network._repr_html_


class Kernel:
    """A kernel of a notebook, as far as progress needs it."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, value: Any, *, display_id: bool) -> Any:
        assert display_id
        self.update(value)
        return self

    def update(self, value: Any) -> None:
        self.shown.append(value._repr_html_())


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel, ipython, display = Kernel(), ModuleType("IPython"), ModuleType("IPython.display")
    vars(ipython).update(get_ipython=lambda: SimpleNamespace(kernel=kernel))
    vars(display).update(display=kernel.display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return kernel


def test_a_notebook_shows_a_bar(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> None:
    history = epochs(0.5, 0.4, 0.25, accuracy=[0.5, 0.6, 0.75])
    assert [*show_progress(history, 3)] == history
    assert 'value="0" max="3"' in kernel.shown[0]
    last = kernel.shown[-1]
    assert 'value="3" max="3"' in last
    assert "epoch 3/3&ensp; loss 0.2500&ensp; accuracy 75.0 %" in last
    assert capsys.readouterr() == ("", "")


def test_the_bar_ends_with_the_last_epoch_that_there_was(kernel: Kernel) -> None:
    [*show_progress(epochs(0.5, 0.4), 9)]
    assert 'value="2" max="9"' in kernel.shown[-1]


def test_a_terminal_of_ipython_is_no_notebook(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    [*show_progress(epochs(0.5), 1)]
    assert not kernel.shown
    assert "loss 0.5000" in capsys.readouterr().err


def test_they_are_offered_by_the_package() -> None:
    assert plainnet.plot_history is plot_history
    assert {"plot_confusion", "plot_decision_surface", "plot_history"} <= {*plainnet.__all__}


# -- the pictures in the documents -----------------------------------------------------------------


def test_the_pictures_of_the_guide_are_what_its_code_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec("\n".join(blocks_of("docs/looking.md", "python")), {})
    for name in ("history", "surface", "confusion"):
        drawn = (tmp_path / f"looking-{name}.svg").read_text("utf-8")
        kept = (ROOT / f"docs/images/looking-{name}.svg").read_text("utf-8")
        words = [re.sub(r"[\d.]+", "N", " ".join(text_of(one))) for one in (drawn, kept)]
        assert words[0] == words[1]
        counts = [re.findall(r"[\d.]+", " ".join(text_of(one))) for one in (drawn, kept)]
        now, before = (np.array(one, float) for one in counts)
        np.testing.assert_allclose(now, before, atol=3)
        assert drawn.count("<circle") == kept.count("<circle")
        numbers = [re.findall(r'class="line [^"]+" d="([^"]+)"', one) for one in (drawn, kept)]
        now, before = (
            np.array([*map(float, re.findall(r"[\d.]+", "".join(one)))]) for one in numbers
        )
        np.testing.assert_allclose(now, before, atol=1)
