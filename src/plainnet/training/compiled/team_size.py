"""The number of threads that take the next steps together, chosen by measurement.

Another number is tried now and then, for several times as long as systems let a program wait for
another one: a shorter trial may find the processors free by chance. It ends early when it has lost
too much. More threads are used as long as their mean time stays well below that of fewer.
"""

from itertools import takewhile

TEAMS = 1, 2, 4, 8
"""The numbers of threads to choose from."""
GAIN = 0.9
"""The share of the time of fewer threads that the time of more must stay below."""
WINDOW_SECONDS, TRIAL_SECONDS = 0.1, 0.03
"""The time over which a step's duration is averaged, of the number in use and in a trial."""
FIRST_CALL = 0.001
"""The duration of a trial's first call; each further one takes as many steps as those before."""
MOST_LOST = 0.005
"""How far a trial may be behind the number in use, in seconds."""
PAUSE_SECONDS, PAUSE_TRIALS = 1.0, 20
"""The least time between two trials, in seconds and as a multiple of the time that the first took:
meanwhile other programs may have begun or ended."""
FIRST_PAUSE = 0.1
"""The share of it after each change, which is doubled each time: the choice may be bad luck."""


class TeamSize:
    """The number of threads that was fastest lately: the bits of the steps do not depend on it.

    Args:
        most: the most threads.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._teams = [*takewhile(lambda n: n <= most, TEAMS)]
        self._used, self._tried = 1, 0
        """The number in use, and the one that is tried (0: none is)."""
        self._each: dict[int, float] = {}
        """The mean duration of a step, in seconds, of the number in use and of fewer."""
        self._steps, self._seconds = 0, 0.0
        """What has been measured since the last mean."""
        self._first, self._trials, self._until_trial = True, 0, 0.0
        self._patience = FIRST_PAUSE

    def limited_to(self, most: int) -> "TeamSize":
        """Return this choice, or a new one where another number of threads is allowed now."""
        return self if most == self.most else TeamSize(most)

    @property
    def threads(self) -> int:
        """How many threads take the next steps."""
        return self._tried or self._used

    def steps(self, most: int) -> int:
        """Return how many steps the next call takes, of the most that it may take."""
        if not self._tried:
            return most
        return max(1, min(most, self._steps or int(FIRST_CALL / self._each[self._used])))

    def measured(self, steps: int, seconds: float) -> None:
        """Record the duration of a call; the first one does not count, as it may compile."""
        if self._first or len(self._teams) == 1:
            self._first = False
            return
        self._steps, self._seconds = self._steps + steps, self._seconds + seconds
        long = WINDOW_SECONDS if self._each and not self._tried else TRIAL_SECONDS
        if self._seconds < long and not (self._tried and self._lost > MOST_LOST):
            return
        self._each[self.threads] = self._seconds / max(self._steps, 1)
        self._choose(self._seconds)
        self._steps, self._seconds = 0, 0.0

    @property
    def _lost(self) -> float:
        """How many seconds longer the trial has taken than the number in use would have."""
        return self._seconds - self._steps * self._each[self._used]

    def _choose(self, seconds: float) -> None:
        """Choose the number in use by the means, and when the next trial begins."""
        before, self._used = self._used, 1
        for n in sorted(self._each)[1:]:
            if self._each[n] < GAIN * self._each[self._used]:
                self._used = n
        self._each = {n: each for n, each in self._each.items() if n <= self._used}
        if self._used != before:
            self._patience = FIRST_PAUSE
        if self._tried or self._used != before:
            pause = max(PAUSE_SECONDS, PAUSE_TRIALS * seconds)
            self._until_trial, self._tried = self._patience * pause, 0
            self._patience = min(2 * self._patience, 1.0)
            return
        self._until_trial -= seconds
        if self._until_trial <= 0:
            others = [n for n in self._teams if n != self._used]
            self._tried = others[self._trials % len(others)]
            self._trials += 1
