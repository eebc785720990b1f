"""What a page that watches costs the training in the lab, and how many frames it gets.

    python -m benchmarks.lab             # a page that asks for each next frame, without a browser
    python -m benchmarks.lab --browser   # a real Chromium that draws them (Playwright)

The network has 8-8-8 units, the surface 64 x 64 points, and the training is as fast as possible.
Seconds with and without a page alternate; the figures are medians. Where other programs keep the
processors busy, the page takes time from the training that the lab does not; so the epochs for each
second of the lab's own processor time are there, too.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from plainnet.lab.running import LabServer

ROUNDS, SECONDS = 3, 3.0
PAGE = """
import http.client, sys
from plainnet.lab.frames import unpacked
host, cookie = sys.argv[1:]
connection, number, run, revision, since = http.client.HTTPConnection(host), 0, 0, -1, 0
while True:
    path = f"/api/points/frame?after={number}&run={run}&revision={revision}&since={since}"
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    if answer.status != 200:
        break
    frame, _ = unpacked(answer.read())
    number, run, revision = frame["number"], frame["run"], frame["revision"]
    since = frame["position"][0]
    print(number, flush=True)
"""


@contextmanager
def plain_page(server: LabServer) -> Iterator[Callable[[], int]]:
    """A process that asks for frames; yields the function that counts them."""
    cookie = server.secret.set_cookie.partition(";")[0]
    command = [sys.executable, "-c", PAGE, f"127.0.0.1:{server.port}", cookie]
    page = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines: list[str] = []
    assert page.stdout is not None
    reader = threading.Thread(target=lines.extend, args=(page.stdout,))
    reader.start()
    while not lines:
        time.sleep(0.01)
    try:
        yield lambda: len(lines)
    finally:
        page.kill()
        page.wait()
        reader.join()


@contextmanager
def browser_page(server: LabServer) -> Iterator[Callable[[], int]]:
    """A Chromium that draws frames."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(server.address)
        page.wait_for_selector("body[data-frames]")
        page.wait_for_timeout(1000)
        yield lambda: int(page.get_attribute("body", "data-frames") or 0)
        browser.close()


def epochs(server: LabServer) -> int:
    """How many epochs are done; asks the training thread, so that the number is of now."""
    return server.worker.ask(lambda experiment: experiment.position.epochs)


class Measured(NamedTuple):
    """What a few seconds showed."""

    rate: float
    """Epochs a second."""
    frames: float
    """Frames a second."""
    of_processor: float
    """Epochs for each second of the lab's processor time."""


def measured(server: LabServer, frames: Callable[[], int] = lambda: 0) -> Measured:
    """Measure for some seconds."""
    start, processor = time.perf_counter(), time.process_time()
    before, drawn = epochs(server), frames()
    time.sleep(SECONDS)
    seconds, used = time.perf_counter() - start, time.process_time() - processor
    done = epochs(server) - before
    return Measured(done / seconds, (frames() - drawn) / seconds, done / used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", action="store_true")
    page = browser_page if parser.parse_args().browser else plain_page
    server = LabServer()
    thread = threading.Thread(target=server.serve_until_stopped)
    thread.start()
    urllib.request.urlopen(server.address).read()
    for activation in ("tanh", "relu"):
        server.worker.change(
            lambda old, name=activation: replace(
                old, hidden=(8, 8, 8), activation=name, epochs=100_000, seed=old.seed + 1
            )
        )
        server.worker.set_speed(0)
        server.worker.run()
        time.sleep(3)  # until the compiled kernels have taken over
        alone, watched = [], []
        for _ in range(ROUNDS):
            alone.append(measured(server))
            with page(server) as frames:
                watched.append(measured(server, frames))
        without, with_page = (
            Measured(*map(statistics.median, zip(*rounds, strict=True)))
            for rounds in (alone, watched)
        )
        print(
            f"{activation}: {without.rate:,.0f} epochs/s alone, {with_page.rate:,.0f} with a page "
            f"({with_page.rate / without.rate:.0%}; for each second of processor time "
            f"{with_page.of_processor / without.of_processor:.0%}), {with_page.frames:.1f} frames/s"
        )
        server.worker.pause()
    server.should_exit = True
    server.worker.newest.close()
    thread.join()


if __name__ == "__main__":
    main()
