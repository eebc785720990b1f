"""How many threads the matrix products get.

The libraries behind NumPy share out products that are far too small for it. What one thread has
written the others have to fetch, which takes longer than it saves; and beside other programs they
wait for each other, and a step takes many times as long. So small products get one thread, and
large ones all there are, or as many as `set_threads` or the variable PLAINNET_THREADS allows.

A library has one limit for the whole process. So those who want one thread are counted: the first
sets the limit, the last puts back what was there. A large product that another thread computes
meanwhile gets one thread, too, and is the same but for its last digits.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock, get_ident
from typing import Any

from plainnet.checks import check_whole
from plainnet.errors import SettingError
from plainnet.network import Network

SMALL = 3e6
"""Multiply-adds of a step's largest product up to which one thread is the right number."""
VARIABLE = "PLAINNET_THREADS"
MOST = 1024
"""Threads; some libraries count in 32 bits."""


def set_threads(n: int) -> None:
    """Use at most n threads: for large matrix products, and to read pictures.

    It holds for the whole process, NumPy's own products included. Small products get one thread in
    any case. Without it the environment variable PLAINNET_THREADS says how many there are, else all
    processors are used. A backbone keeps the number that was set when it was opened.

    Raises:
        SettingError: n is not a whole number ≥ 1.
    """
    _limit.allow(min(check_whole("number of threads", n, 1), MOST))


def allowed_threads() -> int | None:
    """As many threads as `set_threads` or PLAINNET_THREADS allows; None: all processors.

    Raises:
        SettingError: the variable is not a whole number ≥ 1.
    """
    if _limit.allowed is None and (text := os.environ.get(VARIABLE)):
        if not text.isdecimal() or int(text) < 1:
            raise SettingError(
                f"The environment variable {VARIABLE} must be a whole number ≥ 1, such as 2, but "
                f"it is {text!r}."
            )
        set_threads(int(text))
    return _limit.allowed


@contextmanager
def suited_threads(network: Network, n: int) -> Iterator[None]:
    """One thread where the products of n rows with this network are small, else all there are."""
    if n * max(layer.multiply_adds for layer in network.layers) > SMALL:
        if allowed_threads():
            _limit.obey()
        yield
        return
    with one_thread():
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it matrix products get one thread."""
    allowed_threads()
    wish = Wish()
    try:  # from before the wish is made, and with a second try: Ctrl-C may come at any point
        _limit.enter(wish)
        yield
    finally:
        try:
            _limit.leave(wish)
        except BaseException:
            _limit.leave(wish)
            raise


Limits = list[tuple[Any, int]]
"""Libraries, and the number of threads of each."""


class Wish:
    """That of a thread for one thread."""

    def __init__(self) -> None:
        self.thread = get_ident()
        self.own: Limits = []
        """What this thread has to put back itself."""


class _Limit:
    """The limit of the libraries in this process.

    That of OpenBLAS on OpenMP is one of the thread that sets it: it is not counted. Whatever is
    changed is written down before, so that `leave` puts it back also where `enter` was interrupted.
    """

    def __init__(self) -> None:
        self.allowed: int | None = None
        self._lock = Lock()
        self._inside: set[Wish] = set()
        self._before: Limits = []
        self._obeying: list[Any] = []
        """The libraries that know what is allowed."""

    def enter(self, wish: Wish) -> None:
        """One more wants one thread."""
        with self._lock:
            libraries = self._libraries()
            if not self._inside:
                self._before = _more_than_1([one for one in libraries if not _of_thread(one)])
            self._inside.add(wish)
            wish.own = _more_than_1([one for one in libraries if _of_thread(one)])
            for library, _ in self._before + wish.own:
                _set(library, 1)

    def leave(self, wish: Wish) -> None:
        """One less; nothing where it has left already."""
        with self._lock:
            self._inside.discard(wish)
            if not self._inside:
                _restore(self._before)
                self._before = []
        _restore(wish.own)

    def allow(self, n: int) -> None:
        """From now on, n threads at most."""
        with self._lock:
            self.allowed, self._obeying = n, []
            libraries = self._libraries()
            if self._inside:
                self._before = _more_than_1([one for one in libraries if not _of_thread(one)])
                for library, _ in self._before:
                    _set(library, 1)

    def obey(self) -> None:
        """Let this thread, and libraries that have come since, know what is allowed."""
        with self._lock:
            for library in self._libraries():
                if self.allowed and _of_thread(library):
                    _set(library, self.allowed)

    def before_fork(self) -> None:
        """Let nobody else change anything until the process has forked."""
        self._lock.acquire()

    def after_fork(self, *, in_child: bool) -> None:
        """Go on; of the threads a child has the present one alone."""
        if in_child:
            self._inside = {wish for wish in self._inside if wish.thread == get_ident()}
            if not self._inside:
                _restore(self._before)
        self._lock.release()

    def _libraries(self) -> list[Any]:
        libraries = _libraries("scipy.linalg" in sys.modules)
        if self.allowed is not None and libraries is not self._obeying:
            for library in libraries:
                _set(library, self.allowed)
            self._obeying = libraries
        return libraries


_limit = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_limit.before_fork,
        after_in_parent=partial(_limit.after_fork, in_child=False),
        after_in_child=partial(_limit.after_fork, in_child=True),
    )


def _more_than_1(libraries: list[Any]) -> Limits:
    """Those of these that use more than one thread, with how many."""
    found = [(library, library.get_num_threads()) for library in libraries]
    return [(library, n) for library, n in found if n != 1]


def _restore(before: Limits) -> None:
    for library, n in before:
        if library.get_num_threads() == 1:  # else somebody else has set it meanwhile
            _set(library, n)


def _set(library: Any, n: int) -> None:
    # threadpoolctl heeds one thread alone, the first that sets a limit; here all are counted
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


def _of_thread(library: Any) -> bool:
    return bool(library.internal_api == "openblas" and library.threading_layer == "openmp")


@cache
def _libraries(with_scipy: bool) -> list[Any]:  # noqa: ARG001 - SciPy brings its own
    """The libraries in this process that compute matrix products."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return list(found)
