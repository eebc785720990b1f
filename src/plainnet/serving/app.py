"""The application: the paths of a server, and what each answers."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from plainnet.serving.answering import Answering
from plainnet.serving.computing import Computer
from plainnet.serving.incoming import Incoming
from plainnet.serving.metrics import Metrics
from plainnet.serving.page import HEADERS, PAGE_FILES, page_file, page_of
from plainnet.serving.served import ServedModel
from plainnet.serving.settings import ServerSettings
from plainnet.version import __version__
from plainnet.web.errors import HttpError, answer_to, json_response
from plainnet.web.hosts import LOOPBACK, check_host, check_origin, is_loopback

Handler = Callable[..., Awaitable[Response]]
Handlers = Mapping[str, Mapping[str, Handler]]
"""Handlers by path and method."""


class Application:
    """Models over HTTP, as an ASGI application.

    Args:
        models: the models by name.
        settings: what a request is granted; None: the usual.
        metrics: those of this process; None: new ones.
    """

    def __init__(
        self,
        models: Mapping[str, ServedModel],
        settings: ServerSettings | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.models, self.settings = models, settings or ServerSettings()
        self.metrics = metrics or Metrics([*models])
        made = self.settings
        self.computer = Computer(made.queue, made.max_batch, made.batch_wait / 1000)
        self.answering = Answering(models, made, self.metrics, self.computer)
        self.draining = False
        """Whether the server will end soon, and wants no new requests."""
        self.hosts = LOOPBACK if is_loopback(made.host) else None
        if made.allowed_hosts:
            self.hosts = LOOPBACK | {name.lower() for name in made.allowed_hosts}
        self._of_server: Handlers = {
            "": {"GET": self.page},
            "v2": {"GET": self.server},
            "v2/health/live": {"GET": self.live},
            "v2/health/ready": {"GET": self.ready},
            "v2/repository/index": {"POST": self.index},
            "metrics": {"GET": self.all_metrics},
            "predict": {"POST": self.answering.predict},
            **{name: {"GET": page_file} for name in PAGE_FILES},
        }
        self._of_model: Handlers = {
            "": {"GET": self.model},
            "ready": {"GET": self.model_ready},
            "infer": {"POST": self.answering.infer},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            response = await self._response(scope, receive)
        except ClientDisconnect:
            return
        except Exception as error:
            response = answer_to(error)
        if self.draining:
            response.headers["Connection"] = "close"
        await response(scope, receive, send)

    async def _response(self, scope: Scope, receive: Receive) -> Response:
        request = Incoming(scope, receive)
        method, path = scope["method"], request.path
        check_host(request.headers, self.hosts)
        if method not in ("GET", "HEAD"):
            check_origin(request.headers)
        handlers, named = self._handlers(path.strip("/").split("/"))
        if not handlers:
            raise HttpError(404, f"There is nothing at {path!r:.80}; the protocol is at /v2.")
        handler = handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            known = ", ".join(handlers)
            raise HttpError(
                405, f"{path!r:.80} takes {known}, not {method!r:.20}.", {"Allow": known}
            )
        return await handler(request, **named)

    def _handlers(self, parts: list[str]) -> tuple[Mapping[str, Handler], dict[str, str]]:
        """Return the handlers of a path by method, and what the path names."""
        if parts[:2] == ["v2", "models"] and len(parts) > 2:
            named, rest = {"name": parts[2]}, parts[3:]
            if rest[:1] == ["versions"] and len(rest) > 1:
                named["version"], rest = rest[1], rest[2:]
            return self._of_model.get("/".join(rest), {}), named
        if parts[0] == "predict" and len(parts) == 2:
            return self._of_server["predict"], {"name": parts[1]}
        return self._of_server.get("/".join(parts), {}), {}

    async def page(self, _: Incoming) -> Response:
        """Answer with the page to try the models."""
        return Response(page_of(self.models), media_type="text/html", headers=HEADERS)

    async def server(self, _: Incoming) -> Response:
        """Answer with the server's metadata."""
        known = {"name": "plainnet", "version": __version__, "extensions": ["binary_tensor_data"]}
        return json_response(known)

    async def live(self, _: Incoming) -> Response:
        """Answer that the process is alive."""
        return json_response({"live": True})

    async def ready(self, _: Incoming) -> Response:
        """Answer whether new requests may come: until SIGTERM."""
        self._check_ready()
        return json_response({"live": True, "ready": True})

    async def model_ready(
        self,
        _: Incoming,
        name: str,
        version: str | None = None,
    ) -> Response:
        """Answer whether new requests to a model may come."""
        self.answering.served(name, version)
        self._check_ready()
        return json_response({"name": name, "ready": True})

    def _check_ready(self) -> None:
        if self.draining:
            raise HttpError(503, "This server is about to end; send requests to another one.")

    async def model(
        self,
        _: Incoming,
        name: str,
        version: str | None = None,
    ) -> Response:
        """Answer with a model's metadata."""
        return json_response(self.answering.served(name, version).loaded.metadata(name))

    async def index(self, _: Incoming) -> Response:
        """Answer with a list of the models, as Triton's repository extension has it."""
        known = [(name, served.loaded.version) for name, served in self.models.items()]
        state = "UNAVAILABLE" if self.draining else "READY"
        return json_response(
            [{"name": name, "version": v, "state": state, "reason": ""} for name, v in known]
        )

    async def all_metrics(self, _: Incoming) -> Response:
        """Answer with the metrics for Prometheus."""
        versions = {name: served.loaded.version for name, served in self.models.items()}
        return Response(
            self.metrics.text(versions), media_type="text/plain; version=0.0.4; charset=utf-8"
        )
