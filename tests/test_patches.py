"""Features of patches: the formulas, no leak between folds, the model file, ONNX, the commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.data import Dataset
from plainnet.errors import DataError, PlainnetError, SettingError
from plainnet.models.attribution import Explanation
from plainnet.models.cross_validation import cross_validate
from plainnet.models.defaults import BY_KIND, Kind, kind_of
from plainnet.models.kinds_of_inputs import kind_of_inputs
from plainnet.models.one_network import parts
from plainnet.models.recipe import Recipe
from plainnet.network import Array
from plainnet.pictures.augment.augmentation import FEW_PICTURES
from plainnet.pictures.patches import dictionary
from plainnet.pictures.patches.clusters import distances_of, k_means, nearest_of
from plainnet.pictures.patches.dictionary import Dictionary, halves, normalised
from plainnet.pictures.patches.extractor import TENSORS, PatchExtractor, PatchReader
from plainnet.pictures.patches.whitening import Whitening
from plainnet.tuning.usual_spaces import SPACES

RNG = np.random.default_rng(0)
CLASSES = np.array(["lines", "points"])


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(dictionary, "PICTURES", 60)
    patch.setattr(dictionary, "ENTRIES", 16)
    yield
    patch.undo()


def pictures(n: int, channels: int = 3) -> tuple[Array, Array]:
    """Upright lines, or points, at random places."""
    rng, y = np.random.default_rng(n), np.arange(n) % 2
    X = rng.integers(90, 110, (n, 16, 14, channels), np.uint8)
    for picture, kind in zip(X, y, strict=True):
        for place in rng.integers(0, (16, 14), (6, 2)):
            picture[slice(None) if kind == 0 else place[0], place[1]] = 250
    return X, y


X, y = pictures(80)


@pytest.fixture(scope="module")
def fitted() -> PatchExtractor:
    return PatchExtractor.fit(X)


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(epochs=40, hidden=(), dropout=0).fit(X, CLASSES[y], features="patches")


# -- the mathematics --------------------------------------------------------------------------


def test_whitened_rows_do_not_correlate() -> None:
    mixed = RNG.normal(size=(4000, 5)) @ RNG.normal(size=(5, 5)) + 3
    made = Whitening.fit(mixed, 1e-6)
    Z = made(mixed.astype(np.float32))
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(Z.T, bias=True), np.eye(5), atol=2e-3)
    np.testing.assert_allclose(made.V, made.V.T, atol=1e-5)  # zero-phase


def test_k_means_never_gets_worse_and_ends_at_means() -> None:
    Z = RNG.normal(size=(300, 3)).astype(np.float32)

    def spread(C: Array) -> float:
        return float((distances_of(Z, C) ** 2).min(axis=1).sum())

    each = [k_means(Z, 8, rounds, np.random.default_rng(5)) for rounds in (0, 1, 3, 10, 60)]
    values = [spread(C) for C in each]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0]
    nearest = nearest_of(Z, each[-1])
    for k, centre in enumerate(each[-1]):
        np.testing.assert_allclose(centre, Z[nearest == k].mean(axis=0), atol=1e-4)


def test_k_means_of_fewer_points_than_centres() -> None:
    Z = np.array([[0, 1], [5, 5]], np.float32)
    C = k_means(Z, 4, 3, np.random.default_rng(0))
    assert {*map(tuple, C.tolist())} == {(0, 1), (5, 5)}


def test_distances_are_those_of_the_definition() -> None:
    Z, C = RNG.normal(size=(7, 4)), RNG.normal(size=(3, 4))
    np.testing.assert_allclose(distances_of(Z, C), np.linalg.norm(Z[:, None] - C, axis=2))


@pytest.mark.parametrize("shape", [(16, 14, 3), (15, 21, 1), (70, 66, 3)])
def test_features_are_those_of_the_definition(shape: tuple[int, int, int]) -> None:
    X = RNG.integers(0, 256, (9, *shape), np.uint8)
    made, picture = Dictionary.fit(X), X[0]
    windows = sliding_window_view(picture, (6, 6), axis=(0, 1))[:: made.stride, :: made.stride]
    rows, columns = windows.shape[:2]
    expected = np.zeros((2, 2, len(made.entries)))
    counts = np.zeros((2, 2, 1))
    for i in range(rows):
        for j in range(columns):
            p = windows[i, j].transpose(1, 2, 0).ravel().astype(float)
            p = (p - p.mean()) / np.sqrt(p.var() + 10)
            z = np.linalg.norm(p @ made.whitening.V - made.whitening.shift - made.entries, axis=1)
            quadrant = int(i >= rows // 2), int(j >= columns // 2)
            expected[quadrant] += np.maximum(0, z.mean() - z)
            counts[quadrant] += 1
    assert made.n_features == expected.size
    np.testing.assert_allclose(made.features_of(picture), (expected / counts).ravel(), atol=1e-4)


def test_patches_have_mean_0_and_flat_ones_stay_flat() -> None:
    P = normalised(np.concatenate([RNG.normal(size=(5, 12)) * 40 + 9, np.full((1, 12), 77.0)]))
    np.testing.assert_allclose(P.mean(axis=1), 0, atol=1e-9)
    assert (np.abs(P[:5].std(axis=1) - 1) < 0.02).all()
    assert (P[5] == 0).all()


def test_halves_cover_all_rows() -> None:
    for n in (2, 3, 27):
        first, second = halves(n)
        assert [*range(n)[first], *range(n)[second]] == [*range(n)]


# -- data sets --------------------------------------------------------------------------------


def test_a_pictures_features_do_not_depend_on_others(fitted: PatchExtractor) -> None:
    alone = np.concatenate([fitted.extract(X[i : i + 1]) for i in range(8)])
    np.testing.assert_array_equal(fitted.extract(X[:8]), alone)


def test_another_fold_learns_other_patches() -> None:
    data = PatchReader().of(Dataset(X, y, ("lines", "points")))
    assert data.source is not None
    one, two = data.take(np.arange(40)), data.take(np.arange(40, 80))
    here, there = one.refit(two)
    own = PatchExtractor.fit(X[:40])
    np.testing.assert_array_equal(here.X, own.extract(X[:40]))
    np.testing.assert_array_equal(there.X, own.extract(X[40:]))
    assert here.extractor is there.extractor
    assert not np.array_equal(here.X, one.X)
    folds = [*cross_validate(data, Classifier(epochs=3, hidden=()), 2)]
    extractors = [fold.model.extractor for fold in folds]
    learned = {made.tensors()[TENSORS[2]].tobytes() for made in extractors if made}
    assert len(learned) == 2


def test_pictures_of_weight_0_are_not_learned_from() -> None:
    def fingerprint(pixels: Array, weights: Array | None) -> str:
        return PatchReader().fit(Dataset(pixels, y, ("a", "b"), weights=weights)).fingerprint

    other, first = X.copy(), np.repeat([1.0, 0.0], 40)
    other[40:] = 255 - other[40:]
    assert fingerprint(other, first) == fingerprint(X, first) != fingerprint(X, None)


def test_the_average_colour_goes_by_weights() -> None:
    flat = np.array([200, 100], np.uint8).repeat(14 * 14).reshape(2, 14, 14, 1)
    assert PatchExtractor.fit(flat).average == [150]
    assert PatchExtractor.fit(flat, np.array([3.0, 1.0])).average == [175]


def test_grey_pictures_take_one_channel_and_no_mirror_images() -> None:
    data = PatchReader().of(Dataset(np.repeat(pictures(20, 1)[0], 3, axis=3), y[:20], ("a", "b")))
    assert data.extractor is not None
    assert data.extractor.describe() == {"shape": [16, 14, 1]}
    inputs = kind_of_inputs(False, data.extractor).fit(data, False)
    assert inputs.varied(data, "auto") is data


def test_mirror_images_of_coloured_pictures_are_learned_from() -> None:
    coloured = X.copy()
    coloured[..., 0] //= 2
    data = PatchReader().of(Dataset(coloured, y, ("a", "b")))
    assert data.extractor is not None
    inputs = kind_of_inputs(False, data.extractor).fit(data, False)
    both = inputs.varied(data, "auto")
    mirrored = data.extractor.extract(coloured[:, :, ::-1])
    np.testing.assert_array_equal(both.X, np.concatenate([data.X, mirrored]))
    np.testing.assert_array_equal(both.y, np.concatenate([y, y]))
    assert inputs.varied(data, "none") is data


def test_validation_pictures_are_seen_through_the_patches_of_the_training() -> None:
    def entries(validation: Array) -> Array:
        made = Classifier(epochs=1, hidden=())
        made.fit(X, CLASSES[y], validation=(validation, CLASSES[y]), features="patches")
        assert made.extractor is not None
        return made.extractor.tensors()["extractor.patches.entries"]

    np.testing.assert_array_equal(entries(X), entries(255 - X))


def test_every_kind_of_data_has_its_defaults_and_a_space_to_search() -> None:
    assert {*BY_KIND} == {*SPACES} - {"conv"} == {*get_args(Kind)}
    data = PatchReader().of(Dataset(X, y, ("a", "b")))
    assert kind_of(data) == "patches"
    assert Recipe().resolve(data, tested=False).dropout == BY_KIND["patches"].dropout


def test_of_few_pictures_five_networks_answer_for_what_they_have_not_seen() -> None:
    data = PatchReader().of(Dataset(X, y, ("a", "b")))
    many = data.take(np.arange(FEW_PICTURES) % len(X))
    few, usual = (Recipe().resolve(one, tested=False) for one in (data, many))
    assert (few.ensemble, few.bagging, few.hidden) == (5, "folds", (64,))
    assert (usual.ensemble, usual.bagging, usual.hidden) == (1, "none", (256, 128))
    one = Recipe(ensemble=1).resolve(data, tested=False)
    assert (one.ensemble, one.bagging) == (1, "none")


def test_networks_on_small_folds_share_a_temperature() -> None:
    """Where labels say nothing, the answers of networks that know theirs by heart do not either."""
    labels = CLASSES[RNG.permutation(y)]
    made = Classifier(epochs=40).fit(X, labels, features="patches")
    assert len({one.temperature for one in made.networks}) == 1
    unseen, _ = pictures(60)
    assert made.temperature > 2
    assert made.predict_proba(unseen).max() < 0.9


def test_networks_on_folds_learn_from_mirror_images_too() -> None:
    made = Classifier(epochs=1, hidden=(), ensemble=2, bagging="folds")
    made.fit(X, CLASSES[y], features="patches")
    assert made.folds is not None
    learned, held = parts(made, 0)
    assert held is not None
    assert len(learned) == 2 * (len(X) - len(held))
    assert not {*map(bytes, learned.X)} & {*map(bytes, held.X)}


# -- models -----------------------------------------------------------------------------------


def test_lines_and_points_are_learned(model: Classifier) -> None:
    unseen, truth = pictures(60)
    assert (model.predict(unseen) == CLASSES[truth]).mean() > 0.9


def test_the_model_file_holds_the_patches(model: Classifier, tmp_path: Path) -> None:
    model.save(tmp_path / "model.safetensors")
    loaded = Classifier.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.extractor is not None
    assert "patches" in loaded.extractor.summary()
    larger = np.repeat(np.repeat(X[:3], 2, axis=1), 2, axis=2)
    assert loaded.predict(larger).shape == (3,)


def test_damaged_patches_are_refused(fitted: PatchExtractor) -> None:
    described, tensors = fitted.describe(), fitted.tensors()
    restored = PatchExtractor.restore(described, tensors)
    assert restored.fingerprint == fitted.fingerprint
    first = tensors[TENSORS[0]]
    for other in (first[:-1], first.astype(np.float64), np.full_like(first, np.nan)):
        with pytest.raises(ValueError, match="patches"):
            PatchExtractor.restore(described, {**tensors, TENSORS[0]: other})
    for shape in ([16, 14], [16, 14, 2], [1, 14, 3], [16, "14", 3], None, [10**9, 14, 3]):
        with pytest.raises(ValueError, match="patches"):
            PatchExtractor.restore({"shape": shape}, tensors)
    with pytest.raises(ValueError, match="patches"):
        PatchExtractor.restore(described, {})


def test_an_explanation_occludes_patches(model: Classifier) -> None:
    found = model.explain(X[0])
    assert isinstance(found, Explanation)
    assert found.method == "occlusion"
    assert np.isfinite(found.relevance).all()


def test_what_are_no_pictures_is_refused(fitted: PatchExtractor) -> None:
    vectors = Dataset(np.zeros((4, 5)), np.arange(4) % 2, ("a", "b"))
    for extractor in (fitted, PatchReader()):
        with pytest.raises(DataError, match="pictures"):
            extractor.of(vectors)
    with pytest.raises(SettingError, match="12 × 12"):
        Classifier().fit(X[:, :8], CLASSES[y], features="patches")
    with pytest.raises(PlainnetError):
        Classifier(augment="mild").fit(X, CLASSES[y], features="patches")


def test_the_graph_computes_the_same(model: Classifier, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from plainnet.export import export_onnx, verify_onnx

    path = tmp_path / "model.onnx"
    export_onnx(model, path)
    found = verify_onnx(path)
    assert found.sound
    assert found.network < 1e-4


def test_the_commands(tmp_path: Path) -> None:
    for i, (pixels, kind) in enumerate(zip(*pictures(40), strict=True)):
        path = tmp_path / "data" / CLASSES[kind] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    data, run = str(tmp_path / "data"), str(tmp_path / "run")
    options = ["--features", "patches", "--size", "16", "--epochs", "6"]
    shown = [
        CliRunner().invoke(cli, command)
        for command in (
            ["train", data, *options, "--out", run, "--no-report"],
            ["evaluate", run, data],
            ["predict", run, str(tmp_path / "data" / "lines" / "0.png")],
            ["cross-validate", data, *options, "--folds", "2"],
        )
    ]
    assert [one.exit_code for one in shown] == [0] * 4
    assert "features of 16 patches" in shown[0].stderr
