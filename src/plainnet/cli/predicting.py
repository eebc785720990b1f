"""The answers that `plainnet predict` gives: as text, as JSON, as CSV, or as sorted pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plainnet.cli.answers import STDOUT, check_csv, csv_text, header, with_threshold, write_csv
from plainnet.cli.asked import Asked, Sample, ask
from plainnet.cli.options import print_json
from plainnet.errors import SettingError
from plainnet.models import AnyModel, load_any
from plainnet.models.answered import Answered, answered, facts_of
from plainnet.models.answers import Answers
from plainnet.models.refusal import UNLIKE, UNSURE, needed_refusal
from plainnet.pictures.scanning import counts_of
from plainnet.reports import percent, printable, say, table

if TYPE_CHECKING:
    from plainnet.cli.sorting import Sorted

MOST_SHOWN = 3
"""Most classes shown with their probability; a CSV file and --json have them all."""
BOUNDS = ("lower", "upper")
"""Columns of a CSV file with the ends of prediction intervals."""
WITHHELD = "withheld"
"""Column of a CSV file, and key, with the reason why there is no answer."""
SORTED_AS = {UNSURE: "unsure", UNLIKE: "none of these"}
"""The folder of pictures whose answers are withheld; never that of a class."""
NO_ANSWER = {UNSURE: "? unsure", UNLIKE: "? none of these"}
"""What is shown instead of an answer that is withheld."""


def predict(
    run: Path,
    pictures: Sequence[Path],
    *,
    csv_file: Path | None,
    percentage: float | None,
    unsure: float | None,
    sort_into: Path | None,
    link: bool,
    out: Path | None,
    workers: int,
    engine: str,
    as_json: bool,
) -> int:
    """Answer for samples as the options of `plainnet predict` say; return the exit code.

    Raises:
        PlainnetError: the run cannot be read, or options contradict each other or the run.
    """
    check_csv(csv_file, pictures, as_json)
    if out is not None and (csv_file or sort_into):
        raise SettingError("--out writes tables itself; leave --csv and --sort-into out.")
    if link and sort_into is None:
        raise SettingError("--link is for --sort-into FOLDER; name the folder, or leave it out.")
    model = load_any(run)
    coverage = None if percentage is None else percentage / 100
    if coverage is not None:
        model.answers.check_coverage(coverage)  # refused before anything is read
    if unsure is not None:
        needed_refusal(model.refusal, unsure, model.answers.names)
    if out is not None:
        return _in_parts(run, pictures, coverage, unsure, out, workers, engine, as_json)
    sort = _sorted(sort_into, link, model, pictures) if sort_into else None
    asked = ask(model, pictures, unsure)
    asked.coverage = coverage
    for what in asked.unread.values():
        say(f"Error: {printable(what)}")
    if sort:
        _sort(model.answers, asked, sort)
    if as_json:
        print_json(_json(model.answers, asked))
    elif sort and csv_file != STDOUT:
        print(with_threshold(model, f"{sort.text()}{_withheld(model, asked)}"))
    elif asked.samples and csv_file != STDOUT:
        most = None if csv_file is None else asked.most_beside_csv
        print(with_threshold(model, _text(model, asked, most)))
    if csv_file is not None:  # last, so that a full disk does not cost the answers
        write_csv(csv_file, csv_text(rows_of(model.answers, asked)))
    return 2 if asked.unread else 0


def _sorted(folder: Path, link: bool, model: AnyModel, pictures: Sequence[Path]) -> Sorted:
    """Return the folder with a folder for each answer."""
    from plainnet.cli.sorting import Sorted  # here and below: only if it is asked for

    return Sorted(folder, link, model, pictures, SORTED_AS)


def _in_parts(
    run: Path,
    pictures: Sequence[Path],
    coverage: float | None,
    unsure: float | None,
    out: Path,
    workers: int,
    engine: str,
    as_json: bool,
) -> int:
    """Write the answers into a folder, and print how many there are."""
    from plainnet.cli.parts import plan_for, predict_in_parts
    from plainnet.training.processes import Processes

    plan = plan_for(run, pictures, coverage, unsure)
    done = predict_in_parts(run, plan, out, rows_of, Processes(workers, engine))
    if as_json:
        print_json({"out": str(out), **done})
        return 2 if done["unread"] else 0
    print(f"answers  {done['samples'] - done['unread']:,}")
    if done["unread"]:
        print(f"unread   {done['unread']:,}, listed in {out}/unread-*.csv")
    print(f"written  {out}/part-*.csv")
    return 2 if done["unread"] else 0


def _answered(answers: Answers, asked: Asked) -> Iterator[tuple[Sample, Sequence[Answered]]]:
    """Yield each sample with the answer to each target."""
    if not asked.A:
        return
    each = answered(answers, np.array(asked.A), asked.coverage)
    why = asked.withheld or repeat([""] * len(answers.parts))
    for sample, given, reasons in zip(asked.samples, each, why, strict=False):
        yield (
            sample,
            [one.withheld_for(reason) for one, reason in zip(given, reasons, strict=True)],
        )


def _sort(answers: Answers, asked: Asked, into: Sorted) -> None:
    """Put each picture into the folder of its answer, and note the place."""
    for sample, (one,) in _answered(answers, asked):
        place = into.put(Path(sample.place["file"]), one.answer, one.withheld)
        sample.place["sorted"] = str(place)
    asked.places = (*asked.places, "sorted")


def _json(answers: Answers, asked: Asked) -> dict[str, Any]:
    """Return everything for programs."""
    given = {"coverage": asked.coverage, "unsure": asked.unsure}
    return {
        **answers.decision,
        **{name: value for name, value in given.items() if value is not None},
        "predictions": [*_facts(answers, asked)],
        "unread": [{"file": name, "error": error} for name, error in asked.unread.items()],
        "left_out": counts_of(asked.left_out),
    }


def _facts(answers: Answers, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the answers to each sample, with rounded probabilities."""
    for sample, given in _answered(answers, asked):
        rounded = [
            one._replace(shares={name: round(float(p), 6) for name, p in one.shares.items()})
            for one in given
        ]
        yield {**sample.place, **facts_of(answers, rounded)}


def _text(model: AnyModel, asked: Asked, most: int | None) -> str:
    """Return a line for each sample: the answers with their intervals, or with probabilities."""
    answers = model.answers
    several = len(answers.parts) > 1
    rows = [
        (sample.name, *(text for one in given for text in _texts(one, several)))
        for sample, given in islice(_answered(answers, asked), most)
    ]
    if answers.classes:
        text = table((asked.heading, "answer", "probabilities"), rows, texts=(0, 1, 2))
    else:
        share = [] if asked.coverage is None else [f"{100 * asked.coverage:g} % interval"]
        heads = [text for name in answers.names for text in (name, *share)]
        text = table((asked.heading, *heads), rows)
    left = len(asked.samples) - len(rows)
    more = f"\n… and {left:,} more" if left else ""
    return f"{text}{more}{_withheld(model, asked)}"


def _texts(one: Answered, several: bool) -> list[str]:
    """Return the answer, its interval, and the most probable classes, as far as there are."""
    if several and one.shares:
        text = f"{one.answer} {percent(one.shares[one.answer])}" if not one.withheld else ""
        return [text or NO_ANSWER[one.withheld]]
    likely = sorted(one.shares.items(), key=lambda item: -item[1])[:MOST_SHOWN]
    shares = "  ".join(f"{name} {percent(p)}" for name, p in likely)
    ends = " to ".join(map(one.part.written, one.ends))
    answer = NO_ANSWER.get(one.withheld) or one.part.written(one.answer)
    return [answer, *filter(None, (shares, ends))]


def _withheld(model: AnyModel, asked: Asked) -> str:
    """Say how many answers are withheld, and why; "" if none was asked to be."""
    if asked.unsure is None:
        return ""
    n = Counter(reason for reasons in asked.withheld for reason in reasons)
    things = f"{model.inputs.noun}s"
    why = {
        UNSURE: f"answers as confident are wrong more often than {100 * asked.unsure:g} %",
        UNLIKE: f"less like the {things} of the training than 99 of 100 of these "
        "are like the others",
    }
    lines = [f"{NO_ANSWER[name]}: {n[name]:,}, {text}" for name, text in why.items() if n[name]]
    return "\n\n" + ("\n".join(lines) or "no answer is withheld")


def rows_of(answers: Answers, asked: Asked) -> list[Sequence[Any]]:
    """Return the header and a row for each sample; of a table with what identifies its rows."""
    bounds = () if asked.coverage is None else BOUNDS
    more = () if asked.unsure is None else (WITHHELD,)
    names, several = ["answer", *bounds, *more], len(answers.parts) > 1
    if several:
        ends = (*more, "probability") if answers.parts[0].classes else bounds
        names = [text for n in answers.names for text in (n, *(f"{n} {end}" for end in ends))]
    heads = header(asked.places, asked.columns, names, answers.classes)
    rows: list[Sequence[Any]] = [heads]
    for sample, given in _answered(answers, asked):
        cells = [cell for one in given for cell in _cells(one, bool(more), several)]
        rows.append([*sample.place.values(), *sample.cells, *cells])
    return rows


def _cells(one: Answered, withholds: bool, several: bool) -> list[str]:
    """Return the answer with its interval or probabilities as cells.

    With several targets it is the probability of the second class only.
    """
    texts = [one.answer] if one.shares else [f"{value:.10g}" for value in (one.answer, *one.ends)]
    reason = [one.withheld] if withholds else []
    shares = [*one.shares.values()][several:]
    return [*texts, *reason, *(f"{p:.6f}" for p in shares)]
