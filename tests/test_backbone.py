"""A frozen backbone: the door, what it is shown, its features, and how they are kept."""

import errno
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.data import Dataset, feature_cache, read_data
from plainnet.errors import DataError, FileError, MissingExtraError, PictureError, SettingError
from plainnet.files.record_file import RecordFile
from plainnet.files.rows import MemoryMappedRows
from plainnet.models import mirrored as mirrored_module
from plainnet.models.mirrored import with_mirror_images
from plainnet.network import Array
from plainnet.pictures import picture_files, read_pictures

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from backbones import FLOAT, UINT8, convolutional, glass, save  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

from plainnet.pictures.backbone.backbone import Backbone  # noqa: E402
from plainnet.pictures.backbone.model import OnnxModel  # noqa: E402

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("data") / "pets", np.random.default_rng(0)
    for i in range(40):
        pixels = rng.integers(0, 150, (14, 20, 3), np.uint8) + np.uint8(i % 2 * 100)
        path = folder / ("cat", "dog")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pictures"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of pictures of each run of a model."""
    counted: list[int] = []
    run = OnnxModel.run

    def seen(self: OnnxModel, X: Array, *which: Any) -> list[Array]:
        counted.append(len(X))
        return run(self, X, *which)

    monkeypatch.setattr(OnnxModel, "run", seen)
    return counted


def levels(folder: Path, side: int = 12, grey: bool = False) -> Array:
    """The mean of each channel of each picture, from 0 to 255."""
    data = read_data(folder, size=side, grey=grey).train
    assert data is not None
    means: Array = np.asarray(data.X).mean(axis=(1, 2), dtype=np.float64)
    return means


def features(backbone: Backbone, folder: Path) -> Array:
    data = backbone.read(folder).train
    assert data is not None
    assert data.extractor is backbone
    assert data.paths is not None
    return np.asarray(data.X)


def beside(path: Path, **said: Any) -> None:
    path.with_suffix(".json").write_text(json.dumps(said))


# -- what it is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["features", "column", "map"])
@pytest.mark.parametrize("batch", ["N", 1, 3])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_pictures_are_shown_as_they_should_be(
    pets: Path, tmp_path: Path, layout: str, batch: Any, ends: str
) -> None:
    backbone = Backbone.open(glass(tmp_path / "a.onnx", layout, batch=batch, ends=ends))
    X = features(backbone, pets)
    assert X.dtype == np.float32
    assert X.shape == (40, 3)
    np.testing.assert_allclose(X, (levels(pets) / 255 - MEAN) / STD, atol=1e-5)
    assert backbone.extract(np.zeros((1, 5, 7, 3), np.uint8)).shape == (1, 3)


def test_a_map_may_lie_otherwise_than_the_input(tmp_path: Path) -> None:
    """As in models of TensorFlow's that were converted: (N, h, w, c) in, (N, c, h, w) out."""
    nodes = [helper.make_node("Transpose", ["x"], ["out"], perm=[0, 3, 1, 2])]
    inputs = {"x": (FLOAT, ["N", 8, 8, 3])}
    beside(save(tmp_path / "a.onnx", nodes, inputs, {"out": (FLOAT, None)}), scale=1, mean=0, std=1)
    pictures = np.full((2, 8, 8, 3), (1, 2, 3), np.uint8)
    assert Backbone.open(tmp_path / "a.onnx").extract(pictures).tolist() == [[1, 2, 3]] * 2


def test_bytes_are_shown_as_they_are(pets: Path, tmp_path: Path) -> None:
    backbone = Backbone.open(glass(tmp_path / "a.onnx", "NHWC", UINT8))
    np.testing.assert_allclose(features(backbone, pets), levels(pets), atol=1e-4)
    beside(tmp_path / "a.onnx", colours="BGR")
    turned = Backbone.open(tmp_path / "a.onnx")
    np.testing.assert_allclose(features(turned, pets), levels(pets)[:, ::-1], atol=1e-4)


def test_one_channel_is_brightness(pets: Path, tmp_path: Path) -> None:
    beside(tmp_path / "a.onnx", scale=1, mean=0, std=2)
    backbone = Backbone.open(glass(tmp_path / "a.onnx", channels=1))
    X = features(backbone, pets)
    np.testing.assert_allclose(X, levels(pets, grey=True) / 2, atol=1e-4)
    colour = np.full((2, 6, 6, 3), (10, 20, 250), np.uint8)
    grey = np.asarray(Image.fromarray(colour[0]).convert("L"))
    assert backbone.extract(colour).tolist() == [[grey[0, 0] / 2]] * 2
    assert backbone.extract(grey[None, ..., None]).tolist() == [[grey[0, 0] / 2]]


def test_grey_arrays_become_colours_where_those_are_wanted(tmp_path: Path) -> None:
    beside(tmp_path / "a.onnx", scale=1, mean=0, std=1)
    backbone = Backbone.open(glass(tmp_path / "a.onnx"))
    assert backbone.extract(np.full((1, 6, 6, 1), 9, np.uint8)).tolist() == [[9, 9, 9]]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"mean": 0.5, "std": 0.5}, lambda x: (x / 255 - 0.5) / 0.5),
        ({"scale": 1, "mean": [1, 2, 3], "std": 1}, lambda x: x - [1, 2, 3]),
        ({"colours": "BGR"}, lambda x: (x[:, ::-1] / 255 - MEAN) / STD),
        ({"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 4], "resample": 3, "do_resize": True},
         lambda x: (x / 255 - [0.1, 0.2, 0.3]) / [1, 2, 4]),
        ({"image_mean": [0.1, 0.2, 0.3], "do_normalize": False, "rescale_factor": 0.5},
         lambda x: x / 2),
        ({"do_normalize": False, "do_rescale": False}, lambda x: x),
        ({"image_mean": [0, 0, 0], "image_std": [1, 1, 1], "do_flip_channel_order": True},
         lambda x: x[:, ::-1] / 255),
    ],
)  # fmt: skip
def test_a_file_beside_it_says_how(
    pets: Path, tmp_path: Path, said: dict[str, Any], expected: Callable[[Array], Array]
) -> None:
    beside(glass(tmp_path / "a.onnx"), **said)
    X = features(Backbone.open(tmp_path / "a.onnx"), pets)
    np.testing.assert_allclose(X, expected(levels(pets)), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ({"size": 10}, (10, 10)),
        ({"size": [8, 10]}, (8, 10)),
        ({"image_mean": [0, 0, 0], "size": {"height": 8, "width": 10}}, (8, 10)),
        ({"image_mean": [0, 0, 0], "size": {"shortest_edge": 9}}, (9, 9)),
        ({"image_mean": [0, 0, 0], "size": 11}, (11, 11)),
        ({"image_mean": [0, 0, 0], "size": {"shortest_edge": 9}, "do_center_crop": True,
          "crop_size": {"height": 6, "width": 7}}, (6, 7)),
        ({"image_mean": [0, 0, 0], "size": {"shortest_edge": 9}, "do_center_crop": False,
          "crop_size": 7}, (9, 9)),
    ],
)  # fmt: skip
def test_its_size(tmp_path: Path, said: dict[str, Any], size: tuple[int, int]) -> None:
    beside(glass(tmp_path / "a.onnx", side="any"), **said)
    assert Backbone.open(tmp_path / "a.onnx").shape == (*size, 3)
    assert Backbone.open(tmp_path / "a.onnx", size=5).shape == (5, 5, 3)


def test_a_hugging_face_export_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    path = glass(tmp_path / "onnx" / "model.onnx", side="any", channels="any")
    with pytest.raises(FileError, match=r'does not show .* set them in .*: \{"layout": "NCHW"'):
        Backbone.open(path)
    said = {"image_mean": [0, 0, 0], "image_std": [1, 1, 1], "size": {"height": 8, "width": 8}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    backbone = Backbone.open(path)
    assert backbone.shape == (8, 8, 3)
    assert backbone.extract(np.full((1, 4, 4, 3), 51, np.uint8)) == pytest.approx(0.2)


@pytest.mark.parametrize(("pool", "share"), [("first", 1), ("mean", 0.5)])
def test_tokens(pets: Path, tmp_path: Path, pool: str, share: float) -> None:
    path = glass(tmp_path / "a.onnx", ends="tokens")
    with pytest.raises(FileError, match=r'a row for each token; set .* \{"pool": "first"\}'):
        Backbone.open(path)
    beside(path, pool=pool, scale=1, mean=0, std=1)
    X = features(Backbone.open(path), pets)
    np.testing.assert_allclose(X, levels(pets) * share, atol=1e-4)


def test_what_is_assumed_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = glass(tmp_path / "a.onnx", side=None)
    assert Backbone.open(path).shape == (224, 224, 3)
    assert caplog.messages == [
        f"The settings of {path} do not give its input, so 224 × 224 pixels and ImageNet's mean "
        f"and std are assumed; set them in {path.with_suffix('.json')}."
    ]
    caplog.clear()
    beside(path, size=8, mean=0, std=1)
    assert "(level / 255 − [0 0 0]) / [1 1 1]" in Backbone.open(path).summary()
    assert caplog.messages == []


def two_outputs(path: Path, **shapes: list[int]) -> Path:
    """A backbone with outputs of these shapes, each after the batch."""
    node, nodes, constants = helper.make_node, [], {"one": np.ones(1, np.float32)}
    nodes += [
        node("ReduceMean", ["x"], ["mean"], axes=[1, 2, 3], keepdims=0),
        node("Shape", ["mean"], ["n"]),
    ]
    for name, shape in shapes.items():
        constants[f"{name}_shape"] = np.array(shape, np.int64)
        nodes.append(node("Concat", ["n", f"{name}_shape"], [f"{name}_all"], axis=0))
        nodes.append(node("Expand", ["one", f"{name}_all"], [name]))
    outs = {name: (FLOAT, [None] * (1 + len(shape))) for name, shape in shapes.items()}
    return save(path, nodes, {"x": (FLOAT, ["N", 3, 8, 8])}, outs, constants)


def test_the_output_that_holds_the_features(tmp_path: Path) -> None:
    path = two_outputs(tmp_path / "a.onnx", hidden=[5, 7], pooler=[7], maps=[4, 2, 2])
    assert Backbone.open(path).view.output == "pooler"
    beside(path, output="maps")
    assert Backbone.open(path).n_features == 4
    beside(path, output="hidden", pool="mean")
    assert Backbone.open(path).n_features == 7
    beside(path, output="logits")
    with pytest.raises(FileError, match=r"has no output 'logits' of features, but hidden float32"):
        Backbone.open(path)
    two_outputs(path, a=[3], b=[4])
    path.with_suffix(".json").unlink()
    with pytest.raises(FileError, match=r'name the output .* in .*a\.json: \{"output": "a"\}'):
        Backbone.open(path)


def test_a_model_that_takes_one_picture_at_a_time_without_saying_so(tmp_path: Path) -> None:
    node = helper.make_node
    nodes = [
        node("GlobalAveragePool", ["x"], ["a"]),
        node("Reshape", ["a", "shape"], ["out"]),
    ]
    constants = {"shape": np.array([1, 3])}
    inputs = {"x": (FLOAT, ["N", 3, 8, 8])}
    path = save(tmp_path / "a.onnx", nodes, inputs, {"out": (FLOAT, None)}, constants)
    backbone = Backbone.open(path)
    assert backbone.view.batch == 1
    assert backbone.extract(np.zeros((5, 8, 8, 3), np.uint8)).shape == (5, 3)


# -- the door --------------------------------------------------------------------------------------


def external(path: Path) -> Path:
    convolutional(path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    return path


def hidden_external(path: Path) -> Path:
    """In a constant within a branch, where onnx's own loading does not look for it."""
    tensor = helper.make_tensor("w", FLOAT, [1], [1.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    then = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=tensor)],
        "then",
        [],
        [helper.make_tensor_value_info("c", FLOAT, [1])],
    )
    nodes = [
        helper.make_node("If", ["yes"], ["c"], then_branch=then, else_branch=then),
        helper.make_node("Mul", ["x", "c"], ["out"]),
    ]
    inputs = {"x": (FLOAT, ["N", 3, 8, 8])}
    constants = {"yes": np.array(True)}
    return save(path, nodes, inputs, {"out": (FLOAT, [None] * 4)}, constants)


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(convolutional(path).read_bytes()[:-400])


def plain(inputs: dict[str, Any], output: Any = None, op: str = "Identity") -> Callable[..., Path]:
    def make(path: Path) -> Path:
        name = next(iter(inputs))
        node = helper.make_node(op, [name], ["out"])
        return save(path, [node], inputs, {"out": output or (FLOAT, None)})

    return make


X = {"x": (FLOAT, ["N", 3, 8, 8])}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, r"The backbone .*a\.onnx cannot be read \(No such file"),
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\); name an ONNX file"),
        (written(b"hello, I am no model\n"), r"is not a valid ONNX file|computes nothing"),
        (written(b""), "is not a valid ONNX file: it computes nothing"),
        (cut, r"is not a valid ONNX file \(.*\); export or copy it again"),
        (external, r"has its weights in another file; save it as one: onnx\.save\(onnx\.load"),
        (hidden_external, "has its weights in another file"),
        (plain({"ids": (TensorProto.INT64, ["N", 77])}, (TensorProto.INT64, None)),
         r"takes ids tensor\(int64\) \['N', 77\]; a backbone takes one batch of pictures"),
        (plain({"x": (FLOAT, ["N", 48])}), "so export the part that takes pictures"),
        (plain({"x": (TensorProto.FLOAT16, ["N", 3, 8, 8])}, (TensorProto.FLOAT16, None)),
         "float32 or uint8"),
        (plain({**X, "mask": (FLOAT, [1])}), r"takes x tensor\(float\).*, mask tensor"),
        (plain({"x": (FLOAT, ["N", "c", "h", "w"])}),
         r"\(any, any, any, any\), which does not show the channels"),
        (plain({"x": (FLOAT, ["N", 3, 8, 3])}), "does not show the channels"),
        (plain({"x": (FLOAT, ["N", 4, 8, 8])}), "does not show the channels"),
        (plain(X, (TensorProto.INT64, None), "Size"), r"returns out int64 \(\); expected floating"),
        (plain(X, (TensorProto.INT64, None), "Shape"), "so export the layer before the answer"),
        (plain(X, op="NoSuchThing"), r"cannot be run by ONNX Runtime .*NoSuchThing"),
    ],
)  # fmt: skip
def test_what_is_no_backbone(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    make(tmp_path / "a.onnx")
    with pytest.raises(FileError, match=why) as outcome:
        Backbone.open(tmp_path / "a.onnx")
    assert "\n" not in str(outcome.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('{"size": ', r"a\.json, the settings .* cannot be read .*; correct it, or move it"),
        ("[1]", "must hold one JSON object with any of size, layout"),
        ('{"skale": 1}', "has the unknown key 'skale'; did you mean scale?"),
        ('{"zzz": 1}', "the keys are size, layout, colours"),
        ('{"size": "224px"}', "has size = '224px'; expected pixels, such as 224"),
        ('{"size": 0}', "has size = 0"),
        ('{"size": [1, 2, 3]}', r"has size = \[1, 2, 3\]"),
        ('{"size": NaN}', "has size = nan"),
        ('{"mean": "0"}', "has mean = '0'; expected a number, or one for each channel"),
        ('{"std": [1, 0, 1]}', r"has std = \[1, 0, 1\]; expected a number above 0"),
        ('{"mean": [1, 2]}', r"one number for each of 3 channels, but got \[1\.0, 2\.0\]"),
        ('{"scale": [1]}', r"has scale = \[1\]"),
        ('{"scale": 1e999}', "has scale = inf"),
        ('{"layout": "HWC"}', "has layout = 'HWC'; expected NCHW or NHWC"),
        ('{"colours": "rgb"}', "expected RGB or BGR"),
        ('{"pool": "max"}', "expected mean or first"),
        ('{"size": 13}', r"takes pictures of 12 × 12 pixels, but .*a\.json says 13 × 13"),
        ('{"layout": "NHWC"}', "NHWC, with 12 channels; pictures have 3, or 1"),
        ('{"image_mean": [true, 1, 1]}', "has mean = "),
    ],
)
def test_files_beside_it_that_say_nonsense(tmp_path: Path, said: str, why: str) -> None:
    glass(tmp_path / "a.onnx").with_suffix(".json").write_text(said)
    with pytest.raises((FileError, SettingError), match=why):
        Backbone.open(tmp_path / "a.onnx")


def test_a_size_that_it_does_not_take(tmp_path: Path) -> None:
    path = glass(tmp_path / "a.onnx")
    assert Backbone.open(path, size=12).shape == (12, 12, 3)
    with pytest.raises(SettingError, match=r"12 × 12 .* 9 × 12"):
        Backbone.open(path, size=(9, 12))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_its_packages_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    path = glass(tmp_path / "a.onnx")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[onnx\]"'):
        Backbone.open(path)


def test_what_goes_wrong_while_it_runs_is_a_sentence(tmp_path: Path) -> None:
    """A model of fixed pixels behind a door of any size."""
    node = helper.make_node
    nodes = [node("Reshape", ["x", "shape"], ["flat"]), node("Relu", ["flat"], ["out"])]
    inputs = {"x": (FLOAT, ["N", 3, "h", "w"])}
    constants = {"shape": np.array([-1, 3 * 8 * 8])}
    path = save(tmp_path / "a.onnx", nodes, inputs, {"out": (FLOAT, [None, 192])}, constants)
    assert Backbone.open(path, size=8).n_features == 192
    with pytest.raises(DataError, match=r"a\.onnx cannot be run on an input float32 \(1, 3, 9, 9"):
        Backbone.open(path, size=9)


# -- files, one by one -----------------------------------------------------------------------------


def test_unreadable_pictures_are_left_out_and_the_rows_stay_in_line(
    tmp_path: Path, pets: Path, store: Path
) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    files = sorted(pets.rglob("*.png"))
    whole, _ = backbone.of_files(files)
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    at = [0, 3, 16, 17, 33]
    mixed: list[Path] = list(files)
    for i in at:
        mixed.insert(i, broken)
    errors: list[PictureError] = []
    X, kept = backbone.of_files(mixed, on_unreadable=errors.append)
    assert len(errors) == 5
    assert [mixed[i] for i in kept] == files
    np.testing.assert_allclose(X, whole, rtol=1e-5, atol=1e-6)  # in other batches: other roundings
    with pytest.raises(PictureError, match=r"broken\.png is not a picture"):
        backbone.of_files(mixed)
    with pytest.raises(PictureError, match=r"broken\.png is not a picture"):
        backbone.extract(mixed)
    assert backbone.of_files([broken], on_unreadable=errors.append)[0].shape == (0, 12)


def test_arrays_of_any_size(tmp_path: Path, pets: Path) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    files = sorted(pets.rglob("*.png"))
    pictures, _ = read_pictures(files, 16)
    np.testing.assert_array_equal(backbone.extract(pictures), backbone.of_files(files)[0])
    assert backbone.extract(read_pictures(files, 20)[0]).shape == (40, 12)


def test_features_are_no_pictures(tmp_path: Path) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    np.savez(tmp_path / "f.npz", X=np.ones((4, 3)), y=[0, 1, 0, 1])
    with pytest.raises(DataError, match=r"holds feature vectors, but a\.onnx takes pic"):
        backbone.read(tmp_path / "f.npz")


# -- kept on the disk ------------------------------------------------------------------------------


def test_it_looks_once(tmp_path: Path, pets: Path, store: Path, runs: list[int]) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    runs.clear()
    X = features(backbone, pets)
    assert runs == [16, 16, 8]
    again = Backbone.open(tmp_path / "a.onnx")
    runs.clear()
    seen: list[tuple[int, int]] = []
    data = again.read(pets, progress=lambda *counted: seen.append(counted)).train
    assert data is not None
    assert (runs, seen) == ([], [(40, 40)])
    np.testing.assert_array_equal(data.X, X)
    assert [path.suffix for path in sorted(store.iterdir())] == [".records"]


def test_a_picture_more_costs_only_itself(
    tmp_path: Path, pets: Path, store: Path, runs: list[int]
) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    X = features(backbone, pets)
    more = Path(shutil.copytree(pets, tmp_path / "more"))
    Image.new("RGB", (30, 20), (200, 10, 10)).save(more / "cat" / "0a.png")
    (more / "dog" / "1.png").unlink()
    shutil.copy(more / "cat" / "2.png", more / "cat" / "twin.png")
    runs.clear()
    headers: dict[Path, Any] = {}
    found = backbone.read(more)
    headers.update(found.headers)
    assert runs == [1]
    assert found.train is not None
    assert found.train.paths is not None
    assert len(found.train) == 41
    by_name = {path.name: row for path, row in zip(found.train.paths, found.train.X, strict=True)}
    for path, row in zip(picture_files(pets), X, strict=True):
        if path.name != "1.png":
            np.testing.assert_array_equal(by_name[path.name], row)
    np.testing.assert_array_equal(by_name["twin.png"], by_name["2.png"])
    assert headers[more / "cat" / "0.png"] == ("PNG", (14, 20))
    assert headers[more / "cat" / "0a.png"] == ("PNG", (20, 30))
    assert len(headers) == 41


def test_mirror_images_are_cached_beside_the_pictures(
    tmp_path: Path, pets: Path, store: Path, runs: list[int]
) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    files: list[Path] = [*picture_files(pets)]
    X = features(backbone, pets)
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    found, rows = backbone.mirrored([*files[:7], broken, *files[7:]])
    assert rows.tolist() == [*range(7), *range(8, 41)]
    mirrored = backbone.extract(read_pictures(files, 16)[0][:, :, ::-1])
    np.testing.assert_allclose(found, mirrored, rtol=1e-4, atol=1e-6)
    assert np.abs(found - X).max() > 0.01
    runs.clear()
    np.testing.assert_array_equal(backbone.mirrored(files)[0], found)
    np.testing.assert_array_equal(features(backbone, pets), X)
    assert runs == []
    assert len(list(store.iterdir())) == 1


def test_few_pictures_are_learned_from_with_their_mirror_images(
    tmp_path: Path, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    data = backbone.read(pets).train
    assert data is not None
    assert data.paths is not None
    both = with_mirror_images(data, backbone)
    mirrored = backbone.mirrored(data.paths)[0]
    np.testing.assert_array_equal(both.X, np.concatenate([data.X, mirrored]))
    np.testing.assert_array_equal(both.y, np.tile(data.y, 2))
    how: dict[str, Any] = {"hidden": (4,), "epochs": 3, "validation_share": 0}
    given = Classifier(**how).fit(data)
    assert given.training is not None
    assert len(given.training) == 40  # they are not samples of their own
    alone = Classifier(**how, augment="none").fit(data)
    again = Classifier(**how).fit(both)
    assert not np.array_equal(given.network.theta, alone.network.theta)
    np.testing.assert_allclose(given.predict_proba(data), again.predict_proba(data), atol=0.05)
    monkeypatch.setattr(mirrored_module, "MIRRORED_BELOW", 20)
    assert with_mirror_images(data, backbone) is data
    arrays = backbone.of(Dataset(np.zeros((4, 8, 8, 3), np.uint8), np.arange(4) % 2, ("a", "b")))
    assert with_mirror_images(arrays, backbone) is arrays


def test_arrays_are_known_by_their_pixels(tmp_path: Path, store: Path, runs: list[int]) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    pictures = np.random.default_rng(0).integers(0, 256, (20, 6, 8, 3), np.uint8)
    data = Dataset(pictures, np.arange(20) % 2, ("a", "b"))
    X = backbone.of(data).X
    runs.clear()
    np.testing.assert_array_equal(backbone.of(data.take([9, 3])).X, X[[9, 3]])
    assert runs == []
    turned = backbone.of(replace(data, X=pictures.reshape(20, 8, 6, 3))).X
    assert sum(runs) == 20
    np.testing.assert_allclose(turned, backbone.extract(pictures.reshape(20, 8, 6, 3)), rtol=1e-5)


def test_many_features_stay_on_the_disk(
    tmp_path: Path, pets: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    X = features(backbone, pets)
    monkeypatch.setattr(feature_cache, "MAX_BYTES_IN_MEMORY", 0)
    for _ in range(2):
        data = backbone.read(pets).train
        assert data is not None
        assert isinstance(data.X, MemoryMappedRows)
        np.testing.assert_array_equal(data.X, X)
        np.testing.assert_array_equal(data.take([7, 3]).X, X[[7, 3]])
        shutil.rmtree(store)


def interrupted(folder: Path, backbone: Path, where: Path) -> None:
    os.environ["PLAINNET_CACHE"] = str(where)
    feature_cache.APPENDED_AT_ONCE = 5
    read = Backbone.open(backbone).read
    read(folder, progress=lambda done, total: os._exit(9) if done == 18 else None)


def test_what_a_killed_process_has_done_is_kept(
    tmp_path: Path, pets: Path, store: Path, runs: list[int]
) -> None:
    path = convolutional(tmp_path / "a.onnx")
    spawn = multiprocessing.get_context("spawn")
    killed = spawn.Process(target=interrupted, args=(pets, path, store.parent))
    killed.start()
    killed.join(300)
    assert killed.exitcode == 9
    (file,) = store.iterdir()
    file.write_bytes(file.read_bytes() + b"half of a record")
    backbone = Backbone.open(path)
    runs.clear()
    X = features(backbone, pets)
    assert sum(runs) == 25
    np.testing.assert_allclose(X, backbone.of_files(picture_files(pets))[0], rtol=1e-5)
    runs.clear()
    np.testing.assert_array_equal(features(backbone, pets), X)
    assert runs == []


@pytest.mark.parametrize("part", ["a.npz", "pets"])
def test_what_it_depends_on_is_seen(
    tmp_path: Path, pets: Path, store: Path, runs: list[int], part: str
) -> None:
    pictures, labels = np.zeros((3, 6, 6, 3), np.uint8), np.array([0, 1, 0])
    pictures[1] = 90
    np.savez(tmp_path / "a.npz", X=pictures, y=labels)
    source = pets if part == "pets" else tmp_path / part

    def read() -> int:
        backbone = Backbone.open(convolutional(tmp_path / "a.onnx", d))
        runs.clear()
        features(backbone, pets) if part == "pets" else backbone.read(source)
        return len(runs)

    d = 12
    assert read() > 0
    assert read() == 0
    beside(tmp_path / "a.onnx", mean=0.5, std=0.5)
    assert read() > 0
    assert read() == 0
    d = 13
    assert read() > 0
    if part != "pets":
        pictures[0, 0, 0, 0] = 1
        np.savez(tmp_path / "a.npz", X=pictures, y=labels)
        assert read() > 0


@pytest.mark.parametrize(("at", "n"), [(-1, 1), (-700, 1), (70, 1), (64 + 25, 1), (10, 40)])
def test_what_is_damaged_is_made_anew(
    tmp_path: Path, pets: Path, store: Path, runs: list[int], at: int, n: int
) -> None:
    """The number, the key or the checksum of a picture, or the beginning of the file."""
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    X = features(backbone, pets)
    (file,) = store.iterdir()
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    runs.clear()
    np.testing.assert_allclose(features(backbone, pets), X, rtol=1e-5)
    assert sum(runs) == n
    runs.clear()
    np.testing.assert_allclose(features(backbone, pets), X, rtol=1e-5)
    assert runs == []


def test_nothing_is_kept_where_the_user_wants_none_or_it_cannot_be(
    tmp_path: Path,
    pets: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    caplog.clear()
    monkeypatch.setenv("PLAINNET_CACHE", "off")
    X = features(backbone, pets)
    assert caplog.messages == []
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "a.onnx"))
    np.testing.assert_array_equal(features(backbone, pets), X)
    assert "features" in caplog.messages[0]
    assert "PLAINNET_CACHE" in caplog.messages[0]


def test_a_disk_that_gets_full_while_it_looks(
    tmp_path: Path,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(feature_cache, "APPENDED_AT_ONCE", 20)
    pictures = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), np.uint8)
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    X, append, written = backbone.extract(pictures), RecordFile.append, iter(range(9))

    def fails(self: RecordFile, *how: Any) -> int:
        if next(written) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return append(self, *how)

    monkeypatch.setattr(RecordFile, "append", fails)
    caplog.clear()
    data = backbone.of(Dataset(pictures, np.arange(50) % 2, ("a", "b")))
    np.testing.assert_array_equal(data.X, X)
    assert "(No space left on device)" in caplog.text
    assert len(caplog.messages) == 1


def make(folder: Path, backbone: Path, where: Path, both: Barrier) -> None:
    os.environ["PLAINNET_CACHE"] = str(where)
    opened = Backbone.open(backbone)
    both.wait(300)
    np.save(where.parent / f"{os.getpid()}.npy", features(opened, folder))


def test_two_processes_that_make_the_same(tmp_path: Path, pets: Path, store: Path) -> None:
    path = convolutional(tmp_path / "a.onnx")
    spawn = multiprocessing.get_context("spawn")
    arguments = (pets, path, store.parent, spawn.Barrier(2))
    workers = [spawn.Process(target=make, args=arguments) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0, 0]
    X = features(Backbone.open(path), pets)
    for worker in workers:
        np.testing.assert_array_equal(np.load(tmp_path / f"{worker.pid}.npy"), X)
    assert len(list(store.iterdir())) == 1


def test_parts_and_arrays_are_all_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (7, 9, 9), np.uint8)
    y = np.array(["a", "b"] * 3 + ["a"])
    np.savez(tmp_path / "g.npz", X=pictures, y=y, X_test=pictures[:2], y_test=y[:2])
    backbone = Backbone.open(convolutional(tmp_path / "a.onnx"))
    splits = backbone.read(tmp_path / "g.npz")
    assert isinstance(splits.train, Dataset)
    assert isinstance(splits.test, Dataset)
    assert splits.validation is None
    np.testing.assert_array_equal(splits.train.X, backbone.extract(pictures[..., None]))
    np.testing.assert_allclose(splits.test.X, splits.train.X[:2], rtol=1e-5)
    assert splits.test.extractor is backbone
