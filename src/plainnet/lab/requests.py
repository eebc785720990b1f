"""What all answers of the lab share: errors as sentences, orders in JSON, numbers in addresses."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from plainnet.web.bodies import read_body, read_json
from plainnet.web.errors import HttpError, answer_to

MOST_BYTES = 2**18
"""The largest body of an order: 2,000 own points take some 40,000 bytes."""
BODY_SECONDS = 10.0
MOST_TABLE_BYTES = 2**26
UPLOAD_SECONDS = 60.0


def answering(answer: Callable[[Request], Awaitable[Response]]) -> Callable[..., Any]:
    """Answer a request, an error by its sentence."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except asyncio.CancelledError:  # the lab ends, and waits no longer
            return Response(status_code=503)
        except Exception as error:
            return answer_to(error)

    return endpoint


async def order_of(request: Request) -> dict[str, Any]:
    """Return the object in the body of a request."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HttpError(415, f"An order is application/json, but got {kind!r:.60}.")
    body = await read_body(request.headers, request.receive, MOST_BYTES, BODY_SECONDS)
    given = read_json(body)
    if not isinstance(given, dict):
        raise HttpError(400, "An order is a JSON object.")
    return given


async def table_in(request: Request) -> tuple[str, bytes]:
    """Return name and content of a table: a text/csv, which no form of another site can send."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/csv":
        raise HttpError(415, f"A table is sent as text/csv, but got {kind!r:.60}.")
    body = await read_body(request.headers, request.receive, MOST_TABLE_BYTES, UPLOAD_SECONDS)
    return request.query_params.get("name", "")[:200], body


def whole(request: Request, name: str, default: int = 0) -> int:
    """Return a whole number of the address's query."""
    text = request.query_params.get(name, str(default))
    if not text.lstrip("-").isdecimal() or len(text) > 15:
        raise HttpError(400, f"{name} must be a whole number, but got {text!r:.40}.")
    return int(text)


def number(request: Request, name: str) -> float:
    """Return a number of the address's query, 0 where it is not there."""
    text = request.query_params.get(name, "0")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= 1000:
        raise HttpError(400, f"{name} must be a number, but got {text!r:.40}.")
    return value
