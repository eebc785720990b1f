"""`check` and `leaks`: every fault is planted, found, and found once; sound data gives nothing."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet.data import Dataset, Splits, read_data
from plainnet.demo.drawing import draw_animal
from plainnet.errors import DataError, FileError
from plainnet.network import Array
from plainnet.pictures.check import (
    DataReport,
    Finding,
    check,
    fingerprints,
    leaks,
    picture_of,
    without_leaks,
)
from plainnet.pictures.check.duplicates import Leak, Sample, comparables, exactly_the_same, groups
from plainnet.pictures.check.fingerprints import Fingerprints

EACH = 8
"""Pictures of each class."""


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound folder of two classes, JPEG pictures of 200 × 160 pixels."""
    folder, rng = tmp_path_factory.mktemp("drawn"), np.random.default_rng(0)
    for kind in ("cat", "fox"):
        (folder / kind).mkdir()
        for i in range(EACH):
            picture = draw_animal(kind, rng, size=200).crop((0, 20, 200, 180))
            picture.save(folder / kind / f"{i}.jpg", quality=90)
    return folder


@pytest.fixture
def pets(drawn: Path, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    return Path(shutil.copytree(drawn, tmp_path / "pets"))


@pytest.fixture
def in_parts(drawn: Path, tmp_path: Path) -> Path:
    """The same pictures in train and test: three of each class are in test."""
    for kind in ("cat", "fox"):
        for i in range(EACH):
            part = tmp_path / "pets" / ("test" if i < 3 else "train") / kind
            part.mkdir(parents=True, exist_ok=True)
            shutil.copy(drawn / kind / f"{i}.jpg", part)
    return tmp_path / "pets"


def saved_again(source: Path, target: Path, size: float = 1, quality: int = 90) -> None:
    with Image.open(source) as image:
        sides = round(image.width * size), round(image.height * size)
        image.resize(sides).save(target, quality=quality)


def only(findings: DataReport) -> Finding:
    assert len(findings.findings) == 1, findings.findings
    return findings.findings[0]


# -- nothing ------------------------------------------------------------------------------------


def test_sound_folders_give_nothing(drawn: Path, in_parts: Path) -> None:
    found = check(drawn)
    assert found.findings == ()
    assert (found.n, found.counts) == (16, {"train": {"cat": 8, "fox": 8}})
    assert found.to_dict() == {
        "data": str(drawn),
        "samples": 16,
        "classes": {"train": {"cat": 8, "fox": 8}},
        "left_out": {
            **{"unreadable": 0, "format": 0, "stray": 0, "other": 0, "hidden": 0},
            "files": [],
        },
        "problems": 0,
        "warnings": 0,
        "notes": 0,
        "findings": [],
    }
    assert check(str(in_parts)).findings == ()
    assert check(in_parts).counts["test"] == {"cat": 3, "fox": 3}


def test_it_reads_and_compares_and_tells_how_far_it_is(drawn: Path) -> None:
    seen: list[tuple[int, int]] = []
    check(drawn, progress=lambda *done: seen.append(done))
    assert seen == [*((i + 1, 16) for i in range(16)), (16, 16)]


def test_what_is_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        check(tmp_path / "missing")
    with pytest.raises(DataError, match="Cannot tell what kind of data"):
        check(tmp_path)
    (tmp_path / "cat").mkdir()
    (tmp_path / "dog").mkdir()
    (tmp_path / "cat" / "1.jpg").touch()
    (tmp_path / "dog" / "1.jpg").touch()
    with pytest.raises(DataError, match=r"None of the pictures in .*/cat can be read"):
        check(tmp_path)


# -- files --------------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("harm", "kind", "words"),
    [
        (lambda path: path.write_bytes(b""), "empty", "is an empty file; copy or download"),
        (cut, "cut-short", "is truncated; copy or download it again"),
        (lambda path: path.write_text("What a cat!"), "no-picture", "is not a picture that can"),
        (lambda path: Image.new("L", (3, 90)).save(path), "unreadable", "is only 3 × 90 pixels"),
    ],
)
def test_unreadable_pictures(
    pets: Path, harm: Callable[[Path], None], kind: str, words: str
) -> None:
    harm(pets / "cat" / "3.jpg")
    found = check(pets)
    assert found.n == 15
    finding = only(found)
    assert (finding.kind, finding.severity, finding.files) == (kind, "problem", ("cat/3.jpg",))
    assert finding.sentence.startswith(f"cat/3.jpg {words}")


def test_a_misnamed_picture_is_read_and_told(pets: Path) -> None:
    with Image.open(pets / "cat" / "3.jpg") as image:
        image.save(pets / "cat" / "3.jpg", format="PNG")
    (pets / "fox" / "2.jpg").rename(pets / "fox" / "2.JPEG")  # as it should be
    found = check(pets)
    assert found.n == 16
    assert only(found).kind == "wrong-extension"
    assert only(found).severity == "note"
    assert only(found).sentence == (
        "cat/3.jpg is a PNG picture and is read as such; rename it to .png."
    )


def test_small_and_oddly_shaped_pictures(pets: Path) -> None:
    saved_again(pets / "cat" / "0.jpg", pets / "cat" / "0.jpg", size=0.15)
    rng = np.random.default_rng(1)
    draw_animal("cat", rng, 400).crop((0, 150, 400, 230)).save(pets / "cat" / "wide.jpg")
    draw_animal("cat", rng, 400).crop((150, 0, 250, 400)).save(pets / "cat" / "four.jpg")
    small, odd = check(pets).findings
    assert (small.kind, small.files) == ("small", ("cat/0.jpg",))
    assert "has only 30 × 24 pixels, but half of the pictures have 160" in small.sentence
    assert (odd.kind, odd.files) == ("odd-shape", ("cat/wide.jpg",))
    assert "has 400 × 80 pixels, and is distorted" in odd.sentence


def test_where_all_are_small_none_is_told(pets: Path) -> None:
    for path in pets.rglob("*.jpg"):
        saved_again(path, path, size=0.17)
    assert [finding for finding in check(pets).findings if finding.kind == "small"] == []


def test_what_is_left_out_is_told(pets: Path) -> None:
    shutil.copy(pets / "cat" / "0.jpg", pets / "overview.jpg")
    for name in ("notes.txt", "cat/more.txt", "cat/phone.HEIC", ".hidden", "fox/LICENSE"):
        (pets / name).write_text("…")
    shutil.copy(pets / "cat" / "0.jpg", pets / "cat" / ".other.jpg")
    format_, stray, others, hidden = check(pets).findings
    assert (format_.kind, format_.severity) == ("other-format", "problem")
    assert format_.sentence.startswith("cat/phone.HEIC is a picture in the format HEIC, which")
    assert (stray.kind, stray.files) == ("stray", ("overview.jpg",))
    assert stray.sentence.startswith("1 picture is outside the class folders")
    assert others.kind == "other-files"
    assert others.sentence == "Left out, not pictures: 2 .txt, 1 no extension."
    assert hidden.sentence == "Left out, hidden: .hidden, cat/.other.jpg."


def test_class_folders_whose_names_look_the_same_are_told(pets: Path) -> None:
    (pets / "fox").rename(pets / "CAT")
    finding = only(check(pets))
    assert (finding.kind, finding.severity) == ("alike", "warning")
    assert "holds the class folders 'CAT' and 'cat', which are separate" in finding.sentence


def test_strays_in_parts(in_parts: Path) -> None:
    shutil.copy(in_parts / "test" / "cat" / "0.jpg", in_parts / "test" / "a.jpg")
    shutil.copy(in_parts / "test" / "cat" / "0.jpg", in_parts / "b.jpg")
    assert only(check(in_parts)).files == ("b.jpg", "test/a.jpg")


# -- samples ------------------------------------------------------------------------------------


def test_pictures_of_one_colour(pets: Path) -> None:
    for i, name in enumerate(("cat/a.jpg", "cat/b.png", "fox/a.jpg")):
        Image.new("RGB", (200, 160), (i, 90, 90)).save(pets / name)
    found = check(pets).findings
    assert [finding.kind for finding in found] == 3 * ["one-colour"]  # and not duplicates
    assert [finding.files for finding in found] == [("cat/a.jpg",), ("cat/b.png",), ("fox/a.jpg",)]


def test_classes_of_very_different_size(pets: Path) -> None:
    for i in range(6):
        (pets / "fox" / f"{i}.jpg").unlink()
    assert check(pets).findings == ()  # 2 of 8 are a quarter
    (pets / "fox" / "6.jpg").unlink()
    finding = only(check(pets))
    assert (finding.kind, finding.severity, finding.files) == ("imbalance", "warning", ())
    assert "In train, the smallest class, fox, has 1 and the largest, cat, 8" in finding.sentence


# -- duplicates ---------------------------------------------------------------------------------


def test_the_same_file_and_the_same_pixels(pets: Path) -> None:
    shutil.copy(pets / "cat" / "1.jpg", pets / "cat" / "again.jpg")
    saved_again(pets / "fox" / "1.jpg", pets / "fox" / "other.png")
    one, two = check(pets).findings
    assert (one.kind, one.files) == ("duplicate", ("cat/1.jpg", "cat/again.jpg"))
    assert one.sentence == "cat/1.jpg and cat/again.jpg are the same picture; keep one of them."
    assert (two.kind, two.files) == ("duplicate", ("fox/1.jpg", "fox/other.png"))


@pytest.mark.parametrize("how", [{"quality": 50}, {"size": 0.5}, {"size": 0.5, "quality": 60}])
def test_nearly_the_same_picture(pets: Path, how: dict[str, Any]) -> None:
    for i in range(EACH):
        saved_again(pets / "cat" / f"{i}.jpg", pets / "cat" / f"x{i}.jpg", **how)
    found = check(pets).findings
    assert {finding.kind for finding in found} == {"near-duplicate"}
    assert [finding.files for finding in found] == [
        (f"cat/{i}.jpg", f"cat/x{i}.jpg") for i in range(EACH)
    ]


def test_in_two_classes_and_in_two_parts(in_parts: Path) -> None:
    train, test = in_parts / "train", in_parts / "test"
    shutil.copy(train / "cat" / "4.jpg", train / "fox" / "wrong.jpg")
    saved_again(train / "cat" / "5.jpg", train / "fox" / "wrong too.jpg", quality=60)
    shutil.copy(test / "fox" / "1.jpg", train / "fox" / "learned.jpg")
    saved_again(train / "cat" / "6.jpg", test / "cat" / "half.jpg", size=0.5)
    saved_again(train / "cat" / "7.jpg", test / "fox" / "both.jpg", quality=60)
    found = check(in_parts)
    assert [(finding.kind, finding.severity, finding.files) for finding in found.findings] == [
        ("leak", "problem", ("train/fox/learned.jpg", "test/fox/1.jpg")),
        ("near-leak", "problem", ("train/cat/6.jpg", "test/cat/half.jpg")),
        ("near-leak", "problem", ("train/cat/7.jpg", "test/fox/both.jpg")),
        ("two-classes", "problem", ("train/cat/4.jpg", "train/fox/wrong.jpg")),
        ("near-two-classes", "warning", ("train/cat/5.jpg", "train/fox/wrong too.jpg")),
    ]
    sentences = [finding.sentence for finding in found.findings]
    assert sentences[0].endswith(
        "are the same picture, in train and test; keep it in one part, "
        "or the measured accuracy is too high."
    )
    assert "are nearly the same picture, in the classes cat and fox, in train and" in sentences[2]
    assert found.severities() == {"problem": 4, "warning": 1, "note": 0}


def test_many_of_the_same_are_one_finding(pets: Path) -> None:
    for i in range(7):
        saved_again(pets / "cat" / "0.jpg", pets / "cat" / f"y{i}.jpg", quality=60 + 4 * i)
    finding = only(check(pets))
    assert finding.files == ("cat/0.jpg", *(f"cat/y{i}.jpg" for i in range(7)))
    assert "cat/y3.jpg and 3 more are nearly the same picture" in finding.sentence


def test_a_picture_turned_by_its_exif_data_is_the_same(pets: Path) -> None:
    with Image.open(pets / "cat" / "0.jpg") as image:
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = image.transpose(Image.Transpose.ROTATE_90)
        turned.save(pets / "cat" / "turned.png", exif=exif)
    assert only(check(pets)).kind == "duplicate"


def test_animals_of_one_kind_are_not_alike() -> None:
    rng = np.random.default_rng(2)
    X = np.stack([np.asarray(draw_animal("cat", rng, 32)) for _ in range(150)])
    everything = Fingerprints(X)
    pairs = [
        int(everything.twins(everything, i, j).sum()) for i, j in everything.candidates(everything)
    ]
    assert sum(pairs) == 0


def test_pairs_are_the_same_in_tiles_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    X = rng.integers(0, 256, (40, 20, 24, 3), np.uint8)
    X[30:] = X[:10]
    X[39] = X[29] = X[0]

    def pairs(tile: int, other: Fingerprints | None = None) -> set[tuple[int, int]]:
        monkeypatch.setattr(fingerprints, "_TILE", tile)
        monkeypatch.setattr(fingerprints, "_AT_ONCE", max(1, tile // 3))
        ours = Fingerprints(X)
        found: set[tuple[int, int]] = set()
        for i, j in ours.candidates(other or ours):
            same = ours.twins(other or ours, i, j)
            found |= {(int(a), int(b)) for a, b in zip(i[same], j[same], strict=True)}
        return found

    expected = {(i, i + 30) for i in range(9)} | {(0, 29), (0, 39), (29, 30), (29, 39), (30, 39)}
    assert pairs(2048) == pairs(7) == pairs(1) == expected
    assert {pair for pair in pairs(7, Fingerprints(X)) if pair[0] < pair[1]} == expected


def test_very_many_of_the_same_are_one_group() -> None:
    X = np.repeat(np.random.default_rng(8).integers(0, 256, (1, 8, 8, 1), np.uint8), 3000, axis=0)
    splits = Splits(Path("it"), train=dataset(X), test=dataset(X[:2]))
    (group,) = groups(comparables(splits))
    assert len(group) == 3002
    assert exactly_the_same(splits, group)
    assert [leak.twin.row for leak in leaks(splits)] == 3000 * [0]


def test_thumbnails_are_means_of_areas() -> None:
    X = np.zeros((2, 48, 16, 1), np.uint8)
    X[1, :24] = 240
    thumbnails = Fingerprints(X).thumbnails.reshape(2, 32, 32)
    assert thumbnails[1, :16].tolist() == np.full((16, 32), 240).tolist()
    assert thumbnails[1, 16:].max() == thumbnails[0].max() == 0
    colour = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    grey = colour.astype(float) @ [0.299, 0.587, 0.114]
    means = grey.reshape(3, 32, 2, 32, 2).mean((2, 4))
    assert np.abs(Fingerprints(colour).thumbnails - means.reshape(3, -1)).max() <= 0.51


# -- arrays -------------------------------------------------------------------------------------


def written(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_arrays_of_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    X, X_test = rng.integers(0, 256, (20, 12, 12), np.uint8), rng.integers(0, 256, (6, 12, 12))
    X_test[2], X_test[4] = X[7], 99
    y = np.arange(20) % 2
    path = written(tmp_path / "a.npz", X=X, y=y, X_test=X_test.astype(np.uint8), y_test=y[:6])
    found = check(path)
    leak, flat = found.findings
    assert (leak.kind, leak.files) == ("leak", ("train[7]", "test[2]"))
    assert "are the same picture, in the classes 0 and 1, in train and test" in leak.sentence
    assert (flat.kind, flat.files) == ("one-colour", ("test[4]",))
    shown = picture_of(found, "test[2]", side=100)
    assert shown is not None
    assert np.array_equal(shown[..., 0], X[7])


def test_feature_vectors(tmp_path: Path) -> None:
    X = np.random.default_rng(5).normal(size=(30, 3)).astype(np.float32)
    X[9, 0], X[21], X[22] = 0, X[9], X[4]
    X[21, 0] = -0.0
    found = check(written(tmp_path / "a.npz", X=X, y=np.array([0] * 25 + [1] * 5)))
    one, two, imbalance = found.findings
    assert (one.kind, one.files) == ("duplicate", ("train[4]", "train[22]"))
    assert (two.kind, two.files) == ("duplicate", ("train[9]", "train[21]"))
    assert "are the same sample; keep one of them" in one.sentence
    assert imbalance.kind == "imbalance"
    assert picture_of(found, "train[4]", side=100) is None


# -- pictures to show ---------------------------------------------------------------------------


def test_a_picture_to_show_keeps_its_shape(drawn: Path) -> None:
    found = check(drawn)
    shown = picture_of(found, "cat/2.jpg", side=100)
    assert shown is not None
    assert shown.shape == (80, 100, 3)
    assert picture_of(found, "cat/missing.jpg", side=100) is None


# -- leaks --------------------------------------------------------------------------------------


def dataset(X: Iterable[Array], name: str = "it") -> Dataset:
    samples = np.stack(list(X))
    return Dataset(samples, np.arange(len(samples)) % 2, ("a", "b"), name=name)


def test_leaks_of_pictures(in_parts: Path) -> None:
    train, test = in_parts / "train", in_parts / "test"
    shutil.copytree(test, in_parts / "validation")
    for path in (in_parts / "validation").rglob("[12].jpg"):
        path.unlink()
    shutil.copy(test / "fox" / "0.jpg", train / "fox" / "first.jpg")
    saved_again(test / "cat" / "1.jpg", train / "cat" / "second.jpg", size=0.5)
    for size in (32, 48, 64):
        splits = read_data(in_parts, size=size)
        assert splits.train is not None
        assert splits.train.paths is not None
        found = leaks(splits)
        named = [(splits.train.paths[leak.row].name, leak.twin) for leak in found]
        assert named == [("second.jpg", Sample("test", 1)), ("first.jpg", Sample("validation", 1))]
        kept = without_leaks(splits, found)
        assert kept.train is not None
        assert len(kept.train) == 10
        assert kept.test is splits.test
        assert leaks(kept) == ()


def test_leaks_of_arrays() -> None:
    X = np.random.default_rng(6).integers(0, 256, (12, 16, 16, 3), np.uint8)
    splits = Splits(Path("it"), train=dataset(X[:8]), test=dataset([X[9], X[3], X[10], X[3]]))
    assert leaks(splits) == (Leak(3, Sample("test", 1)),)
    larger = dataset(np.repeat(np.repeat(X[2:4], 2, 1), 2, 2))
    assert [leak.row for leak in leaks(Splits(Path("it"), train=dataset(X[:8]), test=larger))] == [
        2,
        3,
    ]
    vectors = X.reshape(12, -1).astype(np.float32)
    splits = Splits(Path("it"), train=dataset(vectors[:8]), validation=dataset(vectors[6:]))
    assert leaks(splits) == (Leak(6, Sample("validation", 0)), Leak(7, Sample("validation", 1)))


def test_where_there_is_one_part_there_are_no_leaks() -> None:
    data = dataset(np.zeros((2, 4, 4, 1), np.uint8))
    assert leaks(Splits(Path("it"), train=data)) == ()
    assert leaks(Splits(Path("it"), test=data)) == ()
    only_test = Splits(Path("it"), test=data)
    assert without_leaks(only_test, ()) is only_test


def test_without_leaks_all_stay() -> None:
    data = dataset(np.zeros((2, 4, 4, 1), np.uint8))
    kept = without_leaks(Splits(Path("it"), train=data, test=data), ())
    assert kept.train is not None
    assert len(kept.train) == 2


def test_where_all_leak_nothing_is_left() -> None:
    X = np.random.default_rng(7).integers(0, 256, (4, 16, 16, 1), np.uint8)
    splits = Splits(Path("it"), train=dataset(X), test=dataset(X))
    with pytest.raises(DataError, match="is empty"):
        without_leaks(splits, leaks(splits))


# -- real data ----------------------------------------------------------------------------------


def test_the_leaked_picture_of_the_course(real_data: Path) -> None:
    found = check(real_data / "catvnoncat")
    of_leaks = [finding.files for finding in found.findings if finding.kind == "leak"]
    assert of_leaks == [("train[146]", "test[17]")]
    splits = read_data(real_data / "catvnoncat")
    assert Leak(146, Sample("test", 17)) in leaks(splits)


def test_planted_duplicates_among_photographs(real_data: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    originals = sorted((real_data / "catdog").rglob("*.jpg"))
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
    for path in originals:
        (tmp_path / path.parent.name / path.name).symlink_to(path)
    before = {finding.files for finding in check(tmp_path).findings if "near" in finding.kind}
    assert len(before) <= 2 * len(originals) / 1000
    planted = rng.choice(len(originals), 50, replace=False)
    for n, i in enumerate(planted):
        target = tmp_path / ("cat", "dog")[n % 2] / f"planted-{n}.jpg"
        saved_again(originals[i], target, size=(1, 0.5)[n // 25], quality=50 + n % 25)
    found = [set(finding.files) for finding in check(tmp_path).findings if finding.files]
    hits = 0
    for n, i in enumerate(planted):
        pair = {
            f"{originals[i].parent.name}/{originals[i].name}",
            f"{('cat', 'dog')[n % 2]}/planted-{n}.jpg",
        }
        hits += any(pair <= files for files in found)
    assert hits >= 49
