"""The lab in a real Chromium: what a person would do and see."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from lab_pages import Client, running_lab  # noqa: E402
from test_lab_pictures import drawn  # noqa: E402
from test_lab_runs import make_run  # noqa: E402
from test_lab_tables import houses  # noqa: E402

from plainnet.lab.frames import unpacked  # noqa: E402
from plainnet.lab.running import LabServer  # noqa: E402
from plainnet.models import load_any  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *("--no-sandbox", "--disable-background-networking"),
                *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with running_lab() as server:
        yield server


class Page:
    """A page of the lab, with all that it asked for and complained about."""

    def __init__(self, browser: Any, server: LabServer, fragment: str = "", **more: Any) -> None:
        self.context = browser.new_context(**{"locale": "en-US", **more})
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(server.address + fragment)
        self.frame()

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def frame(self, n: int = 1) -> None:
        """Wait until so many more frames are drawn."""
        drawn = int(self.page.get_attribute("body", "data-frames") or 0)
        self.until(f"Number(document.body.dataset.frames) >= {drawn + n}")

    def until(self, condition: str) -> None:
        """Wait until it holds; Playwright's own way needs what the page's policy forbids."""
        for _ in range(600):
            if self.page.evaluate(f"() => {condition}"):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(condition)

    def text(self, name: str) -> str:
        return str(self.page.inner_text(f"#{name}"))

    def surface(self) -> list[int]:
        """The colours of the plane, every 37th."""
        code = """() => { const c = document.getElementById("surface");
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            return Array.from(d).filter((_, i) => i % 37 === 0) }"""
        found: list[int] = self.page.evaluate(code)
        return found

    def close(self) -> None:
        self.context.close()


def test_a_person_trains_spirals_and_watches(browser: Any, server: LabServer) -> None:
    client, page = Client(server), Page(browser, server)
    assert page.page.url == f"http://127.0.0.1:{server.port}/"  # no token is left in the address
    before = page.surface()
    page.page.select_option("#speed", "100")
    page.page.click("#run")
    page.until("parseFloat(document.getElementById('accuracy').textContent) >= 95")
    assert np.abs(np.subtract(page.surface(), before)).mean() > 5

    page.page.reload()  # in mid-training
    page.frame(3)
    assert server.worker.newest.get()[1].status.running
    assert page.page.get_attribute("#run", "aria-label") == "Pause"
    page.page.click("#run")
    page.page.wait_for_selector("body:not(.running)")
    assert float(page.text("accuracy").rstrip(" %")) >= 95

    shown, arrays = unpacked(client.get("/api/points/frame?after=0").body)
    page.until(
        f"document.getElementById('epochs').textContent.startsWith('{shown['position'][0]}')"
    )
    assert float(page.text("training-loss").replace("−", "-")) == pytest.approx(
        shown["training"]["loss"], rel=0.01
    )
    page.page.click("#unit-0-2")
    page.page.wait_for_selector("#inspector h3:has-text('Layer 1, unit 3')")
    weights = page.page.locator("#inspector .terms tbody tr td:nth-child(3)").all_inner_texts()
    expected = [*arrays["W.0"][:, 2], arrays["b.0"][2]]
    assert [float(text.replace("−", "-")) for text in weights[:3]] == pytest.approx(
        expected, rel=0.01
    )

    page.page.click("#language")
    assert page.text("network-title") == "网络"
    assert page.page.get_attribute("html", "lang") == "zh-Hans"
    assert not re.search("[A-Za-z]{12}", page.text("inspector").replace("LayerNorm", ""))
    page.page.reload()
    page.frame()
    assert page.text("network-title") == "网络"  # remembered

    own = f"http://127.0.0.1:{server.port}/"
    assert [url for url in page.asked if not url.startswith((own, "data:"))] == []
    assert page.faults == []
    page.close()


def test_a_lesson_is_a_link(browser: Any, server: LabServer) -> None:
    page = Page(
        browser, server, "#data=circles&classes=3&hidden=4_3&seed=7&features=x_y_xy&noise=0"
    )
    settings = server.worker.newest.get()[1].snapshot.settings
    assert (settings.data, settings.classes, settings.hidden) == ("circles", 3, (4, 3))
    assert (settings.seed, settings.noise, settings.features) == (7, 0, ("x", "y", "xy"))
    page.page.click("#more-layers")
    page.until("location.hash.includes('hidden=4_3_3')")
    page.page.click("#feature-xy")
    page.until("!location.hash.includes('features')")
    page.page.focus("#p-learning_rate")
    page.page.fill("#p-learning_rate", "0.5")
    page.page.keyboard.press("Enter")
    page.until("location.hash.includes('learning_rate=0.5')")
    assert server.worker.newest.get()[1].snapshot.settings.learning_rate == 0.5
    page.page.fill("#p-noise", "-3")
    server.worker.change(lambda settings: replace(settings, learning_rate=0.25))
    page.until("location.hash.includes('learning_rate=0.25')")  # while somebody types
    assert page.page.input_value("#p-noise") == "-3"
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#message.bad:has-text('noise')")  # the server's sentence
    page.close()


def test_points_are_drawn_with_mouse_and_keys_and_the_training_goes_on(
    browser: Any, server: LabServer
) -> None:
    page = Page(browser, server, "#data=own&hidden=3", viewport={"width": 390, "height": 844})
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390  # nothing reaches beyond a phone
    plane = page.page.locator("#plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    for tool, (x, y) in ((1, (0.2, 0.3)), (2, (0.8, 0.6)), (1, (0.25, 0.2)), (2, (0.7, 0.8))):
        page.page.locator("#plane-tools button").nth(tool).click()
        box = plane.bounding_box()
        page.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    plane.focus()
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("Enter")
    page.until("(location.hash.match(/_/g) || []).length === 4")
    points = server.worker.newest.get()[1].snapshot.settings.points
    assert [label for _, _, label in points] == [0, 1, 0, 1, 1]
    assert points[0][:2] == pytest.approx((-1.8, 1.2), abs=0.05)
    page.page.click("#epoch")
    page.until("document.getElementById('epochs').textContent === '1'")
    page.page.click("#clear")
    page.until("!location.hash.includes('points')")
    assert page.faults == []
    page.close()


def test_two_columns_of_a_table_are_points(browser: Any, server: LabServer, tmp_path: Path) -> None:
    rows = [f"{i},{i * i % 37},{'ab'[i % 2]}" for i in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(["long,wide,kind", *rows]))
    page = Page(browser, server, "#hidden=4_4")
    page.page.set_input_files("#point-file", tmp_path / "mine.csv")
    page.page.wait_for_selector("#class-names:has-text('kind:')")
    assert "60 of 60 rows of mine.csv" in page.text("point-columns")
    page.page.select_option("#activation-1", "relu")
    page.until("document.getElementById('p-activation').value === ''")
    page.page.reload()  # all of it is in the address
    page.frame()
    settings = server.worker.newest.get()[1].snapshot.settings
    assert settings.axes[2] == ("kind", "a", "b")
    assert settings.activations == ("tanh", "relu")
    page.page.select_option("#p-activation", "sigmoid")  # of all layers
    page.until("document.getElementById('activation-1').value === 'sigmoid'")
    page.page.click("#set-moons")
    page.until("!location.hash.includes('points')")
    assert page.faults == []
    page.close()


def test_pictures_become_a_model(browser: Any, tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for i in range(4):
            (tmp_path / f"{name}-{i}.png").write_bytes(drawn(name, i))
    with running_lab(tmp_path / "runs") as server:
        page = Page(browser, server)
        page.page.click("#to-pictures")
        for i, name in enumerate(("cat", "dog")):
            page.page.fill("#class-name", name)
            page.page.click("#new-class button")
            card = page.page.locator(".class-card").nth(i)
            files = [*tmp_path.glob(f"{name}-*.png"), tmp_path / "cat-0.png"]
            card.locator("input").set_input_files(files)
            page.page.wait_for_selector(f".class-card:nth-of-type({i + 1}) .thumbnail >> nth=3")
        page.page.wait_for_selector(".finding.problem:has-text('several classes')")
        page.page.locator(".class-card button").nth(1).dispatch_event("pointerdown")
        page.page.wait_for_timeout(300)  # the fake webcam is recorded
        page.page.locator(".class-card button").nth(1).dispatch_event("pointerup")
        page.until("document.querySelectorAll('.class-card:first-of-type .thumbnail').length > 4")
        page.page.click("#picture-settings summary")
        settings = {"epochs": "2", "hidden": "4", "size": "8"}
        for name, value in settings.items():
            page.page.fill(f"#picture-settings-{name}", value)
        page.page.select_option("#picture-settings-network", "dense")
        page.page.click("#picture-train")
        page.page.wait_for_selector("#picture-result h3:has-text('pictures-1')")
        page.page.wait_for_selector(".hints li:has-text('more than once')")
        page.page.set_input_files("#try-file", tmp_path / "dog-0.png")
        page.page.wait_for_selector("#try-answer .explanation")
        page.page.click("#try-webcam")
        page.page.wait_for_selector("#try-answer:not(:has(.explanation)) .big-answer")
        page.page.click("#try-webcam")
        page.page.locator("#picture-result button:has-text('Python')").click()
        page.page.wait_for_selector("#picture-result pre:has-text('--hidden 4')")
        with page.page.expect_download() as taken:
            page.page.locator("#picture-result button:has-text('Model file')").click()
        assert taken.value.suggested_filename == "pictures-1.safetensors"
        model: Any = load_any(taken.value.path())
        assert model.classes == ("cat", "dog")
        page.page.click("#language")
        assert "为什么" in page.text("picture-hints")
        assert page.faults == []
        page.close()


def test_a_table_becomes_a_model(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_bytes(houses())
    with running_lab(tmp_path / "runs") as server:
        page = Page(browser, server)
        page.page.click("#to-tables")
        page.page.set_input_files("#table-file", tmp_path / "houses.csv")
        page.page.wait_for_selector("#kind-0")
        page.page.select_option("#kind-1", "date")
        page.page.wait_for_selector("#table-message:has-text('cannot be taken as a date')")
        page.page.select_option("#kind-0", "category")
        looks = "#kind-0 option:has-text('as it looks')"
        page.page.wait_for_selector(looks, state="attached")
        page.page.click("#table-settings summary")
        page.page.fill("#table-settings-epochs", "2")
        page.page.click("#table-train")
        page.page.wait_for_selector("#answer .big-answer")
        before = page.text("answer")
        page.page.select_option("#ask-fields select >> nth=0", index=2)
        page.until(f"document.getElementById('answer').innerText !== {json.dumps(before)}")
        page.page.click("#to-runs")
        page.page.wait_for_selector("#run-list li:has-text('houses-1')")
        assert page.faults == [
            "Failed to load resource: the server responded with a status of 400 (Bad Request)"
        ]  # the kind that was refused
        page.close()


def test_runs_are_compared_and_moved_to_the_trash(browser: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_run(tmp_path / name)
    with running_lab(tmp_path) as server:
        page = Page(browser, server)
        page.page.click("#to-runs")
        page.page.wait_for_selector("#run-list li:nth-child(2)")
        assert "75.0 %" in page.text("run-list")
        assert page.page.input_value("#run-metric") == "validation_loss"
        with page.context.expect_page() as opened:
            page.page.locator("#run-list a").first.click()
        opened.value.wait_for_selector("p:has-text('a report')")
        page.page.locator("#run-list button[id^=trash-]").first.click()
        page.page.wait_for_selector("#run-list li:only-child")
        page.page.click("#run-message button")  # undo
        page.page.wait_for_selector("#run-list li:nth-child(2)")
        assert page.faults == []
        page.close()


def test_a_page_says_that_the_lab_has_ended(browser: Any) -> None:
    with running_lab() as server:
        page = Page(browser, server)
    page.page.wait_for_selector("#message:has-text('The lab has ended')")
    page.close()
