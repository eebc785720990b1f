"""Pruning: trials that are clearly worse than earlier ones end early.

Two of Optuna's pruners judge a trial, both against the complete trials of earlier rounds alone, so
that it does not matter what runs beside it: after each epoch of the first network the median rule
(Golovin and others: Google Vizier, 2017), and after each fold Wilcoxon's signed-rank test against
the best trial so far.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from plainnet.tuning.optuna_package import experimental, needs_optuna

FIRST_TRIALS = 5
"""Complete trials before any is pruned."""
FIRST_EPOCHS, FIRST_SHARE = 8, 0.25
"""Epochs before a trial is pruned by its losses, at least, and as a share of the usual number:
early in a training a low learning rate looks worse than it is."""
P = 0.1
"""The p-value below which a trial is worse than the best one over the folds."""


class Curves(Protocol):
    """What a complete trial went through."""

    @property
    def value(self) -> float | None:
        """Its metric."""

    @property
    def losses(self) -> tuple[float, ...]:
        """The validation loss after each epoch."""

    @property
    def folds(self) -> tuple[float, ...]:
        """The metric of each fold."""


class Pruning:
    """Judges one trial.

    Args:
        earlier: the complete trials.
        higher_is_better: of the metric.
    """

    def __init__(self, earlier: Sequence[Curves], *, higher_is_better: bool) -> None:
        self.is_on = len(earlier) >= FIRST_TRIALS
        if not self.is_on:
            return
        pruners = needs_optuna().pruners
        usual = int(np.median([len(one.losses) for one in earlier]))
        median = pruners.MedianPruner(
            n_startup_trials=FIRST_TRIALS,
            n_warmup_steps=max(FIRST_EPOCHS, int(FIRST_SHARE * usual)),
            interval_steps=1,
            n_min_trials=FIRST_TRIALS,
        )
        with experimental():
            signed_rank = pruners.WilcoxonPruner(p_threshold=P, n_startup_steps=2)
        best = [(min(one.losses), dict(enumerate(one.losses, start=1))) for one in earlier]
        self._epochs = _beside(best, median, higher=False)
        folds = [(one.value, dict(enumerate(one.folds))) for one in earlier]
        self._folds = _beside(folds, signed_rank, higher=higher_is_better)

    def after_epoch(self, number: int, loss: float) -> bool:
        """Return whether to end after this epoch of the first network; each is given once."""
        if not self.is_on:
            return False
        self._epochs.report(loss, number)
        return bool(self._epochs.should_prune())

    def after_fold(self, number: int, value: float) -> bool:
        """Return whether to end after this fold; each is given once."""
        if not self.is_on or value != value:
            return False
        self._folds.report(value, number)
        return bool(self._folds.should_prune())


def _beside(earlier: Sequence[tuple[Any, Mapping[int, float]]], pruner: Any, higher: bool) -> Any:
    """Return a new trial in a study in memory that holds the earlier ones."""
    optuna = needs_optuna()
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        sampler=optuna.samplers.RandomSampler(seed=0),  # it draws nothing
        pruner=pruner,
        direction="maximize" if higher else "minimize",
    )
    for value, steps in earlier:
        finite = {step: v for step, v in steps.items() if v == v}
        study.add_trial(optuna.trial.create_trial(value=value, intermediate_values=finite))
    return study.ask()
