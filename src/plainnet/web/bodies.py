"""The body of a request, within limits of size and time."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from plainnet.web.errors import HttpError

CLOSE = {"Connection": "close"}
"""The header after which the rest of a body need not be read."""
_WINDOWS: Mapping[str, int] = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


async def read_body(
    headers: Mapping[str, str], receive: Receive, most: int, seconds: float
) -> bytes:
    """Return the body of a request, decompressed.

    Args:
        headers: the headers of the request.
        receive: the function that receives its parts.
        most: the largest size in bytes, also after decompression.
        seconds: the time by which it must have arrived.

    Raises:
        HttpError: the body is too large, comes too slowly, or is not compressed as it says.
        ClientDisconnect: the client has gone.
    """
    length = whole_number(headers.get("content-length", "0"))
    if length is not None and length > most:
        raise too_large(most)
    try:
        if _is_there(receive):
            body = await _received(receive, most)
        else:
            async with asyncio.timeout(seconds):
                body = await _received(receive, most)
    except TimeoutError:
        raise HttpError(
            408, f"The body of the request did not arrive within {seconds:g} seconds.", CLOSE
        ) from None
    return decompressed(body, headers.get("content-encoding", ""), most)


def _is_there(receive: Receive) -> bool:
    """Whether all of the body has come, as uvicorn knows; then it need not be waited for."""
    return getattr(getattr(receive, "__self__", None), "more_body", True) is False


async def _received(receive: Receive, most: int) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise too_large(most)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def decompressed(body: bytes, encoding: str, most: int) -> bytes:
    """Return a body whose `Content-Encoding` is gzip, deflate or none.

    Raises:
        HttpError: it is compressed in another way, is damaged, or has more than `most` bytes.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in _WINDOWS:
        raise HttpError(
            415,
            f"The body is encoded as {encoding!r:.40}; send it as gzip, as deflate, or as it is.",
        )
    unpacker = zlib.decompressobj(_WINDOWS[encoding])
    try:
        plain = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise HttpError(400, f"The body is not valid {encoding} ({error}).") from None
    if len(plain) > most:
        raise too_large(most)
    if not unpacker.eof or unpacker.unused_data:
        raise HttpError(400, f"The body is not one whole {encoding} stream; send all of it.")
    return plain


def whole_number(text: str) -> int | None:
    """Return the number in a header; None if it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def too_large(most: int) -> HttpError:
    """Make the error for a body of more than `most` bytes."""
    return HttpError(413, f"The body has more than {most:,} bytes; send less at once.", CLOSE)


def compressed(body: bytes, encoding: str) -> bytes:
    """Return a body compressed as gzip or deflate."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _WINDOWS[encoding])
    return packer.compress(body) + packer.flush()


def read_json(text: bytes) -> Any:
    """Return what a JSON text means; without NaN and infinity, which JSON does not have.

    Raises:
        HttpError: it is not JSON in UTF-8, is nested too deeply, or has a number out of range.
    """
    try:
        return msgspec.json.decode(text)  # of 1,000 numbers ten times as fast as Python's own
    except RecursionError:
        raise HttpError(400, "The JSON is nested too deeply.") from None
    except ValueError as error:
        raise HttpError(400, f"The body is not JSON ({error}).") from None
