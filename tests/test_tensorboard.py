"""TensorBoard's event files: each epoch's figures, read back as TensorBoard reads them."""

import csv
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from laws import PLAIN

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.errors import FileError, MissingExtraError, SettingError
from plainnet.reports import tensorboard
from plainnet.reports.tensorboard import write_events

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)).astype(np.float32)
Y = np.arange(40) % 2
SETTINGS: dict[str, Any] = {**PLAIN, "hidden": (4,), "epochs": 3, "batch_size": 16}


def events_of(path: Path) -> Iterator[object]:
    """The events of a file: length, its checksum, the event, its checksum, …"""
    content, at = path.read_bytes(), 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        yield event_pb2.Event.FromString(content[at + 12 : at + 12 + length])
        at += 12 + length + 4


def scalars_of(folder: Path) -> dict[int, dict[str, float]]:
    """The figures by epoch, as TensorBoard shows them: a start forgets what it is to begin with."""
    found: dict[int, dict[str, float]] = {}
    for path in sorted(folder.glob("events.*"), key=lambda path: path.name.rpartition(".")[2]):
        for event in events_of(path):
            if event.session_log.status == event_pb2.SessionLog.START:  # type: ignore[attr-defined]
                found = {step: row for step, row in found.items() if step < event.step}  # type: ignore[attr-defined]
            for value in event.summary.value:  # type: ignore[attr-defined]
                found.setdefault(event.step, {})[value.tag] = value.simple_value  # type: ignore[attr-defined]
    return found


def test_each_epoch_is_there_at_once(tmp_path: Path) -> None:
    classifier = Classifier(**SETTINGS)
    for epoch in write_events(classifier.fit_epochs(X, Y), classifier, tmp_path / "a" / "b"):
        held = scalars_of(tmp_path / "a" / "b")
        assert [*held] == [*range(1, epoch.number + 1)]
    for epoch in classifier.history:
        figures = {k: v for k, v in epoch.as_row().items() if k not in ("epoch", "step")}
        assert {"loss", "validation_loss", "validation_accuracy", "learning_rate"} < {*figures}
        assert held[epoch.number] == pytest.approx(figures)


def test_networks_of_an_ensemble_stand_beside_each_other(tmp_path: Path) -> None:
    classifier = Classifier(**{**SETTINGS, "ensemble": 2})
    for _ in write_events(classifier.fit_epochs(X, Y), classifier, tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network-1", "network-2"]
    for i in (0, 1):
        held = scalars_of(tmp_path / f"network-{i + 1}")
        losses = [row["loss"] for row in held.values()]
        assert losses == pytest.approx([e.loss for e in classifier.history[3 * i : 3 * i + 3]])


def test_what_is_repeated_is_forgotten(tmp_path: Path) -> None:
    for seed in (0, 1):
        classifier = Classifier(**SETTINGS, seed=seed)
        for _ in write_events(classifier.fit_epochs(X, Y), classifier, tmp_path):
            pass
    assert len([*tmp_path.iterdir()]) == 2
    losses = [row["loss"] for row in scalars_of(tmp_path).values()]
    assert losses == pytest.approx([epoch.loss for epoch in classifier.history])


def test_a_full_disk_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier, written = Classifier(**SETTINGS), []

    def full(self: object, epoch: object) -> None:
        written.append(epoch)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensorboard._File, "write", full)
    passed = [*write_events(classifier.fit_epochs(X, Y), classifier, tmp_path)]
    assert (len(passed), len(written)) == (3, 1)
    shown = capsys.readouterr().err
    assert shown.count("The training continues without its TensorBoard files in") == 1
    assert "No space left on device" in shown


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="for TensorBoard could not be created"):
        write_events([], Classifier(), tmp_path / "file" / "in it")


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    np.savez(tmp_path / "data.npz", X=X, y=Y)
    return tmp_path / "data.npz"


def test_the_command_writes_them_and_goes_on_with_them(tmp_path: Path, data: Path) -> None:
    run, events = tmp_path / "run", tmp_path / "events"
    options = ["--hidden", "4", "--epochs", "400", "--batch-size", "1", "--no-report"]
    options += ["--ensemble", "1", "--patience", "0"]
    options += ["--tensorboard", "events", "--minutes", "0"]
    work = subprocess.Popen(
        [sys.executable, "-m", "plainnet", "train", str(data), "--out", str(run), *options],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert work.stderr is not None
    for line in work.stderr:
        if "epoch   3/400" in line:
            work.kill()
            break
    work.communicate()
    before = scalars_of(events)
    assert len(before) >= 3
    done = CliRunner().invoke(cli, ["train", "--resume", str(run), "--minutes", "5"])
    assert done.exit_code == 0, done.output
    assert len([*events.iterdir()]) == 2
    with (run / "history.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    held = scalars_of(events)
    assert [*held] == [*range(1, 401)]
    assert [row["loss"] for row in held.values()] == pytest.approx(losses)


def test_without_the_extra_nothing_begins(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX.event_file_writer", None)
    run = tmp_path / "run"
    arguments = [str(data), "--out", str(run), "--tensorboard", str(tmp_path / "events")]
    failed = CliRunner().invoke(cli, ["train", *arguments])
    assert isinstance(failed.exception, MissingExtraError)
    assert 'pip install ".[tensorboard]"' in str(failed.exception)
    assert not run.exists()


def test_not_into_the_data(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / "pets" / kind).mkdir(parents=True)
    arguments = [str(tmp_path / "pets"), "--out", str(tmp_path / "run"), "--tensorboard"]
    failed = CliRunner().invoke(cli, ["train", *arguments, str(tmp_path / "pets" / "events")])
    assert isinstance(failed.exception, SettingError)
    assert "The event files would be written into" in str(failed.exception)
