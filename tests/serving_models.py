"""Small models to serve, one of each kind, in run folders."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from plainnet import Classifier, Regressor
from plainnet.models.trainable import AnyModel
from plainnet.network import Array
from plainnet.serving.app import Application
from plainnet.serving.served import ServedModel, served_models
from plainnet.serving.settings import ServerSettings

N_FEATURES = 12
CLASSES = ("ant", "bee", "cat")
rng = np.random.default_rng(0)
VECTORS = rng.normal(size=(60, N_FEATURES)).astype(np.float32)
PICTURES = rng.integers(0, 256, (40, 12, 10, 3)).astype(np.uint8)
TABLE = {
    "age": rng.integers(18, 80, 80).tolist(),
    "job": rng.choice(["baker", "cook", "smith"], 80).tolist(),
    "since": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(80)],
    "sum": rng.normal(size=80).tolist(),
}
ROW = {name: cells[0] for name, cells in TABLE.items()}


def file_of(pixels: Array, kind: str = "PNG") -> bytes:
    """Return pixels as the content of a file."""
    held = BytesIO()
    Image.fromarray(pixels).save(held, kind)
    return held.getvalue()


FILES = [file_of(pixels) for pixels in PICTURES[:6]]


@cache
def runs() -> dict[str, Path]:
    """Train the models; return their run folders."""
    folder = Path(mkdtemp(prefix="serving"))
    how: dict[str, Any] = {"epochs": 2, "hidden": (8,), "ensemble": 1}
    price = [2.0 * age + n for age, n in zip(TABLE["age"], TABLE["sum"], strict=True)]
    models: dict[str, AnyModel] = {
        "vectors": Classifier(**how).fit(VECTORS, np.array(CLASSES)[np.arange(60) % 3]),
        "pictures": Classifier(**how).fit(PICTURES, np.array(["cat", "dog"])[np.arange(40) % 2]),
        "table": Regressor(**how).fit({**TABLE, "price": price}, target="price"),
    }
    for name, model in models.items():
        (folder / name).mkdir()
        model.save(folder / name / "model.safetensors")
    return {name: folder / name for name in models}


@cache
def models() -> dict[str, ServedModel]:
    """Return the models as a server has them."""
    return dict(served_models([*runs().values()]))


@contextmanager
def client(only: str | None = None, **settings: Any) -> Iterator[TestClient]:
    """Yield a client of an application with all models, or with one."""
    chosen = {name: one for name, one in models().items() if only in (None, name)}
    application = Application(chosen, ServerSettings(**settings))
    yield TestClient(application, base_url="http://127.0.0.1")
    application.computer.close()


def infer(at: TestClient, model: str, *inputs: dict[str, Any], **more: Any) -> Any:
    """Send a request in JSON; return the response."""
    return at.post(f"/v2/models/{model}/infer", json={"inputs": [*inputs], **more})


def tensor(name: str, datatype: str, shape: list[int], data: Any, **more: Any) -> dict[str, Any]:
    """Return an input."""
    return {"name": name, "datatype": datatype, "shape": shape, "data": data, **more}


def outputs(response: Any) -> dict[str, Any]:
    """Return the data of the outputs by name."""
    assert response.status_code == 200, response.text
    return {one["name"]: one["data"] for one in response.json()["outputs"]}
