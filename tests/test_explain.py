"""Explanations: they add up where they must, find what was planted, and can be seen."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import plainnet
from plainnet import Classifier
from plainnet.demo.article import article_network
from plainnet.demo.drawing import draw_animal
from plainnet.errors import DataError, SettingError
from plainnet.models import Preprocessing
from plainnet.models.attribution import Explanation, explain_pixels
from plainnet.models.attribution_methods import METHODS
from plainnet.models.attribution_target import contrast
from plainnet.models.classes import Classes
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.kinds_of_inputs import PictureInputs
from plainnet.network import Array, Network
from plainnet.reports.explanation import (
    coloured,
    explanation_picture,
    explanation_png,
    explanation_text,
    overlay,
)
from plainnet.reports.signs import AGAINST, FOR

RNG = np.random.default_rng(0)


def classifier_of(
    network: Network, shape: tuple[int, ...], classes: tuple[str, ...], mean: float = 100.0
) -> Classifier:
    """A classifier with this network, as if it had been trained."""
    n_in = int(np.prod(shape))
    made = Classifier()
    made.networks, made.answers = [EnsembleMember(network, 1.0)], Classes(classes)
    made.inputs = PictureInputs(
        Preprocessing(shape, np.full(n_in, mean, np.float32), np.array([50], np.float32))
    )
    return made


def planted(classes: tuple[str, ...] = ("a", "b")) -> Classifier:
    """It answers `b` where rows 8 to 11, columns 4 to 7 are bright, and sees nothing else."""
    network = Network.dense([16 * 16, 4, 1], dtype=np.float64)
    network.theta[...] = 0
    W = network.parameters["layers.0.W"].reshape(16, 16, 4)
    W[8:12, 4:8] = 1
    network.parameters["layers.2.W"][...] = 1
    return classifier_of(network, (16, 16, 1), classes)


def linear(n_classes: int, seed: int = 0) -> Classifier:
    """A network without biases and without kinks: layers of Dense only would do; here it is one."""
    n_out = 1 if n_classes == 2 else n_classes
    network = Network.dense([6 * 5 * 3, n_out], dtype=np.float64, rng=seed)
    return classifier_of(network, (6, 5, 3), tuple("abcdefgh"[:n_classes]))


def random_picture(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


# adding up -------------------------------------------------------------------------------------


@given(n_classes=st.integers(2, 5), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_of_a_linear_network_the_relevances_add_up_to_the_evidence(
    n_classes: int, seed: int
) -> None:
    model = linear(n_classes, seed)
    picture = random_picture(6, 5, 3, seed=seed)
    outcome = explain_pixels(model, picture, of=model.classes[seed % n_classes])
    x = ((picture.reshape(1, -1) - 100.0) / 50).astype(np.float64)
    Z = model.network.forward(x)[0]
    k = seed % n_classes
    expected = (Z[0] if k else -Z[0]) if n_classes == 2 else Z[k] - np.delete(Z, k).mean()
    assert outcome.relevance.sum() == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert outcome.evidence == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_with_a_constant_bias_it_is_still_the_difference_to_the_mean_picture() -> None:
    model = linear(3)
    model.network.parameters["layers.0.b"][...] = [5, -3, 40]
    outcome = explain_pixels(model, random_picture(6, 5, 3))
    assert outcome.relevance.sum() == pytest.approx(outcome.evidence)
    assert outcome.answer == "c"


def test_of_a_linear_network_smooth_is_the_gradient() -> None:
    model, picture = linear(3), random_picture(6, 5, 3)
    plain, smooth = (
        explain_pixels(model, picture, method=m).relevance for m in ("gradient", "smooth")
    )
    assert smooth == pytest.approx(plain, rel=1e-9, abs=1e-12)


def test_of_a_linear_network_occlusion_without_overlap_adds_up() -> None:
    model, picture = linear(2), random_picture(6, 5, 3)
    outcome = explain_pixels(model, picture, method="occlusion", patch=1)
    plain = explain_pixels(model, picture)
    assert outcome.relevance == pytest.approx(plain.relevance, rel=1e-9, abs=1e-9)


def test_the_mean_picture_has_nothing_to_explain() -> None:
    outcome = explain_pixels(linear(2), np.full((6, 5, 3), 100, np.uint8))
    assert not outcome.relevance.any()
    assert outcome.evidence == 0
    assert outcome.share_for == 0
    assert "no evidence, neither" in explanation_text(outcome)
    assert explanation_png(outcome)


def test_what_speaks_for_one_of_two_speaks_against_the_other() -> None:
    model, picture = linear(2), random_picture(6, 5, 3)
    one, other = (explain_pixels(model, picture, of=name) for name in "ab")
    assert (one.relevance == -other.relevance).all()
    assert one.evidence == -other.evidence


def test_of_two_classes_the_evidence_is_what_moved_the_odds() -> None:
    model, picture = linear(2), random_picture(6, 5, 3)
    model.temperature = 2.5  # as after calibration: the probabilities are those of Z / 2.5
    outcome = explain_pixels(model, picture, of="b")
    P = outcome.probabilities.astype(float)
    assert np.log(P[1] / P[0]) == pytest.approx(outcome.evidence, rel=1e-5)
    model.temperature = 1.0
    assert explain_pixels(model, picture, of="b").evidence == pytest.approx(2.5 * outcome.evidence)


def test_the_contrast_is_blind_to_what_softmax_is_blind_to() -> None:
    assert contrast(("a", "b", "c"), "b", 3).tolist() == [-0.5, 1, -0.5]
    assert contrast(("a", "b"), "a", 1).tolist() == [-1]
    assert contrast(("a", "b"), "b", 1).tolist() == [1]
    assert contrast(("a", "b"), "b", 2).tolist() == [-1, 1]  # the logarithm of the odds
    assert contrast(tuple("abcde"), "e", 5).sum() == pytest.approx(0)


# finding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted({*METHODS} - {"class-map"}))
def test_the_planted_patch_is_found(method: str) -> None:
    picture = np.full((16, 16), 100, np.uint8)
    picture[8:12, 4:8] = 220
    outcome = explain_pixels(planted(), picture, method=method, patch=4)
    assert (outcome.answer, outcome.of) == ("b", "b")
    inside = outcome.relevance[8:12, 4:8]
    assert (inside > 0).all()
    assert inside.sum() > 0.45 * np.abs(outcome.relevance).sum()
    top = np.unravel_index(outcome.relevance.argmax(), outcome.relevance.shape)
    assert 8 <= top[0] < 12
    assert 4 <= top[1] < 8
    if method != "occlusion":
        assert np.abs(outcome.relevance).sum() == inside.sum()


def test_occlusion_covers_each_pixel() -> None:
    model = planted()
    for patch in (1, 3, 5, 16, 99):
        outcome = explain_pixels(model, random_picture(16, 16), method="occlusion", patch=patch)
        assert np.isfinite(outcome.relevance).all()
    assert np.ptp(outcome.relevance) == pytest.approx(0)  # one patch over all of it


def test_a_finite_difference_agrees_with_the_gradient() -> None:
    model = classifier_of(Network.dense([12, 8, 3], dtype=np.float64), (2, 2, 3), ("a", "b", "c"))
    picture = random_picture(2, 2, 3)
    outcome = explain_pixels(model, picture, of="b")
    x = (picture.reshape(-1) - 100.0) / 50
    h = 1e-6
    expected = np.zeros(12)
    for i in range(12):
        for sign in (1, -1):
            moved = x.copy()
            moved[i] += sign * h
            Z = model.network.forward(moved[None])[0]
            expected[i] += sign * (Z[1] - (Z[0] + Z[2]) / 2) / (2 * h)
    by_pixel = (x * expected).reshape(2, 2, 3).sum(axis=2)
    assert outcome.relevance == pytest.approx(by_pixel, rel=1e-5, abs=1e-6)


def test_smooth_is_the_same_for_the_same_seed_and_leaves_the_weights() -> None:
    model = planted()
    theta = model.network.theta.copy()
    first, again, other = (
        explain_pixels(model, random_picture(16, 16), method="smooth", rng=seed).relevance
        for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert first.shape == other.shape
    assert (model.network.theta == theta).all()


def test_the_articles_network() -> None:
    model = classifier_of(article_network(), (64, 64, 3), ("other", "cat"), mean=0.0)
    picture = np.asarray(draw_animal("cat", np.random.default_rng(0), 64))
    for method in sorted({*METHODS} - {"class-map"}):
        outcome = explain_pixels(model, picture, method=method)
        assert outcome.relevance.shape == (64, 64)
        assert outcome.relevance.any()
        assert (outcome.picture == picture).all()


def test_a_trained_run() -> None:
    rng = np.random.default_rng(0)
    X = np.stack([np.asarray(draw_animal(k, rng, 16)) for k in ("cat", "fox", "owl") * 6])
    model = Classifier(epochs=3, hidden=(8,), validation_share=0).fit(X, ["cat", "fox", "owl"] * 6)
    outcome = explain_pixels(model, X[0], of="owl", method="occlusion")
    assert outcome.of == "owl"
    assert outcome.probability == pytest.approx(model.predict_proba(X[:1])[0, 2])
    assert outcome.answer == model.predict(X[:1])[0]


# refusing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"method": "magic"}, r"one of gradient, smooth, occlusion, class-map, but got 'magic'\."),
        ({"of": "dog"}, r"one of a, b, but got 'dog'\."),
        ({"method": "smooth", "samples": 0}, "noisy copies must be a whole number ≥ 1"),
        ({"method": "smooth", "noise": -1}, "noise, a share"),
        ({"method": "occlusion", "patch": 0}, "side of a patch"),
    ],
)
def test_impossible_settings(changed: Mapping[str, Any], why: str) -> None:
    with pytest.raises(SettingError, match=why):
        explain_pixels(planted(), random_picture(16, 16), **changed)


def test_what_is_not_one_picture() -> None:
    with pytest.raises(DataError, match="One picture is explained at a time, but got 2"):
        explain_pixels(planted(), random_picture(2, 16, 16, 1))
    with pytest.raises(SettingError, match="is not trained yet"):
        explain_pixels(Classifier(), random_picture(16, 16))
    vectors = Classifier(epochs=1).fit(RNG.normal(size=(20, 3)), np.arange(20) % 2)
    with pytest.raises(DataError, match="trained on feature vectors of 3"):
        explain_pixels(vectors, np.zeros((1, 3)))


# seeing ----------------------------------------------------------------------------------------


def outcome_of(relevance: Array, picture: Array | None = None, of: str = "cat") -> Explanation:
    height, width = relevance.shape
    seen = np.full((height, width, 3), 128, np.uint8) if picture is None else picture
    P = np.array([0.25, 0.75])
    return Explanation(of, ("x", of), P, of, "gradient", relevance, 1.5, seen)


def test_the_colours_say_for_and_against() -> None:
    grey = np.full((1, 3), 128.0)
    against, nothing, for_it = coloured(grey, np.array([[-1.0, 0.0, 1.0]]))[0].tolist()
    assert (tuple(against), nothing, tuple(for_it)) == (AGAINST, [128] * 3, FOR)


def test_blue_is_for_and_orange_against_on_every_page() -> None:
    package = Path(plainnet.__file__).parent
    charts = (package / "reports" / "styles" / "colours.css").read_text(encoding="utf-8")
    lab = (package / "lab" / "static" / "colours.js").read_text(encoding="utf-8")
    pairs = re.findall(r"--series-1: #(.{6});\s+--series-2: #(.{6});", charts)
    pairs += [(second, first) for first, second in re.findall(r'= \["#(.{6})", "#(.{6})"', lab)]
    assert len(pairs) == 4, "light and dark charts, light and dark lab"
    for colours in [*[[bytes.fromhex(one) for one in pair] for pair in pairs], (FOR, AGAINST)]:
        (red, _, blue), (other_red, _, other_blue) = colours
        assert blue > red
        assert other_red > other_blue


def test_the_colours_differ_for_every_eye() -> None:
    """Seen without red, green or blue cones, orange and blue still differ, in hue or brightness."""
    views = (
        np.array(  # Viénot, Brettel, Mollon 1999; tritanopia after Brettel 1997, both linear RGB
            [
                [[0.11, 0.89, 0], [0.11, 0.89, 0], [0, 0, 1]],
                [[0.29, 0.71, 0], [0.29, 0.71, 0], [-0.02, 0.02, 1]],
                [[1, 0.13, -0.13], [0, 0.87, 0.13], [0, 0.87, 0.13]],
            ]
        )
    )
    for view in views:
        seen_for, seen_against = (view @ (np.array(c) / 255) ** 2.2 for c in (FOR, AGAINST))
        assert np.abs(seen_for - seen_against).max() > 0.25


def test_one_glaring_pixel_hides_no_other() -> None:
    relevance = np.zeros((32, 32))
    relevance[:16] = 0.01
    relevance[20, 20] = 1000
    shown = overlay(outcome_of(relevance)).astype(int)
    assert abs(shown[0, 0] - shown[31, 0]).max() > 60


def test_every_pixel_is_a_square() -> None:
    relevance = np.zeros((64, 64))
    relevance[10, 20] = 1
    sheet = np.asarray(explanation_picture(outcome_of(relevance)))
    where = np.argwhere((sheet == FOR).all(axis=2))
    where = where[where[:, 0] < 24 + 24 + 384]  # not the legend
    assert len(where) == 36
    assert np.ptp(where, axis=0).tolist() == [5, 5]


@pytest.mark.parametrize("shape", [(4, 4), (64, 64), (48, 64), (8, 64), (64, 8), (300, 700)])
def test_pictures_of_all_sizes_are_drawn(shape: tuple[int, int]) -> None:
    relevance = np.random.default_rng(0).normal(size=shape)
    grey = np.zeros((*shape, 1), np.uint8)
    png = explanation_png(outcome_of(relevance, grey))
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        assert image.width >= 560


@pytest.mark.parametrize("name", ["狗", "a\nb", "x" * 500, "Füchse", " "])
def test_class_names_of_all_kinds_are_drawn(name: str) -> None:
    outcome = outcome_of(np.ones((16, 16)), of=name)
    assert (
        explanation_picture(outcome).size == explanation_picture(outcome_of(np.ones((16, 16)))).size
    )
    assert "\nb" not in explanation_text(outcome)


def test_the_text_says_how_much_and_where() -> None:
    relevance = np.zeros((9, 9))
    relevance[:3, :3] = 3.0
    relevance[6:, 6:] = -1.0
    assert explanation_text(outcome_of(relevance)).splitlines() == [
        "answer    cat 75.0 %, x 25.0 %",
        "for       cat: 75.0 % of the evidence; 25.0 % against",
        "evidence  +1.5 in the logit, compared with the mean picture",
        "method    gradient",
        "",
        "Where, as shares of the evidence; + for, - against:",
        "             left  middle    right",
        "  upper   +75.0 %  +0.0 %   +0.0 %",
        "  middle   +0.0 %  +0.0 %   +0.0 %",
        "  lower    +0.0 %  +0.0 %  -25.0 %",
    ]


def test_of_an_ensemble_the_mean_of_its_networks_is_explained() -> None:
    one, other = linear(3, seed=1), linear(3, seed=2)
    picture = random_picture(6, 5, 3)
    apart = [explain_pixels(model, picture, of="b").relevance for model in (one, other)]
    one.networks += other.networks
    assert explain_pixels(one, picture, of="b").relevance == pytest.approx(np.mean(apart, axis=0))
