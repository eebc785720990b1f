"""The result of a search as text: the winner beside the default settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from plainnet.digits import number, percent, signed
from plainnet.reports.settings import setting_text
from plainnet.reports.text import count, duration, table
from plainnet.tuning.comparison import Comparison
from plainnet.tuning.study import Study
from plainnet.tuning.trial import Trial

SHARES = ("accuracy",)
"""The metrics that are shares."""


def score_text(metric: str, value: float | None) -> str:
    """Return a score: `92.5 %`, `0.4312`; a dash for none."""
    if value is None:
        return "–"
    return percent(value) if metric in SHARES else number(value, digits=4)


def gain_text(metric: str, value: float) -> str:
    """Return a difference of scores: `+1.2 points`, `-0.0034`."""
    if metric in SHARES:
        return f"{signed(round(100 * value, 1))} points"
    return signed(value, digits=3)


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings in a line; `the default settings` if there are none."""
    shown = (f"{name.replace('_', ' ')} {setting_text(v)}" for name, v in settings.items())
    return "; ".join(shown) or "the default settings"


def model_line(study: Study) -> str:
    """Return the beginning of a sentence: which trials the model is made of."""
    if study.blend == 1:
        return f"The winner is trial {study.best.number}; it is"
    numbers = ", ".join(str(trial.number) for trial in study.blended)
    return f"The ensemble has the settings of the trials {numbers}; it is"


def blend_shares(study: Study) -> Iterator[tuple[str, str]]:
    """Yield the share of each trial in the ensemble of the best, and its settings."""
    if study.blend == 1 or study.model is None:
        return
    recipe, networks = study.model.resolved_recipe, study.model.networks
    total, each = sum(one.weight for one in networks), recipe.networks_each
    for i, variant in enumerate(recipe.variants):
        share = sum(one.weight for one in networks[i * each : (i + 1) * each]) / total
        settings = {} if isinstance(variant, str) else variant  # a name is one of the default's
        yield percent(share), settings_text(settings)


def trial_line(trial: Trial, study: Study, best: float | None) -> str:
    """Return a line about a trial that has ended."""
    outcome, of = trial.outcome, study.plan.trials
    if outcome is None:
        return f"trial {trial.number}"
    value = score_text(study.metric, outcome.value)
    shown = value if outcome.state == "complete" else outcome.state
    beside = f"best {score_text(study.metric, best)}"
    parts = [f"trial {trial.number:>{len(str(of))}}/{of}", f"{shown:<8}", beside]
    return "  ".join([*parts, f"{duration(outcome.seconds):>6}", settings_text(trial.settings)])


def result_text(study: Study) -> str:
    """Return the winner, its scores beside those of the default settings, and a verdict."""
    best, n = study.best, len(study.trials)
    head = f"winner    trial {best.number} of {n:,}"
    for name, value in best.settings.items():
        head += f"\n          {name.replace('_', ' ')} {setting_text(value)}"
    for i, (share, of) in enumerate(blend_shares(study)):
        head += f"\n{'' if i else 'ensemble':10}{share} {of}"
    compared = study.comparison
    if compared is None:
        return f"{head}\nNo trial was better than the default settings, in the search itself."
    return "\n".join(
        [head, "", table(*comparison_rows(compared), texts=(0,)), "", *sentences(compared)]
    )


def sentences(compared: Comparison) -> Iterator[str]:
    """Yield the verdict, and the winner's curse."""
    metric = compared.metric
    yield compared.verdict
    looked, true = (gain_text(metric, g) for g in (compared.gain_in_search, compared.gain))
    both = f"The gain over the default settings is {looked} in the search and {true} on unseen"
    if compared.curse > 0:
        luck = gain_text(metric, compared.curse).removeprefix("+")
        yield f"{both} samples: {luck} was luck, the winner's curse."
    else:
        yield f"{both} samples: no winner's curse shows."


def comparison_rows(compared: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the comparison."""
    metric = compared.metric
    ways = {compared.subject: compared.winner, "default settings": compared.default}
    ends = compared.winner_interval, compared.default_interval
    rows = [
        [name, score_text(metric, value), " to ".join(score_text(metric, end) for end in pair)]
        for (name, value), pair in zip(ways.items(), ends, strict=True)
    ]
    gains = " to ".join(gain_text(metric, end) for end in compared.gain_interval)
    rows.append(["better by", gain_text(metric, compared.gain), gains])
    return [f"on {count(compared.samples, 'unseen sample')}", compared.name, "95 % interval"], rows
