"""Reading and answering the samples of `plainnet predict`: pictures, vectors, rows of tables."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from plainnet.cli.left_out import MISSED, say_others
from plainnet.errors import DataError, FileError, PictureError, PlainnetError
from plainnet.models import AnyModel
from plainnet.models.rows import rows_of
from plainnet.models.samples import Samples
from plainnet.network import Array
from plainnet.pictures.gathering import Progress
from plainnet.pictures.readable import NAMES
from plainnet.pictures.scanning import LeftOut, scan
from plainnet.reports import counting

if TYPE_CHECKING:
    from plainnet.models.kinds_of_inputs import BackboneInputs, PictureInputs
    from plainnet.tables.table import Table

MOST_ROWS = 20
"""Most rows of tables shown when a CSV file receives them all."""


class Sample(NamedTuple):
    """The origin of a sample."""

    name: str
    """File, with row or line after a colon."""
    place: dict[str, Any]
    """The same for programs: `file`, and for tables `line` or `row`."""
    cells: Sequence[str] = ()
    """Cells that identify the row of a table."""


@dataclass
class Asked:
    """The answers, and the files that could not be read."""

    heading: str = "file"
    """Heading of the names of samples."""
    places: Sequence[str] = ("file",)
    """Headings of the place of a sample in a CSV file."""
    columns: Sequence[str] = ()
    """Columns that identify the rows of a table."""
    most_beside_csv: int | None = None
    """Most samples shown when a CSV file receives them all; None: all."""
    samples: list[Sample] = field(default_factory=list)
    A: list[Array] = field(default_factory=list)
    """The model's answer for each sample."""
    coverage: float | None = None
    """The coverage of the prediction intervals to give; None: none are asked for."""
    unsure: float | None = None
    """The share of wrong answers to accept before answers are withheld; None: none is withheld."""
    withheld: list[list[str]] = field(default_factory=list)
    """Why the answer to each target of a sample is withheld, "" if it is given; [] if all are."""
    unread: dict[str, str] = field(default_factory=dict)
    """Error for each file or folder that could not be read."""
    left_out: list[LeftOut] = field(default_factory=list)
    """Files without an answer, with the reasons."""

    def answer(self, model: AnyModel, samples: Samples) -> int:
        """Answer for samples, and return their number."""
        raw = model.inputs.raw(samples)
        A = model.answers_of(raw)
        if self.unsure is not None:
            self.withheld += model.withheld(raw, A, self.unsure).reshape(len(A), -1).tolist()
        self.A += [*A]
        return len(A)


def ask(model: AnyModel, paths: Sequence[Path], unsure: float | None = None) -> Asked:
    """Answer for every readable sample at these paths, and withhold answers if asked to."""
    asked = Asked(unsure=unsure)
    BY_NOUN[model.inputs.noun](model, paths, asked)
    return asked


def _pictures(model: AnyModel, paths: Sequence[Path], asked: Asked) -> None:
    from plainnet.models.picture_samples import no_picture  # with Pillow: only for pictures

    files: list[Path] = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir, it never raises
            files += _in_folder(path, asked)
        elif mistaken := no_picture(path):
            asked.unread[str(path)] = mistaken
        else:
            files.append(path)
    with counting("reading") as progress:
        ask_pictures(model, files, asked, progress)


def ask_pictures(
    model: AnyModel, files: Sequence[Path], asked: Asked, progress: Progress | None = None
) -> None:
    """Answer for picture files, and record those that cannot be read."""
    errors: list[PictureError] = []
    inputs = cast("PictureInputs | BackboneInputs", model.inputs)
    raw, kept = inputs.read_files(files, on_unreadable=errors.append, progress=progress)
    left = sorted({*range(len(files))} - {*kept.tolist()})  # in the order of the errors
    for i, error in zip(left, errors, strict=True):
        asked.unread[str(files[i])] = str(error)
        asked.left_out.append(LeftOut(files[i], "unreadable", error.reason))
    asked.samples = [Sample(str(files[i]), {"file": str(files[i])}) for i in kept]
    if len(raw):
        asked.answer(model, raw)


def _in_folder(folder: Path, asked: Asked) -> list[Path]:
    """Return the pictures in a folder, and record what is left out."""
    try:
        inside, left_out = scan(folder)
    except FileError as error:
        asked.unread[str(folder)] = str(error)
        return []
    asked.left_out += left_out
    asked.unread |= {
        str(path): f"{path} {reason}" for path, kind, reason in left_out if kind in MISSED
    }
    if not inside:
        asked.unread[str(folder)] = (
            f"The folder {folder} holds no pictures ({NAMES}); name another one."
        )
    say_others(left_out, folder)
    return inside


def _vectors(model: AnyModel, paths: Sequence[Path], asked: Asked) -> None:
    for path in paths:
        try:
            X = rows_of(path)
        except PlainnetError as error:
            asked.unread[str(path)] = str(error)
            continue
        try:
            ask_vectors(model, path, X, 0, asked)
        except PlainnetError as error:
            asked.unread[str(path)] = f"{path} does not fit the model: {error}"


def ask_vectors(model: AnyModel, path: Path, X: Array, first: int, asked: Asked) -> None:
    """Answer for feature vectors that begin with row `first` of the file, counted from 0."""
    n = asked.answer(model, X)
    names = [f"{path}:{row}" for row in range(first, first + n)]
    asked.samples += [Sample(name, {"file": name}) for name in names]


def _tables(model: AnyModel, paths: Sequence[Path], asked: Asked) -> None:
    from plainnet.tables import read_table  # only where there is a table

    asked.heading, asked.places, asked.most_beside_csv = "row", ("file", "line"), MOST_ROWS
    read = []
    for path in paths:
        try:
            if path.is_dir():
                raise DataError("it is a folder; name its tables.")
            table = read_table(path)
            asked.answer(model, table)
            read.append((path, table))
        except PlainnetError as error:
            asked.unread[str(path)] = f"{path} does not fit the model: {error}"
    known = [] if model.columns is None else model.columns.identifiers
    asked.columns = [name for name in known if all(name in table.columns for _, table in read)]
    for path, table in read:
        _name_rows(path, table, asked)


def _name_rows(path: Path, table: "Table", asked: Asked, first: int = 0) -> None:
    """Add the origin of each row; `first` is the number of the first one in the file, from 0."""
    from plainnet.tables.table import texts_of

    cells = [texts_of(table[name]) for name in asked.columns]
    kind = "row" if table.lines is None else "line"
    lines = range(first + 1, first + len(table) + 1) if table.lines is None else table.lines
    for row, line in enumerate(lines):
        place = {"file": str(path), kind: int(line)}
        asked.samples.append(Sample(f"{path}:{line}", place, [held[row] for held in cells]))


def ask_rows(model: AnyModel, path: Path, table: "Table", first: int, asked: Asked) -> None:
    """Answer for rows of a table that begin with number `first` of the file, counted from 0."""
    known = [] if model.columns is None else model.columns.identifiers
    asked.heading, asked.places = "row", ("file", "line")
    asked.columns = [name for name in known if name in table.columns]
    asked.answer(model, table)
    _name_rows(path, table, asked, first)


BY_NOUN: Mapping[str, Callable[[AnyModel, Sequence[Path], Asked], None]] = {
    "picture": _pictures,
    "sample": _vectors,
    "row": _tables,
}
"""Functions that read and answer the samples, by the noun of the model's inputs."""
