"""How much each setting matters: PED-ANOVA of Optuna over the complete trials.

Watanabe, Bansal, Hutter: PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces (2023).
"""

from collections.abc import Mapping, Sequence

from plainnet.tuning.optuna_package import experimental, needs_optuna
from plainnet.tuning.space import Space
from plainnet.tuning.trial import Trial

LEAST_TRIALS = 10
"""Complete trials without which nothing can be said."""


def importances(space: Space, trials: Sequence[Trial], higher: bool) -> Mapping[str, float]:
    """Return the share of each setting in what makes trials good, the largest first.

    Args:
        space: the space.
        trials: the complete trials; with fewer than ten the result is empty.
        higher: whether a higher value is better.
    """
    if len(trials) < LEAST_TRIALS:
        return {}
    optuna = needs_optuna()
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(), direction="maximize" if higher else "minimize"
    )
    distributions = {name: of.distribution() for name, of in space.items()}
    for trial in trials:
        how = {"params": dict(trial.params), "distributions": distributions}
        study.add_trial(optuna.trial.create_trial(value=trial.value, **how))
    with experimental():
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.25)
        found: dict[str, float] = optuna.importance.get_param_importances(
            study, evaluator=evaluator
        )
    return found
