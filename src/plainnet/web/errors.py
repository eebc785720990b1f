"""Errors as answers over HTTP: a status, and a sentence in JSON."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from plainnet.errors import DataError, MissingExtraError, PlainnetError, SettingError, ShapeError

log = logging.getLogger(__name__)


class HttpError(Exception):
    """A request that is refused.

    Args:
        status: the status of the answer.
        sentence: the thing, what was expected, what came, the way out.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status, self.headers = status, {**(headers or {})}


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer in JSON."""
    return Response(as_json(content), status, headers, "application/json")


def as_json(content: Any) -> bytes:
    """Return JSON values as a text; half characters, as in names of files, as escapes."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        return json.dumps(content).encode()


def refused(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer `{"error": sentence}`."""
    return json_response({"error": sentence}, status, headers)


def answer_to(error: Exception) -> Response:
    """Return the answer to a request that ended in an error; log an unexpected one.

    What the sender can mend has status 400. The traceback of an unexpected error stays in the log.
    """
    if isinstance(error, HttpError):
        return refused(error.status, str(error), error.headers)
    if isinstance(error, DataError | SettingError | ShapeError):
        return refused(400, str(error))
    if isinstance(error, MissingExtraError):
        return refused(501, str(error))
    if isinstance(error, PlainnetError):
        return refused(500, str(error))
    if isinstance(error, MemoryError):
        return refused(503, "The server has too little memory for this request; send less at once.")
    log.error("A request ended in an unexpected error.", exc_info=error)
    return refused(500, "The server met an unexpected error, which its log describes.")
