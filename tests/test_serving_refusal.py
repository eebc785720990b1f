"""Answers over HTTP that are withheld, as by `plainnet predict --unsure`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from plainnet import Classifier, Regressor
from plainnet.serving.app import Application
from plainnet.serving.served import served_models

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3)).astype(np.float32)
SHARE = 0.3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A model that is right about the first feature, and unsure where it is small."""
    y = X[:, 0] + RNG.normal(0, 0.7, 400) > 0
    made = Classifier(hidden=(8,), epochs=20, ensemble=1).fit(X, np.where(y, "yes", "no"))
    path = tmp_path_factory.mktemp("served") / "model.safetensors"
    made.save(path)
    return made, path


@pytest.fixture(scope="module")
def client(model: tuple[Any, Path]) -> TestClient:
    return TestClient(Application(served_models([model[1]])), "http://localhost")


def rows() -> np.ndarray[Any, Any]:
    return np.array([[a, 0, 0] for a in (-3, -0.05, 0.0, 0.05, 3)], np.float32)


def expected(model: Any) -> list[str]:
    found: list[str] = model.withheld(rows(), model.predict_proba(rows()), SHARE).tolist()
    assert "" in found
    assert "unsure" in found
    return found


def test_predict_gives_no_answer_where_it_is_unsure(
    model: tuple[Any, Path], client: TestClient
) -> None:
    body = {"features": rows().tolist()}
    found = client.post(f"/predict?unsure={SHARE}", json=body).json()["predictions"]
    assert [one.get("withheld", "") for one in found] == expected(model[0])
    names = model[0].predict(rows()).tolist()
    for one, why, name in zip(found, expected(model[0]), names, strict=True):
        assert one["answer"] == (None if why else name)
        assert set(one["probabilities"]) == {"yes", "no"}


def test_the_protocol_says_why(model: tuple[Any, Path], client: TestClient) -> None:
    tensor = {"name": "features", "datatype": "FP32", "shape": [5, 3], "data": rows().tolist()}
    body = {"inputs": [tensor], "parameters": {"unsure": SHARE}}
    outputs = client.post("/v2/models/model/infer", json=body).json()["outputs"]
    by_name = {one["name"]: one["data"] for one in outputs}
    assert by_name["withheld"] == expected(model[0])
    names = model[0].predict(rows()).tolist()
    whys = expected(model[0])
    assert by_name["answer"] == ["" if w else n for n, w in zip(names, whys, strict=True)]
    plain = client.post("/v2/models/model/infer", json={"inputs": [tensor]}).json()["outputs"]
    assert [one["name"] for one in plain] == ["answer", "probabilities"]


@pytest.mark.parametrize("share", ["0", "1", "-1", "nan", "many"])
def test_impossible_shares_get_a_sentence(client: TestClient, share: str) -> None:
    answer = client.post(f"/predict?unsure={share}", json={"features": rows().tolist()})
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_a_model_of_numbers_is_never_unsure(tmp_path: Path) -> None:
    Regressor(hidden=(4,), epochs=1).fit(X, X[:, 0]).save(tmp_path / "numbers.safetensors")
    client = TestClient(
        Application(served_models([tmp_path / "numbers.safetensors"])), "http://localhost"
    )
    answer = client.post("/predict?unsure=0.1", content=json.dumps({"features": rows().tolist()}))
    assert answer.status_code == 400
    assert "cannot say when it is unsure" in answer.json()["error"]
