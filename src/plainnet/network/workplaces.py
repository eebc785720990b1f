"""Which thread works in a network's own layers: the first; each other one works in replicas."""

import threading
from typing import Any
from weakref import ref

from plainnet.network.arrays import Array


class Workplaces:
    """Which thread works in a network's own layers, and the replicas of each other one."""

    def __init__(self) -> None:
        self._owner: ref[threading.Thread] | None = None
        self._lock = threading.Lock()
        # not by the threads' identifiers: that of a thread that has ended is soon another's
        self._local = threading.local()

    def here(self) -> Any:
        """The `Replicas` that the present thread works in; None: it has none."""
        return getattr(self._local, "replicas", None)

    def take(self, theta: Array, grad: Array) -> Any:
        """Those that it works in from now on; None: it works in the layers themselves."""
        try:
            return self._local.replicas
        except AttributeError:  # it has not asked before
            from plainnet.network.replicas import Replicas

            self._local.replicas = None if self._owns() else Replicas(theta, grad)
            return self._local.replicas

    def _owns(self) -> bool:
        """Whether nobody works in the layers, so that the present thread may from now on."""
        with self._lock:
            thread = self._owner() if self._owner else None
            if free := thread is None or not thread.is_alive():
                self._owner = ref(threading.current_thread())
            return free
