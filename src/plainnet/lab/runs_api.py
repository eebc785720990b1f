"""The answers to the view of all runs: their curves, reports and files, and going on with one."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plainnet.lab.requests import answering, order_of
from plainnet.lab.run_files import code_of, model_file, onnx_of
from plainnet.lab.run_models import RunModels
from plainnet.lab.runs import Runs
from plainnet.lab.training_process import TrainingProcess

REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The policy of a report, a file that could hold anything: it runs no scripts and loads nothing."""


class RunsApi:
    """The answers to the view of all runs.

    Args:
        runs: the runs of a folder.
        training: goes on with stopped runs, one at a time.
    """

    def __init__(self, runs: Runs, training: TrainingProcess) -> None:
        self._runs, self._training, self._models = runs, training, RunModels()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/runs", answering(self.listed)),
            Route("/api/runs/curves", answering(self.curves)),
            Route("/api/runs/report", answering(self.report)),
            Route("/api/runs/model", answering(self.model)),
            Route("/api/runs/onnx", answering(self.onnx)),
            Route("/api/runs/code", answering(self.code)),
            Route("/api/runs/resume", answering(self.resume), methods=["POST"]),
            Route("/api/runs/stop", answering(self.stop), methods=["POST"]),
            Route("/api/runs/trash", answering(self.trash), methods=["POST"]),
            Route("/api/runs/restore", answering(self.restore), methods=["POST"]),
        ]

    async def listed(self, request: Request) -> Response:  # noqa: ARG002
        """Return all runs, without their curves, and how far the one is that goes on."""
        found = await asyncio.to_thread(self._runs.listed)
        training = await asyncio.to_thread(self._training.state)
        return JSONResponse({"folder": str(self._runs.folder), "runs": found, "training": training})

    async def curves(self, request: Request) -> Response:
        """Return the columns of a run's history."""
        return JSONResponse(await asyncio.to_thread(self._runs.curves, _number(request)))

    async def report(self, request: Request) -> Response:
        """Return a run's report, a page."""
        page = await asyncio.to_thread(self._runs.report, _number(request))
        headers = {"Content-Security-Policy": REPORT_POLICY}
        return Response(page, media_type="text/html", headers=headers)

    async def model(self, request: Request) -> Response:
        """Return a run's model file."""
        content = await asyncio.to_thread(model_file, self._runs.path(_number(request)))
        return Response(content, media_type="application/octet-stream")

    async def onnx(self, request: Request) -> Response:
        """Return a run's model as an ONNX file."""
        run = self._runs.path(_number(request))
        content = await asyncio.to_thread(onnx_of, run, self._models)
        return Response(content, media_type="application/octet-stream")

    async def code(self, request: Request) -> Response:
        """Return the command and the lines of Python that repeat a run's training."""
        run = self._runs.path(_number(request))
        return JSONResponse(await asyncio.to_thread(code_of, run, self._models))

    async def resume(self, request: Request) -> Response:
        """Go on with a run that was stopped."""
        run = self._runs.path(str((await order_of(request)).get("number")))
        await asyncio.to_thread(self._training.resume, run.absolute())
        return await self.listed(request)

    async def stop(self, request: Request) -> Response:
        """Stop the run that goes on, which writes its checkpoint."""
        await order_of(request)
        await asyncio.to_thread(self._training.stop)
        return await self.listed(request)

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
