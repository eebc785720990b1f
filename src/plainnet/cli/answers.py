"""The CSV file of answers that `plainnet predict --csv` writes."""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from plainnet.cli.overwriting import check_answers, check_kind, check_not_read
from plainnet.errors import SettingError
from plainnet.files.writing import write_file
from plainnet.metrics.costs import described
from plainnet.models import AnyModel
from plainnet.reports import printable
from plainnet.reports.settings import threshold_text

STDOUT = Path("-")


def check_csv(path: Path | None, read: Sequence[Path], as_json: bool) -> None:
    """Check that the file may be overwritten, and that only one output goes to stdout.

    Raises:
        FileError: the file exists and does not hold answers.
        SettingError: `--csv -` and `--json` both write to stdout.
    """
    if path == STDOUT:
        if as_json:
            raise SettingError("--csv - and --json both write to stdout; leave one of them out.")
        return
    check_kind(path, "--csv", "a table", (".csv",))
    check_not_read(path, "--csv", read)
    check_answers(path, "--csv")


def write_csv(path: Path, text: str) -> None:
    """Write the answers to a file, or to stdout if the path is `-`."""
    if path == STDOUT:
        sys.stdout.write(text.encode(errors="backslashreplace").decode())
    else:
        write_file(path, text)


def with_threshold(model: AnyModel, text: str) -> str:
    """Add a line about the threshold, unless it is ½, or about the costs of answers."""
    threshold, costs = threshold_text(model), model.answers.decision.get("costs")
    if costs is not None:
        meant = described(costs, model.answers.names)
        return (
            f"{text}\n\nanswers of the lowest expected cost; a wrong one costs {printable(meant)}"
        )
    return f"{text}\n\nthreshold: {threshold}" if threshold else text


class _Lines(list[str]):
    write = list.append


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Write rows as CSV; lines end in a line feed, and cells with any line end are quoted."""
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)  # so that it quotes both \r and \n
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines)


def header(
    first: Sequence[str],
    columns: Sequence[str],
    answers: Sequence[str] = ("answer",),
    classes: Sequence[str] = (),
) -> list[str]:
    """Return the header of the file, without repeated names.

    Args:
        first: the first names, such as `file` and `line`.
        columns: the columns of the table that identify its rows.
        answers: the names of the answers and the ends of their intervals.
        classes: the classes whose probabilities follow the answers.
    """
    taken = {*first}

    def named(prefix: str, given: Sequence[str]) -> list[str]:
        """Return the names, with as many prefixes as they need to be new."""
        names = []
        for name in given:
            while name in taken:
                name = f"{prefix} {name}"
            taken.add(name)
            names.append(name)
        return names

    answered = named("answer", answers)
    return [*first, *named("column", columns), *answered, *named("probability", classes)]
