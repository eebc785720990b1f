"""The answers to the view of all runs."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plainnet.lab.requests import answering, order_of
from plainnet.lab.runs import Runs

REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The policy of a report, a file that could hold anything: it runs no scripts and loads nothing."""


class RunsApi:
    """The answers to the view of all runs.

    Args:
        runs: the runs of a folder.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/runs", answering(self.listed)),
            Route("/api/runs/curves", answering(self.curves)),
            Route("/api/runs/report", answering(self.report)),
            Route("/api/runs/trash", answering(self.trash), methods=["POST"]),
            Route("/api/runs/restore", answering(self.restore), methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:  # noqa: ARG002
        """Return all runs, without their curves."""
        found = await asyncio.to_thread(self._runs.listed)
        return JSONResponse({"folder": str(self._runs.folder), "runs": found})

    async def curves(self, request: Request) -> Response:
        """Return the columns of a run's history."""
        return JSONResponse(await asyncio.to_thread(self._runs.curves, _number(request)))

    async def report(self, request: Request) -> Response:
        """Return a run's report, a page."""
        page = await asyncio.to_thread(self._runs.report, _number(request))
        headers = {"Content-Security-Policy": REPORT_POLICY}
        return Response(page, media_type="text/html", headers=headers)

    async def trash(self, request: Request) -> Response:
        """Move a run into the trash folder."""
        number = str((await order_of(request)).get("number"))
        return JSONResponse({"number": await asyncio.to_thread(self._runs.trash, number)})

    async def restore(self, request: Request) -> Response:
        """Bring a run back from the trash folder."""
        number = str((await order_of(request)).get("number"))
        await asyncio.to_thread(self._runs.restore, number)
        return JSONResponse({"number": number})


def _number(request: Request) -> str:
    return request.query_params.get("number", "")
