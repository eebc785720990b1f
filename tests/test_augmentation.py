"""Augmented pictures: each change by a case checked by hand, and all of them at once."""

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from plainnet.errors import SettingError, ShapeError
from plainnet.network import Array
from plainnet.pictures.augment import augmented
from plainnet.pictures.augment import transforms as changes
from plainnet.pictures.augment.augmentation import (
    FEW_PICTURES,
    HANDWRITING,
    INTERVALS,
    MANY_PICTURES,
    MILD,
    NAMED,
    STRONG,
    Augmentation,
    augmentation_of,
    has_colour,
    usual,
)
from plainnet.pictures.augment.augmented import Augmented
from plainnet.pictures.augment.transforms import (
    Transforms,
    affine_maps,
    boxes_around,
    colour_changes,
)
from plainnet.training import compiled

SHAPES = [(28, 28, 1), (64, 64, 3), (7, 12, 3), (12, 7, 1), (5, 1, 1), (1, 1, 3)]
EVERYTHING = Augmentation(
    flip=0.5,
    flip_vertical=0.5,
    shift=0.3,
    rotate=180,
    scale=0.5,
    shear=30,
    elastic=0.1,
    brightness=0.9,
    contrast=0.9,
    colour=0.9,
    cut_out=0.3,
)


def noise(n: int, *shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)


def neutral(raw: Array) -> Transforms:
    return Augmentation().draw(len(raw), raw.shape[1:], np.random.default_rng(0))


def applied(raw: Array, **parts: Array) -> Array:
    """The pictures with these parts of the neutral changes replaced."""
    out = np.empty_like(raw)
    replace(neutral(raw), **parts).apply(raw, out)
    return out


def moved(raw: Array, **how: Any) -> Array:
    """The pictures, all moved in the same way."""
    n = len(raw)
    usual = {"mirror": (1, 1), "scale": 1, "slant": 0, "turn": 0, "shift": (0, 0)} | how
    arrays = {name: np.array([value] * n, float) for name, value in usual.items()}
    return applied(raw, maps=affine_maps((raw.shape[1], raw.shape[2]), **arrays))


def coloured(raw: Array, brightness: float = 1, contrast: float = 1, colour: float = 1) -> Array:
    factors = (np.full(len(raw), factor) for factor in (brightness, contrast, colour))
    return applied(raw, colours=colour_changes(*factors))


def augmented_by(
    augmentation: Augmentation, raw: Array, seed: int = 0, fuse: bool = False
) -> Array:
    out = np.empty_like(raw)
    augmentation(raw, out, np.random.default_rng(seed), fuse=fuse)
    return out


# -- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_with_all_off_the_pictures_stay_as_they_are(shape: tuple[int, ...]) -> None:
    raw = noise(3, *shape)
    np.testing.assert_array_equal(augmented_by(Augmentation(), raw), raw)
    np.testing.assert_array_equal(moved(raw), raw)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shift_moves_pixels_by_that_many_and_repeats_the_edge(shape: tuple[int, ...]) -> None:
    raw = noise(2, *shape)
    y, x = np.indices(shape[:2])
    found = raw[:, (y - 2).clip(0, shape[0] - 1), (x + 3).clip(0, shape[1] - 1)]
    np.testing.assert_array_equal(moved(raw, shift=(2, -3)), found)


def test_between_two_pixels_lies_their_mean() -> None:
    raw = np.array([0, 100, 200, 50], np.uint8).reshape(1, 1, 4, 1)
    assert moved(raw, shift=(0, -0.5)).ravel().tolist() == [50, 150, 125, 50]
    assert moved(raw, shift=(0, -0.25)).ravel().tolist() == [25, 125, 163, 50]


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turn_by_90_degrees_is_that_of_numpy(side: int, quarters: int) -> None:
    raw = noise(2, side, side, 3)
    turned = np.rot90(raw, quarters, axes=(1, 2))
    np.testing.assert_array_equal(moved(raw, turn=np.pi / 2 * quarters), turned)


def test_mirrors() -> None:
    raw = noise(2, 6, 9, 3)
    np.testing.assert_array_equal(moved(raw, mirror=(1, -1)), raw[:, :, ::-1])
    np.testing.assert_array_equal(moved(raw, mirror=(-1, 1)), raw[:, ::-1])
    np.testing.assert_array_equal(moved(moved(raw, mirror=(1, -1)), mirror=(1, -1)), raw)


def test_scale_leaves_the_centre_and_moves_the_rest_away_from_it() -> None:
    raw = noise(2, 9, 9, 1)
    larger = moved(raw, scale=2)
    np.testing.assert_array_equal(larger[:, ::2, ::2], raw[:, 2:7, 2:7])
    smaller = moved(raw, scale=0.5)
    np.testing.assert_array_equal(smaller[:, 2:7, 2:7], raw[:, ::2, ::2])


def test_a_slant_moves_the_top_to_the_right_and_the_bottom_to_the_left() -> None:
    raw = np.zeros((1, 5, 5, 1), np.uint8)
    raw[0, :, 2] = 255  # an upright stroke
    slanted = moved(raw, slant=np.pi / 4)[0, :, :, 0]
    np.testing.assert_array_equal(slanted, 255 * np.eye(5, dtype=np.uint8)[::-1])


def test_turn_comes_before_shift() -> None:
    raw = noise(1, 9, 9, 1)
    both = moved(raw, turn=np.pi / 2, shift=(0, 2))
    np.testing.assert_array_equal(both[:, :, 2:], np.rot90(raw, axes=(1, 2))[:, :, :-2])


def test_a_field_moves_each_place() -> None:
    raw = noise(1, 4, 6, 3)
    field = np.zeros((1, 2, 4, 6), np.float32)
    field[0, 0, 1, 2] = changes.ONE
    field[0, 1, 3, 0] = 2 * changes.ONE
    expected = raw.copy()
    expected[0, 1, 2], expected[0, 3, 0] = raw[0, 2, 2], raw[0, 3, 2]
    np.testing.assert_array_equal(applied(raw, field=field), expected)


def test_an_elastic_field_has_the_spread_and_the_smoothness_asked_for() -> None:
    n, size, sigma = 3000, (20, 30), 3.0
    shape = changes.knots_for(size, sigma)
    knots = np.random.default_rng(0).standard_normal((n, 2, *shape), dtype=np.float32)
    field = changes.elastic_field(knots, size, sigma, 1.5) / np.float32(changes.ONE)
    assert field.shape == (n, 2, *size)
    assert abs(field.mean(axis=0)).max() < 0.15
    np.testing.assert_allclose(field.std(axis=0), 1.5, atol=0.1)
    for d in (2, 4, 8):  # the correlation of white noise smoothed by a Gaussian
        alike = (field[..., d:] * field[..., :-d]).mean() / 1.5**2
        assert alike == pytest.approx(np.exp(-(d**2) / (4 * sigma**2)), abs=0.02)


def test_an_elastic_motion_of_nothing_is_none() -> None:
    raw = noise(3, 28, 28, 1)
    field = changes.elastic_field(np.ones((3, 2, *changes.knots_for((28, 28), 4))), (28, 28), 4, 0)
    np.testing.assert_array_equal(applied(raw, field=field), raw)


# -- colours --------------------------------------------------------------------------------------


def test_brightness_multiplies_and_stops_at_white() -> None:
    raw = np.array([0, 100, 200], np.uint8).reshape(1, 1, 3, 1)
    assert coloured(raw, brightness=1.5).ravel().tolist() == [0, 150, 255]
    assert coloured(raw, brightness=0.5).ravel().tolist() == [0, 50, 100]


def test_contrast_leaves_the_mean() -> None:
    raw = np.array([50, 100, 150], np.uint8).reshape(1, 1, 3, 1)
    assert coloured(raw, contrast=1.5).ravel().tolist() == [25, 100, 175]
    assert coloured(raw, contrast=0).ravel().tolist() == [100, 100, 100]


def test_without_colour_the_channels_are_grey_as_the_eye_sees_it() -> None:
    raw = np.array([[200, 100, 50], [80, 80, 80]], np.uint8).reshape(1, 1, 2, 3)
    grey = round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert coloured(raw, colour=0).ravel().tolist() == [grey] * 3 + [80] * 3
    assert coloured(raw, colour=1.5).ravel().tolist()[3:] == [80] * 3


def test_on_average_the_light_is_as_it_was() -> None:
    raw = np.full((4000, 4, 4, 3), 120, np.uint8)
    levels = augmented_by(Augmentation(brightness=0.5), raw)[:, 0, 0, 0]
    assert levels.mean() == pytest.approx(120, abs=2)
    assert levels.min() == pytest.approx(60, abs=2)
    assert levels.max() == pytest.approx(180, abs=2)
    assert levels.std() == pytest.approx(120 * 0.5 / 3**0.5, rel=0.05)


@pytest.mark.parametrize("fuse", [False, True])
@pytest.mark.parametrize("level", [0, 255])
def test_levels_stop_at_black_and_white_and_never_wrap(level: int, fuse: bool) -> None:
    raw = np.full((200, 6, 6, 3), level, np.uint8)
    out = augmented_by(replace(EVERYTHING, brightness=1, contrast=1, colour=1), raw, fuse=fuse)
    factor = out.astype(float) / 255
    assert factor.max() == level / 255
    assert factor.std(axis=(1, 2, 3)).max() < 0.005  # one colour stays one colour
    bright = noise(50, 6, 6, 3) | 128
    out = augmented_by(Augmentation(contrast=1, brightness=1), bright, fuse=fuse)
    darker = bright[:, :1] <= bright[:, 1:2]
    assert ((out[:, :1] <= out[:, 1:2]) | ~darker).all()  # and the order stays


# -- cut-out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(20, 10, 3), (11, 9, 1)])
def test_a_box_of_the_size_asked_has_the_pictures_mean(shape: tuple[int, ...]) -> None:
    raw = noise(1, *shape)
    size = shape[0], shape[1]
    boxes = boxes_around(np.array([[shape[0] // 2, shape[1] // 2]]), size, 0.4)
    top, bottom, left, right = boxes[0]
    assert (bottom - top, right - left) == (round(0.4 * shape[0]), round(0.4 * shape[1]))
    out = applied(raw, boxes=boxes)
    box = out[0, top:bottom, left:right].reshape(-1, shape[2])
    assert abs(box - raw[0].mean(axis=(0, 1))).max() <= 1
    assert len(np.unique(box, axis=0)) == 1
    out[0, top:bottom, left:right] = raw[0, top:bottom, left:right]
    np.testing.assert_array_equal(out, raw)


def test_a_box_may_stand_over_the_edge() -> None:
    corners = boxes_around(np.array([[0, 0], [9, 19]]), (10, 20), 0.4)
    assert corners.tolist() == [[0, 2, 0, 4], [7, 10, 15, 20]]


def test_boxes_are_anywhere() -> None:
    raw = noise(2000, 10, 10, 1)
    boxes = Augmentation(cut_out=0.3).draw(2000, (10, 10, 1), np.random.default_rng(0)).boxes
    cut = np.zeros((10, 10))
    for top, bottom, left, right in boxes:
        cut[top:bottom, left:right] += 1 / len(raw)
    assert cut[1:-1, 1:-1].mean() == pytest.approx(0.09, abs=0.005)
    assert cut.min() > 0.02


# -- all at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("augmentation", [MILD, HANDWRITING, EVERYTHING])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [1, 9])
def test_the_loops_give_the_same_pictures(
    augmentation: Augmentation, shape: tuple[int, ...], n: int
) -> None:
    pytest.importorskip("numba")
    for seed in range(5):
        raw = noise(n, *shape, seed=seed)
        plain, looped = (augmented_by(augmentation, raw, seed, fuse) for fuse in (False, True))
        np.testing.assert_array_equal(looped, plain)


def test_a_numba_that_does_not_work_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = noise(3, 8, 8, 3)
    expected = augmented_by(EVERYTHING, raw)
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    compiled.compiled_module.cache_clear()
    try:
        np.testing.assert_array_equal(augmented_by(EVERYTHING, raw, fuse=True), expected)
    finally:
        compiled.compiled_module.cache_clear()


def test_pictures_depend_on_the_generator_and_on_nothing_else() -> None:
    raw = noise(70, 28, 28, 1)  # more than one block
    first = augmented_by(EVERYTHING, raw)
    np.testing.assert_array_equal(augmented_by(EVERYTHING, raw), first)
    assert (augmented_by(EVERYTHING, raw, seed=1) != first).mean() > 0.5
    no_field = replace(EVERYTHING, elastic=0.0)
    one_by_one, rng = [], np.random.default_rng(0)
    for picture in raw:
        out = np.empty_like(picture[None])
        no_field(picture[None], out, rng)
        one_by_one.append(out)
    np.testing.assert_array_equal(np.concatenate(one_by_one), augmented_by(no_field, raw))


def test_switching_one_setting_on_leaves_the_rest_as_it_was() -> None:
    raw = noise(5, 16, 16, 3)
    turned = augmented_by(Augmentation(rotate=40), raw)
    mirrored = augmented_by(Augmentation(rotate=40, flip_vertical=1e-9, cut_out=1e-9), raw)
    np.testing.assert_array_equal(turned, mirrored)


@pytest.mark.parametrize("fuse", [False, True])
def test_memory_of_any_kind_will_do(fuse: bool) -> None:
    raw = noise(4, 10, 12, 3)
    expected = augmented_by(EVERYTHING, raw)
    fixed = raw.copy()
    fixed.flags.writeable = False
    np.testing.assert_array_equal(augmented_by(EVERYTHING, fixed, fuse=fuse), expected)
    wide = np.empty((4, 10, 24, 3), np.uint8)
    EVERYTHING(raw, wide[:, :, ::2], np.random.default_rng(0), fuse=fuse)
    np.testing.assert_array_equal(wide[:, :, ::2], expected)
    EVERYTHING(raw, raw, np.random.default_rng(0), fuse=fuse)  # in place
    np.testing.assert_array_equal(raw, expected)


@pytest.mark.parametrize(
    ("raw", "out"),
    [
        (np.zeros((2, 4, 4, 3)), np.zeros((2, 4, 4, 3))),
        (noise(2, 4, 4, 2), noise(2, 4, 4, 2)),
        (noise(2, 4, 4, 3), noise(2, 4, 4, 1)),
        (noise(2, 48), noise(2, 48)),
        (noise(0, 4, 4, 3), noise(0, 4, 4, 3)),
    ],
)
def test_what_is_no_picture_is_refused(raw: Array, out: Array) -> None:
    with pytest.raises(ShapeError, match=r"takes pictures as uint8 \(n, height, width, channels\)"):
        MILD(raw, out, np.random.default_rng(0))


# -- mix-up ---------------------------------------------------------------------------------------


def one_hot(n: int, n_classes: int) -> Array:
    return np.eye(n_classes, dtype=np.float32)[np.arange(n) % n_classes]


def test_mixed_targets_say_how_the_inputs_were_mixed() -> None:
    n = 30
    X = np.eye(n, dtype=np.float32)  # each sample is its own target
    before = X.copy()
    mixed, Y = Augmentation(mix_up=0.7).mix(X, X, np.random.default_rng(0))
    np.testing.assert_allclose(mixed, Y, atol=1e-6)
    np.testing.assert_allclose(Y.sum(axis=1), 1, atol=1e-6)
    assert Y.min() >= 0
    assert mixed.dtype == Y.dtype == np.float32
    assert ((mixed > 0).sum(axis=1) <= 2).all()
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_the_shares_come_from_a_beta_distribution(alpha: float) -> None:
    n = 20_000
    Y = np.arange(n, dtype=np.float64)[:, None]
    rng = np.random.default_rng(0)
    _, mixed = Augmentation(mix_up=alpha).mix(np.zeros((n, 1)), Y, rng)
    rng = np.random.default_rng(0)
    rng.beta(alpha, alpha, (n, 1))
    others = rng.permutation(n)[:, None]
    apart = others != Y
    share = ((mixed - others)[apart]) / ((Y - others)[apart])
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert share.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), abs=0.005)


def test_mixing_in_given_memory_and_mixing_not_at_all() -> None:
    X, Y, out = noise(8, 5).astype(np.float32), one_hot(8, 3), np.empty((8, 5), np.float32)
    mixed, _ = Augmentation(mix_up=1).mix(X, Y, np.random.default_rng(0), out)
    assert mixed is out
    same, targets = MILD.mix(X, Y, np.random.default_rng(0))
    assert same is X
    assert targets is Y


# -- settings -------------------------------------------------------------------------------------


def test_every_setting_is_checked() -> None:
    assert set(INTERVALS) == {field.name for field in fields(Augmentation)}
    for name, (words, _) in INTERVALS.items():
        for value in (-1, "much", float("nan")):
            with pytest.raises(SettingError) as caught:
                Augmentation(**{name: value})  # type: ignore[arg-type]
            assert words in str(caught.value)
            assert repr(value) in str(caught.value)


@pytest.mark.parametrize("augmentation", [*NAMED.values(), EVERYTHING])
def test_settings_come_back_from_json(augmentation: Augmentation) -> None:
    assert augmentation_of(json.loads(json.dumps(augmentation.to_dict()))) == augmentation


def test_names_and_settings() -> None:
    assert not augmentation_of("none").changes_pictures
    assert augmentation_of("mild") == MILD
    assert augmentation_of("strong") == STRONG


def test_few_pictures_in_colour_are_varied_strongly_and_many_not_at_all() -> None:
    kinds = [
        (n, usual(np.broadcast_to(np.array([0, 0, 1], np.uint8), (n, 2, 2, 3))))
        for n in (FEW_PICTURES - 1, FEW_PICTURES)
    ]
    assert kinds == [(FEW_PICTURES - 1, "strong"), (FEW_PICTURES, "mild")]
    many = [
        usual(np.broadcast_to(np.uint8(0), (n, 2, 2, 1)))
        for n in (1, MANY_PICTURES, MANY_PICTURES + 1)
    ]
    assert many == ["mild", "mild", "none"]
    assert augmentation_of("auto", noise(4, 8, 8, 3)) == STRONG
    assert augmentation_of("auto") == MILD


def test_settings_by_name() -> None:
    assert augmentation_of({"flip": 1, "mix_up": 0.2}) == Augmentation(flip=1, mix_up=0.2)
    assert augmentation_of(EVERYTHING) is EVERYTHING
    assert HANDWRITING.flip == HANDWRITING.flip_vertical == 0
    assert not Augmentation(mix_up=1, elastic_sigma=0.3).changes_pictures


@pytest.mark.parametrize("setting", ["wild", 3, None, ["mild"]])
def test_another_name_is_refused(setting: Any) -> None:
    with pytest.raises(
        SettingError, match="one of auto, none, mild, strong, handwriting, or settings such as"
    ):
        augmentation_of(setting)


def test_another_setting_is_refused() -> None:
    with pytest.raises(SettingError, match="has no setting 'zoom'; it has flip, flip_vertical"):
        augmentation_of({"flip": 0.5, "zoom": 2})


def test_pictures_without_colour_are_not_mirrored_unless_asked_for() -> None:
    colour, grey = noise(300, 8, 8, 3), noise(300, 8, 8, 1)
    as_rgb = grey.repeat(3, axis=3)
    assert has_colour(colour)
    assert not has_colour(grey)
    assert not has_colour(as_rgb)
    as_rgb[299, 0, 0, 2] ^= 1
    assert has_colour(as_rgb)
    assert augmentation_of("mild", colour) == MILD
    assert augmentation_of("mild", grey) == replace(MILD, flip=0)
    assert augmentation_of(MILD, grey).flip == MILD.flip
    assert augmentation_of(MILD.to_dict(), grey).flip == MILD.flip


# -- in the training ------------------------------------------------------------------------------


def halves(raw: Array, out: Array) -> None:
    np.multiply(raw, 0.5, out=out, casting="unsafe")


@pytest.mark.parametrize("after", [0, 1e99])
def test_a_prepare_varies_the_pictures_and_then_prepares_them(
    after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmented, "COMPILED_AFTER", after)
    raw = noise(10, 6, 5, 3)
    prepare = Augmented(EVERYTHING, (6, 5, 3), halves, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    for n in (10, 10, 4):
        varied, out = np.empty_like(raw[:n]), np.empty((n, 90), np.float32)
        EVERYTHING(raw[:n], varied, rng)
        prepare(raw[:n].reshape(n, -1), out)
        np.testing.assert_array_equal(out, varied.reshape(n, -1) / 2)


def test_feature_vectors_cannot_be_augmented() -> None:
    with pytest.raises(SettingError, match=r"Only pictures.*have shape \(20,\)"):
        Augmented(MILD, (20,), halves, np.random.default_rng(0))
