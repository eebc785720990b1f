"""Runs compared on the same samples: what differs, and whether it is beyond noise."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet.cli.command_line import cli
from plainnet.errors import SettingError
from plainnet.metrics.paired import mcnemar, paired_accuracy, paired_rmse


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (2, 9), (30, 31), (400, 460)])
def test_mcnemar_is_the_binomial_test(a: int, b: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(a, a + b).pvalue if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(expected)


def test_pairs_show_smaller_differences() -> None:
    """Both are right on most samples, and B on a few more."""
    rng = np.random.default_rng(0)
    a = rng.uniform(size=1000) < 0.8
    b = a | (rng.uniform(size=1000) < 0.05)
    found = paired_accuracy(a, b, np.random.default_rng(1))
    assert found.value == pytest.approx(b.mean() - a.mean())
    assert found.interval[0] > 0
    assert found.is_beyond_noise
    assert (found.only_a, found.only_b) == (0, int((b & ~a).sum()))
    half = 1.96 * (b.astype(float) - a).std() / np.sqrt(1000)
    ends = found.value - half, found.value + half
    assert found.interval == pytest.approx(ends, abs=0.002)
    same = paired_accuracy(a, a, np.random.default_rng(1))
    assert (same.value, same.interval, same.p) == (0, (0, 0), 1)


def test_weights_count_as_copies() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(size=(2, 50)) < 0.6
    w = rng.integers(1, 4, 50)
    found = paired_accuracy(a, b, rng, w)
    assert found.value == pytest.approx(np.average(b, weights=w) - np.average(a, weights=w))
    assert found.p is None


def test_numbers() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(size=500)  # for both
    a, b = hard + rng.normal(scale=0.1, size=500), 1.05 * hard
    found = paired_rmse(a, b, rng)
    assert found.value == pytest.approx(np.sqrt((b**2).mean()) - np.sqrt((a**2).mean()))
    assert found.is_beyond_noise
    assert not paired_rmse(a, -a, rng).is_beyond_noise


# -- the command -----------------------------------------------------------------------------------

QUICK = ("--hidden", "8", "--epochs", "8", "--ensemble", "1", "--no-report")


def plainnet(*command: object) -> str:
    done = CliRunner().invoke(cli, [*map(str, command)])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on the same arrays, of which one learned almost nothing; and one on others."""
    folder, rng = tmp_path_factory.mktemp("compare"), np.random.default_rng(0)
    y = np.arange(300) % 2
    X = rng.normal(size=(300, 4)) + 2.0 * y[:, None]
    np.savez(folder / "d.npz", X=X, y=np.array(["a", "b"])[y])
    np.savez(folder / "e.npz", X=X + 1e-3, y=np.array(["a", "b"])[y])
    np.savez(folder / "f.npz", X=X, y=np.array(["a", "c"])[y])
    plainnet("train", folder / "d.npz", "--out", folder / "good", *QUICK)
    bad = ("--learning-rate", "1e-7", "--hidden", "4")
    plainnet("train", folder / "d.npz", "--out", folder / "bad", *QUICK, *bad)
    for name in ("e", "f"):
        plainnet("train", folder / f"{name}.npz", "--out", folder / name, *QUICK)
    return folder


def facts(*command: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plainnet("compare", *command, "--json"))
    return found


def test_on_the_samples_that_both_held_out(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "c.html"
    found = facts(folder / "good", folder / "bad", "--page", page)
    assert found["same_samples"]
    good, bad = (run["scores"]["accuracy"] for run in found["runs"])
    kept = [json.loads((folder / n / "metrics.json").read_text()) for n in ("good", "bad")]
    assert [good, bad] == [one["validation"]["accuracy"] for one in kept]
    (pair,) = found["differences_to_the_first"]
    assert pair["value"] == pytest.approx(bad - good)
    assert pair["beyond_noise"]
    assert found["settings_that_differ"]["hidden"] == ["8", "4"]
    assert "epochs" not in found["settings_that_differ"]
    html = page.read_text()
    assert "It is worse, beyond noise." in html
    assert html.count("<svg") == 2
    text = plainnet("compare", folder / "good", folder / "bad")
    assert "bad compared with good: accuracy -" in text
    assert "44 validation samples" in text


def test_on_different_samples(folder: Path) -> None:
    found = facts(folder / "good", folder / "e")
    assert not found["same_samples"]
    assert found["differences_to_the_first"] == []
    assert "measured on different samples" in plainnet("compare", folder / "good", folder / "e")
    named = facts(folder / "good", folder / "e", "--data", folder / "d.npz")
    assert named["same_samples"]
    assert named["runs"][0]["scores"]["n"] == 300
    shown = plainnet("compare", folder / "good", folder / "e", "--data", folder / "d.npz")
    assert "only if no run has learned from the samples here" in shown


def test_files_alone(folder: Path, tmp_path: Path) -> None:
    """Model files know their scores, but not their data."""
    files = [folder / name / "model.safetensors" for name in ("good", "bad")]
    found = facts(*files)
    assert [run["measured_on"] for run in found["runs"]] == ["44 validation samples"] * 2
    assert not found["same_samples"]


def test_what_cannot_be_compared(folder: Path) -> None:
    with pytest.raises(SettingError, match="answer different things, a, b and a, c"):
        cli.main(["compare", str(folder / "good"), str(folder / "f")], standalone_mode=False)
    with pytest.raises(SettingError, match="Only one run is named"):
        cli.main(["compare", str(folder / "good")], standalone_mode=False)


def test_ensembles_on_tables(tmp_path: Path) -> None:
    """Each network holds out another fold: all samples are answered by those without it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    y = x[:, 0] + 0.1 * rng.normal(size=120)
    lines = ["a,b,y", *(f"{a:.3f},{b:.3f},{c:.3f}" for (a, b), c in zip(x, y, strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    how = ("--target", "y", "--ensemble", "2", "--epochs", "15", "--no-report")
    for name, more in (("one", ()), ("two", ("--drop", "a"))):
        plainnet("train", tmp_path / "t.csv", "--out", tmp_path / name, *how, *more)
    found = facts(tmp_path / "one", tmp_path / "two")
    assert found["runs"][0]["measured_on"] == "120 validation rows"
    (pair,) = found["differences_to_the_first"]
    assert pair["value"] > 0
    assert pair["beyond_noise"]
    assert "It is worse, beyond noise." in plainnet("compare", tmp_path / "one", tmp_path / "two")
