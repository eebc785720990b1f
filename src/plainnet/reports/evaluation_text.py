"""An evaluation as text for a terminal: its scores, and the parts of its kind."""

from collections.abc import Iterator

from plainnet.metrics.evaluation import Evaluation, Score
from plainnet.reports.text import TERMINAL, count, indented, printable
from plainnet.reports.widths import shortened


def evaluation_text(evaluation: Evaluation, of_what: str) -> str:
    """Return the scores with intervals and baselines, and the parts of this kind of evaluation.

    >>> evaluation = Regressor.load("runs/houses-1").evaluate("houses.csv")
    >>> evaluation_text(evaluation, "houses.csv").splitlines()[0]
    'houses.csv: 60 samples, price'

    Args:
        evaluation: what was measured.
        of_what: the name of the data, the beginning of the first line.
    """
    from plainnet.reports.sections import sections_of  # which draws pages, too

    target = f", {printable(evaluation.names[0])}" if len(evaluation.names) == 1 else ""
    short = evaluation.renamed(lambda name: shortened(printable(name), TERMINAL // 2))
    lines = [f"{printable(of_what)}: {count(evaluation.n)}{target}", *_score_lines(short)]
    for block in sections_of(type(evaluation)).text(evaluation):
        lines += ["", indented(block)]
    return "\n".join(lines)


def scores_line(evaluation: Evaluation) -> str:
    """Return `accuracy 92.5 %, log loss 0.457, ROC AUC 0.875, on 40 samples`."""
    known = [f"{score.name} {score.text}" for score in evaluation.scores() if score.is_known]
    return f"{', '.join(known)}, on {count(evaluation.n)}"


def _score_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield scores with an interval, the baselines, scores with a note, then the others."""
    known = [score for score in evaluation.scores() if score.is_known]
    yield from (_line(score) for score in known if score.interval)
    baselines = [(s.name, s.written(s.baseline)) for s in known if s.baseline is not None]
    if baselines:
        values = ", ".join(map(" ".join, baselines)) if len(baselines) > 1 else baselines[0][1]
        line, always = f"  baseline  {values}", f"({evaluation.always})"
        fits = len(line + always) < TERMINAL - 1
        yield f"{line}  {always}" if fits else f"{line}\n{'':12}{always}"
    others = [score for score in known if not score.interval]
    yield from (_line(score) for score in others if score.note)
    if alone := [score for score in others if not score.note]:
        yield "   ".join([_line(alone[0]), *(f"{score.name} {score.text}" for score in alone[1:])])


def _line(score: Score) -> str:
    remarks = "; ".join(filter(None, (score.note, score.interval_text)))
    return f"  {score.name:<8}  {score.text}" + (f"  ({remarks})" if remarks else "")
