"""The search for settings: honest, the same on any number of workers, and whatever is killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Dataset, Regressor
from plainnet.demo.drawing import draw_animal
from plainnet.errors import DataError, SettingError
from plainnet.network import Array
from plainnet.training import Epoch
from plainnet.training.processes import Processes
from plainnet.tuning import Study, Trial, tune
from plainnet.tuning.journal import Journal
from plainnet.tuning.material import Parts, parts_for
from plainnet.tuning.pruning import Pruning
from plainnet.tuning.space import (
    Choice,
    Range,
    nearest_point,
    read_space,
    settings_of,
    space_for,
)
from plainnet.tuning.study import Options, begin
from plainnet.tuning.trial import Outcome, Task, Watch, run_trial
from plainnet.tuning.usual_spaces import first_points, usual_space

pytest.importorskip("optuna", reason="optuna is not installed")
FIXED: dict[str, Any] = {"hidden": (6,), "epochs": 10, "encoding": "none", "members": 1}
TRIALS = 13


def samples(n: int = 160) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    return X, np.where(X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=n) > 0, "yes", "no")


def parts_of_test() -> Parts:
    return parts_for(Classifier(**FIXED), *samples(), 0.25)


@pytest.fixture(scope="module")
def parts() -> Parts:
    return parts_of_test()


def study_of(parts: Parts, workers: int = 1, trials: int = TRIALS, **how: Any) -> Study:
    how |= {"given": FIXED}
    return begin(Classifier(**FIXED), parts, Options(trials), Processes(workers), **how)


def log_of(study: Study) -> list[Any]:
    """Everything of the trials except the time that they took."""
    log = []
    for trial in study.trials:
        assert trial.outcome is not None
        outcome = {**trial.outcome.to_dict(), "seconds": 0}
        log.append((trial.number, dict(trial.params), dict(trial.settings), outcome))
    return log


@pytest.fixture(scope="module")
def done(parts: Parts) -> Study:
    study = study_of(parts)
    study.search()
    return study


# -- what is searched ----------------------------------------------------------------------------


def test_the_first_trial_is_the_default_and_others_stay_in_the_space(done: Study) -> None:
    assert [trial.number for trial in done.trials] == [*range(TRIALS)]
    assert done.trials[0].settings == {}
    assert {"layers", "units", "members", "bins"}.isdisjoint(done.space)  # fixed, or of no use
    for trial in done.trials[1:]:
        assert {*trial.settings} == {*done.space}
        assert 0 <= trial.settings["dropout"] <= 0.3
        assert 0.001 <= trial.settings["learning_rate"] <= 0.009
        assert trial.settings["activation"] in ("silu", "relu", "mish")
    assert len({json.dumps(dict(trial.params)) for trial in done.trials}) == TRIALS


def test_a_trial_is_measured_on_samples_that_each_of_its_networks_held_out(
    parts: Parts, done: Study
) -> None:
    model = Classifier(**FIXED, ensemble=5, bagging="folds").fit(parts.search)
    assert done.trials[0].value == model.evaluate(model.validation).log_loss  # type: ignore[arg-type]
    assert model.folds is not None
    outcome = done.trials[0].outcome
    assert outcome is not None
    assert len(outcome.folds) == 5
    held_out = model.validation_of(2)
    assert held_out is not None
    A = model.answer_of(model.networks[2], held_out.X)
    assert outcome.folds[2] == model.answers.measure(held_out, A).log_loss


def test_the_winner_is_measured_on_samples_that_no_trial_has_seen(parts: Parts) -> None:
    X, _ = samples()
    seen = {row.tobytes() for row in parts.train.X}
    assert not seen & {row.tobytes() for row in parts.unseen.X}
    assert len(parts.train) + len(parts.unseen) == len(X)
    study = study_of(parts, trials=4)
    study.search()
    compared = study.finish()
    assert study.best.number != 0, "choose other samples: the default has won"
    assert compared is not None
    by_hand = Classifier(**FIXED, **study.best.settings).fit(parts.learned)
    assert compared.winner == by_hand.evaluate(parts.unseen).log_loss
    default = Classifier(**FIXED).fit(parts.learned)
    assert compared.default == default.evaluate(parts.unseen).log_loss
    assert compared.gain == compared.default - compared.winner
    values = study.trials[0].value, study.best.value
    assert compared.gain_in_search == values[0] - values[1] > 0  # type: ignore[operator]
    assert compared.curse == compared.gain_in_search - compared.gain
    low, high = compared.gain_interval
    assert low < compared.gain < high
    assert ("beyond noise" in compared.verdict) == (low > 0)
    assert ("within noise" in compared.verdict) == (low <= 0 <= high)


def test_a_test_part_is_what_the_search_never_sees() -> None:
    X, y = samples(60)
    whole = parts_for(Classifier(), X, y, 0.5)
    again = parts_for(Classifier(), whole.whole, None, 0.2)
    assert again.given
    assert again.unseen is whole.unseen
    assert len(again.train) == 30


def test_numbers_are_searched_by_their_error() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 2))
    study = tune(X, X[:, 0] + 0.1 * rng.normal(size=80), regression=True, trials=2, **FIXED)
    assert study.metric == "rmse"
    assert "label_smoothing" not in study.space
    assert isinstance(study.model, Regressor)
    assert study.complete


def test_features_of_a_folder_of_pictures_are_made_once(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    import backbones

    rng, like = np.random.default_rng(0), Classifier(epochs=1)
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(20):
            draw_animal(name, rng, 32).save(tmp_path / "pets" / name / f"{i}.png")
    backbone = backbones.convolutional(tmp_path / "backbone.onnx")
    made = parts_for(like, tmp_path / "pets", None, 0.25, features=backbone)
    assert made.train.X.shape == (30, 12)
    assert made.train.extractor is made.unseen.extractor is not None


def test_too_few_samples_to_measure_on_are_refused() -> None:
    with pytest.raises(DataError, match="only 4"):
        parts_for(Classifier(), *samples(20), 0.2)


# -- the same whatever happens -------------------------------------------------------------------


def test_any_number_of_workers_gives_the_same_log(parts: Parts, done: Study) -> None:
    pytest.importorskip("joblib", reason="joblib is not installed")
    study = study_of(parts, workers=2)
    study.search()
    assert log_of(study) == log_of(done)


def test_a_search_that_is_stopped_ten_times_ends_with_the_same_log(
    parts: Parts, done: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, left, judge, stops = np.random.default_rng(3), [0], Watch._hopeless, 0
    resumed_after: dict[Watch, int] = {}

    def stopped(watch: Watch) -> bool:
        resumed_after.setdefault(watch, len(watch.model.history))
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return judge(watch)

    monkeypatch.setattr(Watch, "_hopeless", stopped)
    while True:
        left[0] = int(rng.integers(5, 50)) if stops < 10 else 10**9
        journal, trials = tmp_path / "journal.log", tmp_path / "trials"
        study = study_of(parts, journal=journal, checkpoints=trials)
        try:
            study.search()
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops == 10
    assert max(resumed_after.values()) > 0  # trials go on from their checkpoints
    assert log_of(study) == log_of(done)
    assert not [*trials.glob("*.safetensors")]


def test_a_killed_process_goes_on_from_its_journal(
    parts: Parts, done: Study, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from test_tuning import parts_of_test, study_of\n"
        "study = study_of(parts_of_test(), journal=sys.argv[1], checkpoints=None)\n"
        "study.search(lambda trial: print(trial.number, flush=True))\n"
    )
    journal = tmp_path / "journal.log"
    root = Path(__file__).parents[1]
    where = os.pathsep.join([str(root / "tests"), str(root / "src")])
    command, env = [sys.executable, str(program), str(journal)], {**os.environ, "PYTHONPATH": where}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 8:
                process.kill()
                break
    with journal.open("ab") as file:
        file.write(b'{"op_code":')  # as a full disk leaves it
    study = study_of(parts, journal=journal)
    assert [trial.number for trial in study.trials][:9] == [*range(9)]
    study.search()
    assert log_of(study) == log_of(done)


def test_time_that_is_over_stops_a_trial_until_another_day(parts: Parts, tmp_path: Path) -> None:
    task = Task(0, Classifier, FIXED, "log_loss", tmp_path / "0.safetensors", until=time.time() - 1)
    assert run_trial(task, parts.search) is None
    study = study_of(parts, journal=tmp_path / "journal.log")
    study.plan = replace(study.plan, until=time.time() - 1)
    study.search()
    assert [trial.number for trial in study.trials] == [0]  # the default is always known
    assert study.finish() is None


# -- the journal ---------------------------------------------------------------------------------

SPACE = {"dropout": Range(0, 0.5)}
OUTCOME = Outcome("complete", 0.5, (0.7, 0.6), (0.5,), 2, 1.0)


def journals(tmp_path: Path, n: int = 2) -> list[Journal]:
    file = tmp_path / "journal.log"
    return [Journal(file, {"data": "abc"}, False, SPACE) for _ in range(n)]


def test_a_trial_is_claimed_once(tmp_path: Path) -> None:
    a, b = journals(tmp_path)
    a.add(Trial(0, {"dropout": 0.1}, {}))
    b.add(Trial(0, {"dropout": 0.1}, {}))  # the other process was faster
    assert a.waiting() == b.waiting() == [0]
    assert [a.claim(0), b.claim(0), a.claim(0)] == [True, False, False]
    a.finish(0, OUTCOME)
    b.finish(0, Outcome("complete", 0.4, (), (), 2, 1.0))  # it was too late
    assert b.trials()[0] == Trial(0, {"dropout": 0.1}, {}, OUTCOME)
    assert b.waiting() == []


def test_a_trial_without_signs_of_life_is_given_to_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("plainnet.tuning.journal.monotonic", lambda: clock[0])
    a, b = journals(tmp_path)
    a.add(Trial(0, {"dropout": 0.1}, {}))
    a.claim(0)
    b.release_stale()
    clock[0] += 60
    a._beat(a._attempts()[0]._trial_id, 1)  # it lives
    b.release_stale()
    clock[0] += 60
    b.release_stale()
    assert b.waiting() == []
    clock[0] += 60
    b.release_stale()
    assert b.waiting() == [0]
    assert b.claim(0)
    a.release([])
    b.finish(0, OUTCOME)
    assert {number: trial.outcome for number, trial in a.trials().items()} == {0: OUTCOME}


def test_a_study_of_another_search_is_refused(tmp_path: Path) -> None:
    journals(tmp_path)
    with pytest.raises(DataError, match="data"):
        Journal(tmp_path / "journal.log", {"data": "other"}, False, SPACE)


# -- the space -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ({"lerning_rate": [1, 2]}, "learning_rate"),
        ({"dropout": {"low": 0.5, "high": 0.1}}, "low < high"),
        ({"dropout": {"low": 0, "high": 0.5, "log": True}}, "logarithmic"),
        ({"dropout": {"low": 0, "high": 1.5}}, "dropout"),
        ({"dropout": 0.1}, "dropout"),
        ({"activation": ["relu", "rellu"]}, "rellu"),
        ({"epochs": [5, 10]}, "epochs"),
    ],
)
def test_an_impossible_space_is_refused(own: Any, named: str, parts: Parts) -> None:
    with pytest.raises(SettingError, match=named):
        space_for(parts.train, FIXED, own, {})


def test_a_space_is_read_from_json_and_toml(tmp_path: Path, parts: Parts) -> None:
    (tmp_path / "a.json").write_text('{"units": {"low": 4, "high": 8}, "dropout": [0, 0.5]}')
    (tmp_path / "a.toml").write_text("dropout = [0, 0.5]\n[units]\nlow = 4\nhigh = 8\n")
    spaces = [read_space(tmp_path / name) for name in ("a.json", "a.toml")]
    assert spaces[0] == spaces[1]
    space = space_for(parts.train, {}, spaces[0], {})
    assert space == {"units": Range(4, 8, whole=True), "dropout": Choice((0, 0.5))}
    assert settings_of(space, {"units": 5, "dropout": "0.5"}) == {"hidden": (5,), "dropout": 0.5}


def test_layers_and_units_are_the_hidden_layers() -> None:
    space = {"layers": Range(0, 3, whole=True), "units": Range(4, 64, log=True, whole=True)}
    assert settings_of(space, {"layers": 2, "units": 8}) == {"hidden": (8, 8)}
    assert settings_of(space, {"layers": 0, "units": 8}) == {"hidden": ()}
    assert nearest_point(space, {"layers": 2, "units": 128}) == {"layers": 2, "units": 64}


def resolved(n: int, **settings: Any) -> Any:
    """The training samples, a recipe, and how it is resolved for them."""
    X = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    data = Dataset(X, np.arange(n) % 2, ("a", "b"))
    recipe = Classifier(**settings).recipe
    return data, recipe, recipe.resolve(data, tested=False)


def test_the_usual_space_lies_around_the_default() -> None:
    data, recipe, default = resolved(3000)
    space = usual_space(data, default.of_network(0, recipe))
    assert space["learning_rate"] == Range(0.002, 0.018, log=True)
    assert space["units"] == Range(64, 256, log=True, whole=True)
    assert space["bins"] == Range(16, 64, log=True, whole=True)
    assert space["members"] == Choice((1, 2, 4, 8))


def test_convolutions_are_searched_without_hidden_layers() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (200, 24, 24, 3), np.uint8)
    data = Dataset(pictures, np.arange(200) % 2, ("a", "b"))
    recipe = Classifier().recipe
    space = usual_space(data, recipe.resolve(data, tested=False))
    assert "augment" in space
    assert {"layers", "units", "normalization"}.isdisjoint(space)


def test_known_good_settings_are_tried_first() -> None:
    data, recipe, default = resolved(3000)
    space = usual_space(data, default.of_network(0, recipe))
    points = first_points(space, data, recipe, default)
    default, *others = (settings_of(space, point) for point in points)
    assert (default["encoding"], default["hidden"]) == ("learned", (128, 128))
    assert (default["members"], default["learning_rate"]) == (2, 0.006)
    assert [one["members"] for one in others] == [8, 4]


# -- the model at the end --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table() -> Parts:
    """So many samples that the default is an ensemble of members."""
    return parts_for(Classifier(epochs=2), *samples(400), 0.25)


def test_the_default_and_the_winner_are_measured_as_they_are_trained(table: Parts) -> None:
    study = begin(Classifier(epochs=2), table, Options(3), Processes(1))
    study.search()
    default = study.fit_default()
    assert default.resolved_recipe.variants == ("members-8",)
    assert default.validation is not None
    assert study.trials[0].value == default.evaluate(default.validation).log_loss
    study.trials = [replace(study.trials[0], outcome=None), *study.trials[1:]]
    assert study.best.number
    winner = Classifier(**study.settings).fit(table.learned)
    assert len(winner.networks) == 5
    assert study.best.value == winner.evaluate(winner.validation).log_loss  # type: ignore[arg-type]


def test_of_many_samples_one_network_is_measured(
    table: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainnet.tuning.study.FEW", 100)
    study = begin(Classifier(epochs=2), table, Options(2), Processes(1))
    study.search()
    alone = Classifier(epochs=2, variants=("members-8",), ensemble=1).fit(table.search)
    assert alone.validation is not None
    assert study.trials[0].value == alone.evaluate(alone.validation).log_loss
    assert len(alone.networks) == 1


def test_with_validation_samples_a_trial_has_its_own_settings() -> None:
    X, y = samples(300)
    given = parts_for(Classifier(epochs=2), X[:250], y[:250], 0.2, validation=(X[250:], y[250:]))
    study = begin(Classifier(epochs=2), given, Options(2), Processes(1))
    study.search()
    settings = {**study.shape, **study.trials[1].settings}
    again = Classifier(epochs=2, **settings).fit(given.search)
    assert again.resolved_recipe.variants == ("usual",)
    assert study.trials[1].value == again.evaluate(again.validation).log_loss  # type: ignore[arg-type]


def test_the_best_trials_and_the_default_become_one_ensemble(table: Parts, tmp_path: Path) -> None:
    study = begin(Classifier(epochs=2), table, Options(4, blend=2), Processes(1))
    study.search()
    compared = study.finish()
    best = {trial.number for trial in study.ranked[:2]} | {0}
    assert {trial.number for trial in study.blended} == best
    variants, model = study.settings["variants"], study.model
    assert len(variants) == len(best)
    assert "members-8" in variants  # the default
    for trial in study.blended:
        if trial.number:
            assert any(dict(trial.settings) == one for one in variants)
    assert isinstance(model, Classifier)
    assert model.validation is not None
    assert compared is not None
    assert compared.subject == "ensemble"
    assert compared.winner == model.evaluate(table.unseen).log_loss
    looked = model.evaluate(model.validation).log_loss
    assert looked <= (study.best.value or 0)
    assert compared.gain_in_search == (study.trials[0].value or 0) - looked
    model.save(path := tmp_path / "m")
    loaded = Classifier.load(path)
    np.testing.assert_array_equal(
        loaded.mean_answers(table.unseen), model.mean_answers(table.unseen)
    )


def test_a_setting_of_the_whole_model_cannot_be_blended(parts: Parts) -> None:
    options = Options(4, space={"class_weight": ["none", "balanced"]}, blend=2)
    with pytest.raises(SettingError, match="class_weight"):
        begin(Classifier(), parts, options, Processes(1))


# -- pruning -------------------------------------------------------------------------------------


def test_a_trial_that_is_clearly_worse_is_pruned_and_a_good_one_is_not() -> None:
    earlier = [
        Outcome(
            "complete", 0.3 + 0.01 * i, tuple(0.9 - 0.03 * e for e in range(20)), (0.3,) * 5, 20, 1
        )
        for i in range(6)
    ]

    def epochs_until_pruned(loss: Callable[[int], float]) -> int | None:
        pruning = Pruning(earlier, higher_is_better=False)
        return next((e for e in range(1, 21) if pruning.after_epoch(e, loss(e))), None)

    assert epochs_until_pruned(lambda e: 0.95 - 0.01 * e) == 8
    assert epochs_until_pruned(lambda e: 0.8 - 0.03 * e) is None
    assert Pruning(earlier[:4], higher_is_better=False).after_epoch(20, 9.0) is False
    folds = Pruning(earlier, higher_is_better=False)
    assert [folds.after_fold(i, 0.5 + 0.01 * i) for i in range(5)][-1]
    folds = Pruning(earlier, higher_is_better=True)
    assert not any(folds.after_fold(i, 0.5 + 0.01 * i) for i in range(5))


def test_epochs_of_a_resumed_trial_are_judged_one_by_one() -> None:
    curve = tuple(0.9 - 0.03 * e for e in range(20))
    earlier = [Outcome("complete", 0.3, curve, (), 20, 1) for _ in range(6)]
    model = Classifier()
    bad = [Epoch(e, e, 1.0, 0.1, 0.1, {"loss": 0.95 if e < 12 else 0.1}) for e in range(1, 15)]
    model.history = bad
    watch = Watch(Task(7, Classifier, {}, "log_loss", None, earlier), model)
    assert watch.follow(iter(())) == "pruned"  # at epoch 8, although epoch 14 is good
