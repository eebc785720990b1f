"""The libraries that compute matrix products, and how many threads each of them uses."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple


class Library:
    """The number of threads of a library that computes products.

    Args:
        controller: that of threadpoolctl.
    """

    def __init__(self, controller: Any) -> None:
        self.get: Callable[[], int] = controller.get_num_threads
        """Returns the number."""
        # threadpoolctl counts only the first thread that sets a limit; here all are counted
        self.set: Callable[[int], object] = getattr(
            controller, "_real_set_num_threads", controller.set_num_threads
        )
        symbol = getattr(controller, "_get_symbol", None)
        if controller.internal_api == "openblas" and not _of_thread(controller) and symbol:
            self.get = symbol("openblas_get_num_threads") or self.get  # the same, looked up once
            self.set = symbol("openblas_set_num_threads") or self.set


class Libraries(NamedTuple):
    """The libraries of a process."""

    of_process: list[Library]
    of_thread: list[Library]
    """Those with a number of each thread."""


@cache
def libraries_of_products(with_scipy: bool) -> Libraries:  # noqa: ARG001 - SciPy brings its own
    """Return the libraries of this process that compute matrix products."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    found = ThreadpoolController().select(user_api="blas").lib_controllers
    each = [(Library(one), _of_thread(one)) for one in found]
    return Libraries([one for one, own in each if not own], [one for one, own in each if own])


def _of_thread(controller: Any) -> bool:
    return bool(controller.internal_api == "openblas" and controller.threading_layer == "openmp")
