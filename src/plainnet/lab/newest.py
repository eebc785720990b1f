"""Hand over the newest of many values from a working thread to those who wait for one."""

import asyncio
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """The newest value, with its number. Values that nobody waited for are forgotten.

    The giver is never held up: whoever is slow misses values.

    Args:
        value: the first value, number 1.
    """

    def __init__(self, value: T) -> None:
        self._lock = threading.Lock()
        self._value, self._number = value, 1
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._closed = False

    @property
    def wanted(self) -> bool:
        """Whether somebody waits, so that it is worth making a value."""
        return bool(self._waiting)

    def get(self) -> tuple[int, T]:
        """Return the newest value and its number."""
        with self._lock:
            return self._number, self._value

    def put(self, value: T) -> None:
        """Give the next value; from any thread."""
        with self._lock:
            self._value, self._number = value, self._number + 1
        self._wake()

    def close(self) -> None:
        """Let nobody wait any more."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for event, loop in waiting.items():
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop has been closed: nobody waits any more
                continue

    async def after(self, number: int, seconds: float) -> tuple[int, T] | None:
        """Wait for a value with another number; None if there is none within so many seconds."""
        event = asyncio.Event()
        with self._lock:
            if self._number != number:
                return self._number, self._value
            if self._closed:
                return None
            self._waiting[event] = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return None
        finally:
            with self._lock:
                self._waiting.pop(event, None)
        return None if self._closed else self.get()
