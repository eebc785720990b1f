"""A picture that is handed in as an object gives the answer that its file gives."""

import io
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from plainnet import Classifier, Regressor
from plainnet.errors import DataError, PictureError
from plainnet.models.attribution import explain_pixels
from plainnet.models.picture_samples import raw_pictures
from plainnet.pictures import decoding, read_picture, read_pictures
from plainnet.pictures.given import pictures_in

Array = NDArray[Any]
ORIENTATION = 274
SIZE = (24, 32)


def scene(height: int = 90, width: int = 120) -> Array:
    """Something smooth without any symmetry, uint8 (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    waves = [np.sin(5 * x + y), np.cos(4 * y * x), x * (1 - 0.5 * y) * 2 - 1]
    return np.rint(127.5 * (1 + np.stack(waves, axis=-1))).astype(np.uint8)


def image_in(mode: str) -> Image.Image:
    """The scene in a mode, with transparency where it can have any."""
    rgb = Image.fromarray(scene())
    grey = np.asarray(rgb.convert("L"))
    if mode.startswith("I;16"):
        return Image.fromarray(grey.astype(np.uint16) * 257).convert(mode)
    if mode == "I":
        return Image.fromarray(grey.astype(np.int32))
    if mode == "F":
        return Image.fromarray(grey.astype(np.float32) / 255)
    if mode == "LAB":
        return Image.fromarray(scene(), "LAB")
    image = rgb.convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(scene()[..., 1]))
    return image


FILES = [
    *(("1", ending) for ending in ("png", "tif", "bmp")),
    *(("L", ending) for ending in ("png", "tif", "bmp", "jpg", "webp", "gif")),
    *(("P", ending) for ending in ("png", "tif", "bmp", "gif")),
    *(("RGB", ending) for ending in ("png", "tif", "bmp", "jpg", "webp", "gif")),
    *(("RGBA", ending) for ending in ("png", "tif", "webp")),
    *(("LA", ending) for ending in ("png", "tif")),
    *(("CMYK", ending) for ending in ("jpg", "tif")),
    ("YCbCr", "tif"),
    ("YCbCr", "jpg"),
    ("LAB", "tif"),
    *(("I;16", ending) for ending in ("png", "tif")),
    ("I;16B", "tif"),
    ("I", "tif"),
    ("F", "tif"),
]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("mode", "ending"), FILES)
def test_objects_are_read_as_their_files_are(
    tmp_path: Path, mode: str, ending: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"a.{ending}"
    image = image_in(mode)
    if ending in ("bmp", "gif"):
        image.save(path)
    else:
        image.save(path, exif=exif)
    content = path.read_bytes()
    turn = decoding._TURNS.get(1 if ending in ("bmp", "gif") else orientation)
    upright = image if turn is None else image.transpose(turn)
    for grey in (False, True):
        expected = read_picture(path, SIZE, grey)
        away = np.abs(read_picture(upright, SIZE, grey).astype(int) - expected)
        assert away.mean() < {"jpg": 3, "webp": 3, "gif": 8}.get(ending, 0.5)
        with Image.open(path) as opened, path.open("rb") as file:
            for given in (opened, content, bytearray(content), memoryview(content), file):
                assert np.array_equal(read_picture(given, SIZE, grey), expected), type(given)
            file.seek(7)
            assert np.array_equal(read_picture(file, SIZE, grey), expected)
            assert file.tell() == 7
            assert opened.size == image.size or ending == "tif"  # it was not drafted
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
            away = np.abs(read_picture(opened, SIZE, grey).astype(int) - expected)
            assert away.max() <= (8 if ending == "jpg" else 0)
            assert away.mean() <= 0.5
            copy = opened.copy()
            assert np.array_equal(read_picture(copy, SIZE, grey), read_picture(opened, SIZE, grey))


@pytest.mark.parametrize("orientation", [1, 6])
def test_an_image_that_was_turned_upright_is_not_turned_again(
    tmp_path: Path, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(scene()).save(path := tmp_path / "a.png", exif=exif)
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
        assert np.array_equal(read_picture(upright, SIZE), read_picture(path, SIZE))
        assert np.array_equal(read_picture(np.asarray(upright), SIZE), read_picture(path, SIZE))


@pytest.mark.parametrize("ending", ["gif", "tif", "png", "webp"])
def test_of_an_image_with_frames_it_is_the_one_it_is_at(tmp_path: Path, ending: str) -> None:
    red, blue = Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")
    red.save(path := tmp_path / f"a.{ending}", save_all=True, append_images=[blue], lossless=True)
    with Image.open(path) as image:
        assert read_picture(image, 4)[0, 0].tolist() == [255, 0, 0]
        image.seek(1)
        assert read_picture(image, 4)[0, 0].tolist() == [0, 0, 255]
        assert image.tell() == 1
    assert read_picture(path.read_bytes(), 4)[0, 0].tolist() == [255, 0, 0]


def test_mpo(tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    red.save(path := tmp_path / "a.mpo", save_all=True, append_images=[blue])
    with Image.open(path) as image:
        assert image.format == "MPO"
        assert np.array_equal(read_picture(image, 4), read_picture(path, 4))
        image.seek(1)
        assert read_picture(image, 4)[0, 0, 2] > 250


@pytest.mark.parametrize("top", [0, 7, 255])
def test_whole_numbers_of_32_bits_up_to_255_are_8_bits(tmp_path: Path, top: int) -> None:
    levels = np.arange(256).reshape(16, 16).clip(0, top)
    Image.fromarray(levels.astype(np.int32)).save(path := tmp_path / "a.tif")
    expected = read_picture(levels.astype(np.uint8), 16)
    assert np.array_equal(read_picture(path, 16), expected)
    for dtype in (np.int16, np.uint32, np.int64):
        assert np.array_equal(read_picture(levels.astype(dtype), 16), expected)


def test_the_transparent_value_of_16_bits_is_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((9, 9), 7000, np.uint16))
    image.save(path := tmp_path / "a.png", transparency=7000)
    assert (read_picture(path, 4) == 255).all()
    assert (read_picture(path.read_bytes(), 4, grey=True) == 255).all()


def set_tag(tiff: bytearray, tag: int, value: int) -> None:
    """Change a short number in a little-endian TIFF."""
    (at,) = struct.unpack("<I", tiff[4:8])
    (n,) = struct.unpack("<H", tiff[at : at + 2])
    entries = range(at + 2, at + 2 + 12 * n, 12)
    (entry,) = (place for place in entries if tiff[place : place + 2] == struct.pack("<H", tag))
    tiff[entry + 8 : entry + 12] = struct.pack("<I", value)


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "F"])
def test_a_tiff_in_which_white_is_0(tmp_path: Path, mode: str) -> None:
    image = image_in(mode)
    image.save(path := tmp_path / "a.tif")
    expected = read_picture(path, SIZE)
    content = bytearray(path.read_bytes())
    set_tag(content, 262, 0)  # what the values mean
    path.write_bytes(content)
    with Image.open(path) as opened:
        for given in (path, bytes(content), opened):
            away = read_picture(given, SIZE).astype(int) - (255 - expected.astype(int))
            assert np.abs(away).max() <= 2


def test_a_tiff_of_12_bits(tmp_path: Path) -> None:
    levels = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
    Image.fromarray(levels.astype(np.uint16)).save(path := tmp_path / "a.tif")
    with Image.open(path) as image:
        place = image.tag_v2[273][0]  # type: ignore[attr-defined]
    content = bytearray(path.read_bytes())
    digits = "".join(f"{round(int(level) * 4095 / 255):03x}" for level in levels.ravel())
    content[place : place + 96] = bytes.fromhex(digits)
    set_tag(content, 258, 12)  # bits
    set_tag(content, 279, 96)  # bytes
    decoded = Image.open(io.BytesIO(content))
    decoded.load()
    for given in (bytes(content), Image.open(io.BytesIO(content)), decoded):
        assert np.array_equal(read_picture(given, 8, grey=True)[..., 0], levels)


def png(colour: int, bits: int, pixel: bytes, clear: bytes) -> bytes:
    """A PNG of 8 × 8 equal pixels, by hand: Pillow does not write these."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        sum_ = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)

    rows = (b"\0" + pixel * (bits * (3 if colour == 2 else 1) // len(pixel))) * 8
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, colour, 0, 0, 0)),
        *((b"tRNS", clear), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    ("colour", "bits", "pixel", "clear", "other"),
    [
        (0, 1, b"\xff", 1, 0),
        (0, 2, b"\xaa", 2, 1),
        (0, 4, b"\x77", 7, 119),
        (0, 8, b"\x07", 7, 119),
        (0, 16, b"\x10\x07", 0x1007, 7),
        (2, 8, b"\1\2\3", (1, 2, 3), (3, 2, 1)),
        (2, 16, b"\1\0\2\0\3\0", (256, 512, 768), (1, 2, 3)),
    ],
)
def test_the_value_that_a_png_says_is_transparent(
    colour: int, bits: int, pixel: bytes, clear: Any, other: Any
) -> None:
    def read(value: Any) -> set[tuple[int, ...]]:
        values = value if isinstance(value, tuple) else (value,)
        content = png(colour, bits, pixel, struct.pack(f">{len(values)}H", *values))
        picture = read_picture(content, 4)
        assert np.array_equal(read_picture(Image.open(io.BytesIO(content)), 4), picture)
        return {tuple(one) for one in picture.reshape(-1, 3).tolist()}

    assert read(clear) == {(255, 255, 255)}
    assert read(other) != {(255, 255, 255)} or bits == 1


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "RGBX", "HSV"])
def test_modes_that_no_file_has(mode: str) -> None:
    rgb = Image.fromarray(scene())
    image = {
        "La": lambda: rgb.convert("LA").convert("La"),
        "RGBa": lambda: rgb.convert("RGBA").convert("RGBa"),
        "PA": lambda: rgb.convert("P").convert("PA"),
    }.get(mode, lambda: rgb.convert(mode))()
    for grey in (False, True):
        expected = read_picture(rgb.convert("L") if mode == "La" else rgb, SIZE, grey)
        away = np.abs(read_picture(image, SIZE, grey).astype(int) - expected)
        assert away.mean() < (25 if mode == "PA" else 3)


ARRAYS: dict[str, Callable[[], Array]] = {
    "(H, W)": lambda: scene()[..., 0],
    "(H, W, 1)": lambda: scene()[..., :1],
    "(H, W, 2)": lambda: np.asarray(image_in("LA")),
    "(H, W, 3)": scene,
    "(H, W, 4)": lambda: np.asarray(image_in("RGBA")),
    "bool": lambda: scene()[..., 0] > 99,
    "uint16": lambda: scene()[..., 0].astype(np.uint16) * 257,
    "int64": lambda: scene().astype(np.int64),
    "float32": lambda: scene().astype(np.float32) / 255,
    "float64": lambda: scene()[..., 0] / 255,
    "big-endian": lambda: scene()[..., 0].astype(">u2") * 257,
    "dark and big-endian": lambda: scene()[..., 0].astype(">u2") // 2,
    "Fortran": lambda: np.asfortranarray(scene()),
}


def file_of(array: Array, path: Path) -> Path:
    """The array as a PNG, with the levels that its numbers stand for."""
    levels = array
    if array.dtype == np.bool_:
        levels = array * np.uint8(255)
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2:
        levels = (array // 257).astype(np.uint8)
    elif array.dtype != np.uint8:
        levels = np.rint(array * (255 if array.dtype.kind == "f" else 1)).astype(np.uint8)
    if levels.shape[2:] == (1,):
        levels = levels[..., 0]
    Image.fromarray(np.ascontiguousarray(levels)).save(path)
    return path


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_are_read_as_their_files_are(tmp_path: Path, kind: str, grey: bool) -> None:
    array = ARRAYS[kind]()
    expected = read_picture(file_of(array, tmp_path / "a.png"), SIZE, grey)
    assert np.array_equal(read_picture(array, SIZE, grey), expected)


# -- learners -----------------------------------------------------------------------------------


def two_kinds(n: int = 24) -> tuple[list[Image.Image], list[str]]:
    rng = np.random.default_rng(0)
    images = []
    for i in range(n):
        colour = np.array([(220, 80, 40), (30, 90, 200)][i % 2])
        noise = rng.normal(colour, 25, (20, 26, 3)).clip(0, 255).astype(np.uint8)
        images.append(Image.fromarray(noise))
    return images, ["red", "blue"] * (n // 2)


def seen(model: Classifier, given: Any) -> Array:
    """What the network looks at, which is exact; answers differ with the batch's size."""
    raw = raw_pictures(given, model.picture_shape)
    assert len(model.predict_proba(given)) == len(raw)
    return raw


def learned(**settings: Any) -> Classifier:
    images, y = two_kinds()
    arrays = [np.asarray(image) for image in images]
    return Classifier(hidden=(6,), epochs=3, seed=1, **settings).fit(arrays, y)


@pytest.fixture(scope="module")
def colours() -> Classifier:
    return learned(size=(12, 16))


@pytest.fixture(scope="module")
def greys() -> Classifier:
    return learned(size=(12, 16), grey=True)


@pytest.fixture(params=["colours", "greys"])
def model(request: pytest.FixtureRequest) -> Classifier:
    found: Classifier = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("kind", ARRAYS)
def test_one_array_one_answer(model: Classifier, tmp_path: Path, kind: str) -> None:
    array = ARRAYS[kind]()
    expected = seen(model, file_of(array, tmp_path / "a.png"))
    assert np.array_equal(seen(model, array), expected)
    assert np.array_equal(seen(model, [array]), expected)
    twice = np.concatenate([expected, expected])
    assert np.array_equal(seen(model, np.stack([array, array])), twice)
    assert np.array_equal(seen(model, [array, array]), twice)
    assert np.array_equal(explain_pixels(model, array).picture, expected[0])


class Pathlike:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class Stream(io.RawIOBase):
    """What comes over a network: it cannot go back."""

    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.content.readinto(buffer)


class ArrayLike:
    def __init__(self, array: Array) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.array


def test_a_mixture_is_answered_in_its_order(model: Classifier, tmp_path: Path) -> None:
    image = image_in("RGBA")
    image.save(path := tmp_path / "a.png")
    content = path.read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as written:
        written.write(path, "a.png")
    dark = np.zeros((9, 9), np.uint8)
    with (
        zipfile.ZipFile(tmp_path / "a.zip") as archive,
        archive.open("a.png") as member,
        tempfile.NamedTemporaryFile() as named,
        tempfile.SpooledTemporaryFile() as spooled,
    ):
        for file in (named, spooled):
            file.write(content)  # and its place is at the end
        mixture: list[Any] = [
            *(path, str(path), Pathlike(path), content, io.BytesIO(content), member, named),
            *(spooled, Stream(content), zipfile.Path(archive, "a.png"), image),
            *(np.asarray(image), np.asarray(image)[None], ArrayLike(np.asarray(image)), dark),
            dark[..., None],
        ]
        P = raw_pictures(mixture, model.picture_shape)
        assert len(P) == len(mixture)
        one, other = seen(model, path), seen(model, dark)
        assert np.array_equal(P, np.concatenate([one] * 14 + [other] * 2))
        assert not np.array_equal(one, other)
        assert len(model.predict(iter(mixture[:3]))) == 3
        again = [one for one in mixture if not isinstance(one, Stream)]
        assert np.array_equal(raw_pictures(iter(again), model.picture_shape), P[1:])
        assert np.array_equal(seen(model, tuple(again)), P[1:])
        assert np.array_equal(raw_pictures(tmp_path.glob("*.png"), model.picture_shape), one)
        names = np.array([str(path), str(path)])
        assert np.array_equal(seen(model, names), P[:2])
        for single in again[:-2]:
            assert np.array_equal(seen(model, single), one), single


def test_series_and_tensors(model: Classifier, tmp_path: Path) -> None:
    pandas, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    Image.fromarray(scene()).save(path := tmp_path / "a.png")
    one = seen(model, path)
    twice = np.concatenate([one, one])
    assert np.array_equal(seen(model, pandas.Series([str(path)] * 2)), twice)
    with Image.open(path) as image:
        assert np.array_equal(seen(model, pandas.Series([image] * 2)), twice)
    tensor = torch.from_numpy(scene())
    assert np.array_equal(seen(model, tensor), one)
    assert np.array_equal(seen(model, torch.stack([tensor, tensor])), twice)
    first = tensor.permute(2, 0, 1)[None] / 255  # channels first, from 0 to 1
    assert np.array_equal(seen(model, first), one)
    with pytest.raises(DataError, match="Tensor cannot be converted to an array: Can't call numpy"):
        model.predict(first.requires_grad_())


def test_three_grey_pictures_or_one_in_colour(colours: Classifier, greys: Classifier) -> None:
    X = np.random.default_rng(0).integers(0, 256, (3, 20, 26), np.uint8)
    one_by_one = np.concatenate([seen(greys, picture) for picture in X])
    assert np.array_equal(seen(greys, X), one_by_one)
    for n in (3, 4):
        with pytest.raises(DataError, match="grey pictures or one colour picture with its"):
            colours.predict(np.resize(X, (n, 20, 26)))
    for n in (1, 2, 5):
        assert len(colours.predict(np.resize(X, (n, 20, 26)))) == n
    assert len(colours.predict(X[..., None])) == 3


def test_flattened_pictures(model: Classifier) -> None:
    n_in = int(np.prod(model.picture_shape))
    X = np.random.default_rng(0).integers(0, 256, (5, *model.picture_shape), np.uint8)
    P = seen(model, X)
    for flat in (X.reshape(5, n_in), [*X.reshape(5, n_in)], X.reshape(5, n_in).tolist()):
        assert np.array_equal(seen(model, flat), P)
    assert np.array_equal(seen(model, X[0].ravel()), P[:1])
    assert np.array_equal(seen(model, X.tolist()), P)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"", "The picture at index 0 is empty, or was already read to its end"),
        (b"/etc/hostname", "The picture at index 0 is not a picture that can be read"),
        (io.StringIO("x"), 'is a file opened as text; open it with mode "rb"'),
        (Image.new("RGB", (3, 9)), "is only 3 × 9 pixels"),
        (np.full((9, 9), 300.0), "holds values from 300 to 300; expected 0 to 1 .* float64"),
        (np.full((9, 9), np.nan), "holds values from nan to nan"),
        (np.full((9, 9), -1), "holds values from -1 to -1; expected 0 to 65535"),
        (np.zeros((9, 9, 5), complex), "got complex128"),
        (
            np.zeros((2, 9, 9, 5), np.uint8),
            r"arrays of numbers .*got uint8 \(2, 9, 9, 5\)",
        ),
        (
            np.ma.array(np.zeros((9, 9)), mask=np.eye(9, dtype=bool)),
            "masked array has invalid",
        ),
        ({"a": 1}, r"Pictures are files.*but got \{'a': 1\}"),
        ({"a.png"}, r"got \{'a.png'\}"),
        (None, "got None"),
        ([None], "got None"),
        ([], "There are no pictures among the samples"),
    ],
)
def test_what_is_no_picture(model: Classifier, given: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        model.predict(given)


def test_a_feature_data_set_is_no_picture(colours: Classifier) -> None:
    features = Classifier(hidden=(4,), epochs=1).fit(np.eye(9)[:, :4], [0, 1, 0] * 3)
    assert features.training is not None
    with pytest.raises(DataError, match="trained on pictures, but The array holds feature vectors"):
        colours.predict_proba(features.training)


def test_a_closed_file_is_told() -> None:
    file = io.BytesIO(b"x")
    file.close()
    with pytest.raises(PictureError, match="closed file"):
        read_picture(file, 8)


# -- learning -----------------------------------------------------------------------------------


def test_learning_from_objects_is_learning_from_files(tmp_path: Path) -> None:
    images, y = two_kinds()
    paths = []
    for i, image in enumerate(images):
        image.save(path := tmp_path / f"{i}.png")
        paths.append(path)
    how: dict[str, Any] = {"hidden": (6,), "epochs": 2, "seed": 3, "size": (10, 12)}
    expected = Classifier(**how).fit(paths, y).predict_proba(paths)
    contents = [path.read_bytes() for path in paths]
    mixed = [*images[:8], *contents[8:16], *(np.asarray(image) for image in images[16:])]
    arrays = np.stack([np.asarray(image) for image in images])
    ways: list[Any] = [images, contents, mixed, iter(images), arrays, [*arrays], arrays / 255]
    ways += [np.concatenate([arrays, np.full((24, 20, 26, 1), 255, np.uint8)], axis=3)]
    for X in ways:
        assert np.array_equal(Classifier(**how).fit(X, y).predict_proba(paths), expected), type(X)
    numbers = np.arange(24.0)
    one = Regressor(**how).fit(paths, numbers).predict(images)
    assert np.array_equal(Regressor(**how).fit(images, numbers).predict(paths), one)


def test_learning_from_objects_of_any_size(tmp_path: Path) -> None:
    images, y = two_kinds()
    images[0] = images[0].resize((40, 44))
    classifier = Classifier(hidden=(6,), epochs=1).fit(images, y)
    assert classifier.picture_shape == (64, 64, 3)
    X, _ = read_pictures(images, 64)
    assert classifier.training is not None
    assert classifier.validation is not None
    assert len(classifier.training) + len(classifier.validation) == len(X)
    with pytest.raises(PictureError, match="The picture at index 3 is not a picture"):
        Classifier(epochs=1).fit([*images[:3], b"no picture", *images[4:]], y)


def test_validation_from_objects() -> None:
    images, y = two_kinds()
    how: dict[str, Any] = {"hidden": (6,), "epochs": 1, "size": 8}
    classifier = Classifier(**how).fit(images, y, validation=(images[:4], y[:4]))
    assert classifier.validation is not None
    assert classifier.validation.X.shape == (4, 8, 8, 3)


def test_pictures_in_leaves_an_array_of_pictures_as_it_is() -> None:
    X = np.zeros((2, 9, 9, 3), np.uint8)
    assert pictures_in(X) is X


# -- everything else that is asked --------------------------------------------------------------


def test_all_that_can_be_asked_takes_objects(model: Classifier, tmp_path: Path) -> None:
    images, y = two_kinds()
    paths = []
    for i, image in enumerate(images):
        image.save(path := tmp_path / f"{i}.png")
        paths.append(str(path))
    contents = [Path(path).read_bytes() for path in paths]
    for given in (images, contents, [np.asarray(image) for image in images]):
        assert model.score(given, y) == model.score(paths, y)
        assert model.evaluate(given, y).to_dict() == model.evaluate(paths, y).to_dict()
    of_path = model.explain(paths[0]).relevance
    assert np.array_equal(model.explain(images[0]).relevance, of_path)
    assert np.array_equal(model.explain(contents[0]).relevance, of_path)
    assert model.trace(images[0]).to_dict() == model.trace(paths[0]).to_dict()


def test_a_backbone_takes_objects(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    sys.path.insert(0, str(Path(__file__).parent))
    from backbones import convolutional

    images, y = two_kinds()
    paths = []
    for i, image in enumerate(images):
        image.save(path := tmp_path / f"{i}.png")
        paths.append(path)
    file = convolutional(tmp_path / "b.onnx")
    how: dict[str, Any] = {"hidden": (6,), "epochs": 2, "seed": 3}
    of_files = Classifier(**how).fit(paths, y, features=file)
    of_images = Classifier(**how).fit(images, y, features=file)
    assert np.array_equal(of_files.network.theta, of_images.network.theta)
    arrays = [np.asarray(image) for image in images]
    floats = np.stack(arrays) / 255
    expected = of_files.predict_proba(paths)
    mixed = [*images[:8], *(path.read_bytes() for path in paths[8:16]), *arrays[16:]]
    for given in (images, mixed, arrays, np.stack(arrays), floats):
        assert np.array_equal(of_files.predict_proba(given), expected)
    rgba = image_in("RGBA")
    rgba.save(tmp_path / "rgba.png")
    one = of_files.predict_proba(tmp_path / "rgba.png")
    assert np.array_equal(of_files.predict_proba(np.asarray(rgba)), one)
    assert np.array_equal(of_files.predict_proba(rgba), one)


def test_one_object_from_many_threads(model: Classifier, tmp_path: Path) -> None:
    for ending in ("jpg", "tif", "png", "gif"):
        image_in("L").save(path := tmp_path / f"a.{ending}")
        expected = raw_pictures(path, model.picture_shape)
        with Image.open(path) as image, path.open("rb") as file, ThreadPoolExecutor(8) as pool:
            given = [image, file] * 40
            seen_ones = pool.map(lambda one: raw_pictures(one, model.picture_shape), given)
            assert all(np.array_equal(one, expected) for one in seen_ones), ending
