"""The lessons in the lab, where their states open by a link."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from plainnet.lab.requests import answering
from plainnet.lessons import LANGUAGES, lesson
from plainnet.lessons.pages import lesson_page, overview_page
from plainnet.web.errors import HttpError

LESSON_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""The policy of a lesson: it runs no scripts and loads nothing, but has its style in it."""


def lesson_address(number: int, language: str) -> str:
    """Return the path of a lesson in the lab; of the overview, if the number is 0."""
    return f"/lessons/{number}.{language}"


class LessonsApi:
    """The pages of the lessons."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/lessons", answering(self.own_language)),
            Route("/lessons/{name}", answering(self.page)),
        ]

    async def own_language(self, request: Request) -> Response:
        """Lead to the overview in the language of the browser."""
        chinese = request.headers.get("accept-language", "").lower().startswith("zh")
        return RedirectResponse(lesson_address(0, "zh" if chinese else "en"))

    async def page(self, request: Request) -> Response:
        """Return the page of a lesson."""
        text = await asyncio.to_thread(_page, request.path_params["name"])
        headers = {"Content-Security-Policy": LESSON_POLICY}
        return Response(text, media_type="text/html", headers=headers)


def _page(name: str) -> str:
    found = re.fullmatch(rf"(\d{{1,3}})\.({'|'.join(LANGUAGES)})", name, re.ASCII)
    if not found:
        raise HttpError(404, "There is no such lesson.")
    number, language = int(found[1]), found[2]
    if number == 0:
        return overview_page(language, lesson_address, lab=True)
    return lesson_page(lesson(number), language, lesson_address, lab=True)
