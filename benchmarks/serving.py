"""Requests a second, and how long they take: plainnet, FastAPI with ONNX Runtime, and MLServer.

    python -m benchmarks.serving [--requests N] [--connections N] [--rounds N]
        [--fastapi PYTHON] [--mlserver PYTHON]

PYTHON is that of an environment with `fastapi uvicorn onnxruntime httptools uvloop` and what
plainnet needs, which then runs there, too, so that both have the same server, uvicorn; and that of
one with `mlserver onnxruntime`. All answer with the same model, one sample a request, in one
process with one thread. Each round asks all of them in turn; the medians are printed. The processor
time is the server's own. Linux only.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import urlopen

import numpy as np

from plainnet import Classifier
from plainnet.export import export_onnx

CASES = {"16 features": (16, (64,)), "784 features": (784, (256, 128))}
"""Features and hidden layers of the models; all have 10 classes."""
WARM_UP = 300
"""Requests before a measurement."""


class Contender(NamedTuple):
    """A server, and a request to it."""

    name: str
    command: list[str]
    """What runs it, without the port behind."""
    ready: str
    """A path that it answers once it is ready."""
    request: bytes


class Measured(NamedTuple):
    """What a round found."""

    rate: float
    """Requests a second."""
    p50: float
    p99: float
    """Times of requests, in milliseconds."""
    processor: float
    """The server's processor time for a request, in milliseconds."""


def request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a request as it goes over the wire."""
    head = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {text}" for name, text in head.items()), "", ""]
    return "\r\n".join(lines).encode() + body


class Client(asyncio.Protocol):
    """A connection that sends the same request again and again."""

    def __init__(self, text: bytes, todo: Iterator[int], times: list[float]) -> None:
        self.text, self.todo, self.times = text, todo, times
        self.done = asyncio.get_running_loop().create_future()
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.send()

    def send(self) -> None:
        """Send one request, or end."""
        if next(self.todo, None) is None:
            self.transport.close()
            self.done.set_result(None)
            return
        self.since = time.perf_counter()
        self.transport.write(self.text)

    def data_received(self, data: bytes) -> None:
        """Wait for the end of the answer."""
        self.held += data
        head, found, body = self.held.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        length = int(lower.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self.held.decode(errors="replace")))
            return
        self.held = b""
        self.times.append(time.perf_counter() - self.since)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note an early end."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The server closed the connection."))


async def load(port: int, text: bytes, n: int, connections: int) -> list[float]:
    """Send n requests; return their times in seconds."""
    todo, times = iter(range(n)), list[float]()
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(text, todo, times), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    return times


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its children, on Linux."""
    total = 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [pid, *map(int, children)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def measure(port: int, pid: int, text: bytes, n: int, connections: int) -> Measured:
    """Measure one server."""
    asyncio.run(load(port, text, WARM_UP, connections))
    before, began = processor_seconds(pid), time.perf_counter()
    times = np.array(asyncio.run(load(port, text, n, connections))) * 1000
    took = time.perf_counter() - began
    p50, p99 = np.percentile(times, [50, 99]).tolist()
    return Measured(n / took, p50, p99, 1000 * (processor_seconds(pid) - before) / n)


@contextmanager
def running(contender: Contender, folder: Path) -> Iterator[tuple[int, int]]:
    """Run a server with the model in a folder; yield its port and the number of its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "PLAINNET_THREADS", "OMP_NUM_THREADS"), "1")
    environment = {**os.environ, **one_thread, "MODEL": str(folder / "model.onnx")}
    command = [*contender.command, str(port)]
    log = folder / f"{port}.log"
    with (
        log.open("w") as file,
        subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process,
    ):
        try:
            while not is_ready(port, contender.ready):
                if process.poll() is not None:
                    raise SystemExit(f"{contender.name} ended: {log.read_text()}")
                time.sleep(0.1)
            yield port, process.pid
        finally:
            process.kill()


def is_ready(port: int, path: str) -> bool:
    """Return whether a server answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def contenders(n: int, folder: Path, given: argparse.Namespace) -> list[Contender]:
    """Return the servers of a model with n features."""
    X = np.random.default_rng(0).normal(size=(1, n)).astype(np.float32)
    tensor = {"name": "features", "shape": [1, n], "datatype": "FP32"}
    in_json = {"Content-Type": "application/json"}
    v2 = json.dumps({"inputs": [{**tensor, "data": X.ravel().tolist()}]}).encode()
    raw = {"Inference-Header-Content-Length": "0"}
    infer, live = "/v2/models/model/infer", "/v2/health/live"
    serve = [given.fastapi or sys.executable, "-m", "plainnet", "serve"]
    serve += [str(folder / "model.safetensors"), "--port"]
    texts = {"JSON": request(infer, v2, in_json), "binary": request(infer, X.tobytes(), raw)}
    together = [*serve[:-1], "--max-batch", "32", "--port"]
    made = [
        Contender(f"plainnet, {name}{more}", command, live, text)
        for more, command in (("", serve), (", batches", together))
        for name, text in texts.items()
    ]
    if given.fastapi:
        server = [given.fastapi, "-m", "uvicorn", "benchmarks.servers.with_fastapi:app"]
        server += ["--no-access-log", "--log-level", "warning", "--port"]
        text = request("/predict", json.dumps({"features": X.tolist()}).encode(), in_json)
        made.append(Contender("FastAPI + ONNX Runtime", server, "/openapi.json", text))
    if given.mlserver:
        start = "import sys; from benchmarks.servers.with_mlserver import start; start(sys.argv[1])"
        text = request(infer, v2, in_json)
        ready = "/v2/models/model/ready"
        made.append(Contender("MLServer", [given.mlserver, "-c", start], ready, text))
    return made


def compare(case: str, given: argparse.Namespace) -> None:
    """Print a table of one case."""
    n, hidden = CASES[case]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, n)).astype(np.float32), rng.integers(0, 10, 400)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        model = Classifier(hidden=hidden, epochs=1, ensemble=1).fit(X, [f"class {k}" for k in y])
        model.save(folder / "model.safetensors")
        export_onnx(model, folder / "model.onnx")
        servers = [
            (one, *stack.enter_context(running(one, folder)))
            for one in contenders(n, folder, given)
        ]
        found: dict[str, list[Measured]] = {one.name: [] for one, *_ in servers}
        for _ in range(given.rounds):
            for one, port, pid in servers:
                how = given.requests, given.connections
                found[one.name].append(measure(port, pid, one.request, *how))
    print(f"\n{case}, {given.connections} connections, 1 sample a request")
    print(f"{'':24}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'processor ms':>14}")
    for name, rounds in found.items():
        rate, p50, p99, processor = (median(values) for values in zip(*rounds, strict=True))
        print(f"{name:24}{rate:12,.0f}{p50:9.2f}{p99:9.2f}{processor:14.3f}")


def main() -> None:
    """Compare the servers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fastapi", metavar="PYTHON")
    parser.add_argument("--mlserver", metavar="PYTHON")
    given = parser.parse_args()
    for case in CASES:
        compare(case, given)


if __name__ == "__main__":
    main()
