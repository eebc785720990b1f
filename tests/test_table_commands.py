"""The commands on tables, and on numbers that are predicted, as people and scripts use them."""

import csv
import json
import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import main
from plainnet.cli.reading import read_and_report
from plainnet.cli.tables import TableOptions
from plainnet.data import ReadingExtractor
from plainnet.errors import FileError, SettingError
from plainnet.models import Checkpoint, load_any
from plainnet.models.rows import rows_of
from plainnet.tables import read_table

Command = Callable[..., tuple[int, str, str]]
QUICK = ("--epochs", "4", "--hidden", "8", "--ensemble", "1")


def write(path: Path, rows: list[dict[str, Any]], **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), **how)
        writer.writeheader()
        writer.writerows(rows)
    return path


def passengers(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Who survived, and what each paid: mixed columns, some of them missing."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(n):
        sex, place = str(rng.choice(["male", "female"])), int(rng.integers(1, 4))
        survived = rng.random() < (0.85 if sex == "female" else 0.15)
        rows.append(
            {
                "PassengerId": i + 1,
                "survived": "yes" if survived else "no",
                "class": place,
                "name": f"Passenger, No. {i}",
                "sex": sex,
                "age": "" if rng.random() < 0.2 else f"{rng.normal(30, 12):.1f}",
                "boarded": f"1912-04-{rng.integers(1, 15):02}",
                "fare": f"{100 / place + 20 * (sex == 'female') + rng.normal(0, 4):.2f}",
            }
        )
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tables")
    write(made / "ship.csv", passengers(240))
    new = [{k: row[k] for k in reversed(row) if k != "survived"} for row in passengers(5, 1)]
    write(made / "new.csv", new)
    write(made / "labelled.csv", passengers(60, 2), delimiter="\t")
    return made


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    folder: Path,
) -> Command:
    """A command, run in an empty folder; what stands in `folder` is called `…/name`."""

    def run(*arguments: object) -> tuple[int, str, str]:
        words = [str(word).replace("…", str(folder)) for word in arguments]
        monkeypatch.setattr(sys, "argv", ["plainnet", *words])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        assert "Traceback" not in err
        return left.value.code, out, err

    monkeypatch.chdir(tmp_path)
    return run


def test_answers_can_be_read_again_whatever_classes_are_called(
    plainnet: Command, tmp_path: Path
) -> None:
    names = ["a\rb", "a\r\nb", "a\nb", 'q"u,o;te', "answer", "=1+1", "\u00e9"]
    rows = [{"x": i % 7, "z": i % 3, "id": f"no {i}\r", "t": names[i % 7]} for i in range(70)]
    write(tmp_path / "a.csv", rows, quoting=csv.QUOTE_NONNUMERIC)
    assert plainnet("train", "a.csv", "--target", "t", "--out", "run", *QUICK)[0] == 0
    assert plainnet("predict", "run", "a.csv", "--csv", "b.csv")[0] == 0
    answers = read_table(tmp_path / "b.csv")
    assert len(answers) == 70
    assert answers["id"].tolist() == [f"no {i}" for i in range(70)]
    right = load_any(tmp_path / "run" / "model.safetensors").predict(tmp_path / "a.csv")
    assert answers["answer"].tolist() == right.tolist()
    assert {*names} - {"answer"} < {*answers.columns}


@pytest.fixture(scope="module")
def runs(folder: Path) -> Path:
    """Both runs: `yes`, of classes, and `fare`, of numbers."""
    for name, target in (("yes", "survived"), ("fare", "fare")):
        words = ["train", folder / "ship.csv", "--target", target, "--out", folder / name]
        more = ["--drop", "survived"] if name == "fare" else ["--drop", "class"]
        more += ["--learning-rate", "0.01"]
        done = subprocess.run(
            [sys.executable, "-m", "plainnet", *map(str, words), *more],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        (folder / f"{name}.out").write_text(done.stdout, "utf-8")
        (folder / f"{name}.err").write_text(done.stderr, "utf-8")
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def refused(done: tuple[int, str, str], why: str) -> None:
    code, out, err = done
    assert (code, out) == (2, "")
    assert re.search(why, err), err


# -- train ---------------------------------------------------------------------------------------


def test_train_on_classes(runs: Path) -> None:
    out, err = ((runs / f"yes.{end}").read_text("utf-8") for end in ("out", "err"))
    assert "Left out: column 'PassengerId', because it numbers the rows" in err
    assert "Left out: column 'name', because its 240 different texts in 240 rows" in err
    assert "training    240 samples: no: " in err
    assert "validation  each network holds out another part of them\n" in err
    assert "network 5 of 5\n" in err
    assert "  accuracy  " in out
    assert "try      plainnet predict" in out
    assert out.rstrip().endswith("TABLE.csv")
    settings = json.loads((runs / "yes" / "settings.json").read_text("utf-8"))
    assert (settings["target"], settings["drop"]) == ("survived", ["class"])
    page = (runs / "yes" / "report.html").read_text("utf-8")
    assert "<h2>The columns</h2>" in page
    assert "dropped on request" in page
    assert "--target survived --drop class<" in page
    assert "<h2>Most confident mistakes</h2>" in page


def test_train_on_numbers(runs: Path) -> None:
    out, err = ((runs / f"fare.{end}").read_text("utf-8") for end in ("out", "err"))
    assert "target      fare, a number; --task classification predicts it as classes" in err
    assert re.search(r"training    240 samples: fare from \S+ to \S+, on average", err)
    assert re.search(r"epoch  20/267  loss \S+  validation loss \S+  RMSE \S+", err)
    for line in ("RMSE", "MAE", "R²", "bias", "baseline  RMSE"):
        assert f"\n  {line} " in out
    model = load_any(runs / "fare")
    assert isinstance(model, Regressor)
    assert model.quality["validation"]["r2"] > 0.7
    page = (runs / "fare" / "report.html").read_text("utf-8")
    for words in ("Its error is", "Predicted against true", "Largest errors", "RMSE of always"):
        assert words in page
    assert page.count("<circle") > 30
    assert "--class-weight" not in page
    header = (runs / "fare" / "history.csv").read_text("utf-8").splitlines()[0]
    assert header == "epoch,step,loss,validation_loss,validation_RMSE,learning_rate,seconds"


def test_rows_of_parquet_are_not_looked_over_either(plainnet: Command, tmp_path: Path) -> None:
    """They have no lines, by which those of a CSV file are shown; many of them are alike."""
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    x = [0, 1, 2, 3] * 20
    table = pyarrow.table({"x": x, "t": ["ab"[value > 1] for value in x]})
    parquet.write_table(table, tmp_path / "t.parquet")
    code, _, err = plainnet("train", "t.parquet", "--target", "t", *QUICK, "--out", "run")
    assert code == 0
    assert "check" not in err
    page = tmp_path / "run" / "report.html"
    assert "The check of the data" not in page.read_text("utf-8")
    assert plainnet("report", "run", "t.parquet")[0] == 0
    assert "The check of the data" not in page.read_text("utf-8")


def test_a_table_has_no_pictures_to_make_features_of(folder: Path) -> None:
    with pytest.raises(SettingError, match="--features is for pictures, and --target"):
        read_and_report(
            folder / "ship.csv", extractor=ReadingExtractor(), asked=TableOptions(("survived",))
        )


def test_the_other_task(plainnet: Command) -> None:
    code, out, _ = plainnet("train", "…/ship.csv", "--target", "class", *QUICK, "--json")
    assert (code, json.loads(out)["classes"]) == (0, ["1", "2", "3"])
    words = ("--target", "class", "--task", "regression", *QUICK, "--json")
    code, out, err = plainnet("train", "…/ship.csv", *words)
    assert (code, json.loads(out)["target"], json.loads(out)["classes"]) == (0, "class", [])
    assert "predicts it as classes" not in err
    code, _, err = plainnet("train", "…/ship.csv", "--target", "class", *QUICK)
    assert "target      class, 3 classes; --task regression predicts it as a number" in err


def test_train_on_a_folder_of_tables(plainnet: Command, tmp_path: Path) -> None:
    for name in ("train", "validation", "test"):
        write(tmp_path / "ship" / f"{name}.csv", passengers(60, len(name)))
    code, out, _ = plainnet("train", "ship", "--target", "survived", *QUICK, "--json")
    shown = json.loads(out)
    assert code == 0
    assert (shown["validation"]["n"], shown["test"]["n"]) == (60, 60)
    assert shown["run"] == "runs/ship-1"


@pytest.mark.parametrize("command", ["evaluate", "report", "importance"])
def test_a_part_that_is_missing_is_said_before_anything_is_read(
    plainnet: Command, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("something was read")

    for name in ("train", "validation"):
        write(tmp_path / "ship" / f"{name}.csv", passengers(9))
    monkeypatch.setattr(f"plainnet.cli.{command}.read_for", read)
    done = plainnet(command, runs / "yes", "ship", "--part", "test")
    refused(done, "ship has no test part, only train and validation")
    refused(plainnet(command, runs / "yes", "…/labelled.csv", "--part", "test"), "no test part")


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_class_that_is_not_learned_is_told_before_the_training(
    plainnet: Command, tmp_path: Path, part: str
) -> None:
    write(tmp_path / "ship" / "train.csv", passengers(60))
    others = [row | {"survived": "perhaps"} for row in passengers(9)]
    write(tmp_path / "ship" / f"{part}.csv", others)
    done = plainnet("train", "ship", "--target", "survived", *QUICK)
    refused(done, f"{part}.csv holds the class 'perhaps', but the model knows only no, yes")
    assert "epoch" not in done[2]
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            "…/ship.csv",
            "is a table: name the column .* with --target; there are Passen",
        ),
        ("…/ship.csv --drop age", "--drop is for tables: name the --target as well"),
        ("…/ship.csv --target Age", "has no column 'Age', but 'age'; its columns are Passenger"),
        ("…/ship.csv --target age --drop x", "has no column 'x'"),
        ("…/ship.csv --target survived --task regression", "does not hold numbers only"),
        ("…/ship.csv --target name", "240 different values of 'name' in 240 rows"),
        ("…/ship.csv --target fare --label-smoothing 0.1", "label_smoothing = 0.1 spreads a targe"),
        ("…/ship.csv --target fare --recall 0.9", "recall = 0.9 is for a class"),
        ("…/ship.csv --target fare --features x.onnx", "x.onnx is for pictures, and a table"),
        ("…/ship.csv --target fare --size 3", "holds feature vectors, which have no size"),
        ("…/nowhere.csv --target fare", "nowhere.csv cannot be read: No such file"),
        ("… --target fare", "holds no tables called train, validation or test"),
        ("--resume x --drop fare", "--resume continues with the run's own settings"),
        ("--resume x --target fare", "--resume continues with the run's own settings"),
    ],
)
def test_what_is_refused(plainnet: Command, tmp_path: Path, words: str, why: str) -> None:
    refused(plainnet("train", *words.split()), why)
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_training_goes_on(
    plainnet: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--target", "fare", "--drop", "survived", "--hidden", "16", "--seed", "3"]

    def stop(checkpoint: Checkpoint) -> None:
        checkpoint.write()
        checkpoint.stopping = True

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "end_epoch", stop)
        assert plainnet("train", "…/ship.csv", *words)[0] == 0
    assert (tmp_path / "runs/ship-1/checkpoint.safetensors").exists()
    code, _, err = plainnet("train", "--resume", "runs/ship-1")
    assert code == 0
    assert "resumed     after 1 epoch" in err
    assert plainnet("train", "…/ship.csv", *words, "--out", "whole")[0] == 0
    table = folder / "new.csv"
    [first, second] = [load_any(tmp_path / name) for name in ("runs/ship-1", "whole")]
    assert isinstance(first, Regressor)
    assert isinstance(second, Regressor)
    assert first.predict(table).tobytes() == second.predict(table).tobytes()
    refused(plainnet("train", "--resume", "runs/ship-1"), "is complete")


# -- predict, evaluate, report -------------------------------------------------------------------


def test_predict_classes(plainnet: Command, runs: Path, tmp_path: Path) -> None:
    code, out, err = plainnet("predict", "…/yes", "…/new.csv", "--csv", "answers.csv")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 6
    assert re.match(r"\S+new\.csv:2 +(yes|no) +(yes|no) \d+\.\d %  (yes|no) ", out.splitlines()[1])
    rows = read(tmp_path / "answers.csv")
    assert list(rows[0]) == ["file", "line", "PassengerId", "name", "answer", "no", "yes"]
    assert [row["PassengerId"] for row in rows] == ["1", "2", "3", "4", "5"]
    shown = json.loads(plainnet("predict", "…/yes", "…/new.csv", "--json")[1])
    assert [one["answer"] for one in shown["predictions"]] == [row["answer"] for row in rows]
    assert shown["predictions"][0]["line"] == 2
    assert sum(shown["predictions"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert shown["unread"] == []


def test_predict_numbers(plainnet: Command, runs: Path, tmp_path: Path) -> None:
    code, out, _ = plainnet("predict", "…/fare", "…/new.csv", "--csv", "answers.csv")
    assert code == 0
    assert out.splitlines()[0].split() == ["row", "fare"]
    shown = json.loads(plainnet("predict", "…/fare", "…/new.csv", "--json")[1])["predictions"]
    rows = read(tmp_path / "answers.csv")
    assert [float(row["answer"]) for row in rows] == pytest.approx([p["answer"] for p in shown])
    right = [float(row["fare"]) for row in passengers(5, 1)]
    assert [p["answer"] for p in shown] == pytest.approx(right, abs=30)


def test_a_table_is_not_written_over_by_its_answers(
    plainnet: Command, runs: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "new.csv", passengers(5))
    before = path.read_bytes()
    refused(
        plainnet("predict", runs / "classes", path, "--csv", "new.csv"),
        "new.csv is an input and would be overwritten; name another file with --csv",
    )
    assert path.read_bytes() == before


def test_what_cannot_be_answered_is_told_and_the_rest_answered(
    plainnet: Command, runs: Path, tmp_path: Path
) -> None:
    write(tmp_path / "other.csv", [{"a": 1, "b": 2}])
    code, out, err = plainnet("predict", "…/yes", "other.csv", "…", "…/new.csv")
    assert code == 2
    assert len(out.splitlines()) == 6
    assert (
        "other.csv does not fit the model: other.csv lacks 'sex', 'age', 'boarded', 'fare'" in err
    )
    assert "does not fit the model: it is a folder; name its tables" in err
    (tmp_path / "photo.jpg").write_text("no table")
    refused(plainnet("predict", "…/yes", "…/new.csv", "--csv", "photo.jpg"), "exists already")


def test_many_rows_are_not_all_shown_where_a_file_has_them(
    plainnet: Command, runs: Path, tmp_path: Path
) -> None:
    assert len(plainnet("predict", "…/fare", "…/labelled.csv")[1].splitlines()) == 61
    out = plainnet("predict", "…/fare", "…/labelled.csv", "--csv", "a.csv")[1]
    assert out.splitlines()[-1] == "… and 40 more"
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 61


def test_evaluate(plainnet: Command, runs: Path) -> None:
    code, out, _ = plainnet("evaluate", "…/yes", "…/labelled.csv")
    assert code == 0
    assert "labelled.csv: 60 samples\n  accuracy  " in out
    shown = json.loads(plainnet("evaluate", "…/fare", "…/labelled.csv", "--json")[1])
    assert (shown["n"], shown["target"]) == (60, "fare")
    assert shown["r2"] > 0.7
    assert shown["rmse"] < shown["baseline_rmse"]
    refused(plainnet("evaluate", "…/yes", "…/new.csv"), "has no column 'survived'")


def test_of_a_folder_of_tables_only_the_part_is_read(
    plainnet: Command, runs: Path, tmp_path: Path
) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts/test.csv", passengers(30, 4))
    (tmp_path / "parts/train.csv").write_bytes(b"\xff no table")
    code, out, _ = plainnet("evaluate", "…/yes", "parts")
    assert code == 0
    assert "parts, test part: 30 samples\n" in out
    shown = json.loads(plainnet("evaluate", "…/yes", "parts", "--json")[1])
    assert (shown["data"], shown["part"], shown["n"]) == ("parts", "test", 30)
    refused(plainnet("evaluate", "…/yes", "parts", "--part", "train"), "train.csv")
    refused(plainnet("evaluate", "…/yes", "parts", "--part", "validation"), "no validation part")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_is_refused_before_anything_waits_for_it(
    plainnet: Command, runs: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, err = plainnet("predict", "…/fare", "pipe")
    assert code == 2
    assert "pipe is a FIFO, not a file" in err
    with pytest.raises(FileError, match="is a FIFO"):
        rows_of(tmp_path / "pipe")


def test_rows_without_a_target_are_told(
    plainnet: Command, runs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = passengers(30, 4)
    for row in rows[:10]:
        row["survived"] = "NA"
    write(tmp_path / "part.csv", rows)
    with caplog.at_level(logging.WARNING):
        shown = json.loads(plainnet("evaluate", "…/yes", "part.csv", "--json")[1])
    assert shown["n"] == 20
    assert "Left out: 10 rows of part.csv without 'survived': 'NA' (10 times) counts" in caplog.text


@pytest.mark.parametrize("run", ["yes", "fare"])
def test_report(plainnet: Command, runs: Path, tmp_path: Path, run: str) -> None:
    words = ("--out", "page.html", "--figures", "charts")
    assert plainnet("report", f"…/{run}", "…/labelled.csv", *words)[0] == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "measured on 60 rows" in page
    charts = {path.stem for path in (tmp_path / "charts").iterdir()}
    assert charts >= ({"loss", "roc"} if run == "yes" else {"loss", "rmse", "answers", "errors"})
    own = plainnet("report", f"…/{run}", "…/ship.csv", "--out", "own.html", "--json")
    assert json.loads(own[1])["part"] == "validation"  # drawn again as the training drew it
    page = (tmp_path / "own.html").read_text("utf-8")
    assert "240 validation rows, each answered by the networks that held it out" in page
    first = (runs / run / "report.html").read_text("utf-8")
    verdict = re.compile("(?:Its error is|right for)[^<]*")
    assert len(verdict.findall(page)) > 0
    assert verdict.findall(page) == verdict.findall(first)
    assert json.loads((runs / run / "metrics.json").read_text("utf-8"))["validation"]["n"] == 240


# -- looking inside ------------------------------------------------------------------------------


def test_summary(plainnet: Command, runs: Path) -> None:
    out = plainnet("summary", "…/yes")[1]
    assert re.search(r"inputs +\d+ features of 4 columns", out)
    assert re.search(r"age +number +\S+ ± \S+; missing: \S+, and marked", out)
    assert re.search(r"sex +category +\w+, \w+", out)
    assert re.search(r"boarded +date +around 1912-04-\d\d ± \S+ days; position in week", out)
    assert re.search(r"class +left out +dropped on request", out)
    shown = json.loads(plainnet("summary", "…/fare", "--json")[1])
    assert shown["target"] == "fare"
    assert [c["name"] for c in shown["extractor"]["columns"]] == [
        *("class", "sex", "age", "boarded")
    ]
    assert "predicts          fare, " in plainnet("summary", "…/fare")[1]


def test_check(plainnet: Command, tmp_path: Path) -> None:
    code, out, _ = plainnet("check", "…/ship.csv")
    assert code == 0
    assert "ship.csv: 240 rows, 8 columns\n" in out
    assert re.search(r"age +number +\d\d +\d+ +\S+ to \S+", out)
    assert re.search(r"PassengerId +left out +0 +240 +1, 2, 3 +it numbers the rows", out)
    [shown] = json.loads(plainnet("check", "…/ship.csv", "--json")[1])["tables"].values()
    assert (shown["rows"], len(shown["columns"])) == (240, 8)
    refused(plainnet("check", "…/ship.csv", "--page", "x.html"), "--page shows pictures")
    write(tmp_path / "ship" / "train.csv", passengers(9))
    write(tmp_path / "ship" / "test.csv", passengers(8))
    out = plainnet("check", "ship")[1]
    assert "train.csv: 9 rows" in out
    assert "test.csv: 8 rows" in out


def test_explain(plainnet: Command, runs: Path, tmp_path: Path) -> None:
    code, out, _ = plainnet("explain", "…/yes", "…/new.csv")
    assert code == 0
    assert out.splitlines()[0].endswith("new.csv:2")
    assert re.search(r"^sex +(fe)?male +[+-]\d", out, re.MULTILINE)
    shown = json.loads(plainnet("explain", "…/fare", "…/new.csv", "--line", "4", "--json")[1])
    answers = json.loads(plainnet("predict", "…/fare", "…/new.csv", "--json")[1])["predictions"]
    assert shown["answer"] == pytest.approx(answers[2]["answer"], rel=1e-5)
    led = sum(one["contribution"] for one in shown["contributions"])
    assert shown["average"] + led == pytest.approx(shown["score"], abs=1)
    assert shown["contributions"][0]["column"] in ("class", "sex")
    text = plainnet("explain", "…/fare", "…/new.csv", "--line", "4")[1]
    assert "the answer for an average row, to" in text
    refused(plainnet("explain", "…/yes", "…/new.csv", "--line", "1"), "from 2 to 6")
    refused(plainnet("explain", "…/fare", "…/new.csv", "--class", "yes"), "--class is for classes")
    refused(plainnet("explain", "…/yes", "…/new.csv", "--class", "x"), "must be one of no, yes")
    refused(plainnet("explain", "…/yes", "…/new.csv", "--method", "smooth"), "--method is for pic")
    refused(plainnet("explain", "…/yes", "…/new.csv", "--out", "x.png"), "trained on a table")
    Classifier(hidden=(), epochs=1).fit(np.eye(8), [0, 1] * 4).save(tmp_path / "arrays")
    refused(plainnet("explain", "arrays", "x.png", "--line", "2"), r"x\.png cannot be read")


def test_what_needs_pictures_or_classes(plainnet: Command, runs: Path, tmp_path: Path) -> None:
    without = [{k: v for k, v in row.items() if k != "fare"} for row in passengers(3)]
    write(tmp_path / "without.csv", without)
    refused(plainnet("trace", "…/fare", "without.csv"), "has no column 'fare'")
    refused(plainnet("trace", "…/fare", "…/new.csv", "--right", "much"), "must be a number")
    out = plainnet("trace", "…/fare", "…/new.csv", "--right", "30")[1]
    assert re.match(r"\S+new\.csv: 5 samples, on average fare \d+.*\(right is 30; y = ", out)
    code, out, _ = plainnet("trace", "…/fare", "…/ship.csv", "--line", "3")
    assert code == 0
    assert "right is what the table says" in out
    out = plainnet("trace", "…/yes", "…/new.csv", "--line", "2", "--class", "no")[1]
    assert "(right is no, y = 0" in out
    assert plainnet("graph", "…/fare")[0] == 0
    assert "MeanSquaredError" in (tmp_path / "fare-graph.svg").read_text("utf-8")
    Regressor(hidden=(), epochs=1).fit(np.eye(8), [*range(8)]).save(tmp_path / "arrays")
    refused(plainnet("predict", "arrays", "…/new.csv"), r"not a \.npy file of numbers")


def test_cross_validate(plainnet: Command) -> None:
    words = ("--folds", "3", *QUICK)
    out = plainnet("cross-validate", "…/ship.csv", "--target", "survived", *words)[1]
    assert "each sample predicted once: 240 samples" in out
    shown = json.loads(
        plainnet("cross-validate", "…/ship.csv", "--target", "fare", *words, "--json")[1]
    )
    assert [fold["n"] for fold in shown["folds"]] == [80, 80, 80]
    assert shown["pooled"]["n"] == 240
    assert shown["mean_rmse"] == pytest.approx(np.mean([fold["rmse"] for fold in shown["folds"]]))
    out = plainnet("cross-validate", "…/ship.csv", "--target", "fare", *words)[1]
    assert "by fold   RMSE" in out
    refused(plainnet("cross-validate", "…/ship.csv"), "is a table: name the column")
    wrong = ("--target", "fare", "--class-weight", "balanced")
    refused(plainnet("cross-validate", "…/ship.csv", *wrong), "weights classes")


def test_the_page_does_what_it_says(plainnet: Command, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "tables.md").read_text("utf-8")
    rng = np.random.default_rng(0)
    houses = [
        {"rooms": i % 6 + 1, "area": 30 * (i % 6) + i, "garden": "yn"[i % 2], "price": 900.5 * i}
        for i in rng.permutation(80).tolist()
    ]
    ship = [{**row, "cabin": f"C{i}"} for i, row in enumerate(passengers(60))]
    write(tmp_path / "houses.csv", houses)
    write(tmp_path / "flats.csv", [{**row, "rent": 4.5 * row["price"]} for row in houses])
    write(tmp_path / "labelled.csv", houses[:20])
    emails = [
        {"words": i, "urgent": "ny"[i % 7 > 3], "spam": i % 5 // 3, "invoice": i % 3 // 2}
        for i in range(80)
    ]
    write(tmp_path / "emails.csv", emails)
    write(tmp_path / "ship.csv", ship)
    new = [house | one | {"words": 3} for house, one in zip(houses, ship, strict=False)]
    write(tmp_path / "new.csv", new)
    patients = [
        {
            **{"age": i % 61, "fever": i % 2, "ill": ["no", "yes"][i % 61 > 40]},
            "ward": ["surgery", "eye", "heart"][i % 61 // 21],
        }
        for i in range(80)
    ]
    write(tmp_path / "patients.csv", patients)
    commands = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    code = "".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    for line in "".join(commands).splitlines():
        program, *words = shlex.split(line.partition("#")[0])
        assert program == "plainnet"
        assert plainnet(*words)[0] == 0
    assert len(read(tmp_path / "answers.csv")) == 60
    exec(compile(code, "docs/tables.md", "exec"), {})


# -- the file of answers -------------------------------------------------------------------------


def test_answers_on_stdout(plainnet: Command, runs: Path, tmp_path: Path) -> None:
    plainnet("predict", "…/yes", "…/new.csv", "--csv", "answers.csv")
    code, out, _ = plainnet("predict", "…/yes", "…/new.csv", "--csv", "-")
    assert (code, out) == (0, (tmp_path / "answers.csv").read_text("utf-8"))
    assert not (tmp_path / "-").exists()
    refused(plainnet("predict", "…/yes", "…/new.csv", "--csv", "-", "--json"), "both write to std")
    Classifier(hidden=(), epochs=1).fit(np.eye(8), [0, 1] * 4).save(tmp_path / "arrays")
    np.save(tmp_path / "x.npy", np.eye(8))
    out = plainnet("predict", "arrays", "x.npy", "--csv", "-")[1]
    assert out.splitlines()[0] == "file,answer,0,1"
    assert len(out.splitlines()) == 9


def test_no_two_columns_of_the_answers_are_called_alike(plainnet: Command, tmp_path: Path) -> None:
    kinds = ["answer", "file", "line", "no"]
    rows = [
        {"answer": f"x {i}", "no": i, "file": f"y {i}", "size": i % 4, "kind": kinds[i % 4]}
        for i in range(80)
    ]
    write(tmp_path / "t.csv", rows)
    assert plainnet("train", "t.csv", "--target", "kind", "--out", "run", *QUICK)[0] == 0
    out = plainnet("predict", "run", "t.csv", "--csv", "-")[1]
    names = out.splitlines()[0].split(",")
    assert names == [
        *("file", "line", "column answer", "no", "column file", "answer"),
        *("probability answer", "probability file", "probability line", "probability no"),
    ]
    first = dict(zip(names, out.splitlines()[1].split(","), strict=True))
    assert (first["column answer"], first["column file"], first["no"]) == ("x 0", "y 0", "0")
    assert first["answer"] in kinds
