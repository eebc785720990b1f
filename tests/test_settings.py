"""The arguments of `Classifier` and `Regressor`: typed, with help, looked at and changed."""

import inspect
from dataclasses import fields
from typing import Any, get_type_hints

import numpy as np
import pytest
from click import Context

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import cli
from plainnet.cli.options import given
from plainnet.cli.train import command as train
from plainnet.errors import SettingError
from plainnet.models import AnyModel, Recipe
from plainnet.models.regressor import CLASSES_ONLY
from plainnet.models.settings import ClassifierSettings, RegressorSettings
from plainnet.network import Array
from plainnet.pictures.augment.augmentation import augmentation_of
from plainnet.reports.repeating import SETTINGS, recipe_words

KINDS = [Classifier, Regressor]
X: Array = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)
OTHERS: dict[str, Any] = {
    "network": "dense",
    "hidden": (7, 5),
    "activation": "tanh",
    "initializer": "he",
    "normalization": "layer",
    "dropout": 0.1,
    "input_dropout": 0.1,
    "optimizer": "momentum",
    "learning_rate": 0.01,
    "schedule": "constant",
    "weight_decay": 0.01,
    "clip_norm": 1.0,
    "max_norm": 2.0,
    "label_smoothing": 0.1,
    "class_weight": {"1": 2},
    "averaging": 0.9,
    "encoding": "none",
    "bins": 9,
    "effort": "quick",
    "variants": ("linear", "usual"),
    "members": 2,
    "bagging": "folds",
    "patience_growth": 0.5,
    "augment": {"flip": 0.5},
    "batch_size": 8,
    "epochs": 2,
    "patience": 1,
    "validation_share": 0.2,
    "precision": 0.5,
    "positive": "1",
    "ensemble": 2,
    "size": (8, 6),
    "grey": True,
    "seed": 5,
}
"""For each setting but those of `INSTEAD`, a value that is not the usual one."""
INSTEAD: dict[str, Any] = {"recall": 0.3, "cost": {"fn": 5, "fp": 0.5}, "channels": (4, 8)}
"""The settings that go without some of these only, likewise."""


def of(kind: type[AnyModel]) -> dict[str, Any]:
    """Those of them that this kind takes."""
    return {name: OTHERS[name] for name in inspect.signature(kind).parameters if name in OTHERS}


def test_the_signature_shows_each_setting_of_the_recipe_with_its_default() -> None:
    shown = inspect.signature(Classifier).parameters
    assert {name: p.default for name, p in shown.items()} == Recipe().to_dict()
    assert {p.kind for p in shown.values()} == {inspect.Parameter.KEYWORD_ONLY}
    own = inspect.signature(Regressor).parameters
    assert {*shown} - {*own} == {*CLASSES_ONLY}
    assert [*own] == [name for name in shown if name not in CLASSES_ONLY]
    assert {*OTHERS} | {*INSTEAD} == {*shown}


def test_a_subclass_with_arguments_of_its_own_shows_these() -> None:
    class Own(Classifier):
        def __init__(self, name: str = "", **settings: Any) -> None:
            super().__init__(**settings)
            self.name = name

    class Same(Classifier):
        pass

    class Narrower(Own):
        pass

    assert [*inspect.signature(Own).parameters] == ["name", "settings"]
    assert [*inspect.signature(Narrower).parameters] == ["name", "settings"]
    assert inspect.signature(Same) == inspect.signature(Classifier)


def test_what_type_checkers_see_is_what_the_recipe_holds() -> None:
    held = get_type_hints(Recipe)
    for settings in (ClassifierSettings, RegressorSettings):
        for name, wide in get_type_hints(settings).items():
            assert name in held
            taken, kept = (str(t).replace("collections.abc.", "") for t in (wide, held[name]))
            assert wide is Any or taken.endswith(kept) or "int | " in taken or "Mapping" in taken


@pytest.mark.parametrize("kind", KINDS)
def test_help_has_a_sentence_for_each_setting(kind: type[AnyModel]) -> None:
    text = inspect.getdoc(kind) or ""
    helps = {field.name: field.metadata["setting"].help for field in fields(Recipe)}
    seen = " ".join(text.split())
    for name in inspect.signature(kind).parameters:
        assert f"{name}: {helps[name]}" in seen
        assert helps[name].endswith(".")
    assert "settings:" not in text
    assert not [name for name in CLASSES_ONLY if f"{name}:" in text] or kind is Classifier
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", [*OTHERS, *INSTEAD])
def test_an_option_gives_what_its_words_say(name: str) -> None:
    """What a training is repeated with is read as what it was; digits and all."""
    others = {**OTHERS, **INSTEAD, "learning_rate": 0.1234567}
    others["class_weight"] = {"a": 1.2345678, "b": 0.5}
    more = {"recall": 0.5} if name == "positive" else {}
    recipe = Recipe(**{name: others[name], **more})
    words = recipe_words(recipe, Recipe())
    option = getattr(recipe, name) if SETTINGS[name].switches else name.replace("_", "-")
    assert words[0] == f"--{option}" or more
    program = Context(cli, **cli.context_settings)
    asked = train.make_context("train", ["data", *words], program).params
    assert Recipe.of(given({setting: asked[setting] for setting in SETTINGS})) == recipe


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_what_was_set_and_makes_a_twin(kind: type[AnyModel]) -> None:
    assert repr(kind()) == f"{kind.__name__}()"
    assert repr(kind(epochs=3, hidden=[9])) == f"{kind.__name__}(hidden=(9,), epochs=3)"
    made = kind(**of(kind))
    twin = type(made)(**made.get_params())
    assert made.get_params() == twin.get_params() == {**kind().get_params(), **of(kind)}
    assert eval(repr(made), {kind.__name__: kind}).get_params() == made.get_params()
    assert twin.recipe == made.recipe


@pytest.mark.parametrize("kind", KINDS)
def test_scikit_learn_can_clone_it(kind: type[AnyModel]) -> None:
    base = pytest.importorskip("sklearn.base")
    made = kind(**{**of(kind), "size": None, "grey": False, "augment": "auto"}).fit(X, Y)
    cloned = base.clone(made)
    assert cloned.get_params() == made.get_params()
    assert not cloned.history


def test_settings_can_be_changed_and_bad_ones_change_nothing() -> None:
    made = Classifier(hidden=(4,), epochs=2, ensemble=1)
    assert made.set_params(epochs=3, seed=1) is made
    assert repr(made) == "Classifier(hidden=(4,), epochs=3, ensemble=1, seed=1)"
    for wrong in ({"hiden": 3}, {"epochs": 5, "dropout": 2}):
        with pytest.raises(SettingError):
            made.set_params(**wrong)
    assert made.get_params() == Classifier(hidden=(4,), epochs=3, ensemble=1, seed=1).get_params()
    assert len(made.fit(X, Y).history) == 3


def test_what_was_learned_keeps_its_settings_until_the_next_training(tmp_path: Any) -> None:
    made = Classifier(hidden=(4,), epochs=2, learning_rate=0.01).fit(X, Y)
    P, before, trained = made.predict_proba(X), made.recipe, made.trained
    made.set_params(epochs=5, patience=2, learning_rate=0.1, label_smoothing=0.3)
    assert made.get_params()["epochs"] == 5
    assert made.recipe == before
    assert made.trained == trained
    made.save(tmp_path / "m")
    assert Classifier.load(tmp_path / "m").recipe == before
    assert np.array_equal(made.predict_proba(X), P)
    with pytest.raises(ValueError, match="patience"):
        made.set_params(validation_share=0.0).fit(X, Y)
    assert made.recipe == before
    made.set_params(validation_share=None).fit(X, Y)
    assert made.recipe.epochs == 5
    assert made.get_params() == Classifier(**made.recipe.to_dict()).get_params()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("hiden", "hidden"),
        ("Epochs", "epochs"),
        ("batchsize", "batch_size"),
        ("learningrate", "learning_rate"),
        ("lr", "learning_rate"),
        ("hidden_layer_sizes", "hidden"),
        ("max_iter", "epochs"),
        ("random_state", "seed"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_is_answered_with_the_one_that_was_meant(
    kind: type[AnyModel], given: str, meant: str
) -> None:
    with pytest.raises(SettingError, match=rf"no setting '{given}' \(did you mean '{meant}'\?\)"):
        kind(**{given: 3})


def test_an_unknown_name_for_a_value_is_too() -> None:
    with pytest.raises(SettingError, match=r"'rellu' \(did you mean 'relu'\?\)"):
        Classifier(activation="rellu")
    with pytest.raises(SettingError, match=r"'Adam' \(did you mean 'adam'\?\)"):
        Classifier(optimizer="Adam")
    with pytest.raises(SettingError, match=r"'stong' \(did you mean 'strong'\?\)"):
        Classifier(augment="stong")
    with pytest.raises(SettingError, match=r"'flp' \(did you mean 'flip'\?\)"):
        augmentation_of({"flp": 1})
    with pytest.raises(SettingError, match=r"no setting 'qqqq'; there are"):
        Classifier(qqqq=1)  # type: ignore[call-arg]


def test_a_regressor_refuses_what_is_for_classes() -> None:
    with pytest.raises(SettingError, match="a regressor predicts a number"):
        Regressor(precision=0.5)  # type: ignore[call-arg]
