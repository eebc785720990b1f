"""`plainnet serve` as a process: its end in steps, slow clients, several processes."""

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from serving_models import ROW, runs

from plainnet.errors import FileError
from plainnet.serving.app import Application
from plainnet.serving.served import served_models
from plainnet.serving.server import Server, bound_socket
from plainnet.serving.settings import ServerSettings

PATIENCE = 60.0


class Served:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], host: str, port: int) -> None:
        self.process, self.host, self.port = process, host, port

    def ask(self, method: str, path: str, content: Any = None) -> tuple[int, Any]:
        """Send one request on a connection of its own; return status and JSON."""
        at = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            at.request(method, path, None if content is None else json.dumps(content))
            answer = at.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in b"[{" else text.decode()
        finally:
            at.close()

    def connected(self) -> socket.socket:
        """Return a connection."""
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def head(self, length: int) -> bytes:
        """Return the head of a request whose body has this length."""
        lines = ("POST /predict HTTP/1.1", f"Host: {self.host}", f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def serving(*given: Any) -> Iterator[Served]:
    command = [sys.executable, "-m", "plainnet", "serve", *map(str, given), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.match(r"http://([\d.]+):(\d+)/: ", line)
            assert found, line + process.stderr.read()
            yield Served(process, found[1], int(found[2]))
        finally:
            process.kill()


def until(reached: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


def check_that_no_request_is_lost(server: Served) -> None:
    """End a server while clients send, as they do behind a balancer: until it is not ready."""
    enough, not_ready = threading.Event(), threading.Event()
    statuses: list[int] = []
    errors: list[Exception] = []

    def send() -> None:
        at = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        try:
            while not not_ready.is_set():
                at.request("POST", "/predict/table", json.dumps(ROW))
                answer = at.getresponse()
                answer.read()
                statuses.append(answer.status)
                if len(statuses) > 100:
                    enough.set()
        except Exception as error:
            errors.append(error)
        finally:
            enough.set()
            at.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    enough.wait(PATIENCE)
    server.process.send_signal(signal.SIGTERM)
    try:
        until(lambda: server.ask("GET", "/v2/health/ready")[0] == 503)
        assert server.ask("GET", "/v2/health/live")[0] == 200
        assert server.ask("POST", "/predict/table", ROW)[0] == 200  # it still answers
    finally:
        not_ready.set()
    for thread in threads:
        thread.join(PATIENCE)
    server.process.send_signal(signal.SIGINT)  # instead of waiting for the end of the grace
    assert server.process.wait(PATIENCE) == 0
    assert not errors
    assert {*statuses} == {200}
    assert len(statuses) > 100


def test_no_request_is_lost_at_the_end() -> None:
    with serving(runs()["table"], "--grace", 600) as server:
        check_that_no_request_is_lost(server)


def test_a_process_that_dies_is_replaced_and_all_end_together() -> None:
    with serving(runs()["table"], "--workers", 2, "--grace", 600) as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        if not children.exists():
            pytest.skip("only Linux lists the children of a process")

        def workers() -> set[int]:
            pids = map(int, children.read_text().split())
            return {n for n in pids if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()}

        until(lambda: len(workers()) == 2)
        killed = min(workers())
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(workers() - {killed}) == 2)
        assert server.ask("GET", "/v2/health/ready")[0] == 200
        check_that_no_request_is_lost(server)


def test_changed_runs_slow_clients_and_ctrl_c(tmp_path: Path) -> None:
    run = shutil.copytree(runs()["vectors"], tmp_path / "run")
    how = ("--timeout", 0.5, "--max-body", 0.001, "--grace", 600)
    with serving(run, *how) as server:
        check_that_slow_clients_are_sent_away(server)
        assert server.ask("GET", "/v2/models/run")[1]["classes"]
        (run / "new").write_bytes((runs()["table"] / "model.safetensors").read_bytes())
        (run / "new").replace(run / "model.safetensors")
        until(lambda: "target" in server.ask("GET", "/v2/models/run")[1])
        body = json.dumps(ROW).encode()
        with server.connected() as at:
            at.sendall(server.head(len(body)) + body[:5])
            assert server.ask("POST", "/predict", ROW)[0] == 200  # so the one before has begun
            server.process.send_signal(signal.SIGINT)
            at.sendall(body[5:])
            assert b" 200 OK" in at.recv(1000)
        assert server.process.wait(PATIENCE) == 0


def check_that_slow_clients_are_sent_away(server: Served) -> None:
    with server.connected() as silent, server.connected() as half, server.connected() as body:
        half.sendall(server.head(5)[:40])
        body.sendall(server.head(99) + b"abc")
        assert b" 408 " in body.recv(1000)
        for one in (silent, half):
            with suppress(ConnectionResetError):
                assert one.recv(1000) == b""
    with server.connected() as large:
        large.sendall(server.head(1001))
        assert b" 413 " in large.recv(1000)


def test_a_server_ends_when_its_grace_is_over() -> None:
    application = Application(served_models([runs()["table"]]), ServerSettings(grace=0.2))
    server = Server(application)

    async def end() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        server.handle_exit(signal.SIGTERM, None)
        assert application.draining
        assert not server.should_exit

    async def run(listening: socket.socket) -> None:
        await asyncio.gather(server._serve([listening]), end())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        asyncio.run(run(listening))
    assert server.should_exit


def test_an_address_in_use_is_an_error_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(FileError, match="--port"):
        bound_socket(ServerSettings(port=taken.getsockname()[1]))
