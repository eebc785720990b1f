"""`plainnet` as people and scripts use it: what it prints where, its exit codes, and its sentences.

Most of it runs in this process, through `main`; signals, pipes and disks need a process of its own.
"""

import csv
import gzip
import html
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import COMMANDS, main
from plainnet.demo.drawing import draw_animal
from plainnet.network import Array

QUICK = ("--epochs", "2", "--hidden", "8", "--batch-size", "8")
PICTURES = (*QUICK, "--size", "16", "--normalization", "none", "--validation-share", "0.15")
SECTIONS = ["Options", "Data", "Network", "Training", "Decision"]
RUN_FILES = ["history.csv", "metrics.json", "model.safetensors", "report.html", "settings.json"]


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout, with nothing beside it."""
        return json.loads(self.out)

    def refused(self, why: str) -> None:
        """Exit code 2, nothing on stdout, and a sentence without a traceback on stderr."""
        assert (self.code, self.out) == (2, "")
        assert "Traceback" not in self.err
        assert self.err.endswith("\n")
        last = self.err[self.err.index("Error: ") :]
        assert last.count("Error: ") == 1
        assert re.search(why, last), last


Command = Callable[..., Done]


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    """`plainnet` in an empty folder."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Done(left.value.code, out, err)

    before = signal.getsignal(signal.SIGINT)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield run
    signal.signal(signal.SIGINT, before)


def started(*arguments: object, **settings: Any) -> subprocess.Popen[str]:
    """`plainnet` as a process."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "80", **settings.pop("env", {})}
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    also = settings.pop("preexec_fn", lambda: None)

    def hears_ctrl_c() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # also where the tests run in the background
        also()

    command = [sys.executable, "-m", "plainnet", *map(str, arguments)]
    return subprocess.Popen(command, text=True, env=env, preexec_fn=hears_ctrl_c, **settings)


def ended(process: subprocess.Popen[str]) -> Done:
    try:
        out, err = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert "Traceback" not in (err or "")
    return Done(process.returncode, out, err or "")


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- data ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data, good and bad."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for kind in ("cat", "fox"):
        for part in ("pets", "broken", "huge", "split/train", "split/test", "empty-class", "bad"):
            (folder / part / kind).mkdir(parents=True)
            for i in range(6):
                draw_animal(kind, rng, 24).save(folder / part / kind / f"{kind}-{i}.png")
    shutil.copytree(folder / "pets", folder / "three")
    shutil.copytree(folder / "pets" / "cat", folder / "three" / "dog")
    shutil.copytree(folder / "pets" / "cat", folder / "one-class" / "cat")
    (folder / "empty").mkdir()
    (folder / "empty-class" / "bird").mkdir()
    spoil(folder)
    X = rng.normal(size=(40, 3)).astype(np.float32)
    np.savez(folder / "features.npz", X=X, y=np.array(["neg", "pos"])[(X[:, 0] > 0).astype(int)])
    np.savez(folder / "three.npz", X=X, y=np.arange(40) % 3, X_test=X, y_test=np.arange(40) % 3)
    np.save(folder / "features.npy", X[:4])
    return folder


def spoil(folder: Path) -> None:
    """Pictures that are none, too small and too large."""
    jpeg = folder / "broken" / "cat" / "cut.jpg"
    draw_animal("cat", np.random.default_rng(1), 64).save(jpeg)
    jpeg.write_bytes(jpeg.read_bytes()[:700])
    (folder / "broken" / "fox" / "text.jpg").write_text("hello")
    Image.new("RGB", (1, 1)).save(folder / "broken" / "fox" / "one.png")
    Image.new("1", (20_000, 20_000)).save(folder / "huge" / "cat" / "huge.png")
    for path in (folder / "bad" / "cat").iterdir():
        path.write_text("not a picture")


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs on `pets` and on `features.npz`, with the names of their data."""
    runs = tmp_path_factory.mktemp("trained")
    own: dict[str, dict[str, Any]] = {
        "pets": {"size": (16, 16), "normalization": "none"},
        "features.npz": {},
    }
    for name, settings in own.items():
        fit = Classifier(epochs=4, hidden=(8,), batch_size=8, **settings).fit(data / name)
        fit.save(runs / Path(name).stem)
    return runs


# -- train ---------------------------------------------------------------------------------------


def test_train_writes_a_run_that_can_be_used(plainnet: Command, data: Path) -> None:
    done = plainnet("train", data / "pets", *PICTURES)
    assert done.code == 0
    run = Path("runs/pets-1")
    assert listing(run) == ["held_out.json", *RUN_FILES]
    assert done.out.startswith("validation: 2 samples\n  accuracy  ")
    assert done.out.endswith(
        f"kept     epoch 2 of 2\nwritten  {run}\ntry      plainnet predict {run} PICTURE\n"
    )
    shown = done.err.splitlines()
    assert shown[0] == "training    10 samples: cat: 5, fox: 5"
    assert shown[1] == "validation  2 samples: cat: 1, fox: 1"
    assert shown[2] == "network     768 → 8 → 1, 6,161 parameters"
    assert [line[:9] for line in shown[3:]] == ["epoch 1/2", "epoch 2/2", ""]
    settings = json.loads((run / "settings.json").read_text())
    assert settings["data"] == str(data / "pets")
    assert settings["recipe"]["hidden"] == [8]
    with (run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert set(rows[0]) >= {"loss", "validation_loss", "validation_accuracy", "seconds"}
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["validation"]["n"] == 2
    assert Classifier.load(run / "model.safetensors").quality == metrics
    assert plainnet("predict", run, data / "pets").code == 0


def test_train_as_json(plainnet: Command, data: Path) -> None:
    done = plainnet("train", data / "split", *PICTURES, "--json", "--out", "run")
    shown = done.json
    assert (done.code, shown["run"], shown["classes"]) == (0, "run", ["cat", "fox"])
    assert (shown["epochs"], shown["kept_epoch"], shown["parameters"]) == (2, 2, 6161)
    assert (shown["validation"]["n"], shown["test"]["n"]) == (2, 12)
    assert "epoch 2/2" in done.err


@pytest.mark.parametrize(("name", "outputs"), [("features.npz", 1), ("three.npz", 3)])
def test_train_on_features(plainnet: Command, data: Path, name: str, outputs: int) -> None:
    done = plainnet("train", data / name, *QUICK, "--out", "run")
    assert done.code == 0
    assert done.out.endswith("try      plainnet predict run FEATURES.npy\n")
    assert f"3 → 48 → 8 → {outputs}, " in done.err
    assert plainnet("predict", "run", data / "features.npy").code == 0


def test_train_without_validation_has_nothing_to_measure(plainnet: Command, data: Path) -> None:
    more = ("--validation-share", "0", "--out")
    done = plainnet("train", data / "pets", *PICTURES, *more, "a")
    assert done.code == 0
    assert done.out.startswith("report   a/report.html\nkept     epoch 2 of 2\nwritten  a\n")
    assert listing(Path("a")) == RUN_FILES
    shown = plainnet("train", data / "pets", *PICTURES, *more, "b", "--json").json
    assert shown["run"] == "b"
    assert "validation" not in shown


def test_unreadable_pictures_are_left_out_and_named(plainnet: Command, data: Path) -> None:
    done = plainnet("train", data / "broken", *PICTURES, "--out", "run")
    assert done.code == 0
    left_out = [line for line in done.err.splitlines() if line.startswith("Left out: ")]
    for name, why in (("cut.jpg", "truncated"), ("one.png", "1 × 1"), ("text.jpg", "not a pict")):
        assert any(name in line and why in line for line in left_out)
    assert "training    10 samples" in done.err
    done = plainnet("train", data / "huge", *PICTURES, "--json", "--out", "other")
    assert done.json["validation"]["n"] == 2
    assert re.search("Left out: .*huge.png has too many pixels", done.err)
    strict = plainnet("train", data / "broken", *PICTURES, "--strict", "--out", "third")
    strict.refused("is truncated; copy or download it again")
    assert not Path("third").exists()


def idx(folder: Path, cut: int = 0) -> Path:
    """MNIST-style files with 20 pictures of 4 × 4."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (20, 4, 4), dtype=np.uint8).tobytes()
    images = struct.pack(">4B3I", 0, 0, 8, 3, 20, 4, 4) + pixels
    labels = struct.pack(">4BI", 0, 0, 8, 1, 20) + bytes(i % 10 for i in range(20))
    images = images[: len(images) - cut]
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
    (folder / "train-labels-idx1-ubyte").write_bytes(labels)
    return folder


def npz(**arrays: Any) -> Callable[[Path], Path]:
    def write(data: Path) -> Path:
        np.savez("written.npz", **arrays)
        return Path("written.npz")

    return write


X, Y = np.random.default_rng(3).normal(size=(20, 3)), np.arange(20) % 2


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda data: data / "missing", "missing cannot be read: No such file"),
        (lambda data: data / "empty", r"Cannot tell what kind of data .* holds(.|\n)*pets/\n"),
        (lambda data: data / "empty-class", "class folder .*bird holds no pictures"),
        (lambda data: data / "one-class", "holds only one class folder, cat"),
        (lambda data: data / "pets" / "cat", r"pets.cat holds pictures but no class folders"),
        (lambda data: data / "bad", r"None of the pictures in .*bad.cat can be read"),
        (lambda data: data / "pets" / "cat" / "cat-0.png", "Cannot tell what kind of data"),
        (lambda data: idx(Path("cut"), cut=3), r"should hold \d+ bytes .* download it again"),
        (npz(X=np.where(X > 1, np.nan, X), y=Y), "not finite numbers, the first, nan"),
        (npz(X=X, y=Y[:7]), r"20 samples and needs as many"),
        (npz(X=X, y=np.eye(2)[Y]), r"y\.argmax\(axis=1\)"),
        (npz(X=X, y=np.array([{}] * 20)), "not of Python objects"),
        (npz(X=X.astype(object), y=Y), "not of Python objects"),
        (npz(X=X, y=0 * Y), "samples of only one class, '0'"),
        (npz(X=X[:0], y=Y[:0]), "is empty"),
        (npz(X=X), "expected arrays named X and y"),
        (npz(X=X[0, 0], y=Y), "must hold pictures .* or feature vectors"),
    ],
)
def test_data_that_nothing_can_be_learned_from(
    plainnet: Command, data: Path, make: Callable[[Path], Path], why: str
) -> None:
    plainnet("train", make(data), *QUICK).refused(why)
    assert not Path("runs").exists()


def test_a_cut_npz(plainnet: Command, data: Path) -> None:
    Path("cut.npz").write_bytes((data / "features.npz").read_bytes()[:300])
    plainnet("train", "cut.npz", *QUICK).refused("is truncated or not a valid .npz file")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--hidden 12,x", "'12,x' is not a list of layer sizes; write 128,64 or none"),
        ("--hidden 0", "units of a hidden layer must be a whole number ≥ 1, but got 0"),
        ("--hidden 10000000000000", "not enough memory"),
        ("--size 0", "but got (0|.0, 0.)"),
        ("--size 16x", "'16x' is not a picture size; write 64 or 48x64"),
        ("--size 1x2x3", "'1x2x3' is not a picture size"),
        ("--dropout 1.5", r"dropout must be a number in \[0, 1\), but got 1.5"),
        ("--epochs 0", "epochs must be a whole number ≥ 1, but got 0"),
        ("--epochs many", "'many' is not a valid integer"),
        ("--learning-rate -1", "learning rate must be .* but got -1"),
        ("--learning-rate nan", "learning rate must be .* but got nan"),
        ("--optimizer foo", "'foo' is not one of 'gradient-descent', .*'adamw'"),
        ("--schedule foo", "'foo' is not one of 'constant'"),
        ("--activation ReLU", "'ReLU' is not one of 'relu'"),
        ("--initializer foo", "'foo' is not one of 'auto'"),
        ("--batch-size 0", "batch size must be"),
        ("--patience -1", "patience must be"),
        ("--weight-decay -1", "weight decay must be"),
        ("--clip-norm 0", "norm to clip"),
        ("--validation-share 1", "share of validation samples must be"),
        ("--seed -1", "seed must be"),
        ("--epoch 3", "No such option '?--epoch"),
        ("more", "unexpected extra argument"),
    ],
)
def test_options_that_are_none(plainnet: Command, data: Path, options: str, why: str) -> None:
    plainnet("train", data / "pets", "--epochs", "1", *options.split()).refused(why)
    assert not Path("runs").exists()


def test_features_have_no_size(plainnet: Command, data: Path) -> None:
    plainnet("train", data / "features.npz", "--size", 8).refused("no size and no colour")


@pytest.mark.parametrize("rate", ["1e6", "1e30"])
def test_a_training_that_diverges_leaves_what_was_sound(
    plainnet: Command, data: Path, rate: str
) -> None:
    how = ("--optimizer", "gradient-descent", "--learning-rate", rate, "--schedule", "constant")
    done = plainnet("train", data / "pets", "--size", 16, *how, "--epochs", 9)
    done.refused(rf"learning rate 1e\+0?{rate[2:]}; try .*, (or )?clip_norm=1")
    kept = re.search(r"The model after \d+ epochs? is saved in (\S+)\.$", done.err.strip())
    assert bool(kept) == Path("runs").exists()
    if kept:
        assert listing(Path(kept[1])) == [
            *("held_out.json", "history.csv", "model.safetensors", "settings.json")
        ]


def test_an_earlier_run_is_not_overwritten(plainnet: Command, data: Path) -> None:
    Path("run").mkdir()
    Path("run/precious").write_text("kept")
    done = plainnet("train", data / "missing", "--out", "run")  # an error before anything is read
    done.refused("run already holds something and is not overwritten; choose a new name")
    assert listing(Path("run")) == ["precious"]
    for n in (1, 2):
        assert plainnet("train", data / "features.npz", *QUICK).code == 0
        assert listing(Path("runs"))[-1] == f"features-{n}"


def test_an_empty_folder_may_become_the_run_and_stays_if_it_does_not(
    plainnet: Command, data: Path
) -> None:
    Path("run").mkdir()
    plainnet("train", data / "empty", "--out", "run").refused("Cannot tell what kind of data")
    assert listing(Path("run")) == []
    assert plainnet("train", data / "features.npz", *QUICK, "--out", "run").code == 0
    plainnet("train", data / "empty", "--out", "a/b/c").refused("Cannot tell what kind of data")
    assert not Path("a").exists()


def test_a_run_does_not_go_into_the_data(
    plainnet: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "written into .* itself, where the next .* take it for a class; name a folder elsewhere"
    plainnet("train", data / "pets", "--out", data / "pets" / "run").refused(why)
    plainnet("train", data / "pets", "--out", data / "pets").refused(why)
    monkeypatch.chdir(data / "pets")
    plainnet("train", ".").refused(why)
    assert listing(data / "pets") == ["cat", "fox"]


@pytest.mark.parametrize("out", ["file", "file/run", "ring", "x" * 300])
def test_where_no_run_can_be_written(plainnet: Command, data: Path, out: str) -> None:
    Path("file").write_text("kept")
    Path("ring").symlink_to("ring")
    plainnet("train", "ring").refused("ring cannot be read")
    plainnet("train", data / "missing", "--out", out).refused(r"could not be made .*; .*choose")
    assert Path("file").read_text() == "kept"


def test_a_tilde_that_no_shell_has_replaced(
    plainnet: Command, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert plainnet("train", data / "features.npz", *QUICK, "--out=~/run").code == 0
    assert {"model.safetensors", "settings.json"} < {*listing(tmp_path / "home" / "run")}
    assert plainnet("summary", "~/run").code == 0
    assert not Path("~").exists()
    for command in ("train", "check"):
        plainnet(command, "~$pets").refused("~\\$pets cannot be read")


@pytest.mark.parametrize("limit", [10, 1000, 20_000])
def test_a_full_disk(data: Path, tmp_path: Path, limit: int) -> None:
    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    run = tmp_path / "run"
    process = started("train", data / "pets", *PICTURES, "--out", run, preexec_fn=full)
    ended(process).refused(r"run/\w+\.\w+ could not be written .*; make room")
    assert not run.exists()


def test_a_disk_that_gets_full_while_it_measures(
    plainnet: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plainnet.cli import learning
    from plainnet.errors import FileError

    def full(*_: object) -> None:
        raise FileError("metrics.json could not be written.")

    monkeypatch.setattr(learning, "finish_run", full)
    done = plainnet("train", data / "pets", *PICTURES, "--out", "run")
    done.refused(r"could not be written\. The model is saved in run, not evaluated\.")
    assert plainnet("predict", "run", data / "pets" / "cat").code == 0


# -- ensembles -----------------------------------------------------------------------------------


def test_an_ensemble_and_its_threshold_are_told(plainnet: Command, data: Path) -> None:
    more = ("--ensemble", 2, "--recall", 0.5, "--out", "run")
    done = plainnet("train", data / "split", *PICTURES, *more)
    assert done.code == 0
    assert re.search(r"network 1 of 2\n.*epoch +1/.*\nnetwork 2 of 2\n.*epoch +1/", done.err, re.S)
    assert "in the last of 2 networks" in done.out
    shown = plainnet("summary", "run")
    assert "the average of 2 such networks" in shown.out
    model = Classifier.load("run/model.safetensors")
    assert f"threshold         fox from {100 * model.threshold:.1f} % on" in shown.out
    assert plainnet("summary", "run", "--json").json["networks"] == 2
    picture = next((data / "split" / "test").glob("*/*.png"))
    assert "the mean of 2 networks" in plainnet("trace", "run", picture).out
    assert "one of 2 networks" in plainnet("graph", "run").out
    assert plainnet("explain", "run", picture, "--out", "e.png").code == 0


def test_weights_and_changes_are_given_by_name(plainnet: Command, data: Path) -> None:
    given = ["--class-weight", "cat=2,fox=0.5", "--augment", "flip=0.5,mix_up=0.2"]
    done = plainnet("train", data / "pets", *PICTURES, *given, "--out", "run")
    assert done.code == 0
    recipe = Classifier.load("run/model.safetensors").recipe
    assert recipe.class_weight == {"cat": 2, "fox": 0.5}
    assert recipe.augment == {"flip": 0.5, "mix_up": 0.2}
    page = Path("run/report.html").read_text("utf-8")
    assert "--class-weight cat=2,fox=0.5" in html.unescape(page)
    assert "--augment flip=0.5,mix_up=0.2" in html.unescape(page)
    for wrong, shown in (
        (["--class-weight", "cow=1"], "'cow', which is not a class"),
        (["--class-weight", "cat=much"], "not a list of names with numbers"),
        (["--augment", "wild"], "augmentation must be one of"),
        (["--augment", "swirl=1"], "no setting 'swirl'"),
    ):
        plainnet("train", data / "pets", *PICTURES, *wrong, "--out", "b").refused(shown)


# -- leaks ---------------------------------------------------------------------------------------


def test_a_leak_is_told_and_dropped_on_demand(plainnet: Command, data: Path) -> None:
    shutil.copytree(data / "split", "leaky")
    [source, *_] = sorted(Path("leaky/test/cat").iterdir())
    shutil.copy(source, "leaky/train/cat/seen-before.png")
    done = plainnet("train", "leaky", *PICTURES, "--out", "a")
    assert done.code == 0
    assert "LEAK: 1 training sample in the validation or test part as well" in done.err
    assert "train/cat/seen-before.png is the same as test/cat/" in done.err
    assert "--drop-leaks leaves them out" in done.err
    assert "seen-before.png" in Path("a/report.html").read_text("utf-8")
    assert plainnet("report", "a", "leaky").code == 0
    assert "seen-before.png" in Path("a/report.html").read_text("utf-8")
    dropped = plainnet("train", "leaky", *PICTURES, "--drop-leaks", "--out", "b")
    clean = plainnet("train", data / "split", *PICTURES, "--out", "c")
    assert "They are left out" in dropped.err
    assert "LEAK" not in clean.err
    models = [Classifier.load(f"{name}/model.safetensors") for name in "bc"]
    assert np.array_equal(models[0].network.theta, models[1].network.theta)
    page = Path("b/report.html").read_text("utf-8")
    assert "--drop-leaks" in page
    assert str(Path.cwd()) not in page  # whoever is given it need not know


def test_what_is_wrong_with_the_data_is_told_before_the_training(
    plainnet: Command, data: Path
) -> None:
    shutil.copytree(data / "pets", "ill")
    [source, *_] = sorted(Path("ill/cat").iterdir())
    shutil.copy(source, "ill/fox/the-same.png")
    Path("ill/fox/empty.png").touch()
    done = plainnet("train", "ill", *PICTURES, "--out", "run")
    assert done.code == 0
    shown = "check       1 × the same picture in several classes; `plainnet check` shows them.\n"
    assert shown in done.err
    page = Path("run/report.html").read_text("utf-8")
    assert "The check of the data" in page
    assert "fox/the-same.png are the same picture, in the classes cat and fox" in page
    assert plainnet("train", data / "pets", *PICTURES, "--out", "sound").code == 0
    assert "No problems were found." in Path("sound/report.html").read_text("utf-8")


# -- Ctrl-C --------------------------------------------------------------------------------------


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until there is such a file."""
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def line_with(process: subprocess.Popen[str], what: str) -> None:
    """Wait until a line on stderr holds this."""
    assert process.stderr is not None
    for line in islice(process.stderr, 1000):
        if what in line:
            return
    process.kill()
    pytest.fail(f"no line with {what!r}")


LONG = ("--size", "16", "--hidden", "8", "--epochs", "1000000", "--out")


@pytest.mark.parametrize("again", [None, 0.0, 0.02])
def test_ctrl_c_keeps_what_was_reached(
    data: Path, tmp_path: Path, plainnet: Command, again: float | None
) -> None:
    run = tmp_path / "run"
    process = started("train", data / "split", *LONG, run)
    line_with(process, " 3/")
    process.send_signal(signal.SIGINT)
    if again is not None:
        time.sleep(again)
        process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.code == 130
    go_on = f"To resume:  plainnet train --resume {run}\n"
    assert re.search(rf"Stopped after \d+ epochs; .* saved in {run}\.\n{go_on}$", done.err)
    assert {*listing(run)} >= {"checkpoint.safetensors", "history.csv", "model.safetensors"}
    assert plainnet("predict", run, data / "pets").code == 0
    if again is None:
        assert listing(run) == ["checkpoint.safetensors", *RUN_FILES]
        assert "test: 12 samples" in done.out
        assert done.out.endswith(f"try      plainnet predict {run} PICTURE\n")


def test_ctrl_c_before_the_first_epoch_has_ended(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", X=rng.normal(size=(3000, 400)), y=np.arange(3000) % 2)
    run = tmp_path / "run"
    slow = ("--hidden", "3000,3000", "--batch-size", "1")  # so that an epoch takes minutes
    process = started("train", tmp_path / "d.npz", *slow, "--out", run)
    line_with(process, "network")
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.code, done.out) == (130, "")
    shown = f"Stopped after 0 epochs; no model yet.\nTo resume:  plainnet train --resume {run}"
    assert done.err.strip() == shown
    assert listing(run) == ["checkpoint.safetensors", "settings.json"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [(signal.SIGINT, "Stopped by Ctrl-C.\n"), (signal.SIGTERM, "Stopped by SIGTERM.\n")],
)
def test_a_signal_while_it_reads(tmp_path: Path, number: signal.Signals, shown: str) -> None:
    Image.new("1", (5000, 5000)).save(tmp_path / "large.png")
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        for i in range(100):
            (tmp_path / "d" / name / f"{i}.png").hardlink_to(tmp_path / "large.png")
    process = started("train", tmp_path / "d", "--out", tmp_path / "runs" / "run")
    wait_for(tmp_path / "runs" / "run", process)
    time.sleep(0.2)  # to be amid the reading, mostly; before it, the same has to come out
    process.send_signal(number)
    done = ended(process)
    assert (done.code, done.out, done.err.lstrip()) == (128 + number, "", shown)
    assert listing(tmp_path) == ["d", "large.png"]


def test_ctrl_c_while_it_measures(
    plainnet: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Classifier, "evaluate", interrupted)
    done = plainnet("train", data / "pets", *PICTURES, "--json", "--out", "run")
    assert (done.code, done.json["run"]) == (130, "run")
    assert done.err.endswith("after 2 epochs; the model is saved in run.\n")
    assert plainnet("predict", "run", data / "pets" / "cat").code == 0


# -- predict -------------------------------------------------------------------------------------


def test_predict(plainnet: Command, data: Path, trained: Path) -> None:
    cat = data / "pets" / "cat"
    done = plainnet("predict", trained / "pets", cat, data / "pets" / "fox" / "fox-1.png")
    assert (done.code, done.err) == (0, "")
    header, *lines = done.out.splitlines()
    assert header.split() == ["file", "answer", "probabilities"]
    assert [line.split()[0] for line in lines[:6]] == [str(cat / f"cat-{i}.png") for i in range(6)]
    answer = re.compile(r"\S+  (cat|fox)  +(cat|fox) (\d+\.\d) %  (cat|fox) (\d+\.\d) %$")
    for line in lines:
        match = answer.match(line)
        assert match, line
        assert match[1] == match[2] != match[4]
        assert float(match[3]) + float(match[5]) == pytest.approx(100, abs=0.11)


def test_predict_as_csv_and_json(plainnet: Command, data: Path, trained: Path) -> None:
    done = plainnet("predict", trained / "pets", data / "pets", "--csv", "a.csv", "--json")
    assert done.code == 0
    assert done.json["unread"] == []
    with Path("a.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["file", "answer", "cat", "fox"]
    for row, shown in zip(rows, done.json["predictions"], strict=True):
        assert (row[0], row[1]) == (shown["file"], shown["answer"])
        assert [float(p) for p in row[2:]] == [*shown["probabilities"].values()]
    P = Classifier.load(trained / "pets").predict_proba(data / "pets")
    assert np.allclose([[float(p) for p in row[2:]] for row in rows], P, atol=1e-6)


def test_what_cannot_be_read_is_told_and_the_rest_is_answered(
    plainnet: Command, data: Path, trained: Path
) -> None:
    asked = (data / "nowhere.png", data / "empty", data / "broken" / "fox", data / "huge" / "cat")
    done = plainnet("predict", trained / "pets", *asked, "--csv", "a.csv")
    assert done.code == 2
    shown = done.err.splitlines()
    for name in (
        "nowhere.png does not exist",
        "folder .*empty holds no pictures",
        "one.png is only 1 ×",
    ):
        assert any(re.match(f"Error: .*{name}", line) for line in shown)
    assert any("text.jpg is not a picture" in line for line in shown)
    assert any("huge.png has too many pixels" in line for line in shown)
    assert len(shown) == 5
    assert len(done.out.splitlines()) == 1 + 12
    assert len(Path("a.csv").read_text().splitlines()) == 1 + 12
    told_json = plainnet("predict", trained / "pets", *asked[:1], asked[2], "--json").json
    assert len(told_json["predictions"]) == 6
    assert [Path(row["file"]).name for row in told_json["unread"]] == [
        *("nowhere.png", "one.png", "text.jpg")
    ]
    assert "does not exist" in told_json["unread"][0]["error"]
    nothing = plainnet("predict", trained / "pets", data / "nowhere.png")
    nothing.refused("does not exist; check its spelling")


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((2, 4)), r"takes arrays \(N, 3\), but got \(2, 4\)"),
        (np.zeros(3), r"a row of features for each sample, but is \(3,\)"),
        (np.zeros((0, 3)), "no samples"),
        (np.full((2, 3), np.inf), "row 0, column 0 is inf"),
        (np.zeros((2, 3), complex), "an array of numbers"),
        (np.array([[{}, {}, {}]]), r"not a \.npy file of numbers"),
        (b"\x89PNG and no more", r"not a \.npy file of numbers"),
        (b"", r"not a \.npy file of numbers"),
        (None, "cannot be read .No such file"),
    ],
)
def test_predict_on_features(
    plainnet: Command, data: Path, trained: Path, array: Array | bytes | None, why: str
) -> None:
    if isinstance(array, bytes):
        Path("bad.npy").write_bytes(array)
    elif array is not None:
        np.save("bad.npy", array)
    done = plainnet("predict", trained / "features", "bad.npy", data / "features.npy")
    assert done.code == 2
    assert re.match(f"Error: bad.npy .*{why}", done.err)
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == [
        f"{data / 'features.npy'}:{row}" for row in range(4)
    ]
    assert "pickle" not in done.err


def test_a_csv_that_cannot_be_written_does_not_cost_the_answers(
    plainnet: Command, data: Path, trained: Path
) -> None:
    asked = ("predict", trained / "pets", data / "pets" / "cat", "--csv")
    for path, why in (("no/a.csv", "create its folder"), (data / "empty", "name a file")):
        done = plainnet(*asked, path)
        assert (done.code, len(done.out.splitlines())) == (2, 7)
        assert re.match(f"Error: .* could not be written .*{why}", done.err)
    Path("a.csv").write_text("file,old")
    assert plainnet(*asked, "a.csv").code == 0
    assert Path("a.csv").read_text().startswith("file,answer,cat,fox\n")
    assert listing(Path()) == ["a.csv"]


def no_run(folder: Path, trained: Path) -> list[tuple[Path, str]]:
    """Paths that are no runs, and what is said of them."""
    sound = (trained / "pets").read_bytes()
    (folder / "empty").mkdir()
    (folder / "cut").write_bytes(sound[:-10])
    (folder / "text").write_text("a text")
    return [
        (folder / "missing", r"missing cannot be read \(No such file"),
        (folder / "empty", r"empty holds no model\.safetensors; name a folder that"),
        (folder / "cut", "is no plainnet model file .* cut short"),
        (folder / "text", "is no plainnet model file"),
    ]


def test_runs_that_are_none(plainnet: Command, data: Path, trained: Path, tmp_path: Path) -> None:
    for path, why in no_run(tmp_path, trained):
        plainnet("predict", path, data / "pets").refused(why)
        plainnet("evaluate", path, data / "pets").refused(why)
        plainnet("summary", path).refused(why)
        plainnet("summary", path, "--json").refused(why)


# -- evaluate and summary ------------------------------------------------------------------------


def test_evaluate(plainnet: Command, data: Path, trained: Path) -> None:
    done = plainnet("evaluate", trained / "pets", data / "pets")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{data / 'pets'}: 12 samples\n  accuracy  ")
    done = plainnet("evaluate", trained / "pets", data / "split")
    assert done.out.startswith(f"{data / 'split'}, test part: 12 samples\n")
    shown = plainnet("evaluate", trained / "pets", data / "split", "--part", "train", "--json").json
    assert (shown["part"], shown["n"]) == ("train", 12)
    shown = plainnet("evaluate", trained / "features", data / "features.npz", "--json").json
    assert (shown["n"], shown["classes"]) == (40, ["neg", "pos"])


@pytest.mark.parametrize(
    ("run", "name", "options", "why"),
    [
        ("pets", "missing", (), "cannot be read"),
        ("pets", "three", (), "the class 'dog', but the model knows only cat, fox"),
        ("pets", "pets", ("--part", "test"), "has no test part, only train"),
        ("pets", "pets", ("--part", "tset"), "'tset' is not one of"),
        ("pets", "features.npz", (), "trained on pictures, but .* holds feature vectors"),
        ("features", "pets", (), "trained on feature vectors, but .* holds pictures"),
        ("features", "three.npz", (), "the class '0', but the model knows only neg, pos"),
    ],
)
def test_what_cannot_be_evaluated(
    plainnet: Command, data: Path, trained: Path, run: str, name: str, options: Any, why: str
) -> None:
    plainnet("evaluate", trained / run, data / name, *options).refused(why)


def test_a_threshold_stands_where_it_decides(plainnet: Command, data: Path) -> None:
    options = (*PICTURES, "--recall", 0.9, "--out", "run")
    assert plainnet("train", data / "pets", *options).code == 0
    classifier = Classifier.load("run/model.safetensors")
    classifier.threshold = 0.125
    classifier.save("run/model.safetensors")
    [picture, *_] = sorted((data / "pets").rglob("*.png"))
    yes = classifier.classes[1]
    for command in ("predict", "explain"):
        assert f"threshold: {yes} from 12.5 % on" in plainnet(command, "run", picture).out
        assert plainnet(command, "run", picture, "--json").json["threshold"] == 0.125
    assert f"{yes} from 12.5 % on" in plainnet("summary", "run").out
    classifier.threshold = 0.5
    classifier.save("run/model.safetensors")
    for command in ("predict", "explain"):
        assert "threshold" not in plainnet(command, "run", picture).out
        assert "threshold" not in plainnet(command, "run", picture, "--json").json


def test_augmentation_is_for_pictures(plainnet: Command, tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 2
    np.savez("d.npz", X=X, y=y)
    rows = "\n".join(f"{a},{b},{c}" for (a, b), c in zip(X[:, :2], y, strict=True))
    Path("t.csv").write_text(f"a,b,c\n{rows}\n")
    why = r"augment = 'mild' varies pictures, but .* learns from {}; leave it out\."
    given = ("--augment", "mild", "--out", "run")
    plainnet("train", "d.npz", *given).refused(why.format("feature vectors"))
    plainnet("train", "t.csv", "--target", "c", *given).refused(why.format("the rows of a table"))
    assert not Path("run").exists()
    assert plainnet("train", "d.npz", *QUICK, "--augment", "none", "--out", "run").code == 0


def test_summary(plainnet: Command, data: Path, trained: Path) -> None:
    done = plainnet("summary", trained / "pets")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "classes           cat, fox"
    assert lines[1] == "inputs            16 × 16 × 3 pictures, as (raw − mean) / scale"
    assert "total                                     6,161          6,152" in lines
    assert "hidden            8" in lines
    assert "grey              no" in lines
    assert "seed              0" in lines
    assert "None" not in done.out
    shown = plainnet("summary", trained / "pets", "--json").json
    assert (shown["classes"], shown["input_shape"]) == (["cat", "fox"], [16, 16, 3])
    assert (shown["parameters"], shown["multiply_adds"]) == (6161, 6152)
    assert [layer["type"] for layer in shown["layers"]][0::3] == ["Dense", "Dense"]


def test_summary_of_measurements_that_another_program_wrote(
    plainnet: Command, trained: Path
) -> None:
    odd = Classifier.load(trained / "pets")
    odd.quality = {"test": {"accuracy": 0.5, "n": 8}, "a": 3, "b": {"accuracy": "good", "n": 1}}
    odd.save("odd")
    done = plainnet("summary", "odd")
    assert done.code == 0
    assert "test              {'accuracy': 0.5, 'n': 8}\na                 3\n" in done.out


# -- article and demo ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def h5_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    h5py: Any = pytest.importorskip("h5py")
    folder, rng = tmp_path_factory.mktemp("h5"), np.random.default_rng(0)
    for part, n in (("train", 9), ("test", 5)):
        with h5py.File(folder / f"{part}_catvnoncat.h5", "w") as file:
            file[f"{part}_set_x"] = rng.integers(0, 255, (n, 4, 4, 3), dtype=np.uint8)
            file[f"{part}_set_y"] = np.arange(n) % 2
            file["list_classes"] = [b"non-cat", b"cat"]
    return folder


def test_article(plainnet: Command, h5_pair: Path) -> None:
    done = plainnet("article", "--data", h5_pair, "--iterations", 101)
    assert done.code == 0
    costs = [line for line in done.out.splitlines() if line.startswith("iteration ")]
    assert [line[:14] for line in costs] == ["iteration    0", "iteration  100"]
    assert "test: 5 samples" in done.out
    assert "network  48 → 100 → 20 → 1, 6,941 parameters\n" in done.err
    shown = plainnet("article", "--data", h5_pair, "--iterations", 3, "--json").json
    assert (len(shown["costs"]), shown["test"]["n"]) == (3, 5)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--iterations -1", "≥ 0, but got -1"),
        ("--learning-rate 0", "learning rate must be"),
        ("--hidden 0", "≥ 1, but got 0"),
        ("--seed -1", "-1 is not in the range"),
        ("--optimizer foo", "'foo' is not one of"),
    ],
)
def test_settings_that_the_article_cannot_have(
    plainnet: Command, h5_pair: Path, options: str, why: str
) -> None:
    plainnet("article", "--data", h5_pair, *options.split()).refused(why)


def test_data_that_the_article_cannot_use(plainnet: Command, data: Path) -> None:
    plainnet("article").refused("Missing option '--data'")
    plainnet("article", "--data", data / "missing").refused("cannot be read")
    plainnet("article", "--data", data / "pets").refused("needs training and test pictures")
    plainnet("article", "--data", data / "three.npz").refused("has 3; use `plainnet train`")


def test_without_h5py_the_extra_is_named(h5_pair: Path, tmp_path: Path) -> None:
    (tmp_path / "h5py.py").write_text("raise ImportError('not here')")
    process = started("article", "--data", h5_pair, env={"PYTHONPATH": str(tmp_path)})
    ended(process).refused(r'needs h5py.*pip install "\.\[h5\]"')


def test_a_demo_that_cannot_be_written(plainnet: Command, tmp_path: Path) -> None:
    Path("demo").mkdir()
    Path("demo/precious").write_text("kept")
    plainnet("demo", "--out", "demo").refused("already holds something and is not overwritten")
    plainnet("demo", "--out", "demo/precious/x").refused("could not be made")
    assert listing(Path("demo")) == ["precious"]


def test_a_demo_that_is_interrupted_while_it_draws_leaves_nothing(tmp_path: Path) -> None:
    process = started("demo", cwd=tmp_path)
    wait_for(tmp_path / "runs/demo-1/pictures/train/cat/cat-0002.png", process)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.code, done.out) == (130, "")
    assert not (tmp_path / "runs" / "demo-1").exists()


# -- the program ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal(
    plainnet: Command, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = plainnet(*command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert plainnet(*command.split(), "-h").out == done.out
    if not command:
        assert [name for name in COMMANDS if f"\n  {name} " not in done.out] == []
        assert "..." not in done.out.split("Commands:")[1]


def test_the_help_of_train_tells_its_defaults_in_sections(plainnet: Command) -> None:
    text = plainnet("train", "--help").out
    assert re.findall(r"^(\w+):$", text, re.MULTILINE) == [
        "Options",
        "Data",
        "Network",
        "Training",
        "Decision",
    ]
    for option in re.findall(
        r"^  (--(?:hidden|epochs|seed|schedule|dropout)\b.*\n(?:    .*\n)*)", text
    ):
        assert re.search(r"\[[^]]+\]\s*$", option), option


def test_names_that_no_command_has(plainnet: Command) -> None:
    plainnet("tarin").refused("no command 'tarin'; did you mean train?")
    plainnet("pictures").refused("no command 'pictures'; there are demo, train, ")
    plainnet("train").refused("Missing argument 'DATA'")
    plainnet("predict", "run").refused("Missing argument 'PICTURES")
    plainnet("--verbose").refused("No such option")
    assert plainnet().code == 2


def test_version(plainnet: Command) -> None:
    from plainnet import __version__

    assert plainnet("--version").out == f"plainnet, version {__version__}\n"


@pytest.mark.parametrize("command", ["predict", "summary", "train"])
def test_a_reader_that_leaves_early_is_no_error(
    command: str, data: Path, trained: Path, tmp_path: Path
) -> None:
    arguments: dict[str, tuple[object, ...]] = {
        "predict": (trained / "pets", *[data / "pets"] * 100),
        "summary": (trained / "pets",),
        "train": (data / "pets", *PICTURES, "--out", tmp_path / "run"),
    }
    process = started(command, *arguments[command])
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=300) == 0
    assert process.stderr is not None
    with process.stderr:
        assert "Error" not in process.stderr.read()
    if command == "train":
        assert listing(tmp_path / "run") == ["held_out.json", *RUN_FILES]


def test_nobody_hearing_of_the_progress_does_not_stop_the_training(
    data: Path, tmp_path: Path
) -> None:
    process = started("train", data / "pets", *PICTURES, "--out", tmp_path / "run")
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout is not None
    with process.stdout:
        assert "written" in process.stdout.read()
    assert process.wait(timeout=300) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_stdout(trained: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = started("summary", trained / "pets", stdout=full)
        done = ended(process)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "output cannot be read or written: No space left" in done.err


def test_names_that_are_no_utf8_and_an_output_that_is_ascii(data: Path, tmp_path: Path) -> None:
    for name in (b"caf\xe9", "狗".encode(), b"a\nb"):
        shutil.copytree(data / "pets" / "cat", tmp_path / "pets" / os.fsdecode(name))
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    run = tmp_path / "run"
    done = ended(started("train", tmp_path / "pets", *PICTURES, "--out", run, env=ascii_only))
    assert done.code == 0
    shown = ended(started("predict", run, tmp_path / "pets", "--json", env=ascii_only))
    assert [*shown.json["predictions"][0]["probabilities"]] == ["a\nb", "caf\udce9", "狗"]
    done = ended(started("predict", run, tmp_path / "pets", env={"PYTHONUTF8": "1"}))
    assert len(done.out.splitlines()) == 1 + 18
    assert r"caf\udce9/cat-0.png" in done.out


def in_a_terminal(*arguments: object, **env: str) -> tuple[int, str, str]:
    """The exit code, stdout and what stderr, a terminal, was sent."""
    ours, theirs = pty.openpty()
    process = started(*arguments, stderr=theirs, env={"TERM": "xterm-256color", **env})
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:  # Linux says so that the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=300)
    return process.returncode, out, seen.decode()


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_shows_a_bar_and_keeps_the_lines(
    data: Path, tmp_path: Path, colour: bool
) -> None:
    env = {} if colour else {"NO_COLOR": "1"}
    code, out, seen = in_a_terminal(
        "train", data / "pets", *PICTURES, "--json", "--out", tmp_path / "run", **env
    )
    assert code == 0
    assert json.loads(out)["epochs"] == 2
    assert "━" in seen
    assert ("\x1b[3" in seen or "\x1b[9" in seen) == colour
    assert seen.endswith("\x1b[2K\r\n") or "\x1b[?25h" in seen  # the bar is gone, the cursor back
    for line in ("epoch 1/2  loss", "epoch 2/2  loss", "network     768 → 8 → 1"):
        assert seen.count(line) == 1


def test_without_a_terminal_there_are_no_escapes(data: Path, tmp_path: Path) -> None:
    done = ended(started("train", data / "broken", *PICTURES, "--out", tmp_path / "run"))
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out + done.err


def test_a_table_is_not_written_over_a_picture(
    data: Path, tmp_path: Path, plainnet: Command
) -> None:
    picture = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(picture)
    before = picture.read_bytes()
    done = plainnet("predict", data / "pets", "--csv", picture, picture)
    assert done.code == 2
    assert "is not named as a table; --csv writes one, so name a .csv file." in done.err
    assert picture.read_bytes() == before


def test_answers_are_written_over_answers_alone(
    data: Path, trained: Path, tmp_path: Path, plainnet: Command
) -> None:
    cat = data / "pets" / "cat" / "cat-1.png"
    houses, answers = tmp_path / "houses.csv", tmp_path / "answers.csv"
    houses.write_text("rooms,price\n3,100\n")
    refused = plainnet("predict", trained / "pets", cat, "--csv", houses)
    refused.refused("exists already and does not hold answers, which begin with `file,`")
    assert houses.read_text() == "rooms,price\n3,100\n"
    for _ in range(2):
        assert plainnet("predict", trained / "pets", cat, "--csv", answers).code == 0
