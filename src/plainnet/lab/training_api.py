"""What the views of trainings on the user's own data share: their state, and stopping."""

import asyncio
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from plainnet.lab.requests import order_of
from plainnet.lab.runs import Runs
from plainnet.lab.training_process import TrainingProcess


class Trainable(Protocol):
    """The user's data, and one training on them at a time."""

    training: TrainingProcess

    def state(self) -> dict[str, Any]:
        """Return the data, and how far the training is."""
        ...


class TrainingApi:
    """The answers that all such views give.

    Args:
        data: the user's data with their training.
        runs: the runs of the folder, by their numbers.
    """

    def __init__(self, data: Trainable, runs: Runs) -> None:
        self._data, self._runs = data, runs

    async def state(self, request: Request) -> Response:  # noqa: ARG002
        """Return the data, how far the training is, and at its end the run with its scores."""
        return JSONResponse(await asyncio.to_thread(self._state))

    async def stop(self, request: Request) -> Response:
        """Stop the training, which writes its checkpoint."""
        await order_of(request)
        await asyncio.to_thread(self._data.training.stop)
        return await self.state(request)

    def _state(self) -> dict[str, Any]:
        state = self._data.state()
        name = "" if state["running"] else state["run"]
        found = (run for run in self._runs.listed() if run["name"] == name) if name else ()
        return {**state, "scores": next(iter(found), None)}
