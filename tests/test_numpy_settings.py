"""Settings that come as NumPy's scalars are Python's own values from then on, also in files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_settings import INSTEAD, OTHERS, X, Y

from plainnet import Classifier, Network, Regressor, train
from plainnet.checks import check_flag, check_number, check_whole
from plainnet.errors import SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.models import Checkpoint, Recipe
from plainnet.network import (
    Array,
    BatchNorm,
    ByColumns,
    Dense,
    DenseNTP,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    LeakyReLU,
    Parametric,
    PiecewiseLinear,
    Scaling,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.reports.repeating import SETTINGS
from plainnet.training import Adam, AdamW, Average, Momentum, Regularization, RMSprop, schedules
from plainnet.training.streams import stop_early

f32: Any = np.float32
f16: Any = np.float16
f64: Any = np.float64
i64: Any = np.int64
u8: Any = np.uint8
i8: Any = np.int8
i16: Any = np.int16
i32: Any = np.int32
u64: Any = np.uint64
zero_d: Any = np.array
flag_of: Any = np.bool_
PLAIN = {**OTHERS, "class_weight": {"0": 2.0}, "augment": {"flip": 0.5, "mix_up": 0.25}}
FORMS = {
    "int64": np.int64,
    "uint8": np.uint8,
    "float32": np.float32,
    "float64": np.float64,
    "float16": np.float16,
    "longdouble": np.longdouble,
    "0-d": np.asarray,
}


def as_numpy(value: Any, form: Any) -> Any:
    """The value as this form has it, where it can be one."""
    if isinstance(value, dict):
        return {key: as_numpy(one, form) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(as_numpy(one, form) for one in value)
    if form is np.asarray:
        return np.asarray(value)
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, str):
        return np.str_(value)
    whole = np.issubdtype(form, np.integer)
    if isinstance(value, int):
        return form(value) if whole else value
    return value if whole else form(value)


def is_plain(value: Any) -> bool:
    """Whether it is of Python's own types, down to the last."""
    if isinstance(value, dict):
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*PLAIN, *INSTEAD])
def test_every_setting_of_a_recipe(name: str, form: str) -> None:
    value = {**PLAIN, **INSTEAD}[name]
    more = {"precision": 0.5} if name == "positive" else {}
    given = Recipe.of({name: as_numpy(value, FORMS[form]), **more})
    shown = given.to_dict()
    assert is_plain(shown)
    json.dumps(shown)
    if form in ("float16", "float32"):
        close = Recipe.of({name: value, **more}).to_dict()
        assert {k: type(v) for k, v in shown.items()} == {k: type(v) for k, v in close.items()}
    else:
        assert given == Recipe.of({name: value, **more})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("learner", [Classifier, Regressor])
def test_all_of_them_through_a_training_and_a_file(learner: Any, form: str, tmp_path: Path) -> None:
    names = learner().get_params().keys() - {"size", "grey", "augment"}
    given = {k: as_numpy(v, FORMS[form]) for k, v in PLAIN.items() if k in names}
    made = learner(**given)
    for _ in made.fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c", minutes=f32(1))):
        pass
    made.save(tmp_path / "a.safetensors")
    again = learner.load(tmp_path / "a.safetensors")
    assert again.recipe == made.recipe
    np.testing.assert_array_equal(again.predict(X), made.predict(X))


def test_settings_of_pictures(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (60, 9, 9, 3), np.uint8)
    more = {"grey": flag_of(True), "size": np.array([7, 8]), "augment": {"shift": f32(0.1)}}
    made = Classifier(hidden=zero_d([5, 4]), epochs=i8(2), seed=u64(3), **more)
    made.fit(pictures, Y).save(tmp_path / "a.safetensors")
    again = Classifier.load(tmp_path / "a.safetensors")
    assert again.recipe.hidden == (5, 4)
    assert again.recipe.size == (7, 8)
    assert Classifier(hidden=i64(7), size=i32(9)).recipe.hidden == (7,)


def test_a_batch_size_of_few_bits_is_a_number_like_others() -> None:
    ours = Classifier(batch_size=u8(20), epochs=3, ensemble=1).fit(X, Y)
    theirs = Classifier(batch_size=20, epochs=3, ensemble=1).fit(X, Y)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    network, twin = Network.dense([3, 4, 1]), Network.dense([3, 4, 1])
    small: dict[str, Any] = {"epochs": u8(3), "batch_size": u8(7)}
    for one, how, l2 in ((network, small, f16(1)), (twin, {"epochs": 3, "batch_size": 7}, 1.0)):
        bounds = Regularization(l2, clip_norm=f32(1))
        [*train(one, SigmoidCrossEntropy(), Adam(), X, Y, regularization=bounds, **how)]
    np.testing.assert_array_equal(network.theta, twin.theta)


LAYERS: dict[str, Layer] = {
    "Dense": Dense(i64(3), u8(4)),
    "Dense, 0-d": Dense(zero_d(3), zero_d(4)),
    "LeakyReLU": LeakyReLU(f32(0.1)),
    "Dropout": Dropout(f16(0.5)),
    "Scaling": Scaling(i32(4)),
    "DenseNTP": DenseNTP(i32(4), i32(3)),
    "Parametric": Parametric(i32(4)),
    "BatchNorm": BatchNorm(i32(4), f32(0.2), f32(1e-3)),
    "LayerNorm": LayerNorm(i16(4), f32(1e-3)),
    "PiecewiseLinear": PiecewiseLinear(f32([[0, 1, 2]] * 4), bounded=flag_of(False)),
    "Embedding": Embedding(i16([2] * 4), i32(3)),
    "ByColumns": ByColumns([(zero_d([0, 1, 2, 3]), [Dropout(f16(0.5)), Dense(i64(4), u8(2))])]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_through_a_file(name: str, tmp_path: Path) -> None:
    layer = LAYERS[name]
    assert is_plain(layer.settings)
    network = Network([Dense(3, 4), layer] if "Dense" not in name else [layer])
    write_model(path := tmp_path / "a.safetensors", network, {}, {})
    read = read_model(path)[0]
    assert read.layers[-1].settings == layer.settings


PARTS: dict[str, Any] = {
    "adam": Adam(f32(0.1), f32(0.5), f64(0.5), f32(1e-3)),
    "adamw": AdamW(zero_d(0.1), weight_decay=f32(0.1)),
    "momentum": Momentum(f16(0.1), f32(0.5)),
    "rmsprop": RMSprop(f32(0.1), f32(0.5)),
    "sigmoid": SigmoidCrossEntropy(f32(0.1)),
    "softmax": SoftmaxCrossEntropy(zero_d(0.1)),
    "average": Average(f32(0.5)),
}


@pytest.mark.parametrize("name", PARTS)
def test_numbers_of_the_other_parts(name: str) -> None:
    numbers = [v for v in vars(PARTS[name]).values() if isinstance(v, (float, int, np.generic))]
    assert numbers
    assert all(map(is_plain, numbers))


def test_schedules_and_streams() -> None:
    one = f32(1)
    for schedule in (
        schedules.constant(one),
        schedules.step_decay(one, u8(3), f32(0.5)),
        schedules.exponential(one, f32(0.5)),
        schedules.cosine(one, u8(200), f32(0)),
        schedules.warm_up(schedules.constant(one), u8(200)),
        schedules.one_cycle(one, u8(200), rise=f32(0.25)),
    ):
        assert all(type(schedule(step)) is float for step in (0, 3, 150, 300))
    stop_early([], patience=i64(3), least_gain=f32(0.5)).close()


def test_a_rate_that_was_set_by_hand_goes_into_a_checkpoint(tmp_path: Path) -> None:
    made = Classifier(epochs=2, hidden=(), ensemble=1)
    for _ in made.fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c")):
        pass
    assert (tmp_path / "c").is_file()


NO_NUMBERS: list[Any] = ["1", None, [1], np.array([1]), np.array(["1"]), np.datetime64(1, "s")]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number(value: Any) -> None:
    for check in (lambda: check_number("it", value, "[0, 9]"), lambda: check_whole("it", value, 0)):
        with pytest.raises(SettingError, match="The it must be a"):
            check()
    with pytest.raises(SettingError, match="it must be True or False"):
        check_flag("it", value)
    for flag in (flag_of(True), zero_d(True)):
        assert check_flag("it", flag) is True
        with pytest.raises(SettingError, match="whole number"):
            check_whole("it", flag, 0)
        with pytest.raises(SettingError, match=r"must be a number in .* but got True"):
            check_number("it", flag, "[0, 9]")


@pytest.mark.parametrize("flag", [True, flag_of(True)])
def test_a_flag_is_no_number(flag: Any) -> None:
    """It would mean 1: dropout of all features, a learning rate of 1."""
    numbers = [name for name, setting in SETTINGS.items() if setting.values.read is float]
    assert len(numbers) == 11
    made: list[Callable[[], object]] = [
        *(lambda name=name: Recipe(**{name: flag}) for name in numbers),
        lambda: Classifier(dropout=flag),
        lambda: Classifier(augment={"flip": flag}),
        lambda: Classifier(class_weight={"a": flag}),
        lambda: Adam(flag),
        lambda: Dropout(flag),
        lambda: LeakyReLU(flag),
        lambda: BatchNorm(3, momentum=flag),
        lambda: schedules.constant(flag),
        lambda: SoftmaxCrossEntropy(smoothing=flag),
    ]
    for make in made:
        with pytest.raises(SettingError, match=r"must be a number in .* but got True"):
            make()


def test_names_that_are_unknown() -> None:
    values: list[Any] = [np.str_("rel"), np.array("rel"), np.array(["relu"]), 3, None, Array]
    for value in values:
        with pytest.raises(SettingError, match="activation must be one of"):
            Recipe(activation=value)
