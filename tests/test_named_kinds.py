"""Columns that are taken as the kind which the user has named."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.errors import DataError, SettingError
from plainnet.models import load_any

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 2, "ensemble": 1}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose columns look like something else than what they are."""
    rows = [
        f"{i},{10 + i % 4},{'x' if i % 3 == 0 else i % 50},{20240101 + i % 28},{'ab'[i % 2]}"
        for i in range(120)
    ]
    path = tmp_path_factory.mktemp("kinds") / "t.csv"
    path.write_text("\n".join(["id,zip,mixed,day,y", *rows]))
    return path


def kinds_of(model: Any) -> dict[str, str]:
    return {column.name: column.kind for column in model.columns.columns}


def test_columns_are_taken_as_they_look_or_as_they_are_named(path: Path) -> None:
    usual: Any = Classifier(**QUICK).fit(path, target="y")
    assert kinds_of(usual) == {"zip": "number", "mixed": "category", "day": "date"}
    assert "numbers the rows" in usual.columns.left_out["id"]
    kinds = {"id": "number", "zip": "category", "mixed": "number", "day": "number"}
    named: Any = Classifier(**QUICK).fit(path, target="y", kinds=kinds)
    assert kinds_of(named) == kinds
    [_, zips, mixed, _] = named.columns.columns
    assert sorted(zips.values) == ["10", "11", "12", "13"]
    values = [i % 50 for i in range(120) if i % 3]
    assert mixed.mean == pytest.approx(np.mean([*values, *[np.median(values)] * 40]))
    assert mixed.has_missing  # a third of its cells


def test_numbers_and_texts_of_a_category_are_the_same(path: Path) -> None:
    model = Classifier(**QUICK).fit(path, target="y", kinds={"zip": "category"})
    rest = {"mixed": ["1"], "day": ["20240103"]}
    answers = [model.predict_proba({"zip": [cell], **rest}) for cell in ("11", 11, 11.0)]
    assert (answers[0] == answers[1]).all()
    assert (answers[0] == answers[2]).all()
    assert (answers[0] != model.predict_proba({"zip": ["12"], **rest})).any()


def test_folds_and_saved_models_have_the_named_kinds(path: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {**QUICK, "ensemble": 2}
    model = Classifier(**settings).fit(path, target="y", kinds={"zip": "category"})
    model.save(tmp_path / "m.safetensors")
    loaded = Classifier.load(tmp_path / "m.safetensors")
    assert kinds_of(loaded)["zip"] == "category"
    assert (loaded.predict_proba(path) == model.predict_proba(path)).all()


@pytest.mark.parametrize(
    ("kinds", "error", "fact"),
    [
        ({"y": "number"}, SettingError, "target"),
        ({"zip": "texts"}, SettingError, "number, category, date or text"),
        ({"nope": "number"}, DataError, "'nope'"),
        ({"zip": "date"}, DataError, "'zip' cannot be taken as a date"),
        ({"y2": "number"}, DataError, "'y2'"),
    ],
)
def test_impossible_kinds_get_a_sentence(
    path: Path, kinds: dict[str, str], error: type[Exception], fact: str
) -> None:
    with pytest.raises(error, match=fact):
        Classifier(**QUICK).fit(path, target="y", kinds=kinds)


def test_kinds_are_for_tables() -> None:
    with pytest.raises(SettingError, match="kinds is for the columns"):
        Classifier(**QUICK).fit(np.zeros((9, 2)), [0, 1] * 4 + [0], kinds={"a": "number"})


def test_the_command_takes_kinds_and_its_run_repeats_them(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def plainnet(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["plainnet", "train", str(path), *words])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0)

    quick = ["--target=y", "--epochs=2", "--hidden=4", "--ensemble=1"]
    kinds = ["--kinds", "zip=category", "--kinds", "id=number"]
    assert plainnet(*quick, *kinds, f"--out={tmp_path / 'run'}") == 0
    assert kinds_of(load_any(tmp_path / "run"))["zip"] == "category"
    noted = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert noted["kinds"] == {"zip": "category", "id": "number"}
    assert shlex.join(kinds) in (tmp_path / "run" / "report.html").read_text()
    capsys.readouterr()
    assert plainnet(*quick, "--kinds", "zip") == 2
    assert "number, category, date or text" in capsys.readouterr().err
