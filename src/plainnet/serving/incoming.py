"""A request as it has come, and the answer to one: what `Request` and `Response` do, but less.

An answer to one sample takes as long as these.
"""

from collections.abc import Mapping
from functools import cached_property
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Receive, Scope


class Incoming:
    """A request.

    Args:
        scope: as ASGI has it.
        receive: receives the parts of its body.
    """

    __slots__ = ("__dict__", "headers", "path", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.path: str = scope["path"]
        self.headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        """The headers by their names in lower case; of several of one name, the last."""

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query of the address."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))


class Prepared(Response):
    """An answer with status 200 whose body is there.

    Args:
        body: its body.
        headers: its headers except the length.
    """

    def __init__(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.status_code, self.background, self.body = 200, None, body
        self.raw_headers = [
            *((k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()),
            (b"content-length", b"%d" % len(body)),
        ]
