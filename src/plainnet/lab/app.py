"""The application behind the lab's page: files of the page, the experiment's frames, and orders."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plainnet.errors import SettingError
from plainnet.lab.experiment import Snapshot
from plainnet.lab.frames import curve, packed
from plainnet.lab.point_settings import PointSettings, described
from plainnet.lab.worker import SPEEDS, Moment, Worker
from plainnet.network import Array
from plainnet.web.bodies import read_body, read_json
from plainnet.web.errors import HttpError, answer_to

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
MOST_BYTES = 2**18
"""The largest body of an order: 2,000 own points take some 40,000 bytes."""
BODY_SECONDS = 10.0
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

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/points", _answering(self.state)),
            Route("/api/points/frame", _answering(self.frame)),
            Route("/api/points/layer", _answering(self.layer)),
            Route("/api/points/settings", _answering(self.settings), methods=["POST"]),
            Route("/api/points/orders", _answering(self.order), methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:  # noqa: ARG002
        """Return settings, status, and the description of all settings."""
        moment = self._worker.newest.get()[1]
        return JSONResponse(
            {
                **described(),
                "speeds": SPEEDS,
                "settings": moment.snapshot.settings.to_dict(),
                "status": asdict(moment.status),
                "started": moment.snapshot.position[2] > 0,
            }
        )

    async def frame(self, request: Request) -> Response:
        """Return the newest frame, as soon as there is another than the page has."""
        known = {name: _whole(request, name) for name in ("after", "run", "revision", "since")}
        await asyncio.sleep(max(0.0, self._last + FRAME_SECONDS - time.monotonic()))
        found = await self._worker.newest.after(known["after"], WAIT_SECONDS)
        self._last = time.monotonic()
        if found is None:
            return Response(status_code=204)
        return Response(_frame(*found, known), media_type="application/octet-stream")

    async def layer(self, request: Request) -> Response:
        """Return the formulas of a layer, and of one of its units, with their numbers."""
        stage, unit = _whole(request, "layer"), _whole(request, "unit", -1)
        at = _number(request, "x"), _number(request, "y")
        chosen = None if unit < 0 else unit
        found = await asyncio.to_thread(self._worker.look_into, stage, chosen, at)
        return JSONResponse(found)

    async def settings(self, request: Request) -> Response:
        """Change the settings that the body names; `restart` begins again in any case."""
        given = await _json(request)
        begun = await asyncio.to_thread(
            self._worker.change,
            lambda old: PointSettings.of({**old.to_dict(), **given}),
        )
        settings = self._worker.newest.get()[1].snapshot.settings
        return JSONResponse({"restarted": begun, "settings": settings.to_dict()})

    async def order(self, request: Request) -> Response:
        """Run, pause, step, epoch, restart, or set the speed."""
        given = await _json(request)
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


def lab_app(worker: Worker) -> Starlette:
    """Make the application, without its guard."""
    own = [Route("/", _answering(_page)), Route("/static/{name}", _answering(_static))]
    return Starlette(routes=[*own, *PointsApi(worker).routes()])


async def _page(request: Request) -> Response:  # noqa: ARG001
    return _file("index.html")


async def _static(request: Request) -> Response:
    return _file(request.path_params["name"])


def _file(name: str) -> Response:
    known = _static_files()
    if name not in known:
        raise HttpError(404, "There is no such file in the lab.")
    kind = TYPES["." + name.rpartition(".")[2]]
    return Response(known[name], media_type=kind)


@cache
def _static_files() -> dict[str, bytes]:
    """Read the files of the page by their names; a request can name no others."""
    folder = files("plainnet.lab") / "static"
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if "." + entry.name.rpartition(".")[2] in TYPES
    }


def _answering(answer: Callable[[Request], Awaitable[Response]]) -> Callable[..., Any]:
    """Answer a request, an error by its sentence."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            return answer_to(error)

    return endpoint


async def _json(request: Request) -> dict[str, Any]:
    """Return the object in the body of a request."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HttpError(415, f"An order is application/json, but got {kind!r:.60}.")
    body = await read_body(request.headers, request.receive, MOST_BYTES, BODY_SECONDS)
    given = read_json(body)
    if not isinstance(given, dict):
        raise HttpError(400, "An order is a JSON object.")
    return given


def _whole(request: Request, name: str, default: int = 0) -> int:
    text = request.query_params.get(name, str(default))
    if not text.lstrip("-").isdecimal() or len(text) > 15:
        raise HttpError(400, f"{name} must be a whole number, but got {text!r:.40}.")
    return int(text)


def _number(request: Request, name: str) -> float:
    text = request.query_params.get(name, "0")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= 1000:
        raise HttpError(400, f"{name} must be a number, but got {text!r:.40}.")
    return number


def _speed(given: Mapping[str, Any]) -> float:
    if given.get("speed") not in SPEEDS:
        raise SettingError(f"The speed must be one of {', '.join(map(str, SPEEDS))}.")
    return float(given["speed"])
