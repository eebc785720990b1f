"""The answers to the tables view."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plainnet.lab.requests import answering, order_of, table_in
from plainnet.lab.runs import Runs
from plainnet.lab.tables import Tables
from plainnet.web.errors import HttpError


class TablesApi:
    """The answers to the tables view.

    Args:
        tables: the table and its training.
        runs: the runs of the folder, by their numbers.
    """

    def __init__(self, tables: Tables, runs: Runs) -> None:
        self._tables, self._runs = tables, runs

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/tables", answering(self.state)),
            Route("/api/tables/data", answering(self.put), methods=["POST"]),
            Route("/api/tables/train", answering(self.train), methods=["POST"]),
            Route("/api/tables/stop", answering(self.stop), methods=["POST"]),
            Route("/api/tables/form", answering(self.form)),
            Route("/api/tables/predict", answering(self.predict), methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:  # noqa: ARG002
        """Return the table's columns, and how far the training is."""
        state = await asyncio.to_thread(self._tables.state)
        done = state["run"] and not state["running"]
        state["scores"] = await asyncio.to_thread(self._run_of, state["run"]) if done else None
        return JSONResponse(state)

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

    async def stop(self, request: Request) -> Response:
        """Stop the training, which writes its checkpoint."""
        await order_of(request)
        await asyncio.to_thread(self._tables.training.stop)
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

    def _run_of(self, name: str) -> dict[str, Any] | None:
        return next((run for run in self._runs.listed() if run["name"] == name), None)
