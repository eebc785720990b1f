"""`plainnet tune`, as people and scripts use it."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_tuning import samples

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.cli.report import run_settings

pytest.importorskip("optuna", reason="optuna is not installed")
Command = Callable[..., tuple[int, str, str]]
QUICK = (
    *("--target", "answer", "--hidden", "5", "--epochs", "4", "--encoding", "none"),
    *("--members", "1", "--trials", "4"),
)


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """A command, run in a folder with the table `all.csv`, and `parts/` with a test part."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        assert "Traceback" not in err
        return left.value.code, out, err

    X, y = samples()
    rows = [f"{a:.4f},{b:.4f},{c:.4f},{t}" for (a, b, c), t in zip(X, y, strict=True)]
    (tmp_path / "parts").mkdir()
    for name, some in {"all": rows, "parts/train": rows[:100], "parts/test": rows[100:]}.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,c,answer", *some]) + "\n")
    monkeypatch.setattr("plainnet.tuning.comparison.RESAMPLES", 50)
    monkeypatch.chdir(tmp_path)
    return run


def test_a_search_writes_a_run_a_log_and_a_page(plainnet: Command, tmp_path: Path) -> None:
    code, out, err = plainnet("tune", "all.csv", *QUICK)
    assert code == 0, err
    run = tmp_path / "runs" / "all-1"
    assert "trial 0/4" in err
    assert "trial 3/4" in err
    assert "on 32 unseen samples" in out
    assert f"written  {run.relative_to(tmp_path)}" in out
    asked = json.loads((run / "search.json").read_text("utf-8"))
    assert asked["options"]["trials"] == 4
    assert asked["settings"] == {"hidden": [5], "epochs": 4, "encoding": "none", "members": 1}
    winner = asked["result"]["winner"]
    assert Classifier.load(run).recipe.dropout == winner["settings"]["dropout"]
    log = (run / "trials.csv").read_text("utf-8").splitlines()
    assert len(log) == 5
    assert log[0].startswith("trial,state,log_loss,epochs,")
    page = (run / "tune.html").read_text("utf-8")
    assert "A search over 4 settings in 4 trials." in page
    for text in ("The winner", "default settings", "winner&#x27;s curse", "dropout", "--hidden 5"):
        assert text in page
    assert (run / "report.html").exists()
    assert not [*(run / "trials").iterdir()]


def test_the_line_at_the_end_trains_the_winner_again(plainnet: Command, tmp_path: Path) -> None:
    code, out, err = plainnet("tune", "parts", *QUICK, "--json", "--no-report", "--out", "a")
    assert code == 0, err
    found = json.loads(out)
    words = shlex.split(found["command"])
    assert words[:3] == ["plainnet", "train", "parts"]
    assert plainnet(*words[1:], "--out", "b", "--no-report")[0] == 0
    again = json.loads((tmp_path / "b" / "metrics.json").read_text("utf-8"))
    assert found["test"] == again["test"]
    assert found["comparison"]["winner"] == again["test"]["log_loss"]
    assert "search.json" not in run_settings(tmp_path / "a")


def test_a_blend_is_one_model_that_a_line_trains_again(plainnet: Command, tmp_path: Path) -> None:
    how = (*QUICK, "--no-report", "--blend", "2")
    code, out, err = plainnet("tune", "parts", *how, "--json", "--out", "a")
    assert code == 0, err
    found = json.loads(out)
    assert "The ensemble has the settings of the trials" in err
    assert found["comparison"]["subject"] == "ensemble"
    words = shlex.split(found["command"])
    assert words[words.index("--variants") + 1].startswith("[{")
    assert plainnet(*words[1:], "--out", "b", "--no-report")[0] == 0
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in "ab"]
    assert len({*models}) == 1
    assert "The ensemble of the best trials" in (tmp_path / "a" / "tune.html").read_text("utf-8")


def test_a_search_goes_on_with_more_trials(plainnet: Command, tmp_path: Path) -> None:
    assert plainnet("tune", "all.csv", *QUICK, "--out", "a", "--no-report")[0] == 0
    log = (tmp_path / "a" / "trials.csv").read_text("utf-8")
    assert plainnet("tune", "all.csv", *QUICK, "--out", "a")[0] == 2
    more = ("--trials", "5", "--blend", "2")
    code, _, err = plainnet("tune", "--resume", "a", *more, "--no-report")
    assert code == 0, err
    assert "The ensemble has the settings of the trials" in err
    assert "after 4 trials" in err
    assert (tmp_path / "a" / "trials.csv").read_text("utf-8").startswith(log)
    code, _, err = plainnet("tune", "--resume", "a", "--metric", "accuracy")
    assert code == 2
    assert "--trials" in err


def test_a_helper_works_on_the_study_of_another_command(plainnet: Command, tmp_path: Path) -> None:
    join = ("tune", "all.csv", *QUICK, "--join", "shared.log")
    code, out, err = plainnet(*join)
    assert (code, out) == (0, "")
    assert "4 trials of 4 are done" in err
    assert not (tmp_path / "runs").exists()
    code, out, err = plainnet(*join, "--out", "a", "--no-report")
    assert code == 0, err
    assert "trial 0" not in err
    assert (tmp_path / "a" / "tune.html").exists()


def test_nothing_is_left_of_a_search_that_cannot_begin(plainnet: Command, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    for words in (("all.csv", "--target", "none"), ("none.csv", "--target", "answer")):
        assert plainnet("tune", *words, "--out", "new/run")[0] == 2
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "DATA"),
        (("all.csv",), "--target"),
        (("all.csv", *QUICK, "--metric", "rmse"), "accuracy"),
        (("all.csv", *QUICK, "--space", "none.json"), "none.json"),
        (("all.csv", *QUICK, "--engine", "horses"), "spark"),
        (("all.csv", *QUICK, "--workers", "0"), "workers"),
        (("all.csv", *QUICK, "--minutes", "0"), "minutes"),
        (("--resume", "parts"), "parts"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(
    plainnet: Command, arguments: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    code, out, err = plainnet("tune", *arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert not (tmp_path / "runs" / "all-2").exists()
