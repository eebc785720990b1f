"""`tune`: a search from Python, in one call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plainnet.models import AnyModel
from plainnet.models.classifier import Classifier
from plainnet.models.regressor import Regressor
from plainnet.training.processes import Processes
from plainnet.tuning.material import parts_for
from plainnet.tuning.search import PER_ROUND
from plainnet.tuning.study import Options, Study, begin
from plainnet.tuning.trial import Trial


def tune(
    data: Any,
    y: Any = None,
    *,
    target: str | int | None = None,
    drop: Sequence[str | int] | str = (),
    missing: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    weights: Any = None,
    validation: Any = None,
    features: Any = None,
    regression: bool = False,
    trials: int = 50,
    minutes: float | None = None,
    metric: str | None = None,
    space: Mapping[str, Any] | None = None,
    per_round: int = PER_ROUND,
    unseen_share: float = 0.2,
    blend: int = 1,
    workers: int = 1,
    engine: str = "processes",
    journal: str | Path | None = None,
    seed: int = 0,
    report: Callable[[Trial], None] = lambda _: None,
    **settings: Any,
) -> Study:
    """Search for settings that suit the data, and train and measure the best ones.

    ::

        study = tune("houses.csv", target="price", trials=30, workers=4)
        print(study.comparison.verdict)
        study.model.predict(new_rows)

    The samples to measure the winner on are not used before: the test part of the data, or a share
    of the training samples. `docs/tuning.md` describes the search.

    >>> study = tune("houses.csv", target="price", trials=20)  # doctest: +SKIP
    >>> study.best.settings  # doctest: +SKIP

    Args:
        data: anything that `Classifier.fit` takes.
        y: as for `fit`.
        target: as for `fit`.
        drop: as for `fit`.
        missing: as for `fit`.
        kinds: as for `fit`.
        weights: as for `fit`.
        validation: as for `fit`; trials are measured on it.
        features: as for `fit`.
        regression: whether to predict a number; data that can only be numbers decide themselves.
        trials: how many settings to try; the first are the defaults.
        minutes: the time of the search; None: as long as it takes.
        metric: `log_loss`, `accuracy`, `roc_auc`; `rmse`, `mae`, `r2`; None: the first.
        space: the settings to vary: `{"dropout": {"low": 0, "high": 0.5}, "activation": ["relu",
            "silu"]}`; `layers` and `units` make `hidden`. None: the usual ones.
        per_round: how many trials are proposed at once; the result depends on it.
        unseen_share: the share of the samples to measure the winner on, without a test part.
        blend: how many of the best trials become one ensemble with the default settings, weighed
            by answers to samples held out; 1: the model is the winner alone.
        workers: how many trials run at once; the result does not depend on it.
        engine: `processes`, or a cluster: see `Processes`.
        journal: a file from which a search that was stopped goes on.
        seed: of the search and of all trainings.
        report: called with each trial that ends.
        settings: of the recipe, fixed for all trials.

    Raises:
        SettingError, DataError: as `fit`; an impossible space or metric.
        MissingExtraError: Optuna, or joblib for several workers, is not installed.
    """
    model: AnyModel = (Regressor if regression else Classifier)(seed=seed, **settings)
    how: dict[str, Any] = {"target": target, "drop": drop, "missing": missing}
    how |= {"kinds": kinds, "weights": weights, "validation": validation, "features": features}
    parts = parts_for(model, data, y, unseen_share, **how)
    ways: dict[str, Any] = {"metric": metric, "space": space, "per_round": per_round}
    ways |= {"seed": seed, "unseen_share": unseen_share, "blend": blend}
    options = Options(trials, minutes, **ways)
    beside = None if journal is None else Path(journal).with_name(f"{Path(journal).name}.trials")
    where: dict[str, Any] = {"journal": journal, "checkpoints": beside}
    study = begin(model, parts, options, Processes(workers, engine), given=settings, **where)
    study.search(report)
    study.finish()
    return study
