"""The number of threads of the matrix products.

The libraries behind NumPy distribute products over threads that are far too small for it: moving
the data takes longer than the threads save. Beside other programs the threads also wait for each
other, and a step takes many times as long. So small products get one thread, and large ones all
processors, or as many threads as `set_threads` or the variable PLAINNET_THREADS allows.

A library has one limit for the whole process. So the requests for one thread are counted: the first
sets the limit, the last restores the previous one. A large product that another thread computes
meanwhile gets one thread, too, and may differ in its last digits.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from threading import Lock, get_ident, local

from plainnet.checks import check_whole
from plainnet.errors import SettingError
from plainnet.network import Network
from plainnet.network.products import SMALL_PRODUCT
from plainnet.training.product_libraries import Libraries, Library, libraries_of_products

VARIABLE = "PLAINNET_THREADS"
"""The environment variable that limits the threads."""
SCIPY = "scipy.linalg", "scipy.linalg.cython_blas"
"""The modules with which SciPy's own library comes into a process."""
MOST_THREADS = 1024
"""The largest limit; some libraries count in 32 bits."""


def set_threads(n: int) -> None:
    """Use at most n threads: for large matrix products, and to read pictures.

    The limit holds for the whole process, NumPy's own products included. Small products get one
    thread in any case. The default is the environment variable PLAINNET_THREADS, or else all
    processors. A backbone keeps the limit that was set when it was opened.

    >>> set_threads(2)  # doctest: +SKIP

    Raises:
        SettingError: n is not a whole number ≥ 1.
    """
    _limit.allow(min(check_whole("number of threads", n, 1), MOST_THREADS))


def allowed_threads() -> int | None:
    """Return the limit of `set_threads` or PLAINNET_THREADS; None: all processors.

    Raises:
        SettingError: the variable is not a whole number ≥ 1.
    """
    if _limit.allowed is None and (n := _threads_by_variable()):
        set_threads(n)
    return _limit.allowed


@cache
def _threads_by_variable() -> int:
    """Return the value of PLAINNET_THREADS when it is first asked for; 0 without one."""
    text = os.environ.get(VARIABLE)
    if not text:
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise SettingError(
            f"The environment variable {VARIABLE} must be a whole number ≥ 1, such as 2, but "
            f"it is {text!r}."
        )
    return int(text)


def processors() -> int:
    """Return the number of processors of this process, limited by `set_threads`."""
    n = 1 if getattr(_own, "alone", False) else len(own_processors())
    return min(n, allowed_threads() or n)


@contextmanager
def one_processor() -> Iterator[None]:
    """Compute within the block on one processor: others are for processes side by side."""
    before, _own.alone = getattr(_own, "alone", False), True
    try:
        with one_thread():
            yield
    finally:
        _own.alone = before


def own_processors() -> list[int]:
    """Return the numbers of the processors of this process, where they are known, else of all."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return [*range(os.cpu_count() or 1)]


def suited_threads(network: Network, n: int) -> AbstractContextManager[None]:
    """Return a block with one thread if the products of n rows with this network are small."""
    if (small := one_thread_for([network], n)) is not None:
        return small
    if allowed_threads():
        _limit.obey()
    return nullcontext()


def is_limited() -> bool:
    """Return whether all libraries of this process use one thread at present."""
    return _limit.is_one()


def one_thread_for(networks: Iterable[Network], n: int) -> AbstractContextManager[None] | None:
    """Return a block with one thread if the products of n rows are small in all networks."""
    sizes = [layer.multiply_adds for network in networks for layer in network.layers]
    if n * max(sizes) > SMALL_PRODUCT:
        return None
    allowed_threads()
    return nullcontext() if _limit.stays_one() else one_thread()


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread for matrix products within the block."""
    allowed_threads()
    request = Request()
    try:  # before `enter`, and with a second attempt to leave: Ctrl-C may come at any point
        _limit.enter(request)
        yield
    finally:
        try:
            _limit.leave(request)
        except BaseException:
            _limit.leave(request)
            raise


_own = local()
"""Whether this thread is `alone` on its processor."""


Limits = list[tuple[Library, int]]
"""Libraries, and the number of threads of each."""


class Request:
    """A thread's request that matrix products use one thread."""

    def __init__(self) -> None:
        self.thread = get_ident()
        """The identifier of the thread."""
        self.own: Limits = []
        """The limits that this thread must restore itself."""


class _Limit:
    """The limit of the libraries in this process.

    OpenBLAS on OpenMP has a limit for each thread: it is not counted. Limits are recorded before
    they are changed, so that `leave` restores them also where `enter` was interrupted.
    """

    def __init__(self) -> None:
        self.allowed: int | None = None
        self._lock = Lock()
        self._inside: set[Request] = set()
        self._before: Limits = []
        self._limited: Libraries | None = None
        """The libraries that have been given the limit."""

    def enter(self, request: Request) -> None:
        """Add a request for one thread."""
        with self._lock:
            libraries = self._libraries()
            if not self._inside:
                self._before = _more_than_1(libraries.of_process)
            self._inside.add(request)
            request.own = _more_than_1(libraries.of_thread)
            for library, _ in self._before + request.own:
                library.set(1)

    def leave(self, request: Request) -> None:
        """Remove a request; do nothing if it was removed before."""
        with self._lock:
            self._inside.discard(request)
            if not self._inside:
                _restore(self._before)
                self._before = []
        _restore(request.own)

    def stays_one(self) -> bool:
        """Return whether each library has one thread without another request of this thread."""
        with self._lock:
            if self._inside:
                own = get_ident()
                return any([request.thread == own for request in self._inside])
            return not any(map(_more_than_1, self._libraries()))

    def allow(self, n: int) -> None:
        """Limit the threads to n from now on."""
        with self._lock:
            self.allowed, self._limited = n, None
            libraries = self._libraries()
            if self._inside:
                self._before = _more_than_1(libraries.of_process)
                for library, _ in self._before:
                    library.set(1)

    def obey(self) -> None:
        """Apply the limit to this thread, and to libraries loaded since."""
        with self._lock:
            for library in self._libraries().of_thread:
                if self.allowed:
                    library.set(self.allowed)

    def is_one(self) -> bool:
        """Return whether each library has one thread."""
        with self._lock:
            return not any(map(_more_than_1, self._libraries()))

    def before_fork(self) -> None:
        """Block other changes until the process has forked."""
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Allow changes again; a child process has only the current thread."""
        if in_child:
            self._inside = {one for one in self._inside if one.thread == get_ident()}
            if not self._inside:
                _restore(self._before)
        self._lock.release()

    def _libraries(self) -> Libraries:
        libraries = libraries_of_products(not sys.modules.keys().isdisjoint(SCIPY))
        if self.allowed is not None and libraries is not self._limited:
            for library in libraries.of_process + libraries.of_thread:
                library.set(self.allowed)
            self._limited = libraries
        return libraries


_limit = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_limit.before_fork,
        after_in_parent=partial(_limit.after_fork, in_child=False),
        after_in_child=partial(_limit.after_fork, in_child=True),
    )


def _more_than_1(libraries: list[Library]) -> Limits:
    """Return the libraries that use more than one thread, with their numbers of threads."""
    return [(library, n) for library in libraries if (n := library.get()) != 1]


def _restore(before: Limits) -> None:
    for library, n in before:
        if library.get() == 1:  # else other code has changed it meanwhile
            library.set(n)
