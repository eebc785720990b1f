"""Proposals: the point of the space for the next trial, by a tree-structured Parzen estimator.

Bergstra, Bardenet, Bengio, Kégl: Algorithms for Hyper-Parameter Optimization (2011); several
dimensions at once: Falkner, Klein, Hutter: BOHB (2018).

A proposal follows from the seed, its number and the outcomes of earlier rounds alone. It is made in
a study in memory that holds the trials in the order of their numbers, so that neither the order in
which they ended nor what a killed process left behind can change it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plainnet.tuning.optuna_package import needs_optuna
from plainnet.tuning.space import Space
from plainnet.tuning.trial import Trial

FIRST_RANDOM = 8
"""Trials before proposals follow from outcomes; the default settings are the first of them."""


def propose(space: Space, trials: Sequence[Trial], number: int, seed: int, higher: bool) -> Any:
    """Return the point of the space for a trial.

    Args:
        space: the space.
        trials: the trials of earlier rounds with their outcomes, then those of this round without.
        number: the number of the trial.
        seed: the seed of the search.
        higher: whether a higher value is better.
    """
    optuna = needs_optuna()
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        sampler=_sampler(np.random.SeedSequence([seed, number])),
        pruner=optuna.pruners.NopPruner(),
        direction="maximize" if higher else "minimize",
    )
    distributions = {name: of.distribution() for name, of in space.items()}
    for trial in trials:
        study.add_trial(_frozen(trial, distributions))
    return dict(study.ask(distributions).params)


def _sampler(seed: np.random.SeedSequence) -> Any:
    """Return the sampler, with every argument that a version of Optuna may decide otherwise."""
    return needs_optuna().samplers.TPESampler(
        n_startup_trials=FIRST_RANDOM,
        n_ei_candidates=24,
        multivariate=True,
        group=False,
        constant_liar=True,
        constraints_func=None,
        seed=int(seed.generate_state(1)[0]),
    )


def _frozen(trial: Trial, distributions: Mapping[str, Any]) -> Any:
    """Return the trial as Optuna's record; the pruned and diverged ones count as bad."""
    made = needs_optuna().trial
    state = made.TrialState.RUNNING
    if trial.outcome is not None:
        complete = trial.outcome.state == "complete"
        state = made.TrialState.COMPLETE if complete else made.TrialState.PRUNED
    return made.create_trial(
        state=state, value=trial.value, params=dict(trial.params), distributions=dict(distributions)
    )
