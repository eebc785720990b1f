"""The file of answers that `plainnet predict --csv` writes."""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from plainnet.cli.overwriting import check_answers, check_kind, check_not_read
from plainnet.errors import SettingError
from plainnet.files.writing import write_file
from plainnet.models import AnyModel
from plainnet.reports.settings import threshold_text

STDOUT = Path("-")


def check_csv(path: Path | None, read: Sequence[Path], as_json: bool) -> None:
    """Refuse a file that must not be written over, or two things on stdout.

    Raises:
        FileError: the file is there already, and holds no answers.
        SettingError: both are for stdout.
    """
    if path == STDOUT:
        if as_json:
            raise SettingError("--csv - and --json both write to stdout; leave one of them out.")
        return
    check_kind(path, "--csv", "a table", (".csv",))
    check_not_read(path, "--csv", read)
    check_answers(path, "--csv")


def write_csv(path: Path, text: str) -> None:
    """Write the answers to a file, or to stdout where it is called `-`."""
    if path == STDOUT:
        sys.stdout.write(text.encode(errors="backslashreplace").decode())
    else:
        write_file(path, text)


def with_threshold(model: AnyModel, text: str) -> str:
    """Answers as text, and under them where yes is said, if that is not at half."""
    threshold = threshold_text(model)
    return f"{text}\n\nthreshold: {threshold}" if threshold else text


class _Lines(list[str]):
    write = list.append


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV, a line feed behind each; a cell with any line end in it is quoted."""
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)  # which tells it to quote both
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines)


def header(first: Sequence[str], columns: Sequence[str], classes: Sequence[str]) -> list[str]:
    """The names of what stands in the file, each once.

    Args:
        first: what comes first, such as `file` and `line`.
        columns: of the table, that tell its rows apart.
        classes: whose probabilities come behind the answer.
    """
    names = [*first, "answer"]
    for prefix, given in (("column", columns), ("probability", classes)):
        for name in given:
            while name in names:
                name = f"{prefix} {name}"
            names.append(name)
    place = len(first) + 1
    return [*first, *names[place : place + len(columns)], "answer", *names[place + len(columns) :]]
