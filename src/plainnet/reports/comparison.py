"""The comparison of runs: their scores, paired differences, settings that differ, and curves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.digits import number
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.paired import PairedDifference, paired_accuracy, paired_rmse
from plainnet.models import AnyModel
from plainnet.models.answers import Answers
from plainnet.network import Array
from plainnet.reports.settings import setting_text, settings_used
from plainnet.reports.text import count, network_line


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedRun:
    """One of the runs."""

    title: str
    model: AnyModel
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the run beside its recipe."""
    history: Sequence[Mapping[str, float]] = ()
    evaluation: Evaluation | None = None
    """None: it was never measured."""
    measured_on: str = ""
    """The samples that it was measured on: `210 validation pictures`."""
    data: Dataset | None = None
    """The samples that all runs answered; None: they were measured on different ones."""
    A: Array | None = None
    """The answers to them."""
    may_have_learned: bool = False
    """Whether it is unknown if the run has learned from these samples."""

    def facts(self) -> dict[str, Any]:
        """Return everything for programs."""
        found = self.evaluation
        return {
            "run": self.title,
            "measured_on": self.measured_on,
            "scores": {} if found is None else found.to_dict(),
            "parameters": self.model.network.n_parameters,
            "networks": len(self.model.networks),
            "seconds": self.seconds,
        }

    @property
    def seconds(self) -> float | None:
        """How long the training took; None if unknown."""
        times = [row["seconds"] for row in self.history if "seconds" in row]
        return round(sum(times), 1) if times else None


def differences(runs: Sequence[ComparedRun]) -> list[PairedDifference]:
    """Compare each run with the first on the same samples; [] if they answered different ones."""
    return [_difference(runs[0], run) for run in runs[1:] if run.A is not None]


def _difference(first: ComparedRun, other: ComparedRun) -> PairedDifference:
    rng, outcomes, weights = np.random.default_rng(0), [], None
    for run in (first, other):
        answers, data = run.model.answers, cast(Dataset, run.data)
        weights = data.weights
        outcomes.append(_outcome(answers, cast(Array, run.A), data))
    compare = paired_accuracy if first.model.answers.parts[0].classes else paired_rmse
    return compare(outcomes[0], outcomes[1], rng, weights)


def _outcome(answers: Answers, A: Array, data: Dataset) -> Array:
    """Return whether each answer is right, or its error, `(N,)`.

    With several targets whether all are right, or the root of the mean of (error / spread)².
    """
    chosen, right = answers.choose(A), answers.right(data)
    if answers.parts[0].classes:
        every: Array = (chosen == right).reshape(len(right), -1).all(axis=1)
        return every
    if right.ndim == 1:
        return chosen - right
    spread = right.std(axis=0)
    errors = (chosen - right) / np.where(spread > 0, spread, 1)
    together: Array = np.sqrt(np.square(errors).mean(axis=1))
    return together


def sentence(first: ComparedRun, other: ComparedRun, found: PairedDifference) -> str:
    """Say in plain words how two runs differ, and whether that is beyond noise."""
    parts = first.model.answers.parts
    is_share = bool(parts[0].classes)
    what, unit = ("accuracy", " points") if is_share else ("RMSE", "")
    if len(parts) > 1:
        what = f"{'subset' if is_share else 'relative'} {what}"
    value, *ends = (_signed(one, is_share) for one in (found.value, *found.interval))
    test = ""
    if found.p is not None:
        noun = first.model.inputs.noun
        test = (
            f"; {count(found.only_b, noun)} only it answers correctly, {found.only_a:,} only "
            f"{first.title}, p = {found.p:.2g}"
        )
    verdict = "This can be chance; more samples would show whether they differ."
    if found.is_beyond_noise:
        better = (found.value > 0) == is_share
        verdict = f"It is {'better' if better else 'worse'}, beyond noise."
    return (
        f"{other.title} compared with {first.title}: {what} {value}{unit} (95 % interval "
        f"{' to '.join(ends)}{test}). {verdict}"
    )


def score_rows(runs: Sequence[ComparedRun]) -> tuple[list[str], list[list[str]]]:
    """Return the header and a row for each run: what it was measured on, and its scores."""
    names: dict[str, str] = {}
    for run in runs:
        for score in run.evaluation.scores() if run.evaluation else ():
            if score.is_known:
                names[score.key] = score.name
    rows = []
    for run in runs:
        known = {score.key: score for score in run.evaluation.scores()} if run.evaluation else {}
        cells = [_cell(known[key]) if key in known else "–" for key in names]
        rows.append([run.title, run.measured_on or "never measured", *cells])
    return ["run", "measured on", *names.values()], rows


def setting_rows(runs: Sequence[ComparedRun]) -> list[list[str]]:
    """Return a row for each setting that differs: its name, and its value in each run."""
    each = [dict(_settings(run)) for run in runs]
    names = dict.fromkeys(name for one in each for name in one)
    rows = [[name, *(one.get(name, "–") for one in each)] for name in names]
    return [row for row in rows if len({*row[1:]}) > 1]


def _settings(run: ComparedRun) -> Iterator[tuple[str, str]]:
    for name, value in run.settings.items():
        if not name.endswith("fingerprint"):
            yield name.replace("_", " "), setting_text(value)
    yield from settings_used(run.model).items()
    yield "layers", network_line(run.model.network)
    yield "networks", f"{len(run.model.networks)}"
    if run.seconds is not None:
        yield "training", f"{number(run.seconds, digits=3)} s"


def _cell(score: Any) -> str:
    return f"{score.text} ({score.ends_text})" if score.interval else str(score.text)


def _signed(value: float, is_share: bool) -> str:
    text = f"{100 * value:.1f}" if is_share else number(value, digits=3)
    return f"+{text}" if value > 0 else text
