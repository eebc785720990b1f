"""`plainnet predict --out FOLDER`: answers in parts, so that a stopped prediction goes on.

::

    answers/
      plan.json         what was asked
      samples.txt       the pictures, a line each, in the order of the parts
      part-00000.csv    the answers to the first samples
      unread-00000.csv  those among them that cannot be read, if there are any

A part is written beside its place and moved there when it is whole, so each sample is answered
once. A process holds the samples of one part at a time.
"""

import csv
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from plainnet.cli.answers import csv_text
from plainnet.cli.asked import Asked, ask_pictures, ask_rows, ask_vectors
from plainnet.cli.left_out import MISSED, say_others
from plainnet.errors import FileError, PlainnetError, SettingError
from plainnet.files.lock import locked
from plainnet.files.writing import new_folder, write_file
from plainnet.models import AnyModel, load_any
from plainnet.models.answers import Answers
from plainnet.models.serialization import model_at
from plainnet.pictures.scanning import LeftOut, each_picture_file
from plainnet.reports import count, printable, say
from plainnet.reports.text import duration
from plainnet.training.processes import Processes

PLAN, SAMPLES, LOCK = "plan.json", "samples.txt", ".lock"
SAMPLES_OF_A_PART = 5_120
"""The batches of 512 samples are those of a prediction without parts, and so are its bits."""

Rows = Callable[[Answers, Asked], list[Sequence[Any]]]
"""`rows(answers, asked)` returns the header and the rows of a part."""


@dataclass(frozen=True)
class Plan:
    """What the parts hold; a prediction goes on only with the same plan."""

    model: str
    """A digest of the model file."""
    sources: Sequence[tuple[str, int]]
    """The pictures and folders, or the files with rows, with the time of their last change."""
    coverage: float | None
    """The coverage of the intervals; None: there are none."""
    unsure: float | None
    """The share of wrong answers from which answers are withheld; None: none is withheld."""
    size: int = SAMPLES_OF_A_PART
    """The samples of a part."""


class Part(NamedTuple):
    """Some samples: bytes of the list of pictures, or rows of a file."""

    number: int
    start: int
    stop: int
    n: int
    """The number of samples."""
    file: str = ""
    """The file with rows; "": pictures."""


def predict_in_parts(
    run: Path, plan: Plan, out: Path, rows: Rows, processes: Processes
) -> dict[str, Any]:
    """Answer for all samples that have no part yet; return the numbers of parts and samples.

    Args:
        run: the run folder or model file.
        plan: what is asked; see `plan_for`.
        out: a new folder, or one with parts of the same plan.
        rows: makes the rows of a part; a function of a module, so that other processes find it.
        processes: who computes the parts.

    Raises:
        FileError: the folder holds something else, or cannot be written.
        SettingError: it holds parts of another plan, or the samples have changed since.
    """
    with _own(out):
        _begin(out, plan)
        parts = [*_parts(out, load_any(run).inputs.noun, plan)]
        left = [part for part in parts if not _place(out, part).exists()]
        total = sum(part.n for part in parts)
        done = total - sum(part.n for part in left)
        if len(left) < len(parts):
            say(f"resumed after {count(len(parts) - len(left), 'part')} of {len(parts)}")
            _say_new(plan, total)
        start, before = time.monotonic(), done
        for i, _ in processes.run(answer_part, left, run, plan, out, rows):
            done += left[i].n
            rate = (done - before) / max(time.monotonic() - start, 1e-9)
            ahead = f"{rate:,.0f} a second, {duration((total - done) / rate)} left"
            say(f"{done:,} of {total:,} samples  {ahead if done < total else ''}".rstrip())
        unread = sum(len(_unread(path)) for path in out.glob("unread-*.csv"))
        return {"parts": len(parts), "samples": total, "unread": unread}


@contextmanager
def _own(out: Path) -> Iterator[None]:
    """Make a folder and lock it; nothing of it stays if an error comes before the first part."""
    made = [path for path in (out, *out.parents) if not os.path.lexists(path)]
    out.mkdir(parents=True, exist_ok=True)
    try:
        with locked(out / LOCK, f"The folder {out}"):
            is_new = {path.name for path in out.iterdir()} <= {LOCK}
            try:
                yield
            except PlainnetError:
                if is_new and not any(out.glob("part-*.csv")):
                    for name in (PLAN, SAMPLES):
                        (out / name).unlink(missing_ok=True)
                raise
    except PlainnetError:
        with suppress(OSError):  # not empty: it stays
            for path in made:
                path.rmdir()
        raise


def plan_for(
    run: Path, sources: Sequence[Path], coverage: float | None, unsure: float | None
) -> Plan:
    """Return the plan of a prediction."""
    with model_at(run).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Plan(digest, [_facts(path.absolute()) for path in sources], coverage, unsure)


def _facts(path: Path) -> tuple[str, int]:
    """Return the path of a source, and when it was last changed if it is a file."""
    return str(path), path.stat().st_mtime_ns if path.is_file() else 0


def _begin(out: Path, plan: Plan) -> None:
    """Write the plan into a new folder, or check that of an earlier prediction."""
    path, ours = out / PLAN, json.loads(json.dumps(asdict(plan)))
    if not path.exists():
        new_folder(out, allowed=(LOCK, SAMPLES))
        return  # the plan is written after the samples
    try:
        noted = json.loads(path.read_text("utf-8"))
        changed = [name for name, value in ours.items() if noted[name] != value]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} cannot be read ({error}); name a new folder.") from error
    if changed:
        raise SettingError(
            f"The parts in {out} were made with another {' and '.join(changed)}; go on with the "
            "same run, samples and options, or name a new folder."
        )


def _parts(out: Path, noun: str, plan: Plan) -> Iterator[Part]:
    """Yield all parts, and write the plan when the samples are known."""
    if noun == "picture":
        if not (out / PLAN).exists():
            _list_pictures(out / SAMPLES, [path for path, _ in plan.sources])
        yield from _parts_of_list(out / SAMPLES, plan.size)
    else:
        number = 0
        for file, _ in plan.sources:
            n = _opened(noun, file)[0]
            for start in range(0, n, plan.size):
                stop = min(start + plan.size, n)
                yield Part(number, start, stop, stop - start, file)
                number += 1
    if not (out / PLAN).exists():
        write_file(out / PLAN, json.dumps(asdict(plan), indent=2) + "\n")


def _list_pictures(path: Path, sources: Sequence[str]) -> None:
    """Write the list of all pictures, each as a text of JSON."""
    with path.open("w", encoding="ascii") as file:
        for source in map(Path, sources):
            left_out: list[LeftOut] = []
            found = each_picture_file(source, left_out) if source.is_dir() else [source]
            for picture in found:
                file.write(json.dumps(str(picture)) + "\n")
            for one in left_out:
                if one.kind in MISSED:
                    say(f"Left out: {printable(f'{one.path} {one.reason}')}")
            say_others(left_out, source)


def _say_new(plan: Plan, n: int) -> None:
    """Print how many pictures have come since the list of n pictures was made."""
    folders = [Path(path) for path, changed in plan.sources if not changed]
    now = sum(1 for folder in folders for _ in each_picture_file(folder, []))
    if (new := now + len(plan.sources) - len(folders) - n) > 0:
        say(f"{count(new, 'picture')} came later and will not be answered; name a new folder.")


def _parts_of_list(path: Path, size: int) -> Iterator[Part]:
    with path.open("rb") as file:
        number = start = stop = n = 0
        for line in file:
            stop, n = stop + len(line), n + 1
            if n == size:
                yield Part(number, start, stop, n)
                number, start, n = number + 1, stop, 0
        if n:
            yield Part(number, start, stop, n)


def answer_part(part: Part, run: Path, plan: Plan, out: Path, rows: Rows) -> None:
    """Answer for the samples of one part, and write it."""
    model = _loaded(str(run), plan.model)
    asked = Asked(coverage=plan.coverage, unsure=plan.unsure)
    if part.file:
        _, take = _opened(model.inputs.noun, part.file)
        ask = ask_rows if model.inputs.noun == "row" else ask_vectors
        ask(model, Path(part.file), take(part.start, part.stop), part.start, asked)
    else:
        with (out / SAMPLES).open("rb") as file:
            file.seek(part.start)
            lines = file.read(part.stop - part.start).splitlines()
        ask_pictures(model, [Path(json.loads(line)) for line in lines], asked)
    unread = [("file", "error"), *asked.unread.items()]
    if asked.unread:
        write_file(out / f"unread-{part.number:05}.csv", csv_text(unread))
    write_file(_place(out, part), csv_text(rows(model.answers, asked)))


def _place(out: Path, part: Part) -> Path:
    return out / f"part-{part.number:05}.csv"


def _unread(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.reader(file)][1:]


@lru_cache(1)
def _loaded(run: str, digest: str) -> AnyModel:  # noqa: ARG001 - another file is another model
    return load_any(Path(run))


@lru_cache(1)
def _opened(noun: str, file: str) -> tuple[int, Callable[[int, int], Any]]:
    """Return the number of rows in a file, and a function that takes some of them."""
    if noun == "sample":
        from plainnet.models.rows import rows_of

        X = rows_of(Path(file))
        return len(X), lambda start, stop: X[start:stop]
    from plainnet.tables.row_ranges import opened_rows

    return opened_rows(Path(file))
