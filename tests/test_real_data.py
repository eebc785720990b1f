"""What the defaults reach on real data, from the files to the answer, as a user would do it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def plainnet(*words: str | Path, folder: Path) -> Any:
    """What a command prints with --json."""
    done = subprocess.run(
        [sys.executable, "-m", "plainnet", *map(str, words), "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "accuracy"), [("mnist", 0.983), ("fashion_mnist", 0.895)])
def test_the_defaults_on_idx_files(
    name: str, accuracy: float, real_data: Path, tmp_path: Path
) -> None:
    result = plainnet("train", real_data / name, folder=tmp_path)
    assert result["test"]["n"] == 10_000
    assert result["test"]["accuracy"] >= accuracy
    assert result["test"]["baseline_accuracy"] < 0.12


@pytest.mark.slow
def test_photographs_from_folder_to_answer(real_data: Path, tmp_path: Path) -> None:
    result = plainnet("train", real_data / "catdog", folder=tmp_path)
    assert result["classes"] == ["cat", "dog"]
    assert result["validation"]["n"] == 210
    assert result["validation"]["accuracy"] > result["validation"]["baseline_accuracy"]
    answers = plainnet("predict", result["run"], real_data / "photos", folder=tmp_path)
    assert len(answers["predictions"]) == 5
    assert not answers["unread"]


def test_the_articles_run(real_data: Path, tmp_path: Path) -> None:
    result = plainnet("article", "--data", real_data / "catvnoncat", folder=tmp_path)
    printed = [f"{cost:.3f}" for cost in result["costs"][::100]]
    assert " ".join(printed) == "0.697 0.620 0.599 0.581 0.564 0.549 0.534 0.520 0.506 0.492"
    assert result["test"]["correct"] == 26
    assert result["test"]["confusion"] == [[16, 1], [23, 10]]
    assert result["test"]["baseline_accuracy"] == pytest.approx(0.66)
