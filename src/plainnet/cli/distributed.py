"""`--distributed`: one training on the processes that mpiexec has started."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from plainnet.cli.interrupt import asked_to_stop
from plainnet.data import Splits
from plainnet.errors import MissingExtraError, SettingError
from plainnet.models import CHECKPOINT, AnyModel, Checkpoint
from plainnet.training import Workers

COUNTS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
"""Variables in which MPI's launchers note the number of processes."""
HEAD_START = 1.0
"""Seconds that a worker waits with its error, so that the first can print the same one alone."""


def workers_for(distributed: bool, settings: Mapping[str, Any] | None) -> Workers | None:
    """Return the workers of a training; None for a training by this process alone.

    Args:
        distributed: whether the user asked for it.
        settings: of the run that is resumed, if one is: its trainings stay what they were.

    Raises:
        SettingError: mpiexec started several processes, which would do the same work each.
        MissingExtraError: mpi4py is not installed.
    """
    before = None if settings is None else bool(settings.get("distributed"))
    if distributed and before is False:
        raise SettingError(
            "The run was begun without --distributed, which computes with other last digits; "
            "resume it without as well."
        )
    if not (distributed or before):
        started = max(int(os.environ.get(name, 1)) for name in COUNTS)
        if started > 1:
            raise SettingError(
                f"mpiexec has started {started} processes, and each of them would do the whole "
                "training; add --distributed to share it out."
            )
        return None
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise MissingExtraError.of("--distributed", "mpi4py", extra="mpi") from error
    return Workers(MPI.COMM_WORLD)


def is_helper(workers: Workers | None) -> bool:
    """Return whether this process only helps another one, which writes and prints."""
    return workers is not None and workers.rank > 0


@contextmanager
def helping(workers: Workers | None) -> Iterator[None]:
    """Keep all workers but the first silent, except for an error."""
    if not is_helper(workers):
        yield
        return
    try:
        with ExitStack() as stack:
            nowhere = stack.enter_context(Path(os.devnull).open("w"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
            yield
    except BaseException:
        time.sleep(HEAD_START)
        raise


def follow(model: AnyModel, splits: Splits, folder: Path, **how: Any) -> int:
    """Take part in a training whose run the first worker writes; return the exit code.

    Args:
        model: the model, which ends as that of the first worker.
        splits: the data.
        folder: the run, if it is resumed.
        how: the arguments of `Checkpoint`.
    """
    checkpoint = Checkpoint(folder / CHECKPOINT, **how)
    with asked_to_stop(checkpoint):
        for _ in model.fit_epochs(splits, checkpoint=checkpoint):
            pass
    return 0


def end_all(code: int) -> None:
    """End all processes of a training after an error in this one, as they would wait for it."""
    from mpi4py import MPI

    if MPI.COMM_WORLD.Get_size() > 1:
        MPI.COMM_WORLD.Abort(code)
