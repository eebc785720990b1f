"""A study: the search over the settings of a training, and its measured winner."""

import math
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from plainnet.checks import check_number, check_whole
from plainnet.data import Splits
from plainnet.errors import DataError, FileError, SettingError
from plainnet.models import AnyModel, Recipe
from plainnet.models.checkpoint import fingerprint
from plainnet.models.recipe import ResolvedRecipe
from plainnet.training.processes import Processes
from plainnet.tuning.chosen import (
    USUAL,
    blend_settings,
    check_blend,
    default_settings,
    winner_settings,
)
from plainnet.tuning.comparison import Comparison, compare, validated
from plainnet.tuning.journal import Journal
from plainnet.tuning.material import Parts
from plainnet.tuning.optuna_package import needs_optuna
from plainnet.tuning.search import PER_ROUND, Place, Plan, Report, search
from plainnet.tuning.space import Space, space_for, space_to_json
from plainnet.tuning.trial import METRICS, Task, Trial
from plainnet.tuning.usual_spaces import first_points, usual_space

FEW = 5000
"""Samples up to which a trial is a cross-validation; beyond, one part is held out."""
FOLDS = 5
"""The folds of this cross-validation; each network holds out another fifth."""


@dataclass(frozen=True)
class Options:
    """How to search.

    Raises:
        SettingError: a number is out of its range.
    """

    trials: int = 50
    minutes: float | None = None
    """The time of the search; None: until all trials are finished."""
    metric: str | None = None
    """What to search for; None: the log loss of classes, the RMSE of numbers."""
    space: Mapping[str, Any] | None = None
    """The dimensions as JSON values; None: the usual ones."""
    per_round: int = PER_ROUND
    seed: int = 0
    unseen_share: float = 0.2
    """The share of the samples to measure the winner on, where the data have no test part."""
    blend: int = 1
    """The best trials that become one ensemble; 1: the model is the winner alone."""

    def __post_init__(self) -> None:
        check_whole("number of trials", self.trials, 1)
        check_whole("number of trials per round", self.per_round, 1)
        check_whole("seed of the search", self.seed, 0)
        check_whole("number of trials to blend", self.blend, 1)
        check_number("share of unseen samples", self.unseen_share, "(0, 1)")
        if self.minutes is not None:
            check_number("minutes", self.minutes, "(0, inf)")

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON values."""
        return asdict(self)


@dataclass
class Study:
    """A search, from its beginning to the measured winner."""

    parts: Parts
    plan: Plan
    metric: str
    fixed: Mapping[str, Any]
    """The settings of all trials, with those of the winner and the default."""
    model_type: type[AnyModel]
    place: Place
    blend: int
    """The best trials that become one ensemble; 1: the model is the winner alone."""
    shape: Mapping[str, Any]
    """The settings by which trials are measured."""
    default: ResolvedRecipe
    """The default settings, resolved for the data."""
    trials: list[Trial] = field(default_factory=list)
    """The finished trials by number."""
    model: AnyModel | None = None
    """The winner, trained on all samples of the search; None before `finish`."""
    comparison: Comparison | None = None
    """The winner beside the default on unseen samples; None before `finish`, and where the default
    settings won."""

    @property
    def space(self) -> Space:
        """The settings that the search varies."""
        return self.plan.space

    @property
    def complete(self) -> list[Trial]:
        """The trials with a value."""
        return [trial for trial in self.trials if trial.value is not None]

    @property
    def best(self) -> Trial:
        """The trial with the best value; of equal ones the first.

        Raises:
            DataError: no trial is complete.
        """
        if not self.complete:
            raise DataError(
                "No trial of the search is complete; give it more time, or more trials."
            )
        return self.ranked[0]

    @property
    def ranked(self) -> list[Trial]:
        """The trials with a value, from the best to the worst; equal ones by number."""
        sign = -1 if self.plan.higher_is_better else 1
        return sorted(self.complete, key=lambda trial: (sign * (trial.value or 0), trial.number))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the winner, or of the ensemble, that are not the defaults."""
        if self.blend == 1:
            return winner_settings(self.best, self.fixed, self.default)
        return blend_settings(self.blended, self.fixed, self.shape, self.parts.train, self.default)

    @property
    def blended(self) -> list[Trial]:
        """The trials that become one ensemble: the best ones, and that of the default settings."""
        best = self.ranked[: self.blend]
        return best + [trial for trial in self.complete if not trial.number and trial not in best]

    def search(self, report: Report = lambda _: None) -> None:
        """Work on the trials until all are finished, or the time is over.

        Raises:
            FileError: the database has failed meanwhile.
        """
        try:
            for trial in search(self.plan, self.parts.search, self.place):
                report(trial)
        except needs_optuna().exceptions.StorageInternalError as error:
            raise FileError(
                f"The database of the study failed ({error}); finished trials are kept: start the "
                "same command again to go on."
            ) from error
        self.look()

    def look(self) -> None:
        """Read the finished trials, also those that other processes have worked on."""
        found = self.place.journal.trials().values()
        self.trials = [trial for trial in found if trial.outcome is not None]

    def fit_default(self) -> AnyModel:
        """Train with the default settings, on all samples of the search."""
        return self._fitted(self.fixed)

    def _fitted(self, settings: Mapping[str, Any]) -> AnyModel:
        at_once = self.place.processes.n_here
        return self.model_type(**settings).fit(self.parts.learned, workers=at_once)

    def finish(self, model: AnyModel | None = None) -> Comparison | None:
        """Train the winner and measure it beside the default; return the comparison.

        There is none if the default settings have won.

        Args:
            model: the winner, if it is trained already.
        """
        best = self.best
        self.model = model or self._fitted(self.settings)
        if (best.number == 0 and self.blend == 1) or self.trials[0].number != 0:
            return None
        models = self.model, self.fit_default()
        first = self.trials[0].value
        if self.blend > 1:  # both on the samples that the weights were chosen by
            values = [validated(one, self.metric) for one in models]
            searched = values[0], first if "bagging" in self.shape else values[1]
        else:
            searched = best.value, first
        subject = "winner" if self.blend == 1 else "ensemble"
        how = self.parts.unseen, self.metric, self.plan.seed
        self.comparison = compare(models, searched, *how, subject)
        return self.comparison


def begin(
    model: AnyModel,
    parts: Parts,
    options: Options,
    processes: Processes,
    *,
    given: Collection[str] = (),
    journal: str | Path | None = None,
    checkpoints: Path | None = None,
    shared: bool = False,
) -> Study:
    """Make a study, or open the one in a journal.

    Args:
        model: an untrained model with the fixed settings.
        parts: the samples.
        options: how to search.
        processes: who works on the trials.
        given: the names of settings that are fixed although they have their default values.
        journal: a journal file or the address of a database; None: in memory.
        checkpoints: the folder for checkpoints of trials; None: there are none.
        shared: whether other processes may work on the same study.

    Raises:
        SettingError: an impossible space or metric.
        DataError: the study in the journal belongs to another search.
        FileError: the journal cannot be opened.
        MissingExtraError: Optuna is not installed.
    """
    needs_optuna()
    task, open_ = model.answers_type.task, Recipe()
    params = model.get_params().items()
    fixed = {name: v for name, v in params if name in given or v != getattr(open_, name)}
    train, metric = parts.train, _metric(options.metric, task, model.recipe)
    validated = parts.search.validation is not None
    default = model.recipe.resolve(train, tested=False, validated=validated)
    usual = usual_space(train, default.of_network(0, model.recipe))
    space = space_for(train, fixed, options.space, usual)
    shape = _measured_by(parts.search, fixed)
    if options.blend > 1:
        check_blend(space, fixed)
    higher = METRICS[task][metric]
    minutes = math.inf if options.minutes is None else options.minutes
    plan = Plan(
        space=space,
        first=first_points(space, train, model.recipe, default),
        trials=options.trials,
        per_round=options.per_round,
        seed=options.seed,
        higher_is_better=higher,
        task=Task(0, type(model), {**fixed, **shape}, metric, None),
        until=time.time() + 60 * minutes,
        default=default_settings(fixed, shape, default),
    )
    facts = _facts(parts.search, plan, fixed)
    if checkpoints is not None:
        checkpoints.mkdir(parents=True, exist_ok=True)
    held = Journal(journal, facts, higher, space, shared=shared)
    place = Place(held, processes, checkpoints, shared)
    how = options.blend, shape, default
    made = Study(parts, plan, metric, fixed, type(model), place, *how)
    made.look()
    return made


def _facts(data: Splits, plan: Plan, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that the log of a search follows from."""
    return {
        "data": fingerprint(data.train, data.validation),
        "settings": {name: _plain(value) for name, value in fixed.items()},
        "space": space_to_json(plan.space),
        "metric": plan.task.metric,
        "trials per round": plan.per_round,
        "seed": plan.seed,
    }


def _measured_by(data: Splits, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings by which trials are measured: how many networks, on which samples."""
    if {"ensemble", "bagging"} & {*fixed}:
        return {}
    if data.validation is not None:  # on these, all networks alike
        return {} if "variants" in fixed else {"variants": USUAL}
    each, n = len(fixed.get("variants", USUAL)), len(data.train or ())
    return {"ensemble": FOLDS * each, "bagging": "folds"} if n <= FEW else {"ensemble": each}


def _metric(wanted: str | None, task: str, recipe: Recipe) -> str:
    """Return the key of the metric.

    Raises:
        SettingError: it is unknown, or not for this kind of answers.
    """
    known = [name for name in METRICS[task] if name != "mean_cost" or recipe.cost is not None]
    if wanted is None:
        return known[0]
    name = wanted.replace("-", "_")
    if name not in known:
        raise SettingError(f"The metric must be one of {', '.join(known)}, but got {wanted!r}.")
    return name


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
