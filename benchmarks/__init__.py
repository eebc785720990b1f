"""How fast plainnet is, beside what a user would install instead: `make bench`.

Every measurement is a process of its own (`measure.py`), the contenders take turns, round by round
(`run.py`), and all of them train the same network from the same weights on the same batches
(`problem.py`); a wrong result is flagged (`reference.py`). What came out stands in RESULTS.md.
"""

import time

STARTED = time.perf_counter()
"""When this process began, before anything large was imported."""
