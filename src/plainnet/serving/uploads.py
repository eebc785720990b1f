"""The files in the body of a request to `POST /predict`."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from plainnet.errors import DataError
from plainnet.serving.forms import File

MOST_FILES = 1000
"""Most files of one request."""


def files_in(headers: Headers, body: bytes) -> Sequence[File] | None:
    """Return the files in a body; None if it is JSON. For a thread without an event loop.

    Raises:
        DataError: it is empty, or a form without files.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        raise DataError('The request is empty; send a file, such as curl -F "file=@photo.jpg" …')
    if kind == "multipart/form-data":
        return asyncio.run(_uploaded(headers, body))
    if "json" in kind:
        return None
    unknown = kind in ("", "application/x-www-form-urlencoded", "application/octet-stream")
    if unknown and body.lstrip()[:1] in (b"{", b"["):
        return None
    return [("table.parquet" if body[:4] == b"PAR1" else "file", body)]


async def _uploaded(headers: Headers, body: bytes) -> Sequence[File]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        headers, stream(), max_files=MOST_FILES, max_fields=10, max_part_size=len(body)
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        what = getattr(error, "message", "it has no boundary")
        raise DataError(f"The form cannot be read ({what}).") from None
    try:
        files = [
            (file.filename or "file", await file.read())
            for _, file in form.multi_items()
            if not isinstance(file, str)
        ]
    finally:
        await form.close()
    if not files:
        raise DataError('The form holds no file; send one as curl -F "file=@photo.jpg" …')
    return files
