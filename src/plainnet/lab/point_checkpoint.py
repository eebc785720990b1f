"""The checkpoint of the points view: written when the lab ends, and read when it starts again.

A training that goes on from it has the bits of one that was never interrupted.
"""

import logging
from pathlib import Path

import numpy as np

from plainnet.errors import FileError, PlainnetError
from plainnet.files.tensors import read_tensors, write_tensors
from plainnet.lab.experiment import Experiment
from plainnet.lab.point_settings import PointSettings
from plainnet.network import Array
from plainnet.training import Epoch
from plainnet.training.checkpoint import capture, restore

log = logging.getLogger(__name__)

PLACE = Path(".lab") / "points.safetensors"
"""The file, inside of the folder of the runs."""
_FACTS = ("number", "step", "loss", "learning_rate", "seconds")


def keep(experiment: Experiment, folder: Path) -> None:
    """Write the checkpoint; of an experiment that is as at the first start, remove it."""
    path, at = folder / PLACE, experiment
    if at.settings == PointSettings() and not at.position.steps:
        path.unlink(missing_ok=True)
        return
    parts = at.network, at.optimizer, at.position, {"order": at.order}
    tensors, facts = capture(*parts, at.average)
    names = sorted({name for epoch in at.history for name in epoch.validation})
    facts |= {"points": 1, "settings": at.settings.to_dict(), "metrics": names}
    tensors["history"] = _table(at.history, names)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, tensors, facts)
    except (OSError, FileError) as error:
        log.warning("The training on points was not kept (%s).", error)


def kept(folder: Path) -> Experiment:
    """Return the experiment that `keep` wrote, else a new one; a damaged file is reported."""
    path = folder / PLACE
    if path.is_file():
        try:
            return _restored(path)
        except (PlainnetError, KeyError, TypeError, ValueError, OverflowError) as error:
            log.warning("The training on points of the last time cannot be read (%s).", error)
    return Experiment()


def _restored(path: Path) -> Experiment:
    tensors, facts = read_tensors(path, "checkpoint of points")
    history = _epochs(tensors.pop("history"), facts["metrics"])
    made = Experiment(PointSettings.of(facts["settings"]))
    parts = made.network, made.optimizer, made.position, {"order": made.order}
    restore(tensors, facts, *parts, made.average)
    if len(history) != made.position.epochs:
        raise ValueError("it holds other epochs than it counts")
    made.history[:] = history
    return made


def _table(history: list[Epoch], names: list[str]) -> Array:
    """Return the history as numbers, a row for each epoch; NaN where nothing was measured."""
    rows = [
        [getattr(epoch, name) for name in _FACTS]
        + [epoch.validation.get(name, np.nan) for name in names]
        for epoch in history
    ]
    return np.array(rows, np.float64).reshape(len(rows), len(_FACTS) + len(names))


def _epochs(table: Array, names: list[str]) -> list[Epoch]:
    history = []
    for number, step, loss, rate, seconds, *measured in table.tolist():
        known = {
            name: value for name, value in zip(names, measured, strict=True) if not np.isnan(value)
        }
        history.append(Epoch(int(number), int(step), loss, rate, seconds, known))
    return history
