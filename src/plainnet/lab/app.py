"""The application behind the lab's page: the files of the page, and the views' answers."""

from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plainnet.lab.lessons_api import LessonsApi
from plainnet.lab.pictures import Pictures
from plainnet.lab.pictures_api import PicturesApi
from plainnet.lab.points_api import PointsApi
from plainnet.lab.requests import answering
from plainnet.lab.runs import Runs
from plainnet.lab.runs_api import RunsApi
from plainnet.lab.tables import Tables
from plainnet.lab.tables_api import TablesApi
from plainnet.lab.training_process import TrainingProcess
from plainnet.lab.worker import Worker
from plainnet.web.errors import HttpError

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


def lab_app(
    worker: Worker, runs: Runs, resumed: TrainingProcess, tables: Tables, pictures: Pictures
) -> Starlette:
    """Make the application, without its guard."""
    own = [Route("/", answering(_page)), Route("/static/{name}", answering(_static))]
    data = TablesApi(tables, runs), PicturesApi(pictures, runs)
    views = PointsApi(worker), *data, RunsApi(runs, resumed), LessonsApi()
    return Starlette(routes=[*own, *(route for view in views for route in view.routes())])


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
