"""The journal of a search: its trials in a storage of Optuna, whatever happens to the processes.

The storage is a journal file (`JournalStorage`) or a database. A trial has a number of its own in
its attributes, since a storage numbers all attempts: an attempt whose process was killed is failed,
and another one takes its number. Of several attempts that have not failed the first one counts.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

from plainnet.errors import DataError, FileError
from plainnet.tuning.optuna_package import needs_optuna
from plainnet.tuning.space import Space
from plainnet.tuning.trial import Outcome, Trial

NAME = "plainnet"
"""The usual name of a study."""
BEAT = 15.0
"""Seconds between two signs of life of a process that works on trials."""
STALE = 90.0
"""Seconds without a sign of life after which another process takes over a trial."""


class Journal:
    """The trials of one study.

    Args:
        where: a journal file, or the address of a database, `postgresql://…`, with `#name` to
            choose the name of the study.
        facts: everything that the log follows from; a study with other facts is refused.
        higher: whether a higher value is better.
        space: the space of the search.
        shared: whether other processes may use the journal; else a lock that one has left behind
            is removed at once.

    Raises:
        DataError: the study belongs to another search.
        FileError: the storage cannot be opened.
        MissingExtraError: a package for the database is not installed.
    """

    def __init__(
        self,
        where: str | Path | None,
        facts: Mapping[str, Any],
        higher: bool,
        space: Space,
        *,
        shared: bool = True,
    ) -> None:
        self.where, self.space = where, space
        self._states = needs_optuna().trial.TrialState
        address, _, name = str(where).partition("#")
        self._storage = _opened(None if where is None else address, shared)
        self._study = self._study_of(name or NAME, dict(facts), higher)
        self._beats: dict[int, tuple[Any, float]] = {}

    def _study_of(self, name: str, facts: dict[str, Any], higher: bool) -> int:
        """Return the identifier of the study, which is created if there is none."""
        optuna, storage = needs_optuna(), self._storage
        way = optuna.study.StudyDirection
        try:
            study: int = storage.get_study_id_from_name(name)
        except KeyError:
            try:
                made = way.MAXIMIZE if higher else way.MINIMIZE
                study = storage.create_new_study([made], name)
            except optuna.exceptions.DuplicatedStudyError:  # another process was faster
                study = storage.get_study_id_from_name(name)
        known = storage.get_study_user_attrs(study).get("facts")
        if known is None:
            storage.set_study_user_attr(study, "facts", facts)
        elif known != json.loads(json.dumps(facts)):
            others = sorted(key for key in facts if facts[key] != known.get(key))
            raise DataError(
                f"The study in {self.where} belongs to another search (other {', '.join(others)}); "
                "give the same data and settings, or name another study."
            )
        return study

    # -- reading ---------------------------------------------------------------------------------

    def trials(self) -> dict[int, Trial]:
        """Return the trials by their numbers."""
        return {number: self._trial(one) for number, one in self._attempts().items()}

    def waiting(self) -> list[int]:
        """Return the numbers of trials that nobody works on."""
        waits = self._states.WAITING
        return [number for number, one in self._attempts().items() if one.state == waits]

    def _attempts(self) -> dict[int, Any]:
        """Return the attempt that counts for each number."""
        found: dict[int, Any] = {}
        for one in self._storage.get_all_trials(self._study):
            if one.state != self._states.FAIL and "number" in one.user_attrs:
                found.setdefault(one.user_attrs["number"], one)
        return dict(sorted(found.items()))

    def _trial(self, one: Any) -> Trial:
        stored = one.user_attrs
        outcome = Outcome.of(stored["outcome"]) if one.state.is_finished() else None
        return Trial(stored["number"], one.params, stored["settings"], outcome)

    # -- writing ---------------------------------------------------------------------------------

    def add(self, trial: Trial) -> None:
        """Write a proposal, for whoever takes it first."""
        made = needs_optuna().trial.create_trial(
            state=self._states.WAITING,
            params=dict(trial.params),
            distributions={name: of.distribution() for name, of in self.space.items()},
            user_attrs={"number": trial.number, "settings": dict(trial.settings)},
        )
        new = self._storage.create_new_trial(self._study, template_trial=made)
        if self._attempts()[trial.number]._trial_id != new:  # another process was faster
            self._storage.set_trial_state_values(new, self._states.FAIL)

    def claim(self, number: int) -> bool:
        """Take a waiting trial; return whether nobody else was faster."""
        one = self._attempts()[number]
        if one.state != self._states.WAITING:
            return False
        taken: bool = self._storage.set_trial_state_values(one._trial_id, self._states.RUNNING)
        return taken

    def finish(self, number: int, outcome: Outcome) -> None:
        """Write the outcome of a trial; it stays as it is if another process has finished it."""
        one = self._attempts()[number]
        if one.state.is_finished():
            return
        complete = outcome.state == "complete"
        state = self._states.COMPLETE if complete else self._states.PRUNED
        values = None if outcome.value is None else [outcome.value]
        self._storage.set_trial_user_attr(one._trial_id, "outcome", outcome.to_dict())
        self._storage.set_trial_state_values(one._trial_id, state, values)

    def release(self, numbers: Iterator[int] | list[int]) -> None:
        """Fail the attempts at these trials, and let others take them."""
        attempts = self._attempts()
        for number in numbers:
            one = attempts[number]
            if one.state == self._states.RUNNING:
                with suppress(RuntimeError):  # another process has ended it meanwhile
                    self._storage.set_trial_state_values(one._trial_id, self._states.FAIL)
                    self.add(self._trial(one))

    def release_all(self) -> None:
        """Release all trials that somebody worked on, when it is certain that nobody does."""
        attempts = self._attempts()
        self.release([n for n, one in attempts.items() if one.state == self._states.RUNNING])

    def release_stale(self) -> None:
        """Release the trials without a sign of life, by this process's own clock."""
        now = monotonic()
        for number, one in self._attempts().items():
            if one.state == self._states.RUNNING:
                sign = one.user_attrs.get("beat")
                seen = self._beats.get(one._trial_id)
                if seen is None or seen[0] != sign:
                    self._beats[one._trial_id] = sign, now
                elif now - seen[1] > STALE:
                    self.release([number])

    @contextmanager
    def alive(self, numbers: list[int]) -> Iterator[None]:
        """Give signs of life for trials within the block."""
        identifiers = {n: self._attempts()[n]._trial_id for n in numbers}
        over = Event()

        def beat() -> None:
            count = 0
            while not over.wait(BEAT):
                count += 1
                with suppress(Exception):  # the search itself raises what is wrong
                    for number, one in identifiers.items():
                        if self._attempts()[number]._trial_id == one:
                            self._beat(one, count)

        thread = Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self, identifier: int, count: int) -> None:
        with suppress(RuntimeError):  # it is finished
            self._storage.set_trial_user_attr(identifier, "beat", count)


def _opened(address: str | None, shared: bool) -> Any:
    """Open a storage.

    Raises:
        FileError, MissingExtraError: it cannot be opened.
    """
    storages = needs_optuna().storages
    if address is None:
        return storages.InMemoryStorage()
    if "://" not in address:
        return _journal_file(Path(address), shared)
    try:
        from sqlalchemy.pool import NullPool  # connections are few and short

        return storages.RDBStorage(address, engine_kwargs={"poolclass": NullPool})
    except ImportError as error:
        missing = error.name or "a driver"
        raise FileError(
            f"The database {_shown(address)} needs the Python package {missing}, which is not "
            "installed; install it, or name another driver, as in postgresql+pg8000://…."
        ) from error
    except Exception as error:  # a driver's own
        reason = str(error.__cause__ or error).splitlines()[0]
        raise FileError(f"The database {_shown(address)} cannot be used: {reason}") from error


def _journal_file(path: Path, shared: bool) -> Any:
    """Open a journal file; an incomplete last line, as a full disk leaves, is cut off."""
    storages = needs_optuna().storages
    made = storages.journal
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = made.JournalFileSymlinkLock(str(path))
        backend = made.JournalFileBackend(str(path), lock)
        if not shared:
            path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
        lock.acquire()
        try:
            content = path.read_bytes()
            os.truncate(path, content.rfind(b"\n") + 1)
        finally:
            lock.release()
        return storages.JournalStorage(backend)
    except (OSError, ValueError) as error:
        raise FileError(f"The journal {path} cannot be opened ({error}).") from error


def _shown(address: str) -> str:
    """Return an address without its password."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
