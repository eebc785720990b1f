"""The classifier from Python: what it takes, what it answers, and what it says to nonsense."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import PLAIN, normal
from PIL import Image

from plainnet import Classifier, Regressor, read_data
from plainnet.data import Dataset, Splits
from plainnet.errors import (
    DataError,
    DivergedError,
    ModelFileError,
    PictureError,
    SettingError,
    ShapeError,
)
from plainnet.files.model_file import read_model, write_model
from plainnet.network import Array
from plainnet.pictures import read_pictures
from plainnet.version import __version__

SMALL: dict[str, Any] = {
    **PLAIN,
    **{"epochs": 3, "hidden": (16,), "learning_rate": 0.02, "batch_size": 16},
}


def small(**settings: Any) -> Classifier:
    return Classifier(**{**SMALL, **settings})


def points(n_classes: int = 2, n: int = 60, seed: int = 0) -> tuple[Array, Array]:
    """Feature vectors and their classes: the first feature tells the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, 3)).astype(np.float32)
    X[:, 0] = 3 * y + rng.normal(size=n) / 4
    return X, y


def bright_or_dark(n: int = 40, channels: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """Pictures 8 × 6, and whether each is bright."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.integers(0, 100, (n, 8, 6, channels)) + 120 * y[:, None, None, None]
    return X.astype(np.uint8), y


def write(X: Array, y: Array, folder: Path) -> Path:
    for i, (pixels, label) in enumerate(zip(X, y, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / str(label) / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def features() -> Classifier:
    return small(epochs=30).fit(*points())


@pytest.fixture(scope="module")
def pictures() -> Classifier:
    return small(epochs=10).fit(*bright_or_dark())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders "0" and "1" with the pictures as PNG files."""
    return write(*bright_or_dark(), tmp_path_factory.mktemp("pictures"))


# -- learning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_learns_feature_vectors(n_classes: int) -> None:
    X, y = points(n_classes, 120)
    names = np.array(["zebra", "cat", "dog"])[y]
    classifier = small(epochs=30).fit(X, names)
    assert classifier.classes == tuple(sorted(set(names)))
    assert classifier.network.n_out == (1 if n_classes == 2 else 3)
    unseen, _ = points(n_classes, 60, seed=1)
    assert classifier.score(unseen, names[:60]) > 0.9
    P = classifier.predict_proba(unseen)
    assert P.dtype == np.float32
    assert P.shape == (60, n_classes)
    assert np.allclose(P.sum(axis=1), 1)


def test_it_learns_pictures(pictures: Classifier) -> None:
    X, y = bright_or_dark(seed=1)
    assert pictures.preprocessing.shape == (8, 6, 3)
    assert np.array_equal(pictures.predict(X), y)
    assert pictures.score(X, y) == 1


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array([10, 9] * 30), ("9", "10")),
        (np.array([1.0, 0.0] * 30), ("0", "1")),
        (np.array([-1, 10**12] * 30), ("-1", "1000000000000")),
        ([True, False] * 30, ("False", "True")),
        (["b", "a"] * 30, ("a", "b")),
        (np.array(["b", "狗"] * 30, object), ("b", "狗")),
        (("x", "") * 30, ("", "x")),
    ],
)
def test_labels_are_names_or_whole_numbers(y: Any, classes: tuple[str, ...]) -> None:
    classifier = small(epochs=1).fit(points()[0], y)
    assert classifier.classes == classes
    assert 0 <= classifier.score(points()[0], y) <= 1
    assert set(classifier.predict(points()[0])) <= {*y}


def test_features_may_be_lists_and_any_kind_of_number() -> None:
    X, y = points()
    for given in (X.tolist(), X.astype(np.float64), (X * 10).astype(int), X > 0):
        assert small(epochs=1).fit(given, y.tolist()).preprocessing.shape == (3,)


def test_grey_pictures_need_no_channel() -> None:
    X, y = bright_or_dark(channels=1)
    flat = small().fit(X[..., 0], y)
    deep = small().fit(X, y)
    assert flat.preprocessing.shape == (8, 6, 1)
    assert flat.network.theta.tobytes() == deep.network.theta.tobytes()


def test_files_folders_and_what_was_read_of_them_are_one(folder: Path) -> None:
    files = sorted(folder.rglob("*.png"), key=lambda path: (path.parent.name, int(path.stem)))
    labels = [path.parent.name for path in files]
    splits = read_data(folder, size=(8, 6))
    assert splits.train is not None
    fits = [
        small(size=(8, 6)).fit(folder),
        small(size=(8, 6)).fit(str(folder)),
        small(size=(8, 6)).fit(splits),
        small(size=(8, 6)).fit(splits.train),
        small(size=(8, 6)).fit(files, labels),
        small(size=(8, 6)).fit([str(file) for file in files], labels),
        small(size=(8, 6)).fit(read_pictures(files, (8, 6))[0], labels),
    ]
    assert len({fit.network.theta.tobytes() for fit in fits}) == 1
    assert small(epochs=1).fit(folder).preprocessing.shape == (64, 64, 3)


def test_arrays_take_the_size_and_the_colour_asked_for() -> None:
    X, y = bright_or_dark()
    data = Dataset(X, y, ("0", "1"))
    for given in ((X, y), (data,), (Splits(Path(), train=data),)):
        fit = small(size=(4, 5), grey=True, epochs=1).fit(*given)
        assert fit.preprocessing.shape == (4, 5, 1)
    fit = small(size=(4, 5), epochs=1).fit(X, y, validation=(X[:9, :4], y[:9]))
    assert fit.validation is not None
    assert fit.validation.X.shape == (9, 4, 5, 3)


def test_validation_is_held_out_given_or_none() -> None:
    X, y = points()
    held_out = small(validation_share=0.2).fit(X, y)
    assert held_out.training is not None
    assert held_out.validation is not None
    assert (len(held_out.training), len(held_out.validation)) == (48, 12)
    given = small().fit(X, y, validation=(X[:7], y[:7]))
    assert given.training is not None
    assert given.validation is not None
    assert (len(given.training), len(given.validation)) == (60, 7)
    with pytest.raises(SettingError, match="needs validation data"):
        small(validation_share=0, patience=2).fit(X, y)
    none = small(validation_share=0).fit(X, y)
    assert none.validation is None
    assert not none.history[0].validation
    assert len(none.history) == 3


def test_by_default_each_network_holds_out_another_fold(tmp_path: Path) -> None:
    X, y = points()
    made = Classifier(epochs=2, hidden=(8,)).fit(X, y)
    assert (len(made.networks), len(made.history)) == (5, 10)
    assert made.training is not None
    assert made.validation is not None
    assert made.folds is not None
    assert (len(made.training), len(made.validation)) == (60, 60)
    assert sorted(np.concatenate(made.folds).tolist()) == [*range(60)]
    for member, rows in zip(made.networks, made.folds, strict=True):
        alone = made.answer_of(member, X[rows])
        np.testing.assert_allclose(made.mean_answers(made.validation)[rows], alone, atol=1e-6)
    made.save(tmp_path / "m")
    assert Classifier.load(tmp_path / "m").resolved_recipe == made.resolved_recipe


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_few_samples_are_enough_for_the_defaults(n: int) -> None:
    X = normal(n, 2)
    for asked in (Classifier(epochs=2), Classifier(epochs=2, ensemble=2)):
        assert len(asked.fit(X, np.arange(n) % 2).predict(X)) == n
        assert (asked.folds is None) == (asked.resolved_recipe.bagging == "none")
    for number in (Regressor(epochs=2), Regressor(epochs=2, ensemble=2)):
        assert np.isfinite(number.fit(X, np.arange(n)).predict(X)).all()
        assert (number.folds is None) == (number.resolved_recipe.bagging == "none") == (n < 4)


def test_the_same_seed_gives_the_same_bits() -> None:
    X, y = bright_or_dark()
    first, again, other = (small(seed=seed, dropout=0.5).fit(X, y) for seed in (1, 1, 2))
    assert first.network.theta.tobytes() == again.network.theta.tobytes()
    assert [e.loss for e in first.history] == [e.loss for e in again.history]
    assert first.network.theta.tobytes() != other.network.theta.tobytes()


def test_it_can_be_fitted_anew() -> None:
    X, y = points()
    classifier = small().fit(*points(3))
    classifier.quality = {"old": 1}
    classifier.fit(X, y)
    assert classifier.classes == ("0", "1")
    assert len(classifier.history) == 3
    assert classifier.quality == {}
    assert classifier.network.theta.tobytes() == small().fit(X, y).network.theta.tobytes()


def test_break_keeps_what_was_reached() -> None:
    X, y = points()
    classifier = small(epochs=50)
    thetas = []
    for epoch in classifier.fit_epochs(X, y):
        thetas.append(classifier.network.theta.copy())
        if epoch.number == 4:
            break
    assert [epoch.number for epoch in classifier.history] == [1, 2, 3, 4]
    assert classifier.best_epoch is classifier.history[-1]
    assert np.array_equal(classifier.network.theta, thetas[-1])
    assert len(classifier.predict(X)) == 60


def test_with_patience_the_best_epoch_is_kept() -> None:
    X, y = points()
    wrong = 1 - y[:20]  # validation gets worse as training gets better
    classifier = small(epochs=50, patience=3)
    thetas = []
    for _ in classifier.fit_epochs(X, y, validation=(X[:20], wrong)):
        thetas.append(classifier.network.theta.copy())
    best = classifier.best_epoch
    assert best is not None
    assert len(classifier.history) == best.number + 3 < 50
    assert best["validation_loss"] == min(e["validation_loss"] for e in classifier.history)
    assert np.array_equal(classifier.network.theta, thetas[best.number - 1])


# -- answering -----------------------------------------------------------------------------------


def test_files_and_folders_are_asked_as_arrays_are(folder: Path, pictures: Classifier) -> None:
    files = sorted((folder / "1").iterdir())
    P = pictures.predict_proba(read_pictures(files, (8, 6))[0])
    asked: list[Any] = [files, tuple(map(str, files)), np.array([str(f) for f in files])]
    for samples in asked:
        assert np.array_equal(pictures.predict_proba(samples), P)
    for one in (files[3], str(files[3])):  # a product of one row may round otherwise
        np.testing.assert_allclose(pictures.predict_proba(one), P[3:4], rtol=1e-4)
    mixed = pictures.predict([folder / "1", folder / "0" / "0.png", folder / "0"])
    assert mixed.tolist() == [1] * 20 + [0] * 21


def test_pictures_of_other_sizes_and_colours_are_asked_as_files_are(pictures: Classifier) -> None:
    X, y = bright_or_dark()
    large = X.repeat(3, axis=1).repeat(2, axis=2)
    assert pictures.score(large, y) == 1
    grey = X[..., 0]
    for samples in (grey, grey[..., None]):
        assert np.array_equal(
            pictures.predict_proba(samples), pictures.predict_proba(grey[..., None].repeat(3, 3))
        )
    in_grey = small(epochs=10, grey=True).fit(X, y)
    assert in_grey.preprocessing.shape == (8, 6, 1)
    assert in_grey.score(large, y) == 1


def test_one_picture_or_one_vector_is_asked_as_one_of_many(
    pictures: Classifier, features: Classifier
) -> None:
    X, _ = bright_or_dark()
    assert np.array_equal(pictures.predict(X[1]), pictures.predict(X[1:2]))
    assert np.array_equal(pictures.predict(X[1, ..., 0]), pictures.predict(X[1:2, ..., :1]))
    F, _ = points()
    assert np.array_equal(features.predict(F[1]), features.predict(F[1:2]))
    assert np.array_equal(features.predict(F[1].tolist()), features.predict(F[1:2]))


def test_a_batch_is_answered_as_its_samples_are(features: Classifier) -> None:
    X = np.random.default_rng(3).normal(size=(1200, 3))
    together = features.predict_proba(X)
    alone = np.vstack([features.predict_proba(x) for x in X[::100]])
    assert np.allclose(together[::100], alone, atol=1e-6)


def test_evaluate_goes_by_the_names_of_the_classes(features: Classifier) -> None:
    X, y = points(seed=5)
    straight = features.evaluate(Dataset(X, y, ("0", "1")))
    turned = features.evaluate(Dataset(X, 1 - y, ("1", "0")))
    more = features.evaluate(Dataset(X, y + 1, ("nobody", "0", "1")))
    for result in (straight, turned, more):
        assert result.classes == ("0", "1")
        assert np.array_equal(result.confusion, straight.confusion)
        assert result.accuracy == features.score(X, y) > 0.9
    assert features.evaluate(Dataset(X[y == 1], y[y == 1], ("0", "1"))).support.tolist() == [0, 30]


# -- keeping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_is_saved_and_loaded_answers_with_the_same_bits(
    tmp_path: Path, n_classes: int
) -> None:
    X, y = points(n_classes)
    before = small(seed=3, activation="tanh").fit(X, np.array(["狗", "cat", "a b"])[y])
    before.quality = {"test": {"n": 7, "accuracy": 0.5}}
    before.save(tmp_path / "model.safetensors")
    after = Classifier.load(str(tmp_path / "model.safetensors"))
    assert after.predict_proba(X).tobytes() == before.predict_proba(X).tobytes()
    assert (after.classes, after.recipe) == (before.classes, before.recipe)
    assert after.quality == before.quality
    assert after.history == []
    assert after.training is None
    assert after.validation is None
    assert after.best_epoch is None
    after.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_saved_pictures(tmp_path: Path, folder: Path, pictures: Classifier) -> None:
    pictures.save(tmp_path / "m")
    loaded = Classifier.load(tmp_path / "m")
    assert loaded.preprocessing.shape == (8, 6, 3)
    assert loaded.predict_proba(folder).tobytes() == pictures.predict_proba(folder).tobytes()


FORMULA = "(raw - mean) / scale"
TRAINED = {"learning_rate": 0.1, "epochs": 3, "kept_epoch": 2, "samples": {"training": [1, 2]}}


def change(path: Path, **parts: Any) -> None:
    """Write a model file again with other metadata; None takes a part away."""
    network, metadata, tensors = read_model(path)
    new = {**{k: v for k, v in metadata.items() if k not in ("format", "layers")}, **parts}
    write_model(path, network, {k: v for k, v in new.items() if v is not None}, tensors)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"kind": "tree"}, "it holds a 'tree'"),
        ({"kind": None}, "it holds a None"),
        ({"classes": None}, "classes must be a list, but is None"),
        ({"preprocessing": None}, "lacks its preprocessing"),
        ({"recipe": None}, "lacks its recipe"),
        ({"quality": None}, "lacks its quality"),
        ({"classes": ["cat"]}, "two or more different names"),
        ({"classes": []}, "two or more different names"),
        ({"classes": ["cat", "cat"]}, "two or more different names"),
        ({"classes": "ab"}, "classes must be a list, but is 'ab'"),
        ({"classes": [1, 2]}, r"classes\[0\] must be a text, but is 1"),
        ({"classes": {"a": 1, "b": 2}}, "classes must be a list"),
        ({"classes": ["a", "b"]}, "its classes are .* but their labels"),
        ({"labels": [1, 0]}, "its classes are .* but their labels"),
        ({"labels": {"0": 0}}, "labels must be a list"),
        ({"labels": [0, None]}, "None is neither a text, a boolean nor a number"),
        (
            {"classes": ["a", "b", "c"], "labels": None},
            "maps 3 features to 1 outputs, .* for 3 classes",
        ),
        ({"recipe": [1]}, "recipe is not a JSON object"),
        ({"recipe": {"colour": 1}}, "no setting 'colour'; there are activation, "),
        ({"recipe": {"dropout": 9}}, "dropout must be"),
        ({"recipe": {"optimizer": "none"}}, "optimizer must be one of"),
        ({"quality": "good"}, "quality is not a JSON object"),
        ({"preprocessing": [1]}, "preprocessing is not a JSON object"),
        ({"preprocessing": {}}, "preprocessing"),
        ({"preprocessing": {"shape": [4]}}, "preprocessing does not fit"),
        ({"preprocessing": {"shape": [10**9, 10**9, 3]}}, "preprocessing does not fit"),
        ({"preprocessing": {"shape": [3]}}, "lacks the formula"),
        (
            {"preprocessing": {"shape": [3], "formula": "raw / scale"}},
            r"preprocessing has 'formula' 'raw / scale', but .* knows only '\(raw - mean\)",
        ),
        (
            {
                "preprocessing": {
                    "shape": [3],
                    "formula": "(raw - mean) / scale",
                    "layout": "(n, N)",
                }
            },
            r"has 'layout' '\(n, N\)', but this version of plainnet knows only '\(N, features\)'",
        ),
        (
            {"preprocessing": {"shape": [3], "formula": FORMULA, "crop": 1}},
            "has 'crop' 1, but this version of plainnet knows only None",
        ),
        (
            {"colour": 1, "versions": {"plainnet": "9.9.1"}},
            rf"'colour', which plainnet {__version__} does not know; plainnet 9\.9\.1 wrote it",
        ),
        ({"colour": 1, "versions": None}, "an unknown version wrote it, so update"),
        ({"outputs": "probabilities"}, "its outputs mean 'probabilities', not 'one logit z;"),
        ({"temperature": 1e-9}, r"temperature must be a number in \[1e-6, 1e6\]"),
        ({"temperature": 10**400}, "temperature must be a number"),
        ({"threshold": 2}, "threshold must be a number"),
        ({"earlier": [1.0]}, "describes 1 networks, but holds 0"),
        ({"earlier": {}}, "ensemble is not a list of networks"),
        ({"training": {"epochs": 3}}, "training must be an object with learning_rate"),
        (
            {"training": TRAINED | {"kept_epoch": 0}},
            r"training.kept_epoch must be a number in \[1, inf\)",
        ),
        ({"training": TRAINED | {"epochs": 1}}, "training.epochs must be a whole number ≥ 2"),
        ({"training": TRAINED | {"learning_rate": 0}}, "training.learning_rate must be"),
        (
            {"training": TRAINED | {"samples": {"test": [1, 2]}}},
            "name in training.samples must be one of training, validation",
        ),
        ({"training": TRAINED | {"samples": {"training": [1]}}}, "not per class"),
        ({"training": TRAINED | {"settled": [1]}}, "training.settled must be an object"),
        ({"training": TRAINED | {"settled": {"epochs": 0}}}, "number of epochs must be"),
        ({"training": TRAINED | {"settled": {"speed": 1}}}, "no setting 'speed'"),
        (
            {"training": TRAINED | {"samples": {"training": [1, -1]}}},
            r"training.samples.training\[1\] must be a whole number ≥ 0, but got -1",
        ),
    ],
)
def test_a_model_file_that_does_not_fit_itself_is_refused(
    tmp_path: Path, features: Classifier, parts: dict[str, Any], why: str
) -> None:
    path = tmp_path / "m"
    features.save(path)
    change(path, **parts)
    with pytest.raises(ModelFileError, match=rf"(?s)^{path}.*{why}.*train again\.$"):
        Classifier.load(path)


def test_a_model_file_says_in_words_what_others_have_to_do(
    tmp_path: Path, folder: Path, pictures: Classifier
) -> None:
    pictures.save(tmp_path / "m")
    _, shown, _ = read_model(tmp_path / "m")
    preparing = shown["preprocessing"]
    assert preparing["shape"] == [8, 6, 3]
    assert preparing["layout"].startswith("(N, height, width, channels), each row by row")
    assert preparing["channels"] == "red, green, blue"
    assert "stretched to height x width" in preparing["resize"]
    assert "triangle (bilinear)" in preparing["resize"]
    assert "EXIF" in preparing["upright"]
    assert preparing["transparency"] == "laid on white"
    assert shown["outputs"].startswith("one logit z; P(class 1) = 1 / (1 + exp(-z / temperature))")
    assert shown["training"] == pictures.trained
    kept = pictures.best_epoch
    assert kept is not None
    assert pictures.training is not None
    assert pictures.trained["kept_epoch"] == kept.number
    assert (
        pictures.trained["learning_rate"]
        == pictures.resolved_recipe.make_optimizer(144).learning_rate
    )
    assert pictures.trained["samples"]["training"] == [*pictures.training.counts().values()]
    assert Classifier.load(tmp_path / "m").trained == pictures.trained


def test_older_files_of_the_same_format_are_still_read(
    tmp_path: Path, features: Classifier
) -> None:
    features.save(path := tmp_path / "m")
    later = ("outputs", "training", "temperature", "threshold", "earlier", "labels")
    older = {"shape": [3], "formula": FORMULA}
    change(path, **dict.fromkeys(later), preprocessing=older)
    loaded = Classifier.load(path)
    assert loaded.trained == {}
    assert (loaded.temperature, loaded.threshold, len(loaded.networks)) == (1.0, 0.5, 1)
    assert loaded.predict(F[:2]).dtype.kind == "U"  # as they answered


def test_a_model_whose_answers_are_no_numbers_is_refused(
    tmp_path: Path, pictures: Classifier
) -> None:
    pictures.save(path := tmp_path / "m")
    network, metadata, tensors = read_model(path)
    tensors["preprocessing.scale"] = np.full(1, 1e-37, np.float32)  # white is infinite then
    metadata = {k: v for k, v in metadata.items() if k not in ("format", "layers")}
    write_model(path, network, metadata, tensors)
    with pytest.raises(ModelFileError, match="finite"):
        Classifier.load(path)


FLOATS = np.zeros(9, np.float32)


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        ({}, "preprocessing"),
        ({"mean": np.zeros(2), "scale": np.ones(3)}, "preprocessing does not fit"),
        ({"mean": np.full(3, np.nan), "scale": np.ones(3)}, r"preprocessing\.mean .* not finite"),
        ({"mean": np.zeros(3), "scale": np.zeros(3)}, "preprocessing does not fit"),
        ({"mean": 2e38 + FLOATS[:3], "scale": 1 + FLOATS[:3]}, "preprocessing does not fit"),
        ({"mean": FLOATS[:3], "scale": 2e38 + FLOATS[:3]}, "preprocessing does not fit"),
        ({"mean": np.zeros(3), "scale": 1 + FLOATS[:3]}, "preprocessing does not fit"),
        ({"mean": np.full(3, 1e100), "scale": np.ones(3)}, "preprocessing does not fit"),
        ({"mean": np.zeros(3), "scale": np.full(3, 1e100)}, "preprocessing does not fit"),
        ({"mean": np.zeros(3, int), "scale": np.ones(3, int)}, "preprocessing does not fit"),
        (
            {"mean": FLOATS[:3], "scale": 1 + FLOATS[:3], "more": FLOATS[:1]},
            "unknown tensor .*more|no.* place for .*more",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    tmp_path: Path, features: Classifier, tensors: dict[str, Array], why: str
) -> None:
    path = tmp_path / "m"
    features.save(path)
    network, metadata, _ = read_model(path)
    metadata = {k: v for k, v in metadata.items() if k not in ("format", "layers")}
    named = {f"preprocessing.{name}": array for name, array in tensors.items()}
    write_model(path, network, metadata, named)
    with pytest.raises(ModelFileError, match=why):
        Classifier.load(path)


# -- what it says to nonsense --------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["predict", "predict_proba", "save"])
def test_before_it_has_learned(ask: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="fit"):
        getattr(Classifier(), ask)(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_settings_that_are_none() -> None:
    with pytest.raises(
        SettingError,
        match=r"'epoch' .*'epochs'.* activation, ",
    ):
        Classifier(epoch=3)  # type: ignore[call-arg]
    with pytest.raises(SettingError, match=r"number of epochs .* but got 0"):
        Classifier(epochs=0)
    with pytest.raises(SettingError, match=r"optimizer .* gradient-descent, .* 'Adam'"):
        Classifier(optimizer="Adam")


F, Y = points()
PICTURES, BRIGHT = bright_or_dark()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ((F,), "give the class or number of each"),
        ((F, Y[:5]), r"60 samples and needs as many .* \(5,\)"),
        ((F, np.eye(2)[Y]), r"y is float64 \(60, 2\), with a single 1 .*y\.argmax\(axis=1\)"),
        ((F, F[:, 0]), "a name or an integer, but y holds 60 different fr"),
        ((F, np.where(Y, np.nan, 1.0)), "a name or an integer"),
        ((F, [None, "a"] * 30), "a name or an integer, but y holds None in row 0"),
        ((F, [[1], [1, 2]]), "a name or an integer"),
        ((F, ["a"] * 60), "only one class, 'a'"),
        ((F[:0], Y[:0]), "a name or an integer|is empty"),
        ((np.where(F > 3, np.nan, F), Y), "not finite numbers, the first, nan, in row"),
        ((F.astype(float) * 1e300, Y), "not finite numbers"),
        ((F[None], Y), "expected 0 to 1 .* Or give feature vectors"),
        ((F + 1j, Y), "an array of numbers.* got ndarray of complex"),
        ((None, [0, 1]), "Samples must be an array of numbers, pictures, .* but got None"),
        ((3, [0, 1]), "Samples must be an array of numbers, pictures, .* but got 3"),
        (([[1, 2], [1]], [0, 1]), "must hold numbers, .* rows of different lengths"),
        ((np.array([{}, {}]), [0, 1]), "an array of numbers.* ndarray of object"),
        ((PICTURES / 1.0, BRIGHT), "expected 0 to 1 .* float64.* Or give feature vectors"),
        ((Dataset(F, Y, ("a", "b")), Y), "already holds its classes or numbers"),
        ((Splits(Path("d"), test=Dataset(F, Y, ("a", "b"))),), "only test data"),
    ],
)
def test_data_that_nothing_can_be_learned_from(data: tuple[Any, ...], why: str) -> None:
    with pytest.raises(DataError, match=why):
        small().fit(*data)


def test_features_have_no_size() -> None:
    with pytest.raises(DataError, match="size"):
        small(size=(8, 8)).fit(F, Y)
    with pytest.raises(DataError, match="size"):
        small(grey=True).fit(Dataset(F, Y, ("a", "b")))


@pytest.mark.parametrize(
    ("validation", "error", "why"),
    [
        (F, DataError, r"samples with classes or numbers, \(X, y\)"),
        ((F, ["z"] * 60), DataError, "the class 'z', but the model knows only 0, 1"),
        ((F[:, :2], Y), ShapeError, "3 features, but got 2"),
        ((F[:9], Y), DataError, "9 samples"),
    ],
)
def test_validation_that_does_not_fit(validation: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        small().fit(F, Y, validation=validation)


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (F[:0], "no samples"),
        (F[:, :2], r"takes arrays \(N, 3\), but got \(60, 2\)"),
        (F[None], r"takes arrays \(N, 3\), but got \(1, 60, 3\)"),
        (np.full((2, 3), np.nan), "row 0, column 0 is nan"),
        ([[0, 0, 0], [0, 0, np.inf]], "row 1, column 2 is inf"),
        ([[1], [1, 2]], "must hold numbers, .* rows of different lengths"),
        (F + 1j, "an array of numbers"),
        (None, "an array of numbers.* NoneType"),
        ("photo.jpg", r"takes arrays, or \.npy files of them, but got photo\.jpg"),
        (["a.png", "b.png"], r"but got a\.png"),
    ],
)
def test_features_that_cannot_be_answered(features: Classifier, samples: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        features.predict(samples)


@pytest.mark.parametrize(
    "samples",
    [
        PICTURES / 1.0,
        -PICTURES.astype(int),
        PICTURES[:0],
        PICTURES[:, :0],
        PICTURES[..., [0, 1, 2, 0, 1]],
        F,
        5,
    ],
)
def test_pictures_that_cannot_be_answered(pictures: Classifier, samples: Any) -> None:
    with pytest.raises(DataError, match=r"trained on pictures\. .*(but got|expected 0 to)"):
        pictures.predict(samples)


def test_files_that_cannot_be_answered(tmp_path: Path, pictures: Classifier) -> None:
    with pytest.raises(DataError, match=r"no pictures in "):
        pictures.predict(tmp_path)
    with pytest.raises(PictureError, match=r"x\.png "):
        pictures.predict(tmp_path / "x.png")
    (tmp_path / "x.png").write_text("a text")
    with pytest.raises(PictureError, match=r"x\.png "):
        pictures.predict([tmp_path])


@pytest.mark.parametrize(
    ("score", "fact"),
    [
        (lambda c: c.score(F, Y[:5]), "5"),
        (lambda c: c.score(F, np.eye(2)[Y]), r"\(60, 2\)"),
        (lambda c: c.score(F, [None] * 60), "None in row 0"),
        (lambda c: c.evaluate(Dataset(F, Y, ("0", "ant"))), "'ant'"),
        (lambda c: c.evaluate(Dataset(PICTURES, BRIGHT, ("0", "1"))), "takes"),
    ],
)
def test_what_cannot_be_scored(
    features: Classifier, score: Callable[[Classifier], object], fact: str
) -> None:
    with pytest.raises(DataError, match=fact):
        score(features)


def test_a_training_that_diverges_in_its_last_step() -> None:
    classifier = small(epochs=1, optimizer="gradient-descent", learning_rate=1e30, batch_size=60)
    with pytest.raises(DivergedError, match=r"learning rate 1e\+30; try 1e\+29"):
        classifier.fit(F, Y)


def test_weights_so_large_that_no_answer_is_finite(features: Classifier, tmp_path: Path) -> None:
    features.save(tmp_path / "m")
    loaded = Classifier.load(tmp_path / "m")
    loaded.network.theta *= 1e37
    with pytest.raises(DivergedError, match="weights so large"):
        loaded.predict(F)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden": "12"}, "hidden must be units of layers"),
        ({"size": (64,)}, "size must be height and width"),
        ({"grey": 3}, "grey must be True or False, but got 3"),
        ({"clip_norm": float("inf")}, r"must be a number in \(0, inf\), but got inf"),
    ],
)
def test_settings_of_another_kind(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        Classifier(**settings)


def test_one_number_for_one_layer_and_for_a_square() -> None:
    recipe = Classifier(hidden=5, size=64).recipe
    assert (recipe.hidden, recipe.size) == ((5,), (64, 64))


def test_flattened_pictures_are_answered_one_a_row() -> None:
    X, y = bright_or_dark()
    classifier = small().fit(X, y)
    expected = classifier.predict_proba(X)
    np.testing.assert_array_equal(classifier.predict_proba(X.reshape(len(X), -1)), expected)


def test_features_of_very_different_sizes_are_all_scaled() -> None:
    X, _ = points()
    X = X * np.array([1e-6, 1e6, 1.0][: X.shape[1]], np.float32)
    spread = small().fit(X, np.arange(len(X)) % 2).preprocessing
    out = np.empty(X.shape, np.float32)
    spread(X.astype(np.float32), out)
    assert (out.std(axis=0) > 0.5).all()
    assert (out.std(axis=0) < 2).all()


# -- what was meant ------------------------------------------------------------------------------


def test_a_run_folder_is_loaded_as_its_model(features: Classifier, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    features.save(tmp_path / "run" / "model.safetensors")
    for given in (tmp_path / "run", f"{tmp_path}/run/", tmp_path / "run" / "model.safetensors"):
        loaded = Classifier.load(given)
        assert np.array_equal(loaded.predict_proba(F), features.predict_proba(F))
    (tmp_path / "pets").mkdir()
    with pytest.raises(ModelFileError, match=r"pets holds no model\.safetensors"):
        Classifier.load(tmp_path / "pets")


def test_what_is_there_after_training_only_is_missed_with_a_sentence() -> None:
    for name in ("network", "preprocessing", "resolved_recipe", "networks", "picture_shape"):
        with pytest.raises(AttributeError, match=r"fit\(…\)"):
            getattr(Classifier(), name)
    assert not hasattr(Classifier(), "network")
    with pytest.raises(AttributeError, match="'Classifier' object has no attribute 'predict_all'"):
        getattr(Classifier(), "predict_all")  # noqa: B009


def test_validation_data_may_be_whatever_holds_samples_and_classes(
    folder: Path, tmp_path: Path
) -> None:
    X, y = bright_or_dark(n=20, seed=3)
    np.savez(tmp_path / "v.npz", X=X, y=y)
    splits = read_data(tmp_path / "v.npz")
    given = [(X, y), [X, y], tmp_path / "v.npz", str(tmp_path / "v.npz"), splits, splits.train]
    losses = [
        [e["validation_loss"] for e in small(size=(8, 6)).fit(folder, validation=one).history]
        for one in given
    ]
    assert losses == [losses[0]] * len(given)
    with pytest.raises(DataError, match="got int"):
        small().fit(folder, validation=3)
    with pytest.raises(DataError, match="no samples"):
        small().fit(folder, validation=Splits(tmp_path))


def test_a_training_stops_by_the_loss_that_it_minimizes() -> None:
    """With class weights: without them in the loss that it stops by, it stopped at epoch 2."""
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(50, 2)), np.repeat([0, 1], 25)
    weights = {0: 1000.0, 1: 1e-4}
    model = Classifier(hidden=(16,), class_weight=weights, ensemble=1).fit(rows, labels)
    assert np.mean(model.predict(rows) == 0) > 0.95
