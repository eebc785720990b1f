"""The answers to the tables view."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plainnet.lab.requests import answering, order_of, table_in
from plainnet.lab.runs import Runs
from plainnet.lab.tables import Tables
from plainnet.lab.training_api import TrainingApi
from plainnet.web.errors import HttpError


class TablesApi(TrainingApi):
    """The answers to the tables view.

    Args:
        tables: the table and its training.
        runs: the runs of the folder, by their numbers.
    """

    def __init__(self, tables: Tables, runs: Runs) -> None:
        super().__init__(tables, runs)
        self._tables = tables

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/tables", answering(self.state)),
            Route("/api/tables/data", answering(self.put), methods=["POST"]),
            Route("/api/tables/kinds", answering(self.take_as), methods=["POST"]),
            Route("/api/tables/train", answering(self.train), methods=["POST"]),
            Route("/api/tables/stop", answering(self.stop), methods=["POST"]),
            Route("/api/tables/form", answering(self.form)),
            Route("/api/tables/predict", answering(self.predict), methods=["POST"]),
        ]

    async def put(self, request: Request) -> Response:
        """Take a table."""
        name, body = await table_in(request)
        await asyncio.to_thread(self._tables.put, name, body)
        return await self.state(request)

    async def train(self, request: Request) -> Response:
        """Begin a training."""
        given = await order_of(request)
        await asyncio.to_thread(self._tables.train, given)
        return await self.state(request)

    async def take_as(self, request: Request) -> Response:
        """Take a column as another kind."""
        given = await order_of(request)
        await asyncio.to_thread(self._tables.take_as, given.get("column"), given.get("kind"))
        return await self.state(request)

    async def form(self, request: Request) -> Response:
        """Describe the inputs for one row of a run's table."""
        path = self._runs.path(request.query_params.get("number", ""))
        return JSONResponse(await asyncio.to_thread(self._tables.form, path))

    async def predict(self, request: Request) -> Response:
        """Answer one row."""
        given = await order_of(request)
        row = given.get("row")
        if not isinstance(row, dict):
            raise HttpError(400, "A row is an object with a text for each column.")
        path = self._runs.path(str(given.get("number")))
        return JSONResponse(await asyncio.to_thread(self._tables.predict, path, row))
