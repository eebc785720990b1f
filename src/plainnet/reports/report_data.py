"""The data of a report: a model, its training, and its evaluation on some samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

import numpy as np

from plainnet.data import Dataset
from plainnet.errors import DataError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import Model
from plainnet.models.importance import Importance, importance
from plainnet.models.partial_dependence import PartialDependence, partial_dependence
from plainnet.network import Array
from plainnet.reports.progress import counting
from plainnet.reports.text import count, on_a_page

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder

MOST_COLUMNS = 100
"""Columns up to which a page shows which of them matter."""
MOST_CURVES = 6
"""Most columns whose curves a page shows."""
Part = Literal["test", "validation", "training", "folds", "other"]
E_co = TypeVar("E_co", bound=Evaluation, covariant=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelContext:
    """A model and facts about its training."""

    title: str
    """Name of the run."""
    model: Model
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Samples of each class in each part, `{"training": {"cat": 50, …}, …}`; without classes, ""
    is the only key of a part."""

    @property
    def names(self) -> tuple[str, ...]:
        """The printable names of the K classes, or the name of the target."""
        return tuple(map(on_a_page, self.model.answers.names))

    @property
    def columns(self) -> TableEncoder | None:
        """The table encoder, if the model was trained on a table."""
        return self.model.columns

    @property
    def is_pictures(self) -> bool:
        """Whether the model takes pictures."""
        return bool(self.model.picture_shape)

    @property
    def thing(self) -> str:
        """The noun of a sample: `picture`, `row` or `sample`."""
        return self.model.inputs.noun

    @property
    def things(self) -> str:
        """The plural of `thing`."""
        return f"{self.thing}s"

    def counted(self, n: float, which: str = "") -> str:
        """Return `1 picture` or `200 test pictures`."""
        return count(n, f"{which} {self.thing}".strip())


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredModel(ModelContext, Generic[E_co]):
    """A model and its evaluation, without the samples."""

    evaluation: E_co
    part: Part = "other"
    """Part of the training's data that was measured on; "folds": all of it, by networks that did
    not learn from the sample; "other": different data."""

    @classmethod
    def stored(cls, title: str, model: Model) -> MeasuredModel[Evaluation] | None:
        """Return the evaluation in the model file, on test samples if possible; None without."""
        known: dict[str, Any] = {"title": title, "model": model, "counts": counts_of(model)}
        for part in get_args(Part):
            with suppress(KeyError, DataError):
                evaluation = model.answers.evaluation_type.from_dict(model.quality[part])
                if evaluation.names == model.answers.names:
                    return MeasuredModel(**known, evaluation=evaluation, part=part)
        return None

    @property
    def n(self) -> float:
        """Number of samples that were measured on."""
        return self.evaluation.n

    @cached_property
    def shown(self) -> E_co:
        """The evaluation with printable names."""
        return self.evaluation.renamed(on_a_page)

    @property
    def measured_on(self) -> str:
        """The samples that were measured on, such as `200 test pictures`."""
        return self.counted(self.n, "" if self.part in ("folds", "other") else self.part)


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(MeasuredModel[E_co]):
    """The content of a page; sections about unknown things are left out."""

    data: Dataset
    """The N samples that were measured on."""
    A: Array
    """The model's answers for them: probabilities `(N, K)`, or numbers `(N,)`."""
    history: Sequence[Mapping[str, float]] = ()
    """The epochs of the training, as `Epoch.as_row()` returns them."""
    kept_epoch: int | None = None
    """Number of the best epoch, whose parameters were kept."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the training by name."""
    command: str = ""
    """Shell command that repeats the training."""
    findings: Sequence[str] | None = None
    """Sentences about the findings in the data; None: the data were not checked."""

    @classmethod
    def of(cls, title: str, model: Model, data: Dataset, **known: Any) -> Report[Any]:
        """Measure a model on labelled samples.

        Args:
            title: the name of the run.
            model: a trained model.
            data: samples with their targets.
            known: the other fields by name.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
        """
        model.answers.check_data(data)
        data = data.counted()
        model.answers.right(data)  # unknown classes are refused before anything is computed
        A = model.mean_answers(data)
        evaluation: Any = model.measure(data, A)
        return cls(title=title, model=model, evaluation=evaluation, data=data, A=A, **known)

    @property
    def n(self) -> int:
        """Number of samples, not weighted."""
        return len(self.data)

    @cached_property
    def y(self) -> Array:
        """The targets: class numbers of the model, int64 `(N,)`, or numbers `(N,)`."""
        return self.model.answers.right(self.data)

    @cached_property
    def answers(self) -> Array:
        """The predictions, in the form of `y`."""
        return self.model.answers.choose(self.A)

    @property
    def columns_measured(self) -> bool:
        """Whether the page shows which columns matter: for held-out samples of a few columns."""
        if self.is_pictures or self.part == "training":
            return False
        return self.n > 1 and len(self.model.inputs.parts()) <= MOST_COLUMNS

    @cached_property
    def importance(self) -> Importance | None:
        """The importance of each column, or None."""
        if not self.columns_measured:
            return None
        with counting("shuffling columns") as progress:
            return importance(self.model, self.data, progress=progress)

    @cached_property
    def curves(self) -> list[PartialDependence]:
        """The partial dependence of the columns that matter most."""
        found = self.importance.columns[:MOST_CURVES] if self.importance else ()
        names = [one.column for one in found if one.matters]
        return partial_dependence(self.model, self.data, names)

    @property
    def place(self) -> str:
        """What identifies a sample: `line` (of its file) or `number`."""
        return "number" if self.data.lines is None else "line"

    def places(self, rows: Array | Sequence[int]) -> list[str]:
        """Return the lines or numbers (from 1) of these samples."""
        lines = np.arange(1, self.n + 1) if self.data.lines is None else self.data.lines
        return [f"{one:,}" for one in lines[rows].tolist()]


def counts_of(model: Model) -> dict[str, dict[str, int]]:
    """Count the samples of each class in each part of the training, as the model file has them."""
    samples = model.trained.get("samples", {})
    names = model.answers.classes or ("",)
    return {part: dict(zip(names, held, strict=True)) for part, held in samples.items()}
