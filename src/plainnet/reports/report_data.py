"""What reports are made of: a model, the samples it was measured on, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from plainnet.data import Dataset
from plainnet.errors import DataError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import Model
from plainnet.network import Array
from plainnet.reports.text import count, on_a_page

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder

Part = Literal["test", "validation", "training", "other"]
E_co = TypeVar("E_co", bound=Evaluation, covariant=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelContext:
    """A model, and what is known of its training."""

    title: str
    """The name of the run."""
    model: Model
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many samples of each class each part has: `{"training": {"cat": 50, …}, …}`; where there
    are no classes, of "" alone."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the K classes, fit to be shown; or the name of the target alone."""
        return tuple(map(on_a_page, self.model.answers.names))

    @property
    def columns(self) -> TableEncoder | None:
        """What makes features of a table, if the model was trained on one."""
        return self.model.columns

    @property
    def is_pictures(self) -> bool:
        """Whether the model answers for pictures; otherwise for feature vectors."""
        return bool(self.model.picture_shape)

    @property
    def thing(self) -> str:
        """`picture`, `row` of a table, or `sample`."""
        return self.model.inputs.noun

    @property
    def things(self) -> str:
        """`pictures`, `rows` or `samples`."""
        return f"{self.thing}s"

    def counted(self, n: float, which: str = "") -> str:
        """`1 picture`, `200 test pictures`."""
        return count(n, f"{which} {self.thing}".strip())


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredModel(ModelContext, Generic[E_co]):
    """A model and how good its answers are, without the samples that this was measured on."""

    evaluation: E_co
    part: Part = "other"
    """What the samples were in the training; "other": they are from elsewhere."""

    @classmethod
    def stored(cls, title: str, model: Model) -> MeasuredModel[Evaluation] | None:
        """What the model file says of test samples, else of others; None: nothing."""
        known: dict[str, Any] = {"title": title, "model": model, "counts": counts_of(model)}
        for part in get_args(Part):
            with suppress(KeyError, DataError):
                evaluation = model.answers.evaluation_type.from_dict(model.quality[part])
                if evaluation.names == model.answers.names:
                    return MeasuredModel(**known, evaluation=evaluation, part=part)
        return None

    @property
    def n(self) -> float:
        """The number of samples that it was measured on."""
        return self.evaluation.n

    @cached_property
    def shown(self) -> E_co:
        """The evaluation with its names fit to be shown."""
        return self.evaluation.renamed(on_a_page)

    @property
    def measured_on(self) -> str:
        """`200 test pictures`."""
        return self.counted(self.n, "" if self.part == "other" else self.part)


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(MeasuredModel[E_co]):
    """What a page says; what is not known is left empty, and its section out."""

    data: Dataset
    """The N samples that everything is measured on."""
    A: Array
    """The model's answers for them: probabilities `(N, K)`, or numbers `(N,)`."""
    history: Sequence[Mapping[str, float]] = ()
    """The training, a row an epoch, as `Epoch.figures` has it."""
    kept_epoch: int | None = None
    """The number of the epoch whose parameters were kept."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings of the training, by name."""
    command: str = ""
    """What repeats it in a shell."""
    findings: Sequence[str] | None = None
    """What the check of the data found, a sentence each; None: it was not checked."""

    @classmethod
    def of(cls, title: str, model: Model, data: Dataset, **known: Any) -> Report[Any]:
        """Ask the model for its answers, and measure them.

        Args:
            title: the name of the run.
            model: trained.
            data: samples of which it is known what is right.
            known: the other fields, by name.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
        """
        model.answers.check_data(data)
        data = data.counted()
        model.answers.right(data)  # what is not known is refused before anything is answered
        A = model.mean_answers(data)
        evaluation: Any = model.answers.measure(data, A)
        return cls(title=title, model=model, evaluation=evaluation, data=data, A=A, **known)

    @property
    def n(self) -> int:
        """The number of samples, whatever they weigh."""
        return len(self.data)

    @cached_property
    def y(self) -> Array:
        """What is right for each sample: class numbers of the model, int64 `(N,)`, or numbers."""
        return self.model.answers.right(self.data)

    @cached_property
    def answers(self) -> Array:
        """What was answered, as `y`."""
        return self.model.answers.choose(self.A)

    @property
    def place(self) -> str:
        """How one of the samples is found again: by the `line` of its file, or its `number`."""
        return "number" if self.data.lines is None else "line"

    def places(self, rows: Array) -> list[str]:
        """Where these samples are found; numbers count from 1."""
        lines = self.data.lines
        return [f"{one:,}" for one in (rows + 1 if lines is None else lines[rows]).tolist()]


def counts_of(model: Model) -> dict[str, dict[str, int]]:
    """How many samples of each class each part of the training had, as far as its file says."""
    samples = model.trained.get("samples", {})
    names = model.answers.classes or ("",)
    return {part: dict(zip(names, held, strict=True)) for part, held in samples.items()}
