"""The answers to the points view: frames, formulas, settings and orders."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plainnet.errors import SettingError
from plainnet.lab.experiment import Snapshot
from plainnet.lab.frames import curve, packed
from plainnet.lab.point_settings import PointSettings, described
from plainnet.lab.point_table import PointTable
from plainnet.lab.requests import answering, number, order_of, table_in, whole
from plainnet.lab.worker import SPEEDS, Moment, Worker
from plainnet.network import Array
from plainnet.web.errors import HttpError

WAIT_SECONDS = 20.0
"""How long a page waits for the next frame before it asks again."""
FRAME_SECONDS = 0.05
"""The shortest time from one frame to the next."""


class PointsApi:
    """The answers to the page's points view.

    Frames are asked for, not pushed: a page asks for the next one when it has drawn the last, so a
    slow page gets fewer, always the newest, and nothing queues up for it.

    Args:
        worker: trains the experiment.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._last = 0.0
        self._table: PointTable | None = None

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/points", answering(self.state)),
            Route("/api/points/frame", answering(self.frame)),
            Route("/api/points/layer", answering(self.layer)),
            Route("/api/points/table", answering(self.table), methods=["POST"]),
            Route("/api/points/columns", answering(self.columns), methods=["POST"]),
            Route("/api/points/settings", answering(self.settings), methods=["POST"]),
            Route("/api/points/orders", answering(self.order), methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:  # noqa: ARG002
        """Return the settings, and the description of all of them."""
        settings = self._worker.newest.get()[1].snapshot.settings
        return JSONResponse(
            {**described(), "speeds": SPEEDS, "settings": settings.to_dict()},
        )

    async def frame(self, request: Request) -> Response:
        """Return the newest frame, as soon as there is another than the page has."""
        known = {name: whole(request, name) for name in ("after", "run", "revision", "since")}
        await asyncio.sleep(max(0.0, self._last + FRAME_SECONDS - time.monotonic()))
        found = await self._worker.newest.after(known["after"], WAIT_SECONDS)
        self._last = time.monotonic()
        if found is None:
            return Response(status_code=204)
        return Response(_frame(*found, known), media_type="application/octet-stream")

    async def layer(self, request: Request) -> Response:
        """Return the formulas of a layer, and of one of its units, with their numbers."""
        stage, unit = whole(request, "layer"), whole(request, "unit", -1)
        at = number(request, "x"), number(request, "y")
        chosen = None if unit < 0 else unit
        found = await asyncio.to_thread(self._worker.look_into, stage, chosen, at)
        return JSONResponse(found)

    async def settings(self, request: Request) -> Response:
        """Change the settings that the body names."""
        return await self._change(await order_of(request))

    async def table(self, request: Request) -> Response:
        """Take a table, and return the columns to choose from; nothing is written to the disk."""
        name, body = await table_in(request)
        self._table = await asyncio.to_thread(PointTable, name, body)
        return JSONResponse(self._table.described())

    async def columns(self, request: Request) -> Response:
        """Show columns of the table as points."""
        given = await order_of(request)
        if self._table is None:
            raise SettingError("There is no table yet; choose a CSV file.")
        names = (given.get(one) for one in ("x", "y", "target"))
        return await self._change(await asyncio.to_thread(self._table.settings, *names))

    async def _change(self, given: Mapping[str, Any]) -> Response:
        begun = await asyncio.to_thread(
            self._worker.change,
            lambda old: PointSettings.of({**old.to_dict(), **given}),
        )
        settings = self._worker.newest.get()[1].snapshot.settings
        return JSONResponse({"restarted": begun, "settings": settings.to_dict()})

    async def order(self, request: Request) -> Response:
        """Run, pause, step, epoch, restart, or set the speed."""
        given = await order_of(request)
        orders: dict[str, Callable[[], None]] = {
            "run": self._worker.run,
            "pause": self._worker.pause,
            "step": self._worker.step,
            "epoch": self._worker.epoch,
            "restart": self._worker.restart,
            "speed": lambda: self._worker.set_speed(_speed(given)),
        }
        order = orders.get(str(given.get("order")))
        if order is None:
            raise HttpError(400, f"An order is one of {', '.join(orders)}.")
        await asyncio.to_thread(order)
        return JSONResponse(asdict(self._worker.newest.get()[1].status))


def _frame(number: int, moment: Moment, known: Mapping[str, int]) -> bytes:
    """Return the bytes of a frame, without what the page knows."""
    snapshot = moment.snapshot
    numbers, arrays = moment.frame
    same_run = known["run"] == snapshot.run
    header = {
        **numbers,
        "number": number,
        "run": snapshot.run,
        "revision": snapshot.revision,
        "position": snapshot.position,
        "learning_rate": snapshot.learning_rate,
        "status": asdict(moment.status),
    }
    more = {"curve": curve(snapshot, known["since"] if same_run else 0)}
    if not same_run or known["revision"] != snapshot.revision:
        header["settings"] = snapshot.settings.to_dict()
        more |= _points(snapshot)
    return packed(header, {**arrays, **more})


def _points(snapshot: Snapshot) -> dict[str, Array]:
    points = snapshot.points
    return {
        "points.X": points.X.astype(np.float32),
        "points.y": points.y.astype(np.float32),
        "points.held_out": points.held_out.astype(np.uint8),
    }


def _speed(given: Mapping[str, Any]) -> float:
    if given.get("speed") not in SPEEDS:
        raise SettingError(f"The speed must be one of {', '.join(map(str, SPEEDS))}.")
    return float(given["speed"])
