"""The answers to the pictures view."""

import asyncio
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from plainnet.lab.pictures import ENDINGS, MOST_BYTES, Pictures
from plainnet.lab.requests import UPLOAD_SECONDS, answering, order_of
from plainnet.lab.runs import Runs
from plainnet.lab.training_api import TrainingApi
from plainnet.web.bodies import read_body
from plainnet.web.errors import HttpError


class PicturesApi(TrainingApi):
    """The answers to the pictures view.

    Args:
        pictures: the pictures and their training.
        runs: the runs of the folder, by their numbers.
    """

    def __init__(self, pictures: Pictures, runs: Runs) -> None:
        super().__init__(pictures, runs)
        self._pictures = pictures

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/pictures", answering(self.state)),
            Route("/api/pictures/file", answering(self.file)),
            Route("/api/pictures/check", answering(self.check)),
            Route("/api/pictures/hints", answering(self.hints)),
            Route("/api/pictures/add", answering(self.add), methods=["POST"]),
            Route("/api/pictures/predict", answering(self.predict), methods=["POST"]),
            Route("/api/pictures/orders", answering(self.order), methods=["POST"]),
        ]

    async def check(self, request: Request) -> Response:  # noqa: ARG002
        """Return what the check of the pictures finds."""
        return JSONResponse(await asyncio.to_thread(self._pictures.check))

    async def hints(self, request: Request) -> Response:
        """Return what may have gone wrong in a training."""
        number = request.query_params.get("number", "")
        run = self._runs.path(number) if number else None
        return JSONResponse(await asyncio.to_thread(self._pictures.hints, run))

    async def file(self, request: Request) -> Response:
        """Return a picture."""
        named = (request.query_params.get(one, "") for one in ("class", "file"))
        path = await asyncio.to_thread(self._pictures.path, *named)
        kind = next(kind for kind, ending in ENDINGS.items() if path.suffix == ending)
        headers = {"Cache-Control": "private, max-age=86400"}  # its name says what it holds
        return FileResponse(path, media_type=kind, headers=headers)

    async def add(self, request: Request) -> Response:
        """Add the picture in the body to a class."""
        kind, content = await _picture(request)
        name = request.query_params.get("class", "")
        file = await asyncio.to_thread(self._pictures.add, name, content, kind)
        return JSONResponse({"file": file})

    async def predict(self, request: Request) -> Response:
        """Answer the picture in the body."""
        _, content = await _picture(request)
        run = self._runs.path(request.query_params.get("number", ""))
        explain = request.query_params.get("explain") != "no"  # it can take seconds
        answer = partial(self._pictures.predict, run, content, explain=explain)
        return JSONResponse(await asyncio.to_thread(answer))

    async def order(self, request: Request) -> Response:
        """Add or remove a class, remove a picture, train, or stop."""
        given = await order_of(request)
        name, file = str(given.get("class", "")), str(given.get("file", ""))
        orders: dict[str, Any] = {
            "add-class": lambda: self._pictures.add_class(name),
            "remove-class": lambda: self._pictures.remove_class(name),
            "remove": lambda: self._pictures.remove(name, file),
            "train": lambda: self._pictures.train(given),
            "stop": self._pictures.training.stop,
        }
        order = orders.get(str(given.get("order")))
        if order is None:
            raise HttpError(400, f"An order is one of {', '.join(orders)}.")
        await asyncio.to_thread(order)
        return await self.state(request)


async def _picture(request: Request) -> tuple[str, bytes]:
    """Return the kind and the content of a picture; no form of another site can send these."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ENDINGS:
        raise HttpError(415, f"A picture is sent as {', '.join(ENDINGS)}, but got {kind!r:.60}.")
    return kind, await read_body(request.headers, request.receive, MOST_BYTES, UPLOAD_SECONDS)
