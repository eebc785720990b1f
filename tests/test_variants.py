"""An ensemble of several variants of a network, weighed by their answers to samples held out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Dataset, Regressor
from plainnet.errors import ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.models import Checkpoint, ensemble_selection
from plainnet.models.ensemble_selection import shares
from plainnet.models.recipe import Recipe, ResolvedRecipe
from plainnet.models.trainable import AnyModel
from plainnet.network import Array, Dense, MemberMean
from plainnet.reports.repeating import SETTINGS as SETTINGS_BY_NAME
from plainnet.reports.text import ensemble_line

X: Array = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
NUMBER = X[:, 0] + np.abs(X[:, 1])
CLASSES = np.array(["a", "b", "c"])[np.digitize(NUMBER, (0, 1))]
TARGETS = {"two classes": NUMBER > 0.5, "three classes": CLASSES, "a number": NUMBER}
SETTINGS: dict[str, Any] = {
    "variants": ("usual", "members-8", "linear"),
    "epochs": 3,
    "ensemble": 6,
}
WEIGHTS = [5 / 3] * 2 + [2 / 3] * 2 + [1] * 2


def untrained(target: str, **more: Any) -> Any:
    return (Regressor if target == "a number" else Classifier)(**{**SETTINGS, **more})


@pytest.fixture(scope="module", params=TARGETS)
def model(request: pytest.FixtureRequest) -> Any:
    """A model of two networks of each variant, with weights that were given to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble_selection, "shares", lambda *_: [0.5, 0.2, 0.3])
        return untrained(request.param).fit(X, TARGETS[request.param])


def test_each_variant_has_its_own_layers_and_weight(model: AnyModel) -> None:
    last = [type(member.network.layers[-1]) for member in model.networks]
    assert [issubclass(kind, MemberMean) for kind in last] == [False] * 2 + [True] * 2 + [False] * 2
    assert [*map(type, model.network.layers)] == [Dense]
    assert [member.weight for member in model.networks] == pytest.approx(WEIGHTS)


def test_the_answer_is_the_weighted_mean(model: AnyModel) -> None:
    each = [model.answer_of(member, X) for member in model.networks]
    wanted = model.answers.of_mean(np.average(each, axis=0, weights=WEIGHTS))
    np.testing.assert_allclose(model.mean_answers(X), wanted, rtol=1e-5, atol=1e-6)


def test_the_mean_of_probabilities_is_calibrated(model: Any) -> None:
    if not model.answers.names[1:]:
        assert model.answers.of_mean(NUMBER) is NUMBER
        return
    answers = model.answers
    P = np.array([[0.5, 0.3, 0.2]])
    for held_out, sharpness in enumerate((answers.sharpness, answers.held_out_sharpness)):
        assert sharpness != 1
        power = P**sharpness
        np.testing.assert_allclose(answers.of_mean(P, bool(held_out)), power / power.sum())
    calibrated = model.evaluate(model.validation).log_loss
    model.answers = replace(answers, held_out_sharpness=1.0)
    assert model.evaluate(model.validation).log_loss > calibrated
    model.answers = answers


def test_the_share_of_each_variant_is_said(model: AnyModel) -> None:
    said = ensemble_line(model.networks)
    assert said.startswith("the weighted average of 6 networks: 50 % from 2 of 3 →")
    assert "; 30 % from 2 of 3 → " in said
    assert ensemble_line(model.networks[:2]) == "the average of 2 such networks"


def test_held_out_answers_are_of_networks_that_have_not_seen_the_sample(model: AnyModel) -> None:
    assert model.folds is not None
    assert model.validation is not None
    totals: Array = np.zeros(len(X))
    wanted = np.zeros_like(model.mean_answers(X), np.float64)
    for member, rows in zip(model.networks, model.folds, strict=True):
        wanted[rows] += member.weight * model.answer_of(member, X[rows])
        totals[rows] += member.weight
    wanted /= totals.reshape(-1, *[1] * (wanted.ndim - 1))
    wanted = model.answers.of_mean(wanted, held_out=True)
    np.testing.assert_allclose(totals, sum(WEIGHTS) / 2)  # each row: one network of each variant
    np.testing.assert_allclose(model.mean_answers(model.validation), wanted, rtol=1e-5, atol=1e-6)


def test_a_file_holds_layers_and_weights(model: AnyModel, tmp_path: Path) -> None:
    model.save(path := tmp_path / "m")
    loaded = type(model).load(path)
    assert [member.weight for member in loaded.networks] == pytest.approx(WEIGHTS)
    np.testing.assert_array_equal(loaded.mean_answers(X), model.mean_answers(X))
    assert loaded.resolved_recipe == model.resolved_recipe


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weight": 0}, "weight of a network must be a number in"),
        ({"colour": 1}, "members.2 has the unknown field 'colour'"),
        ({"layers": [{"type": "ReLU"}]}, "no layer has a place for members.2.layers."),
        ({"layers": None}, "there is no list of layers"),
    ],
)
def test_a_file_whose_networks_do_not_fit_is_refused(
    change: dict[str, Any], sentence: str, model: AnyModel, tmp_path: Path
) -> None:
    model.save(path := tmp_path / "m")
    network, metadata, tensors = read_model(path)
    metadata["earlier"][2] |= change
    del metadata["format"], metadata["layers"]
    write_model(path, network, metadata, tensors)
    with pytest.raises(ModelFileError, match=sentence):
        type(model).load(path)


def test_a_network_of_other_outputs_is_refused(model: AnyModel, tmp_path: Path) -> None:
    model.save(path := tmp_path / "m")
    network, metadata, tensors = read_model(path)
    metadata["earlier"][-1]["layers"] = [{"type": "Dense", "n_in": 3, "n_out": 9}]
    tensors |= {"members.4.layers.0.W": np.zeros((3, 9), np.float32)}
    tensors |= {"members.4.layers.0.b": np.zeros(9, np.float32)}
    del metadata["format"], metadata["layers"]
    write_model(path, network, metadata, tensors)
    with pytest.raises(ModelFileError, match=r"maps 3 features to 9 outputs"):
        type(model).load(path)


def test_onnx_answers_the_same(model: AnyModel, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from plainnet.export import export_onnx, verify_onnx

    export_onnx(model, path := tmp_path / "m.onnx")
    assert verify_onnx(path).network <= 1e-6


def test_what_led_to_an_answer_adds_up(model: Any) -> None:
    found = model.explain(X[0])
    assert found.contributions.sum() == pytest.approx(found.evidence, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("stop_after", [2, 7, 14])
def test_a_stopped_training_goes_on_bit_for_bit(stop_after: int, tmp_path: Path) -> None:
    y = TARGETS["three classes"]
    whole = untrained("three classes").fit(X, y)
    stopped = Checkpoint(tmp_path / "c")
    for done, _ in enumerate(
        untrained("three classes").fit_epochs(X, y, checkpoint=stopped), start=1
    ):
        stopped.stopping = done >= stop_after
    assert stopped.path.exists()
    again = untrained("three classes")
    for _ in again.fit_epochs(X, y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))


def test_validation_samples_of_your_own_weigh_the_variants() -> None:
    held = X[80:], NUMBER[80:]
    model = untrained("a number", ensemble=3).fit(X[:80], NUMBER[:80], validation=held)
    assert model.folds is None
    each = [model.answer_of(member, X[80:]) for member in model.networks]
    errors = [np.square(A - NUMBER[80:]).mean() for A in [*each, model.mean_answers(X[80:])]]
    assert errors[-1] <= min(errors[:-1])


def test_a_setting_of_your_own_holds_for_all_variants() -> None:
    own: dict[str, Any] = {"hidden": (5,), "learning_rate": 0.01}
    recipe = Recipe.of({**SETTINGS, **own})
    resolved = recipe.resolve(Dataset(X, (NUMBER > 1) * 1, ("a", "b")), tested=False)
    recipes = [resolved.of_network(i, recipe) for i in range(6)]
    assert {(one.hidden, one.learning_rate) for one in recipes} == {((5,), 0.01)}
    assert [one.members for one in recipes] == [1, 1, 8, 8, 1, 1]


OF_THEIR_OWN: dict[str, Any] = {
    "variants": ("usual", {"hidden": [5], "dropout": 0.2, "label_smoothing": 0.1}),
    **{"epochs": 2, "ensemble": 4},
}


def test_a_variant_may_have_settings_of_its_own(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble_selection, "shares", lambda *_: [0.25, 0.75])
        model = Classifier(**OF_THEIR_OWN).fit(X, CLASSES)
    recipes = [model.recipe_of(i) for i in range(4)]
    assert [one.hidden for one in recipes] == [(128, 128)] * 2 + [(5,)] * 2
    assert [one.dropout for one in recipes] == [0.0] * 2 + [0.2] * 2
    sizes = [
        [one.n_out for one in m.network.layers if isinstance(one, Dense)] for m in model.networks
    ]
    assert sizes == [[128, 128, 3]] * 2 + [[5, 3]] * 2
    assert model.loss.smoothing == 0.1  # type: ignore[attr-defined]
    assert [member.weight for member in model.networks] == pytest.approx([1 / 3] * 2 + [1] * 2)
    model.save(path := tmp_path / "m")
    loaded = Classifier.load(path)
    assert loaded.resolved_recipe == model.resolved_recipe
    np.testing.assert_array_equal(loaded.mean_answers(X), model.mean_answers(X))


def test_a_variant_that_is_left_out_is_no_part_of_the_recipe() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble_selection, "shares", lambda *_: [0.0, 1.0])
        model = Classifier(**OF_THEIR_OWN).fit(X, CLASSES)
    assert len(model.networks) == model.resolved_recipe.ensemble == 2
    assert [model.recipe_of(i).hidden for i in range(2)] == [(5,)] * 2


def test_variants_are_read_and_written_as_options() -> None:
    values = SETTINGS_BY_NAME["variants"].values
    for variants in (("usual", "linear"), ("usual", {"dropout": 0.2})):
        assert values.read(values.write(variants)) == variants
    assert values.write(("usual", {"dropout": 0.2})) == '["usual", {"dropout": 0.2}]'


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"patience": 3}, "patience"), ({"dropuot": 0.1}, "dropout"), ({"dropout": 2}, "dropout")],
)
def test_impossible_settings_of_a_variant_are_refused(settings: Any, named: str) -> None:
    with pytest.raises(SettingError, match=named):
        Classifier(variants=("usual", settings))


def test_the_networks_are_equally_many_of_each_variant() -> None:
    with pytest.raises(SettingError, match="4 is not a multiple of 3"):
        untrained("a number", ensemble=4).fit(X, NUMBER)
    with pytest.raises(SettingError, match="different names"):
        Classifier(variants=("usual", "usual"))


def test_best_trains_all_variants() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble_selection, "shares", lambda *_: [0.25, 0.25, 0.5])
        model = Classifier(effort="best", epochs=1, hidden=(4,)).fit(X, CLASSES)
    assert model.resolved_recipe.variants == ("members-8", "members-4", "linear")
    assert len(model.networks) == model.resolved_recipe.ensemble == 15


# -- the choice of weights -------------------------------------------------------------------------


def squares(A: Array) -> float:
    return float(np.square(A).mean())


def test_opposite_errors_share_equally() -> None:
    found = shares([np.array([1.0, -2.0]), np.array([-1.0, 2.0])], squares)
    assert found == [0.5, 0.5]


def test_the_weights_are_near_the_best_ones() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, 4000)) * [[1.0], [2.0]]  # 1/σ² weighs 4 : 1
    assert shares([*noise], squares)[0] == pytest.approx(0.8, abs=0.04)


def test_answers_that_do_not_help_are_left_out() -> None:
    good, bad = np.full(9, 0.1), np.full(9, 7.0)
    assert shares([bad, good, bad], squares) == [0, 1, 0]


def test_the_width_follows_the_encoding_and_the_rate_the_optimizer() -> None:
    def of(variant: str, **more: Any) -> ResolvedRecipe:
        recipe = Recipe(variants=(variant,), **more)
        data = Dataset(X, np.arange(len(X)) % 2, ("a", "b"))
        return recipe.resolve(data, tested=False).of_network(0, recipe)

    assert of("binned").hidden == (256, 128)
    assert of("binned", encoding="learned").hidden == (128, 128)
    assert of("binned", hidden=(7,)).hidden == (7,)
    assert (
        of("members-2").learning_rate == of("members-2", optimizer="adamw").learning_rate == 0.006
    )
    assert of("members-2", learning_rate=0.001).learning_rate == 0.001
    assert of("members-2", optimizer="momentum").learning_rate is None
