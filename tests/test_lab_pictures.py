"""The lab's view of pictures: classes filled by the page, a training by the command, answers."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet.demo.drawing import draw_animal
from plainnet.errors import DataError, SettingError
from plainnet.lab.pictures import COLLECTION, Pictures
from plainnet.models import Classifier

PNG = {"Content-Type": "image/png"}
ORDERS = "/api/pictures/orders"


def drawn(kind: str, seed: int) -> bytes:
    held = io.BytesIO()
    draw_animal(kind, np.random.default_rng(seed), 32).save(held, "PNG")
    return held.getvalue()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_lab(tmp_path_factory.mktemp("runs")) as server:
        yield Client(server)


@pytest.fixture(scope="module")
def filled(client: Client) -> dict[str, list[str]]:
    """Two classes of six small pictures each."""
    for name in ("cat", "dog"):
        client.post(ORDERS, {"order": "add-class", "class": name})
        for i in range(6):
            path = f"/api/pictures/add?class={name}"
            assert client.post(path, None, raw=drawn(name, i), headers=PNG).status == 200
    found: dict[str, list[str]] = client.get("/api/pictures").json["classes"]
    return found


def test_a_training_begins_and_stops(filled: dict[str, list[str]], client: Client) -> None:
    assert {name: len(files) for name, files in filled.items()} == {"cat": 6, "dog": 6}
    state = client.post(ORDERS, {"order": "train"}).json
    while state["running"] and not state["epochs"]:
        time.sleep(0.05)
        state = client.get("/api/pictures").json
    assert state["epochs"], state
    client.post(ORDERS, {"order": "stop"})
    while client.get("/api/pictures").json["running"]:
        time.sleep(0.05)
    assert (client.server.pictures.folder / state["run"] / "settings.json").exists()


def test_a_run_answers_pictures(filled: dict[str, list[str]], client: Client) -> None:
    folder = client.server.pictures.folder
    model = Classifier(epochs=1, hidden=(4,)).fit(folder / COLLECTION)
    (folder / "quick").mkdir()
    model.save(folder / "quick" / "model.safetensors")
    (folder / "quick" / "settings.json").write_text("{}")
    runs = {run["name"]: run["number"] for run in client.get("/api/runs").json["runs"]}
    path, picture = f"/api/pictures/predict?number={runs['quick']}", drawn("cat", 9)
    found = client.post(path, None, raw=picture, headers=PNG).json
    P = model.predict_proba(picture)[0].tolist()
    assert found["probabilities"] == dict(zip(("cat", "dog"), P, strict=True))
    assert found["answer"] == model.predict(picture)[0]
    assert found["explanation"].startswith("data:image/png;base64,")
    short = client.post(f"{path}&explain=no", None, raw=picture, headers=PNG).json
    assert "explanation" not in short


def test_the_same_picture_is_there_once_and_can_be_removed(client: Client) -> None:
    client.post(ORDERS, {"order": "add-class", "class": "fox"})
    path, picture = "/api/pictures/add?class=fox", drawn("cat", 1)
    names = {client.post(path, None, raw=picture, headers=PNG).json["file"] for _ in range(2)}
    assert len(names) == 1
    [name] = names
    shown = client.get(f"/api/pictures/file?class=fox&file={name}")
    assert (shown.body, shown.headers["Content-Type"]) == (picture, "image/png")
    state = client.post(ORDERS, {"order": "remove", "class": "fox", "file": name}).json
    assert state["classes"]["fox"] == []
    assert client.post(ORDERS, {"order": "train"}).status == 400  # an empty class
    state = client.post(ORDERS, {"order": "remove-class", "class": "fox"}).json
    assert "fox" not in state["classes"]


@pytest.mark.parametrize("name", ["", "..", "../evil", "/etc", ".hidden", "a/b", "a\\b", "x" * 41])
def test_a_class_is_no_path(tmp_path: Path, name: str) -> None:
    pictures = Pictures(tmp_path / "runs")
    with pytest.raises(SettingError, match="name of a class"):
        pictures.add_class(name)
    assert [*tmp_path.rglob("*")] == []


@pytest.mark.parametrize(
    ("name", "file"),
    [("..", "secret.png"), ("cat", "../../secret.png"), ("cat", ""), ("", "x.png"), ("cat", "/x")],
)
def test_only_pictures_of_the_page_are_given_out_and_removed(
    client: Client, filled: dict[str, list[str]], name: str, file: str
) -> None:
    secret = client.server.pictures.folder / "secret.png"
    secret.write_bytes(drawn("cat", 5))
    assert client.get(f"/api/pictures/file?class={name}&file={file}").status == 404
    order = {"order": "remove", "class": name, "file": file}
    assert client.post(ORDERS, order).status == 404
    assert client.post(ORDERS, {"order": "remove-class", "class": ".."}).status == 404
    assert secret.exists()
    assert len(client.get("/api/pictures").json["classes"]["cat"]) == len(filled["cat"])


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"GIF89a", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_gets_a_sentence(tmp_path: Path, content: bytes) -> None:
    pictures = Pictures(tmp_path)
    pictures.add_class("cat")
    with pytest.raises(DataError):
        pictures.add("cat", content, "image/png")
    assert [*(tmp_path / COLLECTION / "cat").iterdir()] == []


def test_other_sites_and_forms_send_no_pictures(
    client: Client, filled: dict[str, list[str]]
) -> None:
    path = "/api/pictures/add?class=cat"
    for kind in ("text/plain", "image/svg+xml", "text/html", "multipart/form-data"):
        headers = {"Content-Type": kind}
        assert client.post(path, None, raw=drawn("cat", 7), headers=headers).status == 415
    headers = {**PNG, "Origin": "http://evil.example"}
    assert client.post(path, None, raw=drawn("cat", 7), headers=headers).status == 403
    assert len(client.get("/api/pictures").json["classes"]["cat"]) == len(filled["cat"])
