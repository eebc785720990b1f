"""The number of threads that take the next steps together, chosen by measurement."""

from itertools import takewhile

TEAMS = 1, 2, 4, 8
"""The numbers of threads to choose from."""
FIRST_TRIALS = 3
"""How often each number is tried at the beginning; its shortest time counts."""
GAIN = 0.9
"""The share of the time of fewer threads that the time of more must stay below."""
TRIAL_SECONDS = 0.01
"""The duration of a trial of another number."""
PAUSE_SECONDS, PAUSE_TRIALS = 1.0, 20
"""The least time between two trials, in seconds and as a multiple of the time that the first took:
meanwhile other programs may have begun or ended."""
FIRST_PAUSE = 0.1
"""The share of it at first, which is doubled each time: the first choice may be bad luck."""


class TeamSize:
    """The number of threads that was fastest lately: the bits of the steps do not depend on it.

    Args:
        most: the most threads.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._teams = [*takewhile(lambda n: n <= most, TEAMS)]
        self._planned = self._teams * FIRST_TRIALS if len(self._teams) > 1 else []
        """The trials that come next."""
        self._seconds: dict[int, float] = {}
        """The latest duration of a step by the number of threads."""
        self._first, self._tried, self._until_trial = True, 0, 0.0
        self._patience = FIRST_PAUSE

    def limited_to(self, most: int) -> "TeamSize":
        """Return this choice, or a new one where another number of threads is allowed now."""
        return self if most == self.most else TeamSize(most)

    @property
    def threads(self) -> int:
        """How many threads take the next steps."""
        if self._first:
            return 1
        return self._planned[0] if self._planned else self._fastest

    @property
    def _fastest(self) -> int:
        best = 1
        for n in self._teams[1:]:
            if self._seconds[n] < GAIN * self._seconds[best]:
                best = n
        return best

    def steps(self, most: int) -> int:
        """Return how many steps the next call takes, of the most that it may take."""
        if not self._planned or not self._seconds:
            return most
        return max(1, min(most, int(TRIAL_SECONDS / min(self._seconds.values()))))

    def measured(self, steps: int, seconds: float) -> None:
        """Record the duration of a call; the first one does not count, as it may compile."""
        if self._first or len(self._teams) == 1:
            self._first = False
            return
        n, each = self.threads, seconds / max(steps, 1)
        at_first = self._planned and not self._tried
        self._seconds[n] = min(each, self._seconds.get(n, each)) if at_first else each
        if not self._planned:
            self._until_trial -= seconds
            if self._until_trial <= 0:
                others = [n for n in self._teams if n != self._fastest]
                self._planned = [others[self._tried % len(others)]]
                self._tried += 1
            return
        del self._planned[0]
        if not self._planned:
            self._until_trial = self._patience * max(PAUSE_SECONDS, PAUSE_TRIALS * seconds)
            self._patience = min(2 * self._patience, 1.0)
