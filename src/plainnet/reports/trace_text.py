"""A trace of one pass through a network as text: each formula with its numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import TextWrapper

from plainnet.digits import number, percent
from plainnet.network.trace import BackwardStep, ForwardStep, Numbers, Trace
from plainnet.reports.text import count, printable, table

COLUMNS = ("", "shape", "min", "mean", "max", "norm")
LETTERS = {"gamma": "γ", "beta": "β", "alpha": "α"}
"""Greek letters of the derivations, by their names in the code."""
_WRAP = TextWrapper(40, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class Step:
    """A layer or the loss with a remark and its arrays."""

    heading: str
    note: str
    rows: tuple[tuple[str, Numbers | float], ...]
    """Formula or letter, with the array it gives (J is a number)."""


@dataclass(frozen=True)
class Section:
    """The forward pass, the loss, or the backward pass."""

    title: str
    note: str
    steps: tuple[Step, ...]


def trace_sections(trace: Trace) -> list[Section]:
    """Return the sections in their order, for text and page."""
    mode = "in training mode" if trace.training else "in prediction mode"
    start = Step("", "", (("X", trace.X),))
    return [
        Section(
            "Forward",
            f"{count(trace.n_samples)}, {mode}; the Y of one layer is the X of the next.",
            (start, *(_forward(step, trace) for step in trace.forward)),
        ),
        Section("Loss", "The loss of Z, the last layer's Y, and its gradient.", (_loss(trace),)),
        Section(
            "Backward",
            "From the last layer, whose dY is dZ; the dX of a layer is the dY of the one before.",
            tuple(_backward(step) for step in trace.backward),
        ),
    ]


def trace_text(trace: Trace) -> str:
    """Return the trace as text for a terminal."""
    lines: list[str | tuple[str, ...]] = []
    for section in trace_sections(trace):
        lines += ["", section.title.upper(), section.note]
        for step in section.steps:
            lines += [f"{step.heading}   {step.note}".strip()] if step.heading else []
            lines += [row for label, value in step.rows for row in _rows(label, value)]
    rows = [line for line in lines if isinstance(line, tuple)]
    header, *shown = table(COLUMNS, rows).splitlines()
    aligned = iter(shown)
    text = [next(aligned) if isinstance(line, tuple) else printable(line) for line in lines]
    return "\n".join([header, *text[1:]])


def _rows(label: str, value: Numbers | float) -> Iterator[tuple[str, ...]]:
    """Yield the row of a formula; a long formula continues below."""
    first, *rest = (f"   {part}" for part in _WRAP.wrap(label))
    yield first, *cells(value)
    yield from ((part, *[""] * (len(COLUMNS) - 1)) for part in rest)


def cells(value: Numbers | float) -> tuple[str, ...]:
    """Return shape, min, mean, max and norm of an array; a number is put under the mean."""
    if isinstance(value, Numbers):
        shape = f"({', '.join(map(str, value.shape))}{',' * (len(value.shape) == 1)})"
        return shape, *map(digits, (value.low, value.mean, value.high, value.norm))
    return "a number", "", digits(value), "", ""


def letter(name: str) -> str:
    """Return the name of an array as formulas write it: `dgamma` is dγ."""
    d = "d" if name.removeprefix("d") in LETTERS else ""
    return d * name.startswith("d") + LETTERS.get(name.removeprefix("d"), name)


def formulas_by_letter(formulas: Iterable[str]) -> dict[str, str]:
    """Map formulas by their left side: `dX = dY Wᵀ` by dX."""
    return {formula.partition(" ")[0]: formula for formula in formulas}


def digits(value: float) -> str:
    """Write a number with three significant digits: `0.0312`, `-1.2e-5`."""
    return number(value, digits=3)


def _forward(step: ForwardStep, trace: Trace) -> Step:
    kind = step.name.partition("(")[0]
    parameters = ((letter(name), value) for name, value in step.parameters.items())
    rows = [*parameters, (step.formula or f"Y = {kind}(X)", step.Y)]
    return Step(f"{step.layer}  {step.name}", "; ".join(_notes(step, trace)), tuple(rows))


def _notes(step: ForwardStep, trace: Trace) -> Iterator[str]:
    if step.dead is not None:
        dead = "none" if step.dead == 0 else percent(step.dead)
        yield f"{dead} of its units {'are' if step.dead else 'is'} 0" + (
            "" if trace.n_samples == 1 else " for every sample"
        )
    if step.draws and not trace.training:
        yield "inactive in prediction: Y = X"


def _loss(trace: Trace) -> Step:
    loss = trace.loss
    rows: list[tuple[str, Numbers | float]] = [("Z", loss.Z), ("y", loss.y)]
    rows += [(loss.formulas.P or "P", loss.P)] if loss.P else []
    rows += [(loss.formulas.J or "J", loss.J), (loss.formulas.dZ or "dZ", loss.dZ)]
    return Step(loss.name, "", tuple(rows))


def _backward(step: BackwardStep) -> Step:
    by_letter = formulas_by_letter(step.formulas)
    letters = {letter(name): value for name, value in step.gradients.items()}
    rows = [("dY", step.dY)]
    rows += [(by_letter.get(name, name), value) for name, value in letters.items()]
    note = "" if "dX" in step.gradients else "dX is not needed: no layer before it has parameters"
    return Step(f"{step.layer}  {step.name}", note, tuple(rows))
