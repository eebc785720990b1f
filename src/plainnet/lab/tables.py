"""A table of the user: what its columns hold, a training on it, and answers to single rows."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from plainnet.errors import DataError, PlainnetError, SettingError
from plainnet.lab.frames import finite
from plainnet.lab.recipe_form import described, words_of
from plainnet.lab.run_models import RunModels
from plainnet.lab.training_process import TrainingProcess
from plainnet.models.attribution import explain_row
from plainnet.models.defaults import NETWORKS
from plainnet.models.trainable import AnyModel
from plainnet.tables import NAMED_KINDS, TASKS, overview, read_table

UPLOADS = ".tables"
"""The folder, inside of that of the runs, for tables that were dropped into the page."""


class Tables:
    """One table, and one training at a time.

    Args:
        folder: the folder of the runs, in which tables and new runs are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.training = TrainingProcess(self.folder)
        self._table: dict[str, Any] | None = None
        self._kinds: dict[str, str] = {}
        self._file = Path()
        self._models = RunModels()

    def put(self, name: str, content: bytes) -> None:
        """Keep a table, and look into its columns.

        Args:
            name: what the user calls the file; of it only letters, digits and dashes are taken.
            content: a CSV file.

        Raises:
            DataError: it is not a table.
        """
        stem = re.sub(r"[^\w-]+", "-", Path(name).stem)[:60].strip("-") or "table"
        file = self.folder / UPLOADS / f"{stem}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(".new.csv")
        beside.write_bytes(content)
        try:
            table = read_table(beside)
            columns = [column.to_dict() for column in overview(table)]
        except PlainnetError as error:
            beside.unlink()
            raise DataError(str(error).replace(str(beside), name or "The table")) from None
        beside.replace(file)
        self._file, self._kinds = file, {}
        self._table = {"name": stem, "rows": len(table), "columns": columns}

    def take_as(self, column: Any, kind: Any) -> None:
        """Take a column as another kind; "": as its cells look.

        Raises:
            SettingError: there is no such column or kind.
            DataError: its cells do not have this kind.
        """
        if kind not in ("", *NAMED_KINDS):
            raise SettingError(f"A kind is one of {', '.join(NAMED_KINDS)}, but got {kind!r:.60}.")
        table = self._described()
        place = next((i for i, one in enumerate(table["columns"]) if one["column"] == column), None)
        if place is None:
            raise SettingError(f"There is no column {column!r:.60}.")
        kinds = {name: known for name, known in self._kinds.items() if name != column}
        kinds |= {column: kind} if kind else {}
        read = read_table(self._file)
        alone = replace(read, columns={column: read[column]}, kinds=kinds)
        [summary] = overview(alone)
        table["columns"][place] = summary.to_dict()
        self._kinds = kinds

    def state(self) -> dict[str, Any]:
        """Return the table, and how far the training is."""
        return {
            "table": self._table,
            "kinds": self._kinds,
            "tasks": [*TASKS],
            "efforts": [*NETWORKS],
            "named_kinds": [*NAMED_KINDS],
            "recipe": described(of_pictures=False),
            **self.training.state(),
        }

    def train(self, given: Mapping[str, Any]) -> None:
        """Begin a training.

        Args:
            given: `target`, and perhaps `task`, `drop` (a list of columns), `effort` and
                `settings` (texts by name).

        Raises:
            SettingError: there is no table, a training goes on, or a name is unknown.
        """
        table = self._described()
        options = self._options(given, [one["column"] for one in table["columns"]])
        self.training.start(table["name"], options, self._file)

    def _described(self) -> dict[str, Any]:
        if self._table is None:
            raise SettingError("There is no table yet; drop a CSV file into the page.")
        return self._table

    def form(self, run: Path) -> list[dict[str, Any]]:
        """Describe an input for each column of a run's table, with a usual value."""
        return [_input(column) for column in self._columns(self._models.of(run))]

    def predict(self, run: Path, row: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one row, with probabilities or an interval, and the share of each column.

        Raises:
            DataError: the row does not fit the run's columns.
        """
        model: Any = self._models.of(run)
        names = {column.name for column in self._columns(model)}
        if {*row} != names or not all(isinstance(cell, str) for cell in row.values()):
            raise DataError(f"A row has a text for each of {', '.join(sorted(names))}.")
        samples: Any = {name: [cell] for name, cell in row.items()}
        found: dict[str, Any] = {"answer": model.predict(samples).tolist()[0]}
        chances, interval = (
            getattr(model, one, None) for one in ("predict_proba", "predict_interval")
        )
        if chances is not None:
            P = chances(samples)[0].tolist()
            found["probabilities"] = dict(zip(model.answers.names, P, strict=True))
        elif interval is not None:
            with suppress(SettingError):  # too few rows were held out for one
                found["interval"] = interval(samples)[0].tolist()
        found["explanation"] = explain_row(model, samples).to_dict()
        return dict(finite(found))

    def _options(self, given: Mapping[str, Any], columns: list[str]) -> list[str]:
        """Return the command's options, of nothing but known names."""
        drop = given.get("drop", [])
        drop = drop if isinstance(drop, list) else [drop]
        for what, name, known in (
            *(("column", one, columns) for one in (given.get("target"), *drop)),
            ("task", given.get("task", "auto"), [*TASKS]),
            ("effort", given.get("effort", "default"), [*NETWORKS]),
        ):
            if name not in known:
                raise SettingError(f"There is no {what} {name!r:.60}; there are {known!r:.200}.")
        effort, unused = given.get("effort", "default"), {given["target"], *drop}
        kinds = {name: kind for name, kind in self._kinds.items() if name not in unused}
        return [
            f"--target={given['target']}",
            f"--task={given.get('task', 'auto')}",
            *(f"--drop={name}" for name in drop),
            *(f"--kinds={name}={kind}" for name, kind in kinds.items()),
            *([f"--{effort}"] if effort != "default" else []),
            *words_of(given.get("settings", {}), of_pictures=False),
        ]

    @staticmethod
    def _columns(model: AnyModel) -> Any:
        if model.columns is None:
            raise DataError("This run was not trained on a table.")
        return model.columns.columns


def _input(column: Any) -> dict[str, Any]:
    """Describe the input of a column: its name, kind, values to choose from, and a usual one."""
    values = list(getattr(column, "levels", ()) or getattr(column, "values", ()))
    median = getattr(column, "median", None)
    usual = values[0] if values else "" if median is None else f"{float(median):g}"
    is_number = column.kind == "number"
    return {
        "name": column.name,
        "kind": column.kind,
        "values": values[:200],
        "usual": usual if values or is_number else "",
    }
