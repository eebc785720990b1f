"""From the body of a request to the body of its answer: `infer` of the protocol, and `predict`."""

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from plainnet.errors import DataError, SettingError, ShapeError
from plainnet.network import Array
from plainnet.serving.computing import Computer, too_many
from plainnet.serving.forms import Given
from plainnet.serving.incoming import Incoming, Prepared
from plainnet.serving.inference import JSON_LENGTH, read_request, write_response
from plainnet.serving.metrics import Metrics, ModelMetrics
from plainnet.serving.served import LoadedModel, ServedModel
from plainnet.serving.settings import ServerSettings
from plainnet.serving.uploads import files_in
from plainnet.web.bodies import compressed, read_body, read_json
from plainnet.web.errors import HttpError, as_json

WORTH_COMPRESSING = 1000
"""The size from which an answer is compressed for those who take it so, in bytes."""
LARGE = 500_000
"""The size from which a body is read in another thread, in bytes."""
BODIES = 4
"""The number of requests under way, in sizes of the queue; slow senders take no place in that."""
_REASONS = {503: "REJECTED", 504: "CANCELED", 408: "CANCELED"}
"""The reason of a failure by its status, if it is not the sender's fault."""


class Asked(NamedTuple):
    """A request whose body has been read."""

    given: Given
    write: Callable[[LoadedModel, Array, Array | None], tuple[bytes, dict[str, str]]]
    """Writes the body of the answers, and of why some are withheld; returns its headers, too."""
    seconds: float | None = None
    """The sender's own limit of time."""
    unsure: float | None = None
    """The share of wrong answers from which answers are withheld; None: none is."""


class Answering:
    """Answers of the models to requests.

    Args:
        models: the models by name.
        settings: what a request is granted.
        metrics: where it is counted.
        computer: computes the answers.
    """

    def __init__(
        self,
        models: Mapping[str, ServedModel],
        settings: ServerSettings,
        metrics: Metrics,
        computer: Computer,
    ) -> None:
        self.models, self.settings = models, settings
        self.metrics, self.computer = metrics, computer
        self.under_way = 0
        """The number of requests whose bodies have begun to come, and which have no answer yet."""

    def served(self, name: str, version: str | None = None) -> ServedModel:
        """Return a model.

        Raises:
            HttpError: there is none of this name and version.
        """
        served = self.models.get(name)
        if served is None:
            raise HttpError(
                404, f"There is no model {name!r:.80}; there are {', '.join(self.models)}."
            )
        if version not in (None, served.loaded.version):
            raise HttpError(
                404,
                f"The model {name!r} has the version {served.loaded.version}, not {version!r:.80}.",
            )
        return served

    async def infer(self, request: Incoming, name: str, version: str | None = None) -> Response:
        """Answer a request of the protocol."""
        served = self.served(name, version)

        def read(loaded: LoadedModel, body: bytes) -> Asked:
            asked = read_request(
                body, request.headers.get(JSON_LENGTH.lower()), loaded.form.is_base64
            )
            coverage = _coverage(asked.parameters.get("interval"))
            unsure = _unsure(asked.parameters.get("unsure"))

            def write(
                loaded: LoadedModel, A: Array, withheld: Array | None
            ) -> tuple[bytes, dict[str, str]]:
                outputs = loaded.outputs(A, coverage, withheld)
                return write_response(asked, name, loaded.version, outputs)

            return Asked(loaded.form.of_tensors(asked.inputs), write, asked.timeout, unsure)

        return await self._answer(request, served, read)

    async def predict(self, request: Incoming, name: str | None = None) -> Response:
        """Answer a request with files or simple JSON."""
        if name is None and len(self.models) > 1:
            raise DataError(
                "There are several models; ask one of them: "
                f"{', '.join(f'/predict/{each}' for each in self.models)}."
            )
        served = self.served(name or next(iter(self.models)))
        coverage = _coverage(request.query.get("interval"))
        unsure = _unsure(request.query.get("unsure"))

        def read(loaded: LoadedModel, body: bytes) -> Asked:
            files = files_in(Headers(scope=request.scope), body)
            form = loaded.form
            given = form.of_json(read_json(body)) if files is None else form.of_files(files)

            def write(
                loaded: LoadedModel, A: Array, withheld: Array | None
            ) -> tuple[bytes, dict[str, str]]:
                found = loaded.predictions(A, coverage, withheld)
                names = [] if files is None or len(files) != len(found) else [f for f, _ in files]
                for one, file in zip(found, names, strict=False):
                    one["file"] = file
                known = {"model": served.name, "version": loaded.version}
                content = {**known, **loaded.model.answers.decision, "predictions": found}
                return as_json(content) + b"\n", {"Content-Type": "application/json"}

            return Asked(given, write, unsure=unsure)

        return await self._answer(request, served, read, in_thread=True)

    async def _answer(
        self,
        request: Incoming,
        served: ServedModel,
        read: Callable[[LoadedModel, bytes], Asked],
        in_thread: bool = False,
    ) -> Response:
        began, limit = perf_counter(), self.settings.timeout
        loaded, metrics = served.loaded, self.metrics.models[served.name]
        with _UnderWay(self, metrics, began):
            body = await read_body(
                request.headers, request.receive, self.settings.body_bytes, limit
            )
            arrived = perf_counter()
            if in_thread or len(body) > LARGE:
                asked = await asyncio.to_thread(read, loaded, body)
            else:
                asked = read(loaded, body)
            given, withheld = asked.given, None
            if asked.unsure is not None:  # which looks at the raw rows, too
                given = await asyncio.to_thread(loaded.as_raw, given, asked.unsure)
            metrics.observe("preprocess", perf_counter() - arrived)
            left = limit - (perf_counter() - began)
            left = left if asked.seconds is None else min(left, asked.seconds)
            A = await self.computer.answers(loaded, given, left, metrics)
            computed = perf_counter()
            if asked.unsure is not None:
                withheld = loaded.model.withheld(given.samples, A, asked.unsure)
            text, headers = asked.write(loaded, A, withheld)
            text = _packed(text, headers, request.headers.get("accept-encoding", ""))
            metrics.observe("postprocess", perf_counter() - computed)
        return Prepared(text, headers)


class _UnderWay:
    """A request from its beginning to its end, counted by how it ends.

    It is refused before its body is read if too many are under way. A class, since a function
    with `contextmanager` takes three times as long.
    """

    __slots__ = ("answering", "began", "metrics")

    def __init__(self, answering: Answering, metrics: ModelMetrics, began: float) -> None:
        self.answering, self.metrics, self.began = answering, metrics, began

    def __enter__(self) -> None:
        self.metrics.count("pending")
        n = self.answering.under_way
        if n >= BODIES * self.answering.settings.queue:
            self._end("REJECTED")
            raise too_many(n)
        self.answering.under_way += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self.answering.under_way -= 1
        if error is None:
            self.metrics.observe("request", perf_counter() - self.began)
        self._end("success" if error is None else _reason(error))

    def _end(self, how: str) -> None:
        self.metrics.count(how)
        self.metrics.count("pending", -1)


def _reason(error: BaseException) -> str:
    """Return the reason of a failure, as the metrics name it."""
    if isinstance(error, HttpError):
        return _REASONS.get(error.status, "OTHER")
    if isinstance(error, (DataError, SettingError, ShapeError)):
        return "OTHER"
    if isinstance(error, (ClientDisconnect, asyncio.CancelledError)):
        return "CANCELED"
    return "BACKEND"


def _packed(text: bytes, headers: dict[str, str], accepted: str) -> bytes:
    """Return a body, compressed if that is worth it and the sender takes it so."""
    if len(text) < WORTH_COMPRESSING:
        return text
    names = [part.partition(";")[0].strip() for part in accepted.lower().split(",")]
    for name in ("gzip", "deflate"):
        if name in names:
            headers |= {"Content-Encoding": name, "Vary": "Accept-Encoding"}
            return compressed(text, name)
    return text


def _unsure(share: Any) -> float | None:
    """Return the share of wrong answers from which answers are to be withheld."""
    if share is None:
        return None
    try:
        found = 0.0 if isinstance(share, bool) else float(share)
    except (TypeError, ValueError):
        found = 0.0
    if not 0 < found < 1:
        raise DataError(f"unsure must be a share between 0 and 1, such as 0.05, not {share!r:.40}.")
    return found


def _coverage(percentage: Any) -> float | None:
    """Return the coverage of wanted prediction intervals."""
    if percentage is None:
        return None
    try:
        share = 0.0 if isinstance(percentage, bool) else float(percentage) / 100
    except (TypeError, ValueError):
        share = 0.0
    if not 0 < share < 1:
        raise DataError(
            f"interval must be a percentage between 0 and 100, such as 90, not {percentage!r:.40}."
        )
    return share
