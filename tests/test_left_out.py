"""Files on the disk = files that are used + files that are named as left out, with the reason."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.data import read_data
from plainnet.errors import DataError, PictureError
from plainnet.pictures import picture_files, read_picture
from plainnet.pictures.check import check
from plainnet.pictures.formats import format_of
from plainnet.pictures.scanning import counts_of, scan

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """`plainnet … --json`: the exit code, the object, and what stands on stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, as_json: bool = True) -> tuple[int, Any, str]:
        more = ["--json"] if as_json else []
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments), *more])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return int(left.value.code or 0), json.loads(out) if as_json and out else out, err

    return run


def draw(path: Path, number: int, kind: str = "JPEG") -> None:
    colour = (200, 60, 40) if "cat" in path.parts else (40, 90, 210)
    noise = np.random.default_rng(number).normal(colour, 30, (20, 24, 3)).clip(0, 255)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise.astype(np.uint8)).save(path, kind)


USED = [  # of one class: what is read, whatever it is called
    *((f"{i}.jpg", "JPEG") for i in range(4)),
    *(("a.jfif", "JPEG"), ("b.JPE", "JPEG"), ("no ending", "PNG"), ("c.data", "WEBP")),
    *(("d.txt", "GIF"), ("e.bmp", "BMP"), ("f.png", "TIFF"), ("g.heic", "JPEG")),
    *(("h.jpg~", "JPEG"), ("deep/er/i.TIF", "TIFF"), ("x.jpg/j.png", "PNG"), (" .png", "PNG")),
    ("k.png ", "PNG"),
    (f"{'n' * 250}.png", "PNG"),
]
FOREIGN = {
    "phone.HEIC": b"\0\0\0\x18ftypheic\0\0\0\0",
    "phone.jpg.bak": b"\0\0\0\x18ftypmif1\0\0\0\0",
    "new.avif": b"\0\0\0\x18ftypavif\0\0\0\0",
    "drawing.svg": b"<svg></svg>",
    "layers.psd": b"8BPS\0\1",
    "raw.dng": b"II*\0\x08\0\0\0",
    "raw.raw": b"whatever",
    "scan.jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
}
OTHERS = {
    **{"notes.txt": b"BM, a maker of cars", "Thumbs.db": b"\xd0\xcf\x11\xe0", "labels.json": b"{}"},
    **{
        "all.zip": b"PK\3\4",
        "empty": b"",
        "RIFF": b"RIFF\0\0\0\0WAVE",
        "x.mp4": b"\0\0\0 ftypisom",
    },
}


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """Two classes, with everything that lies about in real folders."""
    folder = tmp_path / "messy"
    for n, kind in enumerate(("cat", "dog")):
        for i, (name, format_) in enumerate(USED):
            draw(folder / kind / name, 100 * n + i, format_)
        for name, content in {**FOREIGN, **OTHERS}.items():
            (folder / kind / name).write_bytes(content)
        for name in (".DS_Store", "._0.jpg", ".thumbnails/0.jpg", "__MACOSX/deep/0.jpg"):
            draw(folder / kind / name, 1)
    cat = folder / "cat"
    (cat / "cut.jpg").write_bytes((cat / "0.jpg").read_bytes()[:300])
    (cat / "named.jpg").write_bytes(FOREIGN["phone.HEIC"])
    (cat / "lost.jpg").symlink_to(folder / "nowhere.jpg")
    (cat / "lost").symlink_to(folder / "nowhere")
    (cat / "ring.png").symlink_to(cat / "ring.png")
    os.mkfifo(cat / "fifo.jpg")
    os.mkfifo(cat / "fifo")
    draw(folder / "overview.jpg", 5)
    draw(folder / ".git" / "objects" / "aa", 6)
    (folder / "README.md").write_text("Cats and dogs.")
    return folder


def on_disk(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


UNREADABLE = 5  # cut, named, lost, ring and fifo .jpg or .png
EXPECTED = {
    "unreadable": UNREADABLE,
    "format": 2 * len(FOREIGN),
    "stray": 1,
    "other": 2 * len(OTHERS) + 2 + 1,  # the link and the FIFO without an ending, README.md
    "hidden": 2 * 4 + 1,
}


def test_every_file_is_used_or_named(messy: Path) -> None:
    errors: list[PictureError] = []
    splits = read_data(messy, size=8, on_unreadable=errors.append)
    assert splits.train is not None
    assert splits.left_out is not None
    assert splits.train.counts() == {"cat": len(USED), "dog": len(USED)}
    assert counts_of(splits.left_out) == EXPECTED
    assert len(errors) == UNREADABLE
    assert len(splits.train) + len(splits.left_out) == on_disk(messy)
    paths = [*(splits.train.paths or ()), *(one.path for one in splits.left_out)]
    assert len({*paths}) == len(paths)
    reasons = {one.path.name: one.reason for one in splits.left_out}
    assert "is a picture in the format HEIC, which cannot be read; conv" in reasons["phone.HEIC"]
    assert "format HEIC" in reasons["phone.jpg.bak"]
    assert "format camera raw" in reasons["raw.dng"]
    assert "GIF, BMP or TIFF), but HEIC; convert it" in reasons["named.jpg"]
    assert "is truncated" in reasons["cut.jpg"]
    assert "is a broken link" in reasons["lost.jpg"]
    assert "is a link that leads back to itself" in reasons["ring.png"]
    assert reasons["fifo"] == reasons["fifo.jpg"]
    assert reasons["fifo"] == "is a FIFO, not a file; write what comes from it to a file first."
    assert reasons["notes.txt"] == "is not a picture."


def test_parts_count_too(messy: Path, tmp_path: Path) -> None:
    root = tmp_path / "parts"
    root.mkdir()
    messy.rename(root / "train")
    for kind in ("cat", "dog"):
        draw(root / "test" / kind / "1", 9, "PNG")
    (root / "test" / "a.txt").touch()
    (root / "b.txt").touch()
    splits = read_data(root, size=8, on_unreadable=lambda _: None)
    assert splits.train is not None
    assert splits.test is not None
    assert splits.left_out is not None
    assert len(splits.train) + len(splits.test) + len(splits.left_out) == on_disk(root)


def test_commands_count_every_file(messy: Path, plainnet: Run) -> None:
    n = on_disk(messy)
    quick = ("--epochs", "1", "--hidden", "4", "--size", "8")
    code, shown, err = plainnet("train", messy, "--out", "run", *quick)
    assert code == 0
    assert {kind: shown["left_out"][kind] for kind in EXPECTED} == EXPECTED
    assert len(shown["left_out"]["files"]) == UNREADABLE + 2 * len(FOREIGN) + 1
    assert "cat/drawing.svg is a picture in the format SVG, which cannot be read; convert" in err
    assert "more unreadable picture" in err
    assert "17 files that are not pictures (README.md, cat/RIFF, cat/Thumbs.db and 14 mo" in err
    assert "9 hidden files (.git/objects/aa," in err
    assert "1 picture outside the class folders (overview.jpg)" in err
    for command in (("evaluate", "run", messy), ("cross-validate", messy, "--folds", "2", *quick)):
        code, measured, err = plainnet(*command)
        assert (code, measured["left_out"]) == (0, shown["left_out"])
        assert "17 files that are not pictures (README.md" in err
    code, found, _ = plainnet("check", messy)
    assert (code, found["left_out"]) == (0, shown["left_out"])
    assert found["samples"] + sum(found["left_out"][kind] for kind in EXPECTED) == n
    code, answers, err = plainnet("predict", "run", messy)
    assert code == 2  # some cannot be read
    left_out = answers["left_out"]
    assert len(answers["predictions"]) == 2 * len(USED) + 1  # and the one outside
    assert len(answers["unread"]) == left_out["unreadable"] + left_out["format"]
    assert len(answers["predictions"]) + sum(left_out.values()) == n
    assert "17 files that are not pictures (README.md, cat/RIFF, cat/Thumbs.db and 14 mo" in err


def test_strict_stops_at_a_format_that_cannot_be_read(messy: Path, plainnet: Run) -> None:
    for name in ("cut.jpg", "named.jpg", "lost.jpg", "ring.png", "fifo.jpg"):
        (messy / "cat" / name).unlink()
    code, _, err = plainnet("train", messy, "--strict", "--out", "run")
    assert code == 2
    assert "is a picture in the format" in err.splitlines()[-1]


def test_python_logs_what_is_left_out(messy: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PictureError, match=r"is a FIFO, not|is truncated"):
        Classifier(epochs=1).fit(str(messy))
    for name in ("cut.jpg", "named.jpg", "lost.jpg", "ring.png", "fifo.jpg"):
        (messy / "cat" / name).unlink()
    classifier = Classifier(epochs=1, hidden=(4,), size=8).fit(str(messy))
    shown = f"Left out of {messy}: {2 * len(FOREIGN)} pictures of other formats (cat/drawing.svg, "
    assert caplog.messages[-1].startswith(shown)
    assert "17 files that are not pictures (README.md, cat/RIFF, " in caplog.messages[-1]
    caplog.clear()
    assert len(classifier.predict(messy / "dog")) == len(USED)
    assert caplog.messages[-1].startswith(f"Left out of {messy / 'dog'}: {len(FOREIGN)} pictures")


def test_a_class_of_foreign_pictures_only_is_named(messy: Path) -> None:
    (messy / "fox").mkdir()
    for i in range(7):
        (messy / "fox" / f"{i}.heic").write_bytes(FOREIGN["phone.HEIC"])
    with pytest.raises(
        DataError,
        match=r"fox holds no pictures.*Left out: 7 pictures of other formats \(fox/0.heic",
    ):
        read_data(messy)


def test_a_folder_with_nothing_left_out_says_nothing(
    tmp_path: Path, plainnet: Run, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in ("cat", "dog"):
        for i in range(4):
            draw(tmp_path / "pets" / kind / f"{i}.jfif", i)
    splits = read_data(tmp_path / "pets")
    assert splits.left_out == ()
    assert caplog.messages == []
    code, shown, err = plainnet("train", "pets", "--epochs", "1", "--hidden", "4", "--out", "run")
    assert (code, sum(shown["left_out"][kind] for kind in EXPECTED)) == (0, 0)
    assert "Left out" not in err
    assert check(tmp_path / "pets").n == 8


def test_files_of_pictures_are_not_opened_to_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.PNG", "c.txt", "d", ".e"):
        (tmp_path / name).touch()
    opened: list[str] = []
    monkeypatch.setattr(
        "plainnet.pictures.scanning.format_of", lambda path: opened.append(path.name)
    )
    assert [path.name for path in picture_files(tmp_path)] == ["a.jpg", "b.PNG"]
    assert sorted(opened) == ["c.txt", "d"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"BM" + bytes(30), None),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"", None),
        (b"\xff\xd8\xff\xe0", "JPEG"),
    ],
)
def test_format_of(tmp_path: Path, content: bytes, found: str | None) -> None:
    (tmp_path / "x").write_bytes(content)
    assert format_of(tmp_path / "x") == found


def within_seconds(action: Callable[[], Any]) -> None:
    """Fail, and do not wait for ever, where something blocks."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_what_is_no_file_is_never_waited_for(messy: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(tmp_path)  # the name of a socket must be short
        listening.bind("s.jpg")
        errors: dict[str, str] = {}

        def read(path: str) -> None:
            try:
                read_picture(path, 8)
            except PictureError as error:
                errors[path] = str(error)

        names = [str(messy / "cat" / "fifo.jpg"), "s.jpg", "/dev/zero", "/dev/null"]
        for name in names:
            within_seconds(lambda name=name: read(name))  # type: ignore[misc]
        kinds = ["FIFO", "socket", "device", "device"]
        assert [errors[name].split(" is a ")[1].split(",")[0] for name in names] == kinds
    within_seconds(lambda: scan(messy))


BAD_NAMES = {
    "n" * 300: "cannot be looked up (File name too long)",
    "n/" * 3000: "cannot be looked up (File name too long)",
    "caf\udce9.jpg": "does not exist",
    "x.jpg ": "does not exist",
    "cat": "",
}


def test_a_bad_name_does_not_stop_the_others(messy: Path, plainnet: Run) -> None:
    quick = ("--epochs", "1", "--hidden", "4", "--size", "8")
    plainnet("train", messy, "--out", "run", *quick)
    good = messy / "cat" / "0.jpg"
    names = [name for name in BAD_NAMES if name != "cat"]
    code, shown, _ = plainnet("predict", "run", *names, good, "--csv", "a.csv")
    assert code == 2
    assert [one["file"] for one in shown["predictions"]] == [str(good)]
    for one, name in zip(shown["unread"], names, strict=True):
        assert BAD_NAMES[name] in one["error"]
    for command in ("explain", "trace"):
        code, _, err = plainnet(command, "run", "n" * 300)
        assert (code, "cannot be looked up (File name too long)" in err) == (2, True)
    code, _, err = plainnet("evaluate", "run", "n" * 300)
    assert (code, "File name too long" in err) == (2, True)


@pytest.mark.parametrize("command", ["check", "train", "summary"])
def test_a_bad_name_is_a_sentence(command: str) -> None:
    program = [sys.executable, "-m", "plainnet", command, "n" * 300]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "File name too long" in done.stderr


@pytest.mark.parametrize("name", ["n" * 300, "a\0b.png", "a\udce9.png"])
def test_a_bad_name_in_python(name: str) -> None:
    with pytest.raises(PictureError, match=r"cannot be looked up|does not exist"):
        read_picture(name, 8)


def test_names_that_are_not_utf_8(tmp_path: Path, plainnet: Run) -> None:
    strange = os.fsdecode(b"caf\xe9")
    for kind in ("cat", "dog"):
        for i in range(6):
            draw(tmp_path / "pets" / kind / f"{strange}{i}.jpg", i)
        (tmp_path / "pets" / kind / f"{strange}.txt").touch()
    quick = ("--epochs", "1", "--hidden", "4", "--size", "8")
    code, shown, err = plainnet("train", "pets", "--out", "run", *quick)
    assert (code, shown["left_out"]["other"]) == (0, 2)
    assert "caf\\udce9.txt" in err
    code, shown, _ = plainnet("predict", "run", "pets", "--csv", "a.csv")
    assert (code, len(shown["predictions"])) == (0, 12)
    assert "caf\\udce90.jpg" in Path("a.csv").read_text("utf-8")
    assert plainnet("check", "pets", "--page", "a.html")[0] == 0
    assert plainnet("report", "run", "pets", as_json=False)[0] == 0


def test_classes_whose_names_are_not_utf_8(tmp_path: Path) -> None:
    strange = os.fsdecode(b"caf\xe9")
    for kind in ("cat", strange):
        for i in range(3):
            draw(tmp_path / "pets" / kind / f"{i}.jpg", i)
    classifier = Classifier(epochs=1, hidden=(4,), size=8).fit(tmp_path / "pets")
    classifier.save(tmp_path / "m.safetensors")
    assert Classifier.load(tmp_path / "m.safetensors").classes == (strange, "cat")


def test_evaluate_looks_at_the_names_first(
    messy: Path, plainnet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.getLogger().setLevel(logging.INFO)
    quick = ("--epochs", "1", "--hidden", "4", "--size", "8")
    plainnet("train", messy, "--out", "run", *quick)
    (messy / "dog").rename(messy / "wolf")
    monkeypatch.setattr(
        "plainnet.pictures.reading.read_picture", lambda *_: pytest.fail("a picture is read")
    )
    code, _, err = plainnet("evaluate", "run", messy)
    assert code == 2
    assert f"{messy} holds the class 'wolf', but the model knows only cat, dog; leave" in err
    with pytest.raises(DataError, match="holds the class 'wolf'"):
        Classifier.load("run/model.safetensors").evaluate(str(messy))
