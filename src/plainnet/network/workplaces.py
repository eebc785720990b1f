"""Assign threads to layers: the first works in the network's own, each other one in replicas."""

import threading
from typing import Any
from weakref import ref

from plainnet.network.arrays import Array


class Workplaces:
    """The thread that works in a network's own layers, and the replicas of every other thread."""

    def __init__(self) -> None:
        self._owner: ref[threading.Thread] | None = None
        self._lock = threading.Lock()
        # not by the threads' identifiers: those of ended threads are soon reused
        self._local = threading.local()

    def here(self) -> Any:
        """Return the `Replicas` that the current thread works in, or None."""
        return getattr(self._local, "replicas", None)

    def take(self, theta: Array, grad: Array) -> Any:
        """Return the `Replicas` for the current thread; None: it works in the layers themselves."""
        try:
            return self._local.replicas
        except AttributeError:  # the first time in this thread
            from plainnet.network.replicas import Replicas

            self._local.replicas = None if self._owns() else Replicas(theta, grad)
            return self._local.replicas

    def _owns(self) -> bool:
        """Return whether the layers are free; if so the current thread owns them from now on."""
        with self._lock:
            thread = self._owner() if self._owner else None
            if free := thread is None or not thread.is_alive():
                self._owner = ref(threading.current_thread())
            return free
