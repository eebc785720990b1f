"""The settings of a server."""

from dataclasses import dataclass, fields
from typing import Annotated, get_type_hints

from plainnet.checks import check_number
from plainnet.errors import SettingError


@dataclass(frozen=True)
class ServerSettings:
    """How a server listens, and what it grants a request."""

    host: str = "127.0.0.1"
    """The address to listen at."""
    port: Annotated[int, "[0, 65535]"] = 8000
    """The port to listen at; 0: a free one."""
    workers: Annotated[int, "[1, 1024]"] = 1
    """The number of processes that answer."""
    max_batch: Annotated[int, "[1, 65536]"] = 1
    """The number of samples that are computed together at most; 1: each request by itself."""
    batch_wait: Annotated[float, "[0, 10000]"] = 0.0
    """How long a request waits for others of its batch, in milliseconds; 0: those that have come
    meanwhile are its batch."""
    queue: Annotated[int, "[1, 1000000]"] = 256
    """The number of requests of a process that may wait; more are refused."""
    timeout: Annotated[float, "(0, 86400]"] = 30.0
    """The time in which a request is received and answered, in seconds."""
    max_body: Annotated[float, "(0, 100000]"] = 64.0
    """The largest body of a request, in MB."""
    grace: Annotated[float, "[0, 3600]"] = 5.0
    """How long requests are still taken after SIGTERM, in seconds."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the server answers; none: those of the own machine if only that one
    reaches the server, else all."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            SettingError: one is out of its range.
        """
        hints = get_type_hints(type(self), include_extras=True)
        for name in (field.name for field in fields(self)):
            if span := getattr(hints[name], "__metadata__", None):
                value = getattr(self, name)
                check_number(f"--{name.replace('_', '-')}", value, span[0])
                if hints[name].__origin__ is int and not isinstance(value, int):
                    raise SettingError(f"{name} must be a whole number, but is {value!r}.")

    @property
    def body_bytes(self) -> int:
        """The largest body of a request, in bytes."""
        return int(self.max_body * 1e6)
