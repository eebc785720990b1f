"""What a trained model takes, what it answers, and what was measured, as names and texts."""

from collections.abc import Iterator
from typing import Any

from plainnet.errors import DataError
from plainnet.models import Model
from plainnet.reports.evaluation_text import scores_line
from plainnet.reports.sections import sections_of
from plainnet.reports.settings import threshold_text
from plainnet.reports.text import ensemble_line, printable


def facts_of(model: Model) -> Iterator[tuple[str, str]]:
    """Yield the answers and inputs of a model, its scores, and its networks if they are many."""
    answers, inputs = model.answers, model.inputs
    yield sections_of(answers.evaluation_type).answers_row(
        answers, [*map(printable, answers.names)]
    )
    yield "inputs", inputs.summary
    if inputs.extractor is not None and inputs.columns is None:
        yield "features", printable(inputs.extractor.summary())
    if threshold := threshold_text(model):
        yield "threshold", threshold
    for part, measured in model.quality.items():
        yield part, _measured(model, measured)
    if len(model.networks) > 1:
        yield "ensemble", ensemble_line(model.networks)


def _measured(model: Model, measured: Any) -> str:
    """Return the scores, or whatever another program has stored instead."""
    try:
        return scores_line(model.answers.evaluation_type.from_dict(measured))
    except DataError:
        return printable(str(measured))
