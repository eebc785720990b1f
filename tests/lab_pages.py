"""A running lab for tests, and a client that sends it anything."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from plainnet.lab.running import LabServer


@contextmanager
def running_lab(folder: Path | None = None) -> Iterator[LabServer]:
    """A lab that answers in another thread; None: of a folder without runs."""
    if folder is None:
        with TemporaryDirectory() as name, running_lab(Path(name) / "no runs") as server:
            yield server
        return
    server = LabServer(folder=folder)
    thread = threading.Thread(target=server.serve_until_stopped)
    thread.start()
    try:
        yield server
    finally:
        server.should_exit = True
        server.worker.newest.close()  # wakes those who wait
        thread.join()


class Answer:
    """An answer, read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.body = response.status, response.read()
        self.headers = response.headers

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A client with the lab's cookie, unless `cookie` is another one."""

    def __init__(self, server: LabServer) -> None:
        self.server, self.host = server, f"127.0.0.1:{server.port}"
        self.cookie = server.secret.set_cookie.partition(";")[0]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        sent = {"Cookie": self.cookie, "Content-Type": "application/json", "Host": self.host}
        sent |= headers or {}
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        try:
            connection.request(method, path, data, {k: v for k, v in sent.items() if v})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Answer:
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> Answer:
        return self.send("POST", path, body, **more)
