"""Labels that confident answers contradict: found by confident learning, listed, shown."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from plainnet.cli.command_line import cli
from plainnet.errors import FileError
from plainnet.metrics.label_errors import suspected_labels


def test_the_thresholds_are_those_of_the_classes() -> None:
    """By hand: class 0 is easy, t = (0.9 + 0.8 + 0.1) / 3 = 0.6; of class 1, t = 0.5."""
    P = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.55, 0.45], [0.65, 0.35], [0.3, 0.7]])
    y = np.array([0, 0, 0, 1, 1, 1])
    found = suspected_labels(y, P)
    assert found.rows.tolist() == [2, 4]  # 0.55 is below 0.6
    assert found.classes.tolist() == [1, 0]


def test_a_class_of_a_low_threshold_does_not_overrule_a_more_probable_label() -> None:
    P = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.9, 0.1], [0.5, 0.5]])
    found = suspected_labels(np.array([0, 0, 0, 1, 1]), P)
    assert found.rows.tolist() == [3]  # not 2, where P(1) ≥ t(1) = 0.3 but P(0) < t(0)


def test_planted_errors_are_found() -> None:
    rng = np.random.default_rng(0)
    right = rng.integers(0, 3, 600)
    sure = rng.beta(8, 1, 600)[:, None]  # most answers are confident, a few are not
    P = (1 - sure) / 3 + sure * np.eye(3)[right]
    wrong = rng.choice(600, 30, replace=False)
    y = right.copy()
    y[wrong] = (y[wrong] + 1) % 3
    found = suspected_labels(y, P)
    hits = np.isin(found.rows, wrong)
    assert hits.all()
    assert len(found) >= 18
    np.testing.assert_array_equal(found.classes[hits], right[found.rows[hits]])


def test_classes_without_samples() -> None:
    P = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.2, 0.1, 0.7]])
    assert len(suspected_labels(np.array([0, 2, 2]), P)) == 0


@pytest.fixture(scope="module")
def shades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark and light pictures; the lightest one is labelled dark."""
    folder, rng = tmp_path_factory.mktemp("shades"), np.random.default_rng(0)
    for i in range(40):
        name = ("dark", "light")[i % 2]
        pixels = rng.integers(0, 90, (8, 8, 3), np.uint8) + np.uint8(i % 2 * (150 + 15 * (i == 7)))
        (folder / name).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / name / f"{i}.png")
    (folder / "light" / "7.png").rename(folder / "dark" / "7.png")
    return folder


def test_pictures(shades: Path, tmp_path: Path) -> None:
    options = ["--features", "none", "--epochs", "60", "--hidden", "8", "--size", "8"]
    page, table = tmp_path / "page.html", tmp_path / "suspects.csv"
    written = ["--page", str(page), "--suspects", str(table)]
    shown = CliRunner().invoke(
        cli, ["cross-validate", str(shades), "--folds", "3", *options, *written]
    )
    assert shown.exit_code == 0, shown.output
    place = str(shades / "dark" / "7.png")
    assert "labels to check: 1 of 40" in shown.stdout
    assert f"{place}  is dark, probably light" in shown.stdout
    (row,) = csv.DictReader(io.StringIO(table.read_text()))
    assert (row["file"], row["label"], row["probably"]) == (place, "dark", "light")
    assert float(row["probability_of_label"]) < 0.5 < float(row["probability_of_probably"])
    html = page.read_text()
    section = html[html.index("Labels to check") :]
    assert section.count("<img") == 1
    assert "7.png" in section
    for heading in ("Fold by fold", "Confusion matrix", "Most confident mistakes", "Settings"):
        assert heading in html


def test_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=90)
    kind = np.where(x > 0, "hot", "cold")
    x[11], kind[11] = 2.0, "cold"
    lines = ["x,kind", *(f"{a:.4f},{b}" for a, b in zip(x, kind, strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    how = ["--target", "kind", "--folds", "3", "--ensemble", "2", "--epochs", "15", "--json"]
    page = tmp_path / "p.html"
    shown = CliRunner().invoke(
        cli, ["cross-validate", str(tmp_path / "t.csv"), *how, "--page", str(page)]
    )
    assert shown.exit_code == 0, shown.output
    first = json.loads(shown.stdout)["suspected_labels"][0]
    assert (first["line"], first["label"], first["probably"]) == (13, "cold", "hot")
    assert "labelled" not in page.read_text()
    assert "Labels to check" in page.read_text()


def test_numbers_have_no_labels(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{i * 1.5}" for i in range(40))
    (tmp_path / "n.csv").write_text(f"x,y\n{rows}")
    table = tmp_path / "s.csv"
    how = ["--target", "y", "--folds", "2", "--ensemble", "1", "--epochs", "2", "--json"]
    page = tmp_path / "p.html"
    outputs = ["--suspects", str(table), "--page", str(page)]
    command = ["cross-validate", str(tmp_path / "n.csv"), *how]
    with pytest.raises(Exception, match="--suspects lists wrong labels of classes"):
        cli.main([*command, *outputs], standalone_mode=False)
    shown = CliRunner().invoke(cli, [*command, *outputs[2:]])
    assert "suspected_labels" not in json.loads(shown.stdout)
    assert "Labels to check" not in page.read_text()


def test_files_of_another_kind_are_not_overwritten(shades: Path, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    command = ["cross-validate", str(shades), "--suspects", str(tmp_path / "data.csv")]
    with pytest.raises(FileError, match="does not hold answers"):
        cli.main(command, standalone_mode=False)
