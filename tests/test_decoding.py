"""One picture file to an array: every format and mode, and a sentence for what is no picture."""

import os
import pickle
import struct
import threading
import warnings
import zlib
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from plainnet.errors import PictureError, SettingError
from plainnet.pictures import decoding, picture_files, read_picture, read_pictures
from plainnet.pictures.decoding import Size

Array = NDArray[Any]
ORIENTATION = 274
# The stored picture of each orientation, made from the upright one.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def scene(height: int = 90, width: int = 120) -> Array:
    """Something smooth without any symmetry, uint8 (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    waves = [np.sin(5 * x + y), np.cos(4 * y * x), x * (1 - 0.5 * y) * 2 - 1]
    return np.rint(127.5 * (1 + np.stack(waves, axis=-1))).astype(np.uint8)


def distance(a: Array, b: Array) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def shrunk(image: Image.Image, height: int, width: int) -> Array:
    """The same thing the long way: all pixels decoded, one antialiased resize."""
    small = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(small).reshape(height, width, -1)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(
    ("ending", "tolerance"),
    [("jpg", 2), ("png", 0), ("webp", 3), ("gif", 8), ("bmp", 0), ("tif", 0)],
)
def test_format(tmp_path: Path, ending: str, tolerance: float, grey: bool) -> None:
    original = Image.fromarray(scene())
    original.save(path := tmp_path / f"a.{ending}")
    picture = read_picture(path, (40, 52), grey)
    assert picture.dtype == np.uint8
    assert picture.shape == (40, 52, 1 if grey else 3)
    assert distance(picture, shrunk(original.convert("L") if grey else original, 40, 52)) <= (
        tolerance
    )


def test_the_content_decides_not_the_extension(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png", format="BMP")
    assert read_picture(tmp_path / "a.png", 8).shape == (8, 8, 3)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("1", "png"),
        ("L", "png"),
        ("LA", "png"),
        ("P", "png"),
        ("RGBA", "webp"),
        ("CMYK", "jpg"),
        ("CMYK", "tif"),
        ("YCbCr", "tif"),
    ],
)
def test_mode(tmp_path: Path, mode: str, ending: str, grey: bool) -> None:
    original = Image.fromarray(scene()).convert(mode)
    original.save(path := tmp_path / f"a.{ending}", lossless=True)
    expected = shrunk(original.convert("RGB").convert("L" if grey else "RGB"), 40, 40)
    assert distance(read_picture(path, 40, grey), expected) < 2


@pytest.mark.parametrize("grey", [False, True])
def test_lab(tmp_path: Path, grey: bool) -> None:
    lab = np.full((9, 9, 3), (255, 0, 0), np.uint8)  # L* at its top, a* and b* neutral: white
    Image.fromarray(lab, "LAB").save(path := tmp_path / "a.tif")
    assert (read_picture(path, 4, grey) >= 254).all()


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_16_bits_are_divided_by_257_whatever_the_picture_holds(
    tmp_path: Path, value: int, dtype: type
) -> None:
    Image.fromarray(np.full((9, 9), 257 * value, dtype)).save(path := tmp_path / "a.tif")
    assert (read_picture(path, 4) == value).all()


def test_16_bit_png(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 257 * 200 + 128, np.uint16)).save(path := tmp_path / "a.png")
    assert (read_picture(path, 4, grey=True) == 200).all()
    assert (read_picture(path, 4) == 200).all()


def test_floating_point_runs_from_0_to_1(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 0.4, np.float32)).save(path := tmp_path / "a.tif")
    assert (read_picture(path, 4) == 102).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((9, 9), 1.5, np.float32), "holds values from 1.5 to 1.5; expected 0 to 1 "),
        (np.full((9, 9), np.nan, np.float32), "holds values from nan to nan"),
        (np.full((9, 9), -1, np.int32), "expected 0 to 65535"),
    ],
)
def test_values_beyond_what_the_picture_can_hold(tmp_path: Path, values: Array, words: str) -> None:
    Image.fromarray(values).save(path := tmp_path / "a.tif")
    with pytest.raises(PictureError, match=words) as found:
        read_picture(path, 4)
    assert (found.value.code, found.value.path) == ("values", path)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    for alpha, expected in [(0, (255, 255, 255)), (255, (200, 0, 0)), (51, (244, 204, 204))]:
        image = Image.new("RGBA", (9, 9), (200, 0, 0, alpha))
        image.save(path := tmp_path / "a.png")
        assert (read_picture(path, 4) == expected).all()
    assert (read_picture(path, 4, grey=True) == 216).all()


def test_transparent_palette_entry_and_transparent_colour(tmp_path: Path) -> None:
    palette = Image.fromarray(scene()).quantize(8)
    palette.paste(3, (0, 0, 120, 90))
    rgb = Image.new("RGB", (9, 9), (1, 2, 3))
    palette.save(tmp_path / "p.png", transparency=3)
    palette.save(tmp_path / "p.gif", transparency=3)
    rgb.save(tmp_path / "rgb.png", transparency=(1, 2, 3))
    Image.new("L", (9, 9), 7).save(tmp_path / "l.png", transparency=7)
    for path in picture_files(tmp_path):
        assert (read_picture(path, 4) == 255).all(), path


@pytest.mark.parametrize("ending", ["gif", "webp", "tif", "png"])
def test_first_frame(tmp_path: Path, ending: str) -> None:
    red, blue = Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")
    red.save(path := tmp_path / f"a.{ending}", save_all=True, append_images=[blue])
    assert distance(read_picture(path, 4), np.array([255, 0, 0])) < 2


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_exif_orientation(tmp_path: Path, ending: str, orientation: int) -> None:
    upright = scene(240, 400)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    stored.save(path := tmp_path / f"a.{ending}", exif=exif, quality=95)
    picture = read_picture(path, (24, 40))
    assert distance(picture, shrunk(Image.fromarray(upright), 24, 40)) < 2.5
    assert distance(picture, shrunk(Image.fromarray(upright), 24, 40)[::-1]) > 20


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_an_orientation_that_is_none_leaves_the_picture(
    tmp_path: Path, orientation: object
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(scene()).save(path := tmp_path / "a.png", exif=exif)
    assert (read_picture(path, (90, 120)) == scene()).all()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
@pytest.mark.parametrize(
    "exif",
    [
        b"garbage instead of a header",
        b"II*\0",  # no table after the header
        b"II*\0\x08\0\0\0\xff\xff\x12\x01\x03\0\x01\0\0\0",  # a table that ends too early
    ],
)
def test_damaged_exif_neither_warns_nor_fails(
    tmp_path: Path, ending: str, exif: bytes, recwarn: pytest.WarningsRecorder
) -> None:
    Image.fromarray(scene()).save(path := tmp_path / f"a.{ending}", exif=b"Exif\0\0" + exif)
    assert read_picture(path, 8).shape == (8, 8, 3)
    assert not recwarn


@pytest.mark.parametrize(("height", "width"), [(400, 600), (401, 603), (1030, 700), (95, 2000)])
def test_reduced_decode_is_close_to_the_full_one(tmp_path: Path, height: int, width: int) -> None:
    Image.fromarray(scene(height, width)).save(path := tmp_path / "a.jpg")
    with Image.open(path) as image:
        assert distance(read_picture(path, 48), shrunk(image, 48, 48)) < 0.8


@pytest.mark.parametrize("size", [(48, 48), (20, 30), (150, 90)])
def test_a_jpeg_is_reduced_as_its_pixels_are(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.fromarray(scene(401, 603)).save(jpeg := tmp_path / "a.jpg")
    with Image.open(jpeg) as image:
        image.save(png := tmp_path / "a.png")
        full = shrunk(image, *size)
    picture = read_picture(png, size)
    assert distance(read_picture(jpeg, size), picture) < 0.5
    assert not (picture == full).all()


def test_jpeg_is_decoded_reduced_but_always_larger_than_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[tuple[int, int]] = []
    resize = Image.Image.resize

    def spy(image: Image.Image, *settings: Any, **more: Any) -> Image.Image:
        decoded.append(image.size)
        return resize(image, *settings, **more)

    monkeypatch.setattr(Image.Image, "resize", spy)
    Image.fromarray(scene(400, 600)).save(path := tmp_path / "a.jpg")
    cases: list[tuple[Size, tuple[int, int]]] = [
        (40, (75, 50)),
        (41, (150, 100)),
        (80, (150, 100)),
        (81, (300, 200)),
        (161, (600, 400)),
        ((100, 20), (300, 200)),
        ((20, 100), (150, 100)),
    ]
    for size, expected in cases:
        read_picture(path, size)
        assert decoded.pop() == expected


@pytest.mark.parametrize("size", [7, (5, 7), np.int64(7), (200, 300)])
def test_size(tmp_path: Path, size: Size) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png")
    shape = read_picture(str(tmp_path / "a.png"), size).shape
    assert shape == ((*size, 3) if isinstance(size, tuple) else (7, 7, 3))


@pytest.mark.parametrize("size", [0, -1, (8, 0), (8,), (8, 8, 3), 7.5, "64", None])
def test_size_that_is_none(tmp_path: Path, size: Any) -> None:
    for read in (lambda: read_picture("a.png", size), lambda: read_pictures([], size)):
        with pytest.raises(SettingError, match=r"side of a square or \(height, width\).* but got"):
            read()


CUBE: Array = np.zeros((5, 5, 5, 5), np.uint8)


def trouble(path: Path) -> str:
    """What is wrong with a picture, once its error is found to name it, in its fields and words."""
    with pytest.raises(PictureError) as found:
        read_picture(path, 8)
    error = found.value
    assert (error.path, str(error)) == (path, f"{path} {error.reason}")
    return error.code


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "bmp", "tif"])
def test_cut_file(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(noise).save(path := tmp_path / f"a.{ending}")
    assert trouble(cut(path, 0.6)) == "cut-short"


def test_cut_webp_is_damaged(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(path := tmp_path / "a.webp")
    assert trouble(cut(path, 0.6)) == "damaged"


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("not a picture, " * 100)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    wrong = {
        "text": "no-picture",
        "empty": "empty",
        "folder": "no-file",
        "pipe": "no-file",
        "missing": "missing",
        "link": "link",
    }
    assert {name: trouble(tmp_path / f"{name}.jpg") for name in wrong} == wrong


@pytest.mark.parametrize(
    ("given", "code"),
    [(b"", "empty"), (b"no picture", "no-picture"), (StringIO("x"), "no-file"), (CUBE, "values")],
)
def test_what_is_no_picture_and_no_file(given: Any, code: str) -> None:
    with pytest.raises(PictureError) as found:
        read_picture(given, 8, name="The third")
    error = found.value
    assert (error.code, error.path, str(error)) == (code, None, f"The third {error.reason}")


def test_an_error_is_whole_on_the_other_side_of_a_process() -> None:
    error = PictureError("is empty.", code="empty", name="a.png", path=Path("a.png"))
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), vars(twin)) == ("a.png is empty.", vars(error))


def test_other_formats_are_not_even_tried(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.eps")
    assert trouble(tmp_path / "a.eps") == "no-picture"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_without_permission(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(path := tmp_path / "a.png")
    path.chmod(0)
    assert trouble(path) == "forbidden"


def test_smallest_picture(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(path := tmp_path / "a.png")
    assert read_picture(path, 8).shape == (8, 8, 3)
    Image.new("RGB", (100, 3)).save(path)
    assert trouble(path) == "too-small"


def png_that_claims(path: Path, width: int, height: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path


def test_decompression_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = png_that_claims(tmp_path / "a.png", 20_000, 20_000)
    assert trouble(path) == "too-large"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 90 * 120 - 1)
    Image.fromarray(scene()).save(path)
    assert read_picture(path, 8).shape == (8, 8, 3)  # more than once the limit, and no warning
    Image.fromarray(scene(180, 120)).save(path)
    assert trouble(path) == "too-large"


def test_any_damage_is_a_picture_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for ending in ("jpg", "png", "webp", "gif", "bmp", "tif"):
        Image.fromarray(scene(20, 24)).save(path := tmp_path / f"a.{ending}")
        sound = np.frombuffer(path.read_bytes(), np.uint8)
        failed = 0
        for _ in range(40):
            damaged = sound.copy()
            damaged[rng.integers(0, min(len(sound), 300), 3)] = rng.integers(0, 256, 3)
            path.write_bytes(damaged.tobytes())
            try:
                read_picture(path, 8)
            except PictureError:
                failed += 1
        assert failed > 0, ending


def test_warnings_are_off_until_the_last_thread_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    Image.fromarray(scene()).save(path := tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 90 * 120 - 1)  # Pillow warns of this picture
    with decoding.pillow_warnings_off:
        read_picture(path, 8)
        Image.open(path).close()
    assert not recwarn


def test_warning_filters_survive_threads(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(path := tmp_path / "a.jpg")
    before = list(warnings.filters)

    def read_often() -> None:
        for _ in range(50):
            read_picture(path, 8)

    threads = [threading.Thread(target=read_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
