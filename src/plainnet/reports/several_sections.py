"""The parts of a report on several targets: a table of them, then the parts about each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from math import isnan
from typing import Any, ClassVar, TypeVar, cast

from plainnet.data import Dataset
from plainnet.data.folders import first_few
from plainnet.metrics.evaluation import Evaluation
from plainnet.models.answers import Answers
from plainnet.models.attribution import RowExplanation
from plainnet.models.several import Several
from plainnet.network import Array
from plainnet.reports import html
from plainnet.reports.report_charts import Figure
from plainnet.reports.report_data import MeasuredModel, ModelContext, Report
from plainnet.reports.sections import Section, Sections
from plainnet.reports.text import on_a_page, table
from plainnet.reports.widths import shortened

MOST_TARGETS = 8
"""Most targets with charts and lists of their own on a page."""
WIDEST = 16
"""Most characters of the name of a target in a terminal."""

E = TypeVar("E", bound=Evaluation)


class SeveralSections(Sections[E]):
    """The parts of a report on a model with several targets."""

    alone: ClassVar[Sections[Any]]
    """The parts of a report on one of them."""
    left_out: ClassVar[Sequence[str]]
    """The keys of scores for which the table of all targets has no room."""

    @abstractmethod
    def evaluations(self, evaluation: E) -> Sequence[Evaluation]:
        """Return the evaluation of each target."""

    def more(self, evaluation: E, i: int) -> dict[str, str]:  # noqa: ARG002
        """Return further metrics of a target by their names, as texts."""
        return {}

    def text(self, evaluation: E) -> Iterator[str]:
        """Return the scores of each target."""
        header, *rows = self._scores(evaluation)
        yield table(header, [(shortened(name, WIDEST), *texts) for name, *texts in rows])

    def tables(self, measured: MeasuredModel[E]) -> Iterator[Sequence[Sequence[str]]]:
        """Yield the scores of each target."""
        yield self._scores(measured.evaluation)

    def _scores(self, evaluation: E) -> list[list[str]]:
        """Return a table: the first score of each target with interval and baseline, the others."""
        rows: list[list[str]] = []
        header: list[str] = []
        each = [part.scores() for part in self.evaluations(evaluation)]
        known = {score.key for scores in each for score in scores if not isnan(score.value)}
        known -= {*self.left_out}
        for i, (name, scores) in enumerate(zip(evaluation.names, each, strict=True)):
            more = self.more(evaluation, i)
            first, *others = [score for score in scores if score.key in known]
            baseline = "" if first.baseline is None else first.written(first.baseline)
            header = ["target", first.name, "95 % interval", "baseline", *(s.name for s in others)]
            header += more
            texts = [score.text if score.is_known else "–" for score in others]
            rows.append([name, first.text, first.ends_text, baseline, *texts, *more.values()])
        return [header, *rows]

    def subject(self, context: ModelContext) -> str:
        """Name the targets."""
        return f"predicts {first_few([*context.names])}"

    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:
        """Describe each target."""
        parts = zip(answers.parts, answers.names, strict=True)
        each = [self.alone.answers_row(part, [on_a_page(name)])[1] for part, name in parts]
        return "predicts", "; ".join([*each[: len(names)], *names[len(each) :]])

    def right_answers(self, data: Dataset) -> str:
        """Summarize each target."""
        each = [self.alone.right_answers(data.of_target(i)) for i in range(len(data.targets))]
        return "; ".join(each[:MOST_TARGETS])

    def from_average(self, explanation: RowExplanation) -> str:
        """Name the explained target, and say what its answer would be alone."""
        return f"in {explanation.of}, {self.alone.from_average(explanation)}"

    def answered(self, answers: Answers, A: Array) -> str:
        """Give the answers to each target."""
        parts = zip(answers.parts, answers.parts_of(A), strict=True)
        return "; ".join(self.alone.answered(part, a) for part, a in parts)

    def sections(self, report: Report[E]) -> Iterator[Section]:
        """Yield the scores of all targets, then charts and lists about each."""
        header, *rows = self._scores(report.shown)
        left = len(rows) - MOST_TARGETS
        more = f"Charts follow for the first {MOST_TARGETS}." if left > 0 else ""
        yield Section("Target by target", [html.table(header, rows), html.element("p", more)])
        for i, name in self._shown(report):
            parts: list[html.Html] = []
            for heading, content in self.alone.sections(self._of_target(report, i)):
                below = [part for part in content if part]
                head = [html.element("h3", heading)] if parts and below else []
                parts += [*head, *below]
            yield Section(name, parts)

    def figures(self, report: Report[E]) -> Iterator[Figure]:
        """Yield the charts of each target."""
        for i, _ in self._shown(report):
            for figure in self.alone.figures(self._of_target(report, i)):
                yield replace(figure, name=f"target-{i + 1}-{figure.name}")

    def _shown(self, report: Report[E]) -> list[tuple[int, str]]:
        return [*enumerate(report.names[:MOST_TARGETS])]

    def _of_target(self, report: Report[Any], i: int) -> Report[Any]:
        """Return the report on one target."""
        answers, model = cast("Several[Any]", report.model.answers), copy(report.model)
        model.answers = answers.parts[i]
        return replace(
            report,
            model=model,
            data=answers.each(report.data)[i],
            A=answers.parts_of(report.A)[i],
            evaluation=self.evaluations(report.evaluation)[i],
        )
