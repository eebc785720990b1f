"""The number of threads that take the next steps together, chosen by measurement."""

from itertools import takewhile

TEAMS = 1, 2, 4, 8
"""The numbers of threads to choose from."""
GAIN = 0.9
"""The share of the time of fewer threads that the time of more must stay below."""
TRIAL_SECONDS = 0.01
"""The duration of a trial of another number."""
PAUSE_SECONDS = 1.0
"""The time between two trials: meanwhile other programs may have begun or ended."""


class TeamSize:
    """The number of threads that was fastest lately: the bits of the steps do not depend on it.

    Args:
        most: the most threads.
    """

    def __init__(self, most: int) -> None:
        self._teams = [*takewhile(lambda n: n <= most, TEAMS)]
        self._seconds: dict[int, float] = {}
        """The latest duration of a step by the number of threads."""
        self._first, self._trials, self._until_trial = True, 0, PAUSE_SECONDS

    @property
    def threads(self) -> int:
        """How many threads take the next steps."""
        for n in self._teams:
            if n not in self._seconds:
                return n
        others = [n for n in self._teams if n != self._fastest]
        return others[self._trials % len(others)] if self._is_trial else self._fastest

    @property
    def _fastest(self) -> int:
        best = 1
        for n in self._teams:
            if self._seconds[n] < GAIN * self._seconds[best]:
                best = n
        return best

    @property
    def _is_trial(self) -> bool:
        return self._until_trial <= 0 and len(self._teams) > 1

    def steps(self, most: int) -> int:
        """Return how many steps the next call takes, of the most that it may take."""
        if not self._is_trial:
            return most
        return max(1, min(most, int(TRIAL_SECONDS / self._seconds[self.threads])))

    def measured(self, steps: int, seconds: float) -> None:
        """Record the duration of a call; the first one does not count, as it may compile."""
        if self._first:
            self._first = False
            return
        trial = self._is_trial
        self._seconds[self.threads] = seconds / max(steps, 1)
        self._trials += trial
        self._until_trial = PAUSE_SECONDS if trial else self._until_trial - seconds
