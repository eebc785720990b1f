"""Who may speak with the lab: its own page, in a browser that was given the token.

The rules are Jupyter's: only the own machine, only under its names (against DNS rebinding), a
secret in the printed address that is exchanged for a cookie, no requests from pages of other sites,
and a content security policy under which a page of the lab loads nothing from elsewhere.
"""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plainnet.web.errors import HttpError, answer_to
from plainnet.web.hosts import LOOPBACK, check_host, check_origin

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The headers of every answer; one may have a stricter policy."""

ENTRY = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>plainnet lab</title>'
    '<script type="module" src="/static/enter.js"></script></html>'
)
"""The page that leads from the printed address to the lab. It is a page, not a redirection, because
a strict cookie would not come along where the address was followed from another site."""


class Secret:
    """The token of the printed address and the cookie that it is exchanged for.

    Args:
        port: the port of the server, part of the cookie's name, since cookies know no ports.
        token: the token; None: a random one of 256 bits.
    """

    def __init__(self, port: int, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(32)
        self.name = f"plainnet-lab-{port}"
        self._cookie = secrets.token_urlsafe(32)

    @property
    def set_cookie(self) -> str:
        """The header that gives the cookie to a browser."""
        return f"{self.name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"

    def is_token(self, given: str) -> bool:
        """Return whether it is the token."""
        return secrets.compare_digest(given.encode(), self.token.encode())

    def is_in(self, cookies: str) -> bool:
        """Return whether a header with cookies holds the cookie."""
        try:
            found = SimpleCookie(cookies).get(self.name)
        except CookieError:
            return False
        return found is not None and secrets.compare_digest(
            found.value.encode(), self._cookie.encode()
        )


class Guard:
    """An application that passes on to another one only what may come from the lab's own page.

    Args:
        app: the application behind it.
        secret: the token and the cookie.
    """

    def __init__(self, app: ASGIApp, secret: Secret) -> None:
        self._app, self._secret = app, secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = self._checked(scope)
        except HttpError as error:
            answer = answer_to(error)
        await (answer or self._app)(scope, receive, with_headers)

    def _checked(self, scope: Scope) -> Response | None:
        """Return an answer of its own, or None for what may pass; raise an HttpError for others."""
        headers = Headers(scope=scope)
        check_host(headers, LOOPBACK)
        if scope["method"] != "GET" or scope["path"].startswith("/api/"):
            check_origin(headers)
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if scope["path"] == "/" and scope["method"] == "GET" and token:
            if not self._secret.is_token(token[0]):
                raise HttpError(403, "The token is wrong; open the address that the lab printed.")
            return Response(
                ENTRY, media_type="text/html", headers={"Set-Cookie": self._secret.set_cookie}
            )
        if scope["path"] != "/static/enter.js" and not self._secret.is_in(
            "; ".join(headers.getlist("cookie"))
        ):
            raise HttpError(
                403, "This browser has no key to the lab; open the address that it printed."
            )
        return None
