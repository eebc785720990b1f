"""The parts of a report on several predicted numbers."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, cast

from plainnet.data import Dataset
from plainnet.data.folders import first_few
from plainnet.metrics.multi_regression import MultiRegressionEvaluation
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models import Model
from plainnet.models.quantity import Quantity
from plainnet.reports.number_sections import SECTIONS as OF_A_NUMBER
from plainnet.reports.number_sections import interval_limit, usual_range
from plainnet.reports.report_data import ModelContext
from plainnet.reports.several_sections import MOST_TARGETS, SeveralSections


class SeveralNumberSections(SeveralSections[MultiRegressionEvaluation]):
    """The parts of a report on a regressor with several targets."""

    alone = OF_A_NUMBER
    hub_tasks: ClassVar = OF_A_NUMBER.hub_tasks
    usage = "predict({})", "a column for each of regressor.targets, in its unit"
    onnx_answers = "to the numbers, a column for each target"
    left_out = ("bias",)

    def evaluations(self, evaluation: MultiRegressionEvaluation) -> Sequence[RegressionEvaluation]:
        """Return the evaluation of each target."""
        return evaluation.parts

    def task(self, context: ModelContext) -> str:
        """Describe the regression."""
        return f"predicts {len(context.names)} numbers: {first_few([*context.names])}"

    def taken_for(self, data: Dataset) -> str:  # noqa: ARG002
        """Say that they are numbers."""
        return "numbers; --task classification predicts them as classes"

    def targets(self, model: Model, right: str | float | None) -> str:  # noqa: ARG002
        """Say how the numbers are standardized."""
        return "right is what the table says; y = (right − mean) / scale of each target"

    def limits(self, context: ModelContext) -> Iterator[str]:
        """Warn about extrapolation, and say what intervals hold for."""
        parts = cast("tuple[Quantity, ...]", context.model.answers.parts)
        named = zip(context.names, parts[:MOST_TARGETS], strict=False)
        ranges = [f"{name} between {usual_range(part)}" for name, part in named]
        yield (
            f"It answers for any input. In training, most rows had {', '.join(ranges)}; far "
            "outside of these ranges, its answers are guesses."
        )
        yield interval_limit(parts[0], context)


SECTIONS = SeveralNumberSections()
