"""The model card: intended use and limits of a model.

After M. Mitchell et al., "Model cards for model reporting", FAT* 2019.
"""

from typing import Any

from plainnet.reports.html import Html, bullets, element
from plainnet.reports.importance_text import importance_lines
from plainnet.reports.report_data import MeasuredModel, ModelContext, Report
from plainnet.reports.sections import sections_of
from plainnet.reports.text import on_a_page, printable

NO_CONVOLUTIONS = (
    "It has no convolutions: it may not recognize things that are larger, rotated or elsewhere in "
    "the picture than in training."
)


def model_card(report: Report[Any]) -> Html:
    """Return lists of intended use, most important columns and limits."""
    use = [task(report), *filter(None, [learned_from(report)])]
    most = importance_lines(report.importance) if report.importance else []
    columns = [element("h3", "What it relies on"), bullets(most)] if most else []
    return element(
        "div",
        element("h3", "What it is for"),
        bullets(use),
        *columns,
        element("h3", "Limits"),
        bullets(limits(report, report)),
    )


def task(context: ModelContext) -> str:
    """Describe the intended use in two sentences."""
    does = sections_of(context.model.answers.evaluation_type).task(context)
    return f"It {does}. It is meant for {context.things} like those it was trained and measured on."


def learned_from(context: ModelContext) -> str:
    """Return the size of the training part as a sentence; "" if it is not known."""
    counts = context.counts.get("training")
    if not counts:
        return ""
    least = min(counts, key=lambda name: counts[name])
    learned = f"It learned from {context.counted(sum(counts.values()))}"
    if len(counts) == 1:
        return f"{learned}."
    if len(set(counts.values())) == 1:
        return f"{learned}, {counts[least]:,} of each class."
    return f"{learned}, {counts[least]:,} of its rarest class, “{on_a_page(least)}”."


def limits(context: ModelContext, measured: MeasuredModel[Any] | None) -> list[str]:
    """List the limits of the model, in one or two sentences each."""
    sections = sections_of(context.model.answers.evaluation_type)
    known = [*sections.limits(context)]
    if measured is not None:
        known += [measured.shown.verdict(measured.things).text, caution(measured)]
        known += sections.measured_limits(measured)
    if context.is_pictures:
        height, width, channels = context.model.picture_shape
        colour = "in grey" if channels == 1 else "in colour"
        made = context.model.extractor
        known.append(
            f"All pictures are stretched to {width} × {height} pixels, {colour}. "
            + (printable(made.limit()) if made else NO_CONVOLUTIONS)
        )
    return [limit for limit in known if limit]


def caution(measured: MeasuredModel[Any]) -> str:
    """Say how far the scores carry over to new samples."""
    things = measured.things
    return {
        "test": f"Measured on {measured.measured_on}, which played no part in the training.",
        "validation": (
            f"Measured on {measured.measured_on}, {_held_out(measured)}, but choices made by "
            "watching them during training make the scores a little too good. There are no test "
            f"{things}, which would avoid this."
        ),
        "training": (
            f"Measured on {measured.measured_on}, which the network was trained on: this shows "
            "how well it remembers them, not how well it answers for new ones."
        ),
        "folds": (
            f"Measured on {measured.measured_on}, each answered by a network that did not learn "
            "from it. A training on all of them has more to learn from, and is usually a little "
            "better."
        ),
        "other": (
            f"Measured on {measured.measured_on}. The scores count for new {things} only if the "
            "training has seen none of these."
        ),
    }[measured.part]


def _held_out(measured: MeasuredModel[Any]) -> str:
    """Say which networks did not learn from the validation samples."""
    if measured.model.resolved_recipe.bagging == "folds":
        return "each answered by the networks that held it out: these did not learn from it"
    return "which were held out: the network did not learn from them"
