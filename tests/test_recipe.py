"""What a recipe's settings do to a training."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import PLAIN

from plainnet.data import Dataset, Splits
from plainnet.errors import DataError, SettingError
from plainnet.models import Classifier, Recipe
from plainnet.models.class_weights import weights_of
from plainnet.models.defaults import FEW_ROWS, FEWEST_ROWS, MEMBER_COLUMNS, MOST_COLUMNS, NETWORKS
from plainnet.models.network_settings import BATCH_NORM_BELOW
from plainnet.models.recipe import ResolvedRecipe
from plainnet.network import Array, BatchNorm, Dense, Dropout, LayerNorm, ReLU
from plainnet.pictures.augment.augmentation import FEW_PICTURES, MANY_PICTURES

RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(90, 5)).astype(np.float32)
Y = (X[:, 0] + 0.5 * RNG.normal(size=90) > 0.8).astype(int)
PICTURES: Array = RNG.integers(0, 256, (60, 12, 12, 3)).astype(np.uint8)
USUAL: dict[str, Any] = {
    **PLAIN,
    **{"hidden": (8,), "epochs": 6, "batch_size": 16, "learning_rate": 0.02},
    "class_weight": "balanced",
}


def fit(data: Array = X, y: Array = Y, **settings: Any) -> Classifier:
    return Classifier(**USUAL | settings).fit(data, y)


@pytest.mark.parametrize(
    "setting",
    [
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"input_dropout": 0.2},
        {"label_smoothing": 0.1},
        {"class_weight": "none"},
        {"encoding": "piecewise-linear"},
        {"activation": "silu"},
        {"ensemble": 3, "bagging": "folds"},
        {"averaging": "polynomial"},
        {"max_norm": 0.5},
        {"averaging": 0.9},
        {"ensemble": 3},
    ],
)
def test_every_setting_changes_what_is_learned_and_survives_the_file(
    setting: dict[str, Any], tmp_path: Any
) -> None:
    changed = fit(**setting)
    assert not np.array_equal(changed.predict_proba(X), fit().predict_proba(X))
    assert changed.score(X, Y) > 0.55
    changed.save(tmp_path / "m.safetensors")
    again = Classifier.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict_proba(X), changed.predict_proba(X))
    assert again.recipe == changed.recipe


def test_layers_stand_in_their_order() -> None:
    shape = (), (5,), 1, 0
    made = ResolvedRecipe(hidden=(8, 4), normalization="batch", input_dropout=0.1, dropout=0.2)
    kinds = [type(layer) for layer in made.make_network(*shape).layers]
    hidden = [Dense, BatchNorm, ReLU, Dropout]
    assert kinds == [Dropout, *hidden, *hidden, Dense]
    plain = ResolvedRecipe(hidden=(8,), normalization="layer").make_network(*shape)
    assert [type(layer) for layer in plain.layers] == [Dense, LayerNorm, ReLU, Dense]


@pytest.mark.parametrize(
    ("n", "colour", "tested", "augment", "normalization", "epochs", "share"),
    [
        (FEW_PICTURES - 1, True, True, "strong", "batch", 160, 0.0),
        (FEW_PICTURES - 1, True, False, "strong", "batch", 160, 0.15),
        (FEW_PICTURES - 1, False, True, "mild", "batch", 160, 0.0),
        (FEW_PICTURES, True, True, "mild", "batch", 160, 0.15),
        (1000, True, True, "mild", "batch", 80, 0.15),
        (BATCH_NORM_BELOW, True, True, "mild", "none", 40, 0.15),
        (MANY_PICTURES, True, False, "mild", "none", 40, 0.15),
        (MANY_PICTURES + 1, True, True, "none", "none", 40, 0.15),
    ],
)
def test_what_is_left_open_is_resolved_by_the_pictures(
    n: int,
    colour: bool,
    tested: bool,
    augment: str,
    normalization: str,
    epochs: int,
    share: float,
) -> None:
    X = np.zeros((n, 1, 1, 3), np.uint8)
    X[..., 0] = colour
    resolved = Recipe(hidden=(3,)).resolve(Dataset(X, np.arange(n) % 2, ("a", "b")), tested=tested)
    assert (resolved.augment, resolved.normalization) == (augment, normalization)
    assert (resolved.epochs, resolved.validation_share) == (epochs, share)
    assert resolved.hidden == (3,)


def test_what_is_given_stays_and_features_are_not_few() -> None:
    few = Dataset(PICTURES, np.arange(60) % 2, ("a", "b"))
    given = {"augment": "none", "normalization": "layer", "epochs": 7, "validation_share": 0.3}
    usual = Recipe().resolve(few, tested=True).to_dict()
    assert not [name for name, value in usual.items() if value == "auto" and name != "initializer"]
    wanted = {**usual, **given}
    assert Recipe.of(wanted).resolve(few, tested=True).to_dict() == wanted
    for needs in ({"patience": 3}, {"recall": 0.9}, {"precision": 0.9}):
        assert Recipe.of(needs).resolve(few, tested=True).validation_share == 0.15
    wide = Dataset(np.zeros((90, MOST_COLUMNS + 1), np.float32), Y, ("a", "b"))
    many = Recipe(batch_size=8).resolve(wide, tested=True)
    usual = {"batch_size": 8, "dropout": 0.2, "class_weight": "balanced"}
    assert many == ResolvedRecipe.of({**usual, "augment": "none"})


@pytest.mark.parametrize(
    ("n", "batch_size", "epochs", "networks"),
    [
        (90, 16, 600, 5),
        (1_000, 32, 125, 5),
        (10_000, 256, 100, 5),
        (100_000, 256, 60, 3),
        (400_000, 256, 60, 1),
    ],
)
def test_what_is_left_open_is_resolved_by_the_rows(
    n: int, batch_size: int, epochs: int, networks: int
) -> None:
    data = Dataset(np.zeros((n, 1), np.float32), np.arange(n) % 2, ("a", "b"))
    resolved = Recipe().resolve(data, tested=True)
    assert (resolved.batch_size, resolved.epochs) == (batch_size, epochs)
    assert (resolved.encoding, resolved.activation) == ("learned", "silu" if n < 1500 else "relu")
    assert (resolved.schedule, resolved.averaging) == ("constant", "polynomial")
    assert (resolved.learning_rate, resolved.class_weight) == (0.003, "none")
    assert (resolved.patience, resolved.patience_growth) == (8, 0.5)
    assert resolved.ensemble == networks
    assert resolved.bagging == ("folds" if networks > 1 else "none")


@pytest.mark.parametrize(("columns", "encoding"), [(512, "learned"), (513, "none")])
def test_tables_of_very_many_columns_are_not_encoded(columns: int, encoding: str) -> None:
    """They hold pixels or a spectrum, and bins would make tens of thousands of inputs of them."""
    rows = np.random.default_rng(0).normal(size=(20, columns))
    table = {f"c{i}": rows[:, i] for i in range(columns)} | {"t": np.arange(20) % 2}
    model = Classifier(epochs=1, ensemble=1, hidden=(2,)).fit(table, target="t")
    assert model.resolved_recipe.encoding == encoding


def test_the_effort_is_how_many_networks_learn() -> None:
    data = Dataset(np.zeros((FEW_ROWS, 2), np.float32), np.arange(FEW_ROWS) % 2, ("a", "b"))
    found = {name: Recipe(effort=name).resolve(data, tested=False).ensemble for name in NETWORKS}
    assert found == {"quick": 1, "default": 5, "best": 15}
    few = Recipe(effort="quick").resolve(data.take(slice(FEW_ROWS - 1)), tested=False)
    assert (few.ensemble, few.bagging) == (3, "folds")
    own = Recipe(effort="best", ensemble=2).resolve(data, tested=False)
    assert (own.ensemble, own.variants) == (2, ("usual",))


@pytest.mark.parametrize(
    ("n", "columns", "variant"),
    [
        (FEWEST_ROWS - 1, MEMBER_COLUMNS, "usual"),
        (FEWEST_ROWS, MEMBER_COLUMNS, "members-8"),
        (FEW_ROWS - 1, MEMBER_COLUMNS, "members-8"),
        (FEW_ROWS, MEMBER_COLUMNS, "members-2"),
        (FEW_ROWS, MEMBER_COLUMNS + 1, "usual"),
    ],
)
def test_rows_and_columns_decide_how_many_members_learn(n: int, columns: int, variant: str) -> None:
    data = Dataset(np.zeros((n, columns), np.float32), np.arange(n) % 2, ("a", "b"))
    assert Recipe().resolve(data, tested=False).variants == (variant,)
    assert Recipe(effort="quick").resolve(data, tested=False).variants == ("usual",)
    numbers = Dataset(data.X, np.arange(n) / n, target="y")
    assert Recipe().resolve(numbers, tested=False).variants == (variant,)
    best = Recipe(effort="best").resolve(numbers, tested=False).variants
    assert best == (f"members-{8 if n < FEW_ROWS else 2}", "members-4", "linear")


def test_without_validation_samples_nothing_stops_early_and_no_fold_is_held_out() -> None:
    data = Dataset(X, Y, ("a", "b"))
    without = Recipe(validation_share=0).resolve(data, tested=False)
    assert (without.patience, without.bagging) == (0, "none")
    given = Recipe().resolve(data, tested=False, validated=True)
    assert (given.patience, given.bagging) == (8, "none")
    own = Recipe(patience=3).resolve(data, tested=False)
    assert (own.patience, own.patience_growth) == (3, 0)


def test_a_test_part_spares_few_pictures_the_held_out_share() -> None:
    few = Dataset(PICTURES, np.arange(60) % 2, ("a", "b"))
    made = Classifier(hidden=(4,), epochs=2)
    assert made.fit(Splits(Path(), train=few, test=few)).validation is None
    assert made.fit(few).validation is not None
    assert made.resolved_recipe.normalization == "batch"
    assert made.recipe == Recipe(hidden=(4,), epochs=2)


def test_balanced_classes_count_alike() -> None:
    y = np.array([0, 0, 0, 1, 3, 3])
    data = Dataset(np.zeros((6, 2), np.float32), y, tuple("abcd"))  # of the third there are none
    weights = weights_of(data, "balanced")
    assert weights is not None
    assert weights.mean() == pytest.approx(1)
    assert [weights[y == k].sum() for k in (0, 1, 3)] == pytest.approx([2, 2, 2])
    assert weights_of(data, "none") is None


def test_classes_and_samples_count_what_is_said() -> None:
    y, own = np.array([0, 0, 1, 1]), np.array([1, 3, 0, 2])
    data = Dataset(np.zeros((4, 2), np.float32), y, ("cat", "dog"), weights=own)
    given = weights_of(data, {"cat": 2})
    assert given is not None
    assert given.tolist() == [2, 6, 0, 2]
    balanced = weights_of(data, "balanced")
    assert balanced is not None
    assert balanced.tolist() == pytest.approx([0.75, 2.25, 0, 3])
    assert data.take([3, 1]).weights.tolist() == [2, 3]  # type: ignore[union-attr]
    with pytest.raises(SettingError, match="'cow'"):
        weights_of(data, {"cow": 1})
    with pytest.raises(SettingError, match="weight 0"):
        weights_of(data, {"cat": 0, "dog": 0})


def test_the_weights_of_samples_reach_the_loss() -> None:
    settings: dict[str, Any] = {**USUAL, "dropout": 0.0, "class_weight": "none"}
    plain, alike, ignoring = (Classifier(**settings) for _ in range(3))
    plain.fit(X, Y)
    alike.fit(X, Y, weights=np.full(len(X), 2))
    assert np.allclose(alike.network.theta, plain.network.theta, atol=1e-5)
    ignoring.fit(X, Y, weights=np.where(Y == 1, 1, 1e-6))  # nearly those of one class alone
    assert set(ignoring.predict(X)) == {1}
    with pytest.raises(DataError, match=r"one class.*'1'"):
        ignoring.fit(X, Y, weights=Y)
    for wrong in (np.ones(3), -np.ones(len(X)), np.full(len(X), np.nan)):
        with pytest.raises(DataError, match="needs as many weights, numbers of at least 0"):
            Classifier(**settings).fit(X, Y, weights=wrong)


def test_a_rare_class_is_found_more_often_when_balanced() -> None:
    def recall(**settings: Any) -> float:
        rare = fit(dropout=0.0, **settings)
        return float((rare.predict(X) == 1)[Y == 1].mean())

    assert recall() > recall(class_weight="none")


def test_weights_stay_within_the_norm() -> None:
    network = fit(max_norm=0.5).network
    for value in network.parameters.values():
        if value.ndim == 2:
            assert np.sqrt((value**2).sum(axis=0)).max() <= 0.5 + 1e-5


def test_pictures_are_varied_and_features_are_not() -> None:
    y = np.arange(60) % 2
    mild, none = (fit(PICTURES, y, augment=name) for name in ("mild", "none"))
    assert not np.array_equal(mild.network.theta, none.network.theta)
    strong = fit(PICTURES, y, augment="strong")
    assert np.array_equal(fit(PICTURES, y).network.theta, strong.network.theta)
    assert not np.array_equal(strong.network.theta, mild.network.theta)
    mixed = fit(PICTURES, y, augment={"mix_up": 0.3})
    assert not np.array_equal(mixed.network.theta, none.network.theta)
    one_batch = [fit(PICTURES, y, batch_size=n, epochs=3) for n in (60, 99)]
    assert np.array_equal(one_batch[0].network.theta, one_batch[1].network.theta)
    assert not np.array_equal(
        one_batch[0].network.theta,
        fit(PICTURES, y, batch_size=60, epochs=3, augment="none").network.theta,
    )
    three = fit(PICTURES, np.arange(60) % 3, augment={"mix_up": 0.3})
    assert np.isfinite(three.network.theta).all()
    own = fit(PICTURES, y, augment={"shift": 0.06})
    assert not np.array_equal(own.network.theta, mild.network.theta)
    assert np.array_equal(fit().network.theta, fit(augment="none").network.theta)


@pytest.mark.parametrize("positive", ["0", "1"])
@pytest.mark.parametrize(("wanted", "least"), [("precision", 0.9), ("recall", 0.95)])
def test_a_wanted_precision_or_recall_is_reached_on_the_validation_samples(
    wanted: str, least: float, positive: str, tmp_path: Any
) -> None:
    watch = X[60:], Y[60:]
    settings = {**USUAL, "epochs": 60, "dropout": 0.0, wanted: least}
    made = Classifier(**settings, positive=positive)
    made.fit(X[:60], Y[:60], validation=watch)
    assert made.threshold != 0.5
    answers, right = made.predict(watch[0]) == int(positive), watch[1] == int(positive)
    hits = (answers & right).sum()
    assert hits / (answers.sum() if wanted == "precision" else right.sum()) >= least
    made.save(tmp_path / "m.safetensors")
    again = Classifier.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict(X), made.predict(X))
    assert made.validation is not None
    assert made.evaluate(made.validation).correct == (made.predict(watch[0]) == watch[1]).sum()


def test_what_no_threshold_reaches_is_told_and_half_stays(caplog: pytest.LogCaptureFixture) -> None:
    same = np.zeros((90, 5), np.float32)
    made = Classifier(**USUAL, precision=1.0).fit(same, np.arange(90) % 2)
    assert made.threshold == 0.5
    assert "The threshold stays at 0.5: No threshold reaches a precision of 1" in caplog.text


@pytest.mark.parametrize(
    ("y", "settings", "shown"),
    [
        (np.arange(90) % 3, {"recall": 0.9}, "for two classes, but there are 3"),
        (Y, {"recall": 0.9, "positive": "cat"}, "positive class must be '0' or '1'"),
        (Y, {"recall": 0.9, "validation_share": 0.0}, "is chosen on validation data"),
    ],
)
def test_a_decision_that_cannot_be_made_is_refused_before_the_training(
    y: Array, settings: dict[str, Any], shown: str
) -> None:
    with pytest.raises(SettingError, match=shown):
        fit(X, y, **settings)


def test_an_ensemble_averages_the_networks_of_its_seeds() -> None:
    three = fit(ensemble=3)
    assert [epoch.number for epoch in three.history] == 3 * [1, 2, 3, 4, 5, 6]
    first = fit()
    assert np.array_equal(three.networks[0].network.theta, first.network.theta)
    answers = [three.answer_of(member, X) for member in three.networks]
    mean = three.answers.of_mean(np.mean(answers, axis=0))
    np.testing.assert_allclose(three.predict_proba(X), mean, atol=1e-6)
    thetas = [member.network.theta for member in three.networks]
    assert not np.array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[1], thetas[2])


def test_an_ensemble_left_early_counts_only_what_has_learned() -> None:
    classifier = Classifier(**{**USUAL, "ensemble": 3})
    stream = classifier.fit_epochs(X, Y)
    for _ in range(6):
        next(stream)
    stream.close()
    assert len(classifier.networks) == 1
    assert np.array_equal(classifier.predict_proba(X), fit().predict_proba(X))


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ({"normalization": "group"}, "normalization must be one of auto, none, batch, layer"),
        ({"class_weight": "even"}, "class weight must be one of none, balanced"),
        ({"class_weight": {"cat": -1}}, "weight of the class 'cat' must be a number"),
        ({"label_smoothing": 1.0}, "label smoothing"),
        ({"input_dropout": -0.1}, "input dropout"),
        ({"precision": 0.9, "recall": 0.9}, "give one of them"),
        ({"recall": 0}, "wanted recall"),
        ({"positive": "cat"}, "give one of them as well"),
        ({"ensemble": 0}, "number of networks"),
        ({"averaging": 1.5}, "averaging"),
        ({"max_norm": 0}, "largest norm of the weights"),
        ({"augment": {"mix_up": -1}}, "alpha of mix-up"),
        ({"augment": "wild"}, "augmentation must be one of auto, none, mild, strong, handwriting"),
        ({"augment": {"swirl": 1}}, "augmentation has no setting 'swirl'"),
    ],
)
def test_wrong_settings_are_told(setting: dict[str, Any], shown: str) -> None:
    with pytest.raises(SettingError, match=shown):
        Recipe(**setting)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_pictures_have_one_network_of_the_usual_kind(network: str) -> None:
    data = Dataset(np.zeros((20, 16, 16, 3), np.uint8), np.arange(20) % 2, ("a", "b"))
    resolved = Recipe(network=network).resolve(data, tested=False)
    assert (resolved.ensemble, resolved.variants) == (1, ("usual",))


def test_a_resolved_recipe_has_the_settings_of_one_that_is_open() -> None:
    """It is compared and shown by those."""
    assert [one.name for one in fields(ResolvedRecipe)] == [one.name for one in fields(Recipe)]
