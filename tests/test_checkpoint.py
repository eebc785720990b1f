"""A training that was stopped, in whatever way, goes on as if it had never stopped: bit for bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import PLAIN

from plainnet import (
    Adam,
    AdamW,
    BatchNorm,
    Dense,
    Dropout,
    GradientDescent,
    Momentum,
    Nesterov,
    Network,
    ReLU,
    RMSprop,
    SoftmaxCrossEntropy,
    train,
)
from plainnet.demo.drawing import write_drawn_pictures
from plainnet.errors import DataError, FileError, ModelFileError
from plainnet.files.tensors import read_tensors, write_tensors
from plainnet.models import Checkpoint, Classifier
from plainnet.network import Array
from plainnet.training import (
    Average,
    Checkpointing,
    Optimizer,
    Regularization,
    compiled,
    schedules,
)
from plainnet.training.checkpoint import capture, restore
from plainnet.training.position import Position

RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(50, 6)).astype(np.float32)
Y: Array = RNG.integers(0, 3, 50)
BATCH = 16  # four batches an epoch, the last of two samples
EPOCHS = 5


class Job:
    """A training that can be stopped after any number of batches."""

    def __init__(self, make: type[Optimizer], stop_after: int = 10**9) -> None:
        self.network = Network.dense([6, 8, 7, 3], dropout=0.3)
        if make is Momentum:
            hidden = (Dense(6, 8), BatchNorm(8), ReLU(), Dropout(0.3))
            self.network = Network([*hidden, Dense(8, 3)])
        self.optimizer = make(0.01)
        self.generators = {"order": np.random.default_rng(3)}
        self.average = Average(0.8)
        self.position, self.stop_after = Position(), stop_after
        self.losses: list[float] = []

    def run(self) -> None:
        stream = train(
            self.network,
            SoftmaxCrossEntropy(),
            self.optimizer,
            X,
            Y,
            epochs=EPOCHS,
            batch_size=BATCH,
            rng=self.generators["order"],
            schedule=schedules.cosine(0.01, 20),
            regularization=Regularization(max_norm=2.0, average=self.average),
            checkpointing=Checkpointing(
                self.position, lambda: self.position.steps >= self.stop_after
            ),
        )
        self.losses += [epoch.loss for epoch in stream]


@pytest.mark.parametrize("make", [GradientDescent, Momentum, Nesterov, RMSprop, Adam, AdamW])
@pytest.mark.parametrize("stop_after", [1, 3, 4, 5, 10, 19, 20])
def test_a_training_goes_on_bit_for_bit(
    make: type[Optimizer], stop_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0 if stop_after % 2 else 1e99)
    whole = Job(make)
    whole.run()

    first = Job(make, stop_after)
    first.run()
    assert first.position.steps == stop_after
    write_tensors(tmp_path / "c", *capture(*parts(first)))

    second = Job(make)
    second.generators["order"].random(7)  # whatever it has drawn, it goes on where the first was
    tensors, facts = read_tensors(tmp_path / "c", "checkpoint")
    restore(tensors, facts, *parts(second))
    second.run()
    assert np.array_equal(second.network.theta, whole.network.theta)
    assert first.losses + second.losses == whole.losses
    assert np.array_equal(second.average.theta, whole.average.theta)
    assert not np.array_equal(second.average.theta, whole.network.theta)
    for name, value in whole.optimizer.state().items():
        assert np.array_equal(second.optimizer.state()[name], value)


def test_a_training_goes_on_from_before_its_first_step() -> None:
    whole, second = Job(Adam), Job(Adam)
    tensors, facts = capture(*parts(whole))
    whole.run()
    second.generators["order"].random(7)
    restore(tensors, facts, *parts(second))
    second.run()
    assert np.array_equal(second.average.theta, whole.average.theta)
    assert second.losses == whole.losses


Parts = tuple[Network, Optimizer, Position, dict[str, np.random.Generator], Average]


def parts(job: Job) -> Parts:
    return job.network, job.optimizer, job.position, job.generators, job.average


def test_what_does_not_fit_is_refused() -> None:
    tensors, facts = capture(*parts(Job(Adam)))
    other = Job(Adam)
    other.network = Network.dense([6, 9, 3])
    with pytest.raises(DataError, match="parameters"):
        restore(tensors, facts, *parts(other))
    other = Job(Adam)
    other.generators = {}
    with pytest.raises(DataError, match="generators"):
        restore(tensors, facts, *parts(other))


# -- a classifier --------------------------------------------------------------------------------

SETTINGS: dict[str, Any] = {"hidden": (8,), "epochs": 6, "batch_size": 16, "seed": 1}


@pytest.mark.parametrize(
    "more",
    [
        {},
        PLAIN | {"patience": 2},
        PLAIN | {"ensemble": 2, "normalization": "batch", "averaging": 0.9},
        {"ensemble": 2, "patience": 1, "schedule": "cosine"},
    ],
    ids=["default", "patience", "ensemble", "folds"],
)
@pytest.mark.parametrize("stop_after", [0, 1, 2, 3, 5, 8, 11, 18, 20, 29])
def test_a_classifier_goes_on_bit_for_bit(
    more: dict[str, Any], stop_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0 if stop_after % 2 else 1e99)
    labels = np.array(["a", "b", "c"])[Y]
    settings = {**more, **SETTINGS}
    whole = Classifier(**settings).fit(X, labels)

    stopped = Checkpoint(tmp_path / "c", minutes=0)
    asked = 0

    def stop_then() -> bool:
        nonlocal asked
        asked += 1
        stopped.stopping = asked > stop_after
        return Checkpoint.should_stop(stopped)

    stopped.should_stop = stop_then  # type: ignore[method-assign]
    first = Classifier(**settings)
    for _ in first.fit_epochs(X, labels, checkpoint=stopped):
        pass
    second = Classifier(**settings)
    for _ in second.fit_epochs(X, labels, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert np.array_equal(second.predict_proba(X), whole.predict_proba(X))
    assert np.array_equal(second.network.theta, whole.network.theta)
    assert [e.loss for e in second.history] == [e.loss for e in whole.history]
    assert [e.validation for e in second.history] == [e.validation for e in whole.history]
    assert second.best_epoch is not None
    assert whole.best_epoch is not None
    assert second.best_epoch.number == whole.best_epoch.number


def test_other_data_are_refused(tmp_path: Path) -> None:
    labels = np.array(["a", "b", "c"])[Y]
    checkpoint = Checkpoint(tmp_path / "c")
    next(Classifier(**SETTINGS).fit_epochs(X, labels, checkpoint=checkpoint))
    with pytest.raises(DataError, match="data have changed"):
        Classifier(**SETTINGS).fit_epochs(
            X + 1, labels, checkpoint=Checkpoint(tmp_path / "c", resume=True)
        )
    with pytest.raises(DataError, match="data have changed"):
        Classifier(**SETTINGS).fit_epochs(
            X, labels, weights=Y + 1, checkpoint=Checkpoint(tmp_path / "c", resume=True)
        )


def test_where_the_data_settle_a_setting_both_are_named(tmp_path: Path) -> None:
    """Of few samples the batch size goes by their number: the user has changed no setting."""
    settings = {name: value for name, value in SETTINGS.items() if name != "batch_size"}
    many, labels = np.tile(X, (16, 1)), np.array(["a", "b", "c"])[np.tile(Y, 16)]
    next(Classifier(**settings).fit_epochs(many, labels, checkpoint=Checkpoint(tmp_path / "c")))
    with pytest.raises(
        DataError, match=r"The training data or the settings .* \(bins, variants, batch_size\)"
    ):
        Classifier(**settings).fit_epochs(
            X, labels[:50], checkpoint=Checkpoint(tmp_path / "c", resume=True)
        )


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    labels = np.array(["a", "b", "c"])[Y]
    for content in (b"", b"no tensors at all"):
        (tmp_path / "c").write_bytes(content)
        with pytest.raises(ModelFileError, match="no plainnet checkpoint"):
            Classifier(**SETTINGS).fit_epochs(
                X, labels, checkpoint=Checkpoint(tmp_path / "c", resume=True)
            )
    Classifier(**SETTINGS).fit(X, labels).save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="not a checkpoint of this version"):
        Classifier(**SETTINGS).fit_epochs(
            X, labels, checkpoint=Checkpoint(tmp_path / "model.safetensors", resume=True)
        )


def stopped_at(path: Path) -> Array:
    labels: Array = np.array(["a", "b", "c"])[Y]
    next(Classifier(**SETTINGS).fit_epochs(X, labels, checkpoint=Checkpoint(path)))
    return labels


def test_changed_settings_are_named(tmp_path: Path) -> None:
    labels = stopped_at(tmp_path / "c")
    other = Classifier(**SETTINGS | {"optimizer": "momentum", "epochs": 9})
    with pytest.raises(DataError, match=r"changed \(epochs, optimizer, learning_rate\)"):
        other.fit_epochs(X, labels, checkpoint=Checkpoint(tmp_path / "c", resume=True))


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors, facts: tensors.pop("theta"),
        lambda tensors, facts: tensors.pop("kept.theta"),
        lambda tensors, facts: tensors["theta"].__setitem__(0, np.nan),
        lambda tensors, facts: tensors["theta"].__setitem__(0, 1e30),
        lambda tensors, facts: tensors["kept.theta"].__setitem__(0, 1e30),
        lambda tensors, facts: facts.pop("position"),
        lambda tensors, facts: facts["position"].pop("order"),
        lambda tensors, facts: facts["history"].append({"number": 3}),
        lambda tensors, facts: facts["generators"]["order"].pop("state"),
        lambda tensors, facts: facts.__setitem__("network", 1),
    ],
)
def test_a_damaged_checkpoint_is_no_traceback(damage: Any, tmp_path: Path) -> None:
    labels = stopped_at(tmp_path / "c")
    tensors, facts = read_tensors(tmp_path / "c", "checkpoint")
    tensors = {name: value.copy() for name, value in tensors.items()}
    damage(tensors, facts)
    write_tensors(tmp_path / "c", tensors, facts)
    with pytest.raises(ModelFileError, match=r"is damaged|theta holds values that are not finite"):
        Classifier(**SETTINGS).fit_epochs(
            X, labels, checkpoint=Checkpoint(tmp_path / "c", resume=True)
        )


def test_a_checkpoint_of_the_former_format_is_refused_as_such(tmp_path: Path) -> None:
    """Its digest of the data was another, which does not mean that the data have changed."""
    labels = stopped_at(tmp_path / "c")
    tensors, facts = read_tensors(tmp_path / "c", "checkpoint")
    write_tensors(tmp_path / "c", tensors, facts | {"checkpoint": 1, "data": "0" * 32})
    with pytest.raises(ModelFileError, match="with the version that wrote it"):
        Classifier(**SETTINGS).fit_epochs(
            X, labels, checkpoint=Checkpoint(tmp_path / "c", resume=True)
        )


def test_a_full_disk_stops_nothing_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.array(["a", "b", "c"])[Y]
    checkpoint = Checkpoint(tmp_path / "c", minutes=0)
    stream = Classifier(**SETTINGS).fit_epochs(X, labels, checkpoint=checkpoint)
    next(stream)
    before = (tmp_path / "c").read_bytes()
    fsync = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    next(stream)
    assert isinstance(checkpoint.trouble, FileError)
    assert "No space left" in str(checkpoint.trouble)
    assert (tmp_path / "c").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".c.lock", "c"]
    monkeypatch.setattr(os, "fsync", fsync)
    next(stream)
    assert checkpoint.trouble is None
    assert (tmp_path / "c").read_bytes() != before


# -- the command ---------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "plainnet", "train"]
OPTIONS = [
    *("--size", "16", "--hidden", "16", "--batch-size", "8", "--validation-share", "0.15"),
    *("--minutes", "0", "--no-report"),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "pets"
    write_drawn_pictures(folder, np.random.default_rng(0), train=60, test=10)
    return folder


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, **settings
    )


def theta_of(run_folder: Path) -> Array:
    return Classifier.load(run_folder / "model.safetensors").network.theta


def wait_for_another(path: Path, work: subprocess.Popen[bytes]) -> None:
    """Wait until the file is another: each is written beside it and moved."""

    def which() -> int:
        return path.stat().st_mtime_ns if path.exists() else 0

    before = which()
    while which() == before and work.poll() is None:
        time.sleep(0.001)


@pytest.mark.slow
def test_twenty_kills_change_nothing(pictures: Path, tmp_path: Path) -> None:
    """Each while it trains: some checkpoints after it went on, at a moment left to chance."""
    options = [*OPTIONS, "--epochs", "200"]
    done = run(pictures, "--out", tmp_path / "whole", *options)
    assert done.returncode == 0, done.stderr
    draw, target = random.Random(5), tmp_path / "killed"
    arguments = [pictures, "--out", target, *options]
    for _ in range(20):
        work = subprocess.Popen(
            [*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(draw.randint(1, 9)):
            wait_for_another(target / "checkpoint.safetensors", work)
        time.sleep(draw.uniform(0, 0.02))
        assert work.poll() is None, "the training was over too soon to be killed so often"
        work.kill()
        work.wait()
        arguments = ["--resume", target, "--minutes", "0"]
    done = run("--resume", target, "--minutes", "5")
    assert done.returncode == 0, done.stderr
    assert np.array_equal(theta_of(target), theta_of(tmp_path / "whole"))
    assert not (target / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_everything_and_tells_how_to_go_on(
    number: signal.Signals, pictures: Path, tmp_path: Path
) -> None:
    options = [*OPTIONS, "--epochs", "200"]
    work = subprocess.Popen(
        [*COMMAND, str(pictures), "--out", str(tmp_path / "r"), *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # heard also where the tests run in the background
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert work.stderr is not None
    for line in work.stderr:
        if "epoch   3/200" in line:
            work.send_signal(number)
            break
    _, shown = work.communicate(timeout=300)
    assert work.returncode == 128 + number, shown
    assert f"plainnet train --resume {tmp_path / 'r'}" in shown
    assert (tmp_path / "r" / "model.safetensors").exists()
    again = run("--resume", tmp_path / "r")
    assert again.returncode == 0, again.stderr
    done = run(pictures, "--out", tmp_path / "whole", *options)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(theta_of(tmp_path / "r"), theta_of(tmp_path / "whole"))
    history = (tmp_path / "r" / "history.csv").read_text().splitlines()
    assert len(history) == 201
    over = run("--resume", tmp_path / "r")
    assert over.returncode == 2
    assert "is complete" in over.stderr


def test_other_settings_than_the_runs_are_refused(pictures: Path, tmp_path: Path) -> None:
    refused = run("--resume", tmp_path, "--epochs", "3")
    assert refused.returncode == 2
    assert "--resume continues with the run's own settings" in refused.stderr
    refused = run("--resume", tmp_path)
    assert refused.returncode == 2
    assert "holds no checkpoint.safetensors" in refused.stderr


@pytest.mark.slow
def test_going_on_with_compiled_loops_on_many_threads(tmp_path: Path) -> None:
    code = """
import sys
import numpy as np
from plainnet.models import Checkpoint, Classifier
rng = np.random.default_rng(0)
X, y = rng.normal(size=(3000, 784)).astype(np.float32), np.arange(3000) % 2
made = Classifier(hidden=(32,), epochs=150, batch_size=64, validation_share=0.0)
path, stop, resume = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "resume"
checkpoint = Checkpoint(path, resume=resume)
for epoch in made.fit_epochs(X, y, checkpoint=checkpoint):
    if epoch.number == stop:
        checkpoint.stopping = True
print(made.network.theta.tobytes().hex()[:4000])
"""
    free = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}

    def shown(*arguments: object) -> str:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, env=free, capture_output=True, text=True, check=True).stdout

    whole = shown(tmp_path / "a", 0, "new")
    shown(tmp_path / "b", 140, "new")
    assert shown(tmp_path / "b", 0, "resume") == whole


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_disk_too_small_for_checkpoints_still_gives_a_model(
    pictures: Path, tmp_path: Path
) -> None:
    import resource

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    # the model takes 50 kB, a checkpoint with Adam's memory and what is kept four times as much
    done = run(pictures, "--out", tmp_path / "r", *OPTIONS, "--epochs", "2", preexec_fn=small_files)
    assert done.returncode == 0, done.stderr
    assert "its checkpoint was not written" in done.stderr
    assert sorted(json.loads((tmp_path / "r" / "metrics.json").read_text())) == [
        "test",
        "validation",
    ]
    assert not list((tmp_path / "r").glob("*checkpoint*"))
