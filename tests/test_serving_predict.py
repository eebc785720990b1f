"""`POST /predict`, the page at `/`, the metrics, and who may ask."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra lab is not installed")

from prometheus_client.parser import text_string_to_metric_families
from serving_models import FILES, ROW, TABLE, VECTORS, client, infer, models, runs, tensor
from starlette.testclient import TestClient

from plainnet import Classifier, Regressor
from plainnet.serving.page import PAGE_FILES, page_of


@pytest.fixture(scope="module")
def at() -> Iterator[TestClient]:
    with client() as made:
        yield made


def predictions(found: Any) -> list[dict[str, Any]]:
    assert found.status_code == 200, found.text
    made: list[dict[str, Any]] = found.json()["predictions"]
    return made


def answers(found: Any) -> list[Any]:
    return [one["answer"] for one in predictions(found)]


def test_pictures_are_uploaded(at: TestClient) -> None:
    model = Classifier.load(runs()["pictures"])
    P = model.predict_proba(FILES[:2])
    files = [("file", ("a.png", FILES[0])), ("file", ("b.png", FILES[1]))]
    found = predictions(at.post("/predict/pictures", files=files))
    assert [one["file"] for one in found] == ["a.png", "b.png"]
    assert [[*one["probabilities"].values()] for one in found] == P.tolist()
    for headers in ({}, {"Content-Type": "image/png"}, {"Content-Type": "application/x-thing"}):
        bare = predictions(at.post("/predict/pictures", content=FILES[0], headers=headers))
        assert bare[0]["answer"] == model.predict(FILES[:1])[0]


def test_rows_are_sent_in_json_or_as_a_file(at: TestClient) -> None:
    model = Regressor.load(runs()["table"])
    wanted = model.predict([ROW]).tolist()
    assert answers(at.post("/predict/table", json=ROW)) == wanted
    assert answers(at.post("/predict/table", json=[{**ROW, "more": "x"}])) == wanted
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d says
    assert answers(at.post("/predict/table", content=json.dumps(ROW), headers=form)) == wanted
    lines = [
        ",".join(TABLE),
        *(",".join(map(str, row)) for row in zip(*TABLE.values(), strict=True)),
    ]
    text = "\n".join(lines[:4]).encode()
    wanted = model.predict({name: cells[:3] for name, cells in TABLE.items()}).tolist()
    for sent in ({"files": {"file": ("rows.csv", text)}}, {"content": text}):
        assert answers(at.post("/predict/table", **sent)) == wanted


def test_vectors_are_sent_in_json_or_as_a_file(at: TestClient) -> None:
    model = Classifier.load(runs()["vectors"])
    X = VECTORS[:2].astype(np.float64)
    wanted = model.predict(X).tolist()
    for content in ({"features": X.tolist()}, X.tolist()):
        assert answers(at.post("/predict/vectors", json=content)) == wanted
    assert answers(at.post("/predict/vectors", json=X[0].tolist())) == wanted[:1]
    held = BytesIO()
    np.save(held, X)
    assert answers(at.post("/predict/vectors", content=held.getvalue())) == wanted


def test_one_model_needs_no_name() -> None:
    with client("table") as alone:
        assert answers(alone.post("/predict", json=ROW))
    with client() as several:
        found = several.post("/predict", json=ROW)
        assert found.status_code == 400
        assert "/predict/table" in found.json()["error"]


def test_intervals_are_asked_for_by_percentage(at: TestClient) -> None:
    [found] = predictions(at.post("/predict/table?interval=50", json=ROW))
    low, high = found["interval"]
    assert low < found["answer"] < high
    assert at.post("/predict/table?interval=x", json=ROW).status_code == 400
    assert at.post("/predict/pictures?interval=50", content=FILES[0]).status_code == 400


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("pictures", {"content": b""}),
        ("pictures", {"content": b"no picture"}),
        ("pictures", {"json": {}}),
        ("pictures", {"json": {"picture": 3}}),
        ("pictures", {"json": {"picture": "/etc/passwd"}}),
        ("pictures", {"json": ["/etc/passwd"]}),
        ("pictures", {"data": {"file": "no file"}, "files": {}}),
        ("pictures", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}),
        ("pictures", {"content": FILES[0][:50]}),
        ("table", {"json": {}}),
        ("table", {"json": []}),
        ("table", {"json": "/etc/passwd"}),
        ("table", {"json": [1]}),
        ("table", {"json": {**ROW, "age": [1]}}),
        ("table", {"json": {**ROW, "age": {}}}),
        ("table", {"json": {"age": 1}}),
        ("table", {"json": {"AGE": 1, "more": 2}}),
        ("table", {"content": b"\0\1"}),
        ("table", {"files": [("a", ("a.csv", b"a\n1")), ("b", ("b.csv", b"a\n1"))]}),
        ("table", {"files": {"a": ("../../a.parquet", b"PAR1")}}),
        ("vectors", {"json": {"features": [[1, 2], [3]]}}),
        ("vectors", {"json": {"features": ["x"]}}),
        ("vectors", {"json": [[1, 2]]}),
        ("vectors", {"json": [[None] * 12]}),
        ("vectors", {"json": [[1e999] * 12]}),
        ("vectors", {"content": b"1,2,3"}),
        ("vectors", {"content": b"[[1" + b"0" * 400 + b",1" * 11 + b"]]"}),
        ("table", {"content": b'{"age": ' + b"9" * 5000 + b"}"}),
        ("vectors", {"json": {"features": "/etc/passwd"}}),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_a_sentence(
    at: TestClient, model: str, sent: dict[str, Any]
) -> None:
    if sent.get("json") == [[1e999] * 12]:
        sent = {"content": b"[[1e999" + b",1" * 11 + b"]]"}
    found = at.post(f"/predict/{model}", **sent)
    assert found.status_code == 400, found.text
    assert found.json().keys() == {"error"}
    assert "Traceback" not in found.text
    assert "root:" not in found.text
    assert "/tmp" not in found.text


# -- who may ask -------------------------------------------------------------------------------


def test_other_names_of_the_server_are_refused(at: TestClient) -> None:
    """DNS rebinding, at a server that only its own machine reaches."""
    for path in ("/", "/v2/models/table", "/metrics"):
        assert at.get(path, headers={"Host": "evil.example"}).status_code == 403
    with client("table", host="0.0.0.0") as everywhere:
        assert everywhere.get("/v2", headers={"Host": "models.example"}).status_code == 200
    with client("table", host="0.0.0.0", allowed_hosts=("models.example",)) as named:
        assert named.get("/v2", headers={"Host": "models.example:80"}).status_code == 200
        assert named.get("/v2", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/predict/table", "/v2/models/table/infer"])
def test_pages_of_other_sites_cannot_ask(at: TestClient, path: str) -> None:
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        found = at.post(path, json=ROW, headers=headers)
        assert found.status_code == 403
        assert "access-control-allow-origin" not in found.headers
    assert (
        at.post("/predict/table", json=ROW, headers={"Origin": "http://127.0.0.1"}).status_code
        == 200
    )


def test_too_many_requests_are_refused_before_their_bodies_are_read() -> None:
    with client("table", queue=1) as at:
        application: Any = at.app
        application.answering.under_way = 4
        found = at.post("/predict", json=ROW)
        assert found.status_code == 503
        assert found.headers["Retry-After"] == "1"
        application.answering.under_way = 3
        assert at.post("/predict", json=ROW).status_code == 200
        assert application.answering.under_way == 3


# -- the page ----------------------------------------------------------------------------------


def test_the_page_loads_only_from_its_own_server(at: TestClient) -> None:
    found = at.get("/")
    assert found.status_code == 200
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]
    assert "http" not in found.text
    for name, kind in PAGE_FILES.items():
        one = at.get(f"/{name}")
        assert one.headers["Content-Type"].startswith(kind)
        assert "http" not in one.text
    assert "--accent" in at.get("/page.css").text


def test_the_page_has_a_field_for_each_column(at: TestClient) -> None:
    text = at.get("/").text
    for name in TABLE:
        assert f'name="{name}"' in text
    assert '<option value="baker">' in text
    assert text.count("<label>") + text.count('<label class="drop">') == len(TABLE) + 2


def test_names_on_the_page_are_escaped() -> None:
    text = page_of({'<script>alert("1")</script>': models()["table"]})
    assert "<script>alert" not in text


# -- metrics -----------------------------------------------------------------------------------


def numbers(at: TestClient, model: str) -> dict[str, float]:
    families = text_string_to_metric_families(at.get("/metrics").text)
    return {
        # the parser gives counters of the older format the ending of the newer one
        sample.name.removesuffix("_total")
        + sample.labels.get("reason", "")
        + sample.labels.get("le", ""): sample.value
        for family in families
        for sample in family.samples
        if model in sample.labels.values()
    }


def test_requests_are_counted_under_the_names_that_dashboards_read() -> None:
    with client() as at:
        before = numbers(at, "vectors")
        given = tensor("features", "FP32", [2, 12], VECTORS[:2].tolist())
        assert infer(at, "vectors", given).status_code == 200
        assert infer(at, "vectors", given).status_code == 200
        assert infer(at, "vectors", {**given, "shape": [2, 2]}).status_code == 400
        after = numbers(at, "vectors")
    changed = {name: after[name] - before[name] for name in after}
    for name, by in {
        "nv_inference_request_success": 2,
        "nv_inference_request_failureOTHER": 1,
        "nv_inference_request_failureBACKEND": 0,
        "nv_inference_count": 4,
        "nv_inference_exec_count": 2,
        "nv_inference_pending_request_count": 0,
        "model_infer_request_success": 2,
        "model_infer_request_failure": 1,
        "model_infer_request_duration_count": 2,
        "request_predict_seconds_count": 2,
        "request_preprocess_seconds_count": 2,
        "plainnet_batch_size_bucket2": 2,
        "plainnet_batch_size_bucket1": 0,
        "plainnet_batch_size_bucket+Inf": 2,
        "plainnet_batch_size_sum": 4,
    }.items():
        assert changed[name] == by, name
    assert changed["nv_inference_request_duration_us"] > 0
    assert changed["request_predict_seconds_sum"] > 0
