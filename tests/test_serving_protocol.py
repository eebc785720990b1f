"""The Open Inference Protocol: paths, tensors in JSON and in binary form, errors."""

import base64
import gzip
import json
import math
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra lab is not installed")

from serving_models import (
    CLASSES,
    FILES,
    N_FEATURES,
    PICTURES,
    ROW,
    TABLE,
    VECTORS,
    client,
    infer,
    outputs,
    runs,
    tensor,
)
from starlette.testclient import TestClient

from plainnet import Classifier, Regressor
from plainnet.errors import PlainnetError
from plainnet.serving.inference import JSON_LENGTH, read_request
from plainnet.serving.tensors import DTYPES, Tensor, tensor_of_binary, tensor_of_json
from plainnet.web.errors import HttpError


@pytest.fixture(scope="module")
def at() -> Iterator[TestClient]:
    with client() as made:
        yield made


def vectors(X: Any = VECTORS[:3], **more: Any) -> dict[str, Any]:
    return tensor("features", "FP32", [*np.shape(X)], np.asarray(X).tolist(), **more)


def binary(at: TestClient, model: str, head: dict[str, Any], *parts: bytes) -> Any:
    text = json.dumps(head).encode()
    return at.post(
        f"/v2/models/{model}/infer",
        content=text + b"".join(parts),
        headers={JSON_LENGTH: str(len(text)), "Content-Type": "application/octet-stream"},
    )


# -- paths -------------------------------------------------------------------------------------


def test_health_and_metadata(at: TestClient) -> None:
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/vectors/ready"):
        assert at.get(path).status_code == 200
    for path in ("/v2", "/v2/"):
        assert {"name", "version", "extensions"} <= at.get(path).json().keys()
    about = at.get("/v2/models/vectors").json()
    assert about["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, N_FEATURES]}]
    assert about["outputs"] == [
        {"name": "answer", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]},
    ]
    assert about["classes"] == [*CLASSES]
    table = at.get("/v2/models/table").json()
    assert [(one["name"], one["datatype"]) for one in table["inputs"]] == [
        ("age", "FP64"),
        ("job", "BYTES"),
        ("since", "BYTES"),
        ("sum", "FP64"),
    ]
    assert table["target"] == "price"


def test_a_version_is_a_fingerprint_of_the_file(at: TestClient) -> None:
    [version] = at.get("/v2/models/vectors").json()["versions"]
    for path in ("", "/ready"):
        assert at.get(f"/v2/models/vectors/versions/{version}{path}").status_code == 200
        assert at.get(f"/v2/models/vectors/versions/1{path}").status_code == 404
    path = f"/v2/models/vectors/versions/{version}/infer"
    found = at.post(path, json={"inputs": [vectors()]}).json()
    assert found["model_version"] == version
    assert version in at.post("/v2/models/vectors/versions/1/infer", json={}).json()["error"]


def test_the_models_are_listed_as_triton_lists_them(at: TestClient) -> None:
    found = at.post("/v2/repository/index").json()
    assert {(one["name"], one["state"]) for one in found} == {(name, "READY") for name in runs()}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v2/models/none", 404),
        ("POST", "/v2/models/none/infer", 404),
        ("POST", "/v2/models/../../etc/passwd/infer", 404),
        ("POST", "/v2/models/..%2F..%2Fetc%2Fpasswd/infer", 404),
        ("GET", "/v2/models/%2e%2e", 404),
        ("GET", "/page.js/../../app.py", 404),
        ("GET", "/v2/models/vectors/config", 404),
        ("POST", "/predict/none", 404),
        ("GET", "/v2/models/vectors/infer", 405),
        ("DELETE", "/v2", 405),
    ],
)
def test_what_is_not_there_is_refused_in_json(
    at: TestClient, method: str, path: str, status: int
) -> None:
    found = at.request(method, path)
    assert found.status_code == status
    assert found.json().keys() == {"error"}
    assert status != 405 or found.headers["Allow"]


def test_head_is_answered_as_get(at: TestClient) -> None:
    assert at.head("/v2/health/ready").status_code == 200


# -- answers -----------------------------------------------------------------------------------


def test_vectors_are_answered_as_predict_does_to_the_bit(at: TestClient) -> None:
    model = Classifier.load(runs()["vectors"])
    found = outputs(infer(at, "vectors", vectors(), id="7"))
    assert found["answer"] == model.predict(VECTORS[:3]).tolist()
    P = np.array(found["probabilities"], np.float32).reshape(3, 3)
    assert (model.predict_proba(VECTORS[:3]) == P).all()


def test_data_may_be_nested_or_flat(at: TestClient) -> None:
    nested = infer(at, "vectors", vectors(), id="7").json()
    flat = tensor("features", "FP32", [3, N_FEATURES], VECTORS[:3].ravel().tolist())
    assert infer(at, "vectors", flat, id="7").json() == nested
    assert nested["id"] == "7"
    assert nested["model_name"] == "vectors"
    assert "id" not in infer(at, "vectors", flat).json()


@pytest.mark.parametrize("datatype", ["FP16", "FP64", "INT8", "UINT16", "INT64", "BOOL"])
def test_features_of_any_datatype(at: TestClient, datatype: str) -> None:
    X = (np.abs(VECTORS[:2]) > 0.5).astype(DTYPES[datatype])
    model = Classifier.load(runs()["vectors"])
    given = tensor("features", datatype, [2, N_FEATURES], X.tolist())
    P = np.array(outputs(infer(at, "vectors", given))["probabilities"], np.float32)
    given_to_predict = X.astype(np.float32) if datatype == "FP16" else X
    assert (P.reshape(2, 3) == model.predict_proba(given_to_predict)).all()


def test_pictures_as_files_and_as_pixels(at: TestClient) -> None:
    model = Classifier.load(runs()["pictures"])
    texts = [base64.b64encode(one).decode() for one in FILES[:2]]
    given = tensor("picture", "BYTES", [2], texts)
    found = np.array(outputs(infer(at, "pictures", given))["probabilities"], np.float32)
    assert (found.reshape(2, 2) == model.predict_proba(FILES[:2])).all()
    marked = {**given, "parameters": {"content_type": "base64"}}
    assert infer(at, "pictures", marked).json() == infer(at, "pictures", given).json()
    for pixels in (PICTURES[:2], PICTURES[:2, ..., 0], PICTURES[:2, ..., :1], PICTURES[:2, :5]):
        X = pixels if pixels.ndim == 4 else pixels[..., None]
        given = tensor("picture", "UINT8", [*pixels.shape], pixels.ravel().tolist())
        found = np.array(outputs(infer(at, "pictures", given))["probabilities"], np.float32)
        assert (found.reshape(2, 2) == model.predict_proba(X)).all()


def columns(n: int = 3) -> list[dict[str, Any]]:
    kinds = {"age": "INT64", "job": "BYTES", "since": "BYTES", "sum": "FP64"}
    return [tensor(name, kinds[name], [n], TABLE[name][:n]) for name in TABLE]


def test_rows_come_by_the_names_of_their_columns(at: TestClient) -> None:
    model = Regressor.load(runs()["table"])
    wanted = model.predict({name: cells[:3] for name, cells in TABLE.items()}).tolist()
    assert outputs(infer(at, "table", *columns()))["answer"] == wanted
    assert outputs(infer(at, "table", *reversed(columns())))["answer"] == wanted
    two = [{**one, "shape": [3, 1]} for one in columns()]
    assert outputs(infer(at, "table", *two))["answer"] == wanted


def test_null_is_a_missing_value(at: TestClient) -> None:
    model = Regressor.load(runs()["table"])
    age, job, since, total = columns(1)
    age |= {"datatype": "FP64", "data": [None]}
    job |= {"data": [None]}
    wanted = model.predict([{**ROW, "age": None, "job": None}]).tolist()
    assert outputs(infer(at, "table", age, job, since, total))["answer"] == wanted


def test_outputs_can_be_chosen(at: TestClient) -> None:
    found = infer(at, "vectors", vectors(), outputs=[{"name": "probabilities"}]).json()
    assert [one["name"] for one in found["outputs"]] == ["probabilities"]
    assert len(infer(at, "vectors", vectors(), outputs=[]).json()["outputs"]) == 2
    error = infer(at, "vectors", vectors(), outputs=[{"name": "more"}])
    assert error.status_code == 400
    assert "probabilities" in error.json()["error"]


def test_prediction_intervals_of_numbers(at: TestClient) -> None:
    refused = infer(at, "vectors", vectors(), parameters={"interval": 90})
    assert refused.status_code == 400
    table = Regressor.load(runs()["table"])
    A = table.predict({name: cells[:3] for name, cells in TABLE.items()})
    wanted = table.answers.around(A, 0.5).ravel().tolist()
    found = outputs(infer(at, "table", *columns(), parameters={"interval": 50}))
    assert found["interval"] == wanted
    for wrong in (0, 100, "much", True, [90]):
        assert infer(at, "table", *columns(), parameters={"interval": wrong}).status_code == 400


# -- the binary extension ----------------------------------------------------------------------


def test_binary_tensors_in_and_out(at: TestClient) -> None:
    X = VECTORS[:2]
    size = {"binary_data_size": X.nbytes}
    given = {"name": "features", "shape": [2, N_FEATURES], "datatype": "FP32", "parameters": size}
    head = {"inputs": [given], "parameters": {"binary_data_output": True}}
    found = binary(at, "vectors", head, X.tobytes())
    length = int(found.headers[JSON_LENGTH])
    answer, P = json.loads(found.content[:length])["outputs"]
    rest = found.content[length:]
    names = rest[: answer["parameters"]["binary_data_size"]]
    wanted = Classifier.load(runs()["vectors"])
    assert rest[len(names) :] == wanted.predict_proba(X).tobytes()
    assert P["parameters"]["binary_data_size"] == 2 * 3 * 4
    assert names == Tensor.of("answer", wanted.predict(X)).binary()
    head["outputs"] = [{"name": "answer", "parameters": {"binary_data": False}}]
    assert binary(at, "vectors", head, X.tobytes()).json()["outputs"][0]["data"]


def test_a_raw_request_is_one_sample_without_json(at: TestClient) -> None:
    raw = {JSON_LENGTH: "0"}
    for model, content, wanted in (
        ("vectors", VECTORS[0].tobytes(), VECTORS[:1]),
        ("pictures", FILES[0], FILES[:1]),
    ):
        found = at.post(f"/v2/models/{model}/infer", content=content, headers=raw)
        P = Classifier.load(runs()[model]).predict_proba(wanted)
        assert found.content.endswith(P.tobytes())
    assert at.post("/v2/models/table/infer", content=b"1", headers=raw).status_code == 400
    assert at.post("/v2/models/vectors/infer", content=b"1", headers=raw).status_code == 400


def test_elements_of_bytes_follow_their_length(at: TestClient) -> None:
    parts = b"".join(len(one).to_bytes(4, "little") + one for one in FILES[:2])
    size = {"binary_data_size": len(parts)}
    given = {"name": "picture", "shape": [2, 1], "datatype": "BYTES", "parameters": size}
    found = binary(at, "pictures", {"inputs": [given]}, parts)
    wanted = Classifier.load(runs()["pictures"]).predict(FILES[:2]).tolist()
    assert outputs(found)["answer"] == wanted


@pytest.mark.parametrize("datatype", [*DTYPES, "BYTES"])
def test_tensors_survive_both_forms(datatype: str) -> None:
    values: Any = [[1, 0, 1], [0, 1, 1]]
    if datatype == "BYTES":
        values = [["a", "é", ""], ["b", "c", "d" * 300]]
    elif datatype == "BOOL":
        values = [[True, False, True], [False, True, True]]
    made = tensor_of_json("x", datatype, [2, 3], values, False)
    again = tensor_of_binary("x", datatype, [2, 3], made.binary())
    assert made.data() == again.data() == [one for row in values for one in row]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bodies_are_compressed_both_ways(at: TestClient, encoding: str) -> None:
    text = json.dumps({"inputs": [vectors(VECTORS)]}).encode()
    packed = gzip.compress(text) if encoding == "gzip" else zlib.compress(text)
    headers = {"Content-Encoding": encoding, "Accept-Encoding": encoding}
    found = at.post("/v2/models/vectors/infer", content=packed, headers=headers)
    assert found.headers["Content-Encoding"] == encoding
    assert len(outputs(found)["answer"]) == len(VECTORS)


# -- errors ------------------------------------------------------------------------------------

BAD_TENSORS: list[dict[str, Any]] = [
    {"name": "other"},
    {"name": ""},
    {"name": 3},
    {"datatype": "FP8"},
    {"datatype": None},
    {"datatype": "BYTES"},
    {"datatype": "INT32"},
    {"datatype": "BOOL"},
    {"shape": [3, 11]},
    {"shape": [-3, -12]},
    {"shape": [3.0, 12]},
    {"shape": "3"},
    {"shape": []},
    {"shape": [1] * 40},
    {"shape": [2**62, 2**62]},
    {"shape": [True, 12]},
    {"shape": [12, 3]},
    {"data": None},
    {"data": {}},
    {"data": "abc"},
    {"data": [[1, 2], [3]]},
    {"data": [[1.0] * 12] * 2 + [["x"] * 12]},
    {"data": [[1.0] * 12] * 2 + [[None] * 12]},
    {"data": [[1e300] * 12] * 3},
    {"data": [[10**400] * 12] * 3},
    {"data": [[{}] * 12] * 3},
    {"parameters": []},
    {"parameters": {"binary_data_size": 144}},
    {"parameters": {"binary_data_size": -1}},
    {"parameters": {"binary_data_size": "144"}},
]


@pytest.mark.parametrize("change", BAD_TENSORS, ids=str)
def test_malformed_tensors_are_refused_by_a_sentence(
    at: TestClient, change: dict[str, Any]
) -> None:
    found = infer(at, "vectors", {**vectors(), **change})
    assert found.status_code == 400
    assert found.json()["error"].endswith(".")
    assert "Traceback" not in found.text


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"inputs": {}}',
        b'{"inputs": []}',
        b'{"inputs": [1]}',
        b'{"inputs": [{}]}',
        b'{"inputs": [], "id": 3}',
        b'{"inputs": [], "outputs": 3}',
        b'{"inputs": [], "parameters": 3}',
        b'{"inputs": [{"name": "features", "shape": [1, 12], "datatype": "FP32", "data": [NaN]}]}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"inputs": [{"name": "\\ud800", "shape": [1], "datatype": "FP32", "data": [1]}]}',
    ],
    ids=lambda text: text[:40],
)
def test_malformed_requests_are_refused_by_a_sentence(at: TestClient, text: bytes) -> None:
    found = at.post("/v2/models/vectors/infer", content=text)
    assert found.status_code == 400
    assert found.json().keys() == {"error"}


@pytest.mark.parametrize("length", ["-1", "x", "99999999", "9" * 5000, "²"])
def test_a_wrong_length_of_the_json_is_refused(length: str) -> None:
    with pytest.raises(PlainnetError, match=JSON_LENGTH):
        read_request(b"{}", length)


def test_bytes_that_belong_to_no_input_are_refused(at: TestClient) -> None:
    size = {"binary_data_size": 48}
    given = {"name": "features", "shape": [1, 12], "datatype": "FP32", "parameters": size}
    for rest in (b"\0" * 47, b"\0" * 49, b""):
        assert binary(at, "vectors", {"inputs": [given]}, rest).status_code == 400


@pytest.mark.parametrize("content", [b"\x01", b"\x05\0\0\0abc", b"\xff\xff\xff\xffa"])
def test_bytes_that_end_too_early_are_refused(content: bytes) -> None:
    with pytest.raises(PlainnetError, match="end within"):
        tensor_of_binary("x", "BYTES", [1], content)


def test_nan_in_a_binary_tensor_is_refused_where_predict_refuses_it(at: TestClient) -> None:
    X = VECTORS[:1].copy()
    X[0, 3] = math.nan
    size = {"binary_data_size": X.nbytes}
    given = {"name": "features", "shape": [1, 12], "datatype": "FP32", "parameters": size}
    found = binary(at, "vectors", {"inputs": [given]}, X.tobytes())
    assert found.status_code == 400
    assert "column 3" in found.json()["error"]


def test_columns_are_checked(at: TestClient) -> None:
    age, job, since, total = columns()
    for given in (
        [age, job, since],
        [age, job, since, total, tensor("more", "FP64", [3], [1, 2, 3])],
        [age, age, job, since, total],
        [{**age, "shape": [2], "data": [1, 2]}, job, since, total],
        [{**age, "shape": [3, 2], "data": [1] * 6}, job, since, total],
        [{**age, "shape": [], "data": [1]}, job, since, total],
        [{**one, "shape": [0], "data": []} for one in columns()],
    ):
        found = infer(at, "table", *given)
        assert found.status_code == 400, found.text
        assert found.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("datatype", "shape", "data"),
    [
        ("BYTES", [1], ["no base64"]),
        ("BYTES", [1], ["bm8gcGljdHVyZQ=="]),
        ("BYTES", [1], ["/etc/passwd"]),
        ("BYTES", [1], [""]),
        ("BYTES", [0], []),
        ("BYTES", [1], [None]),
        ("BYTES", [1, 1, 1], ["AAAA"]),
        ("UINT8", [1, 2, 2, 2], [0] * 8),
        ("UINT8", [2, 2], [0] * 4),
        ("UINT8", [4, 4, 3], [0] * 48),  # one picture, or four grey ones of 4 × 3?
        ("BYTES", [1, 2], ["AAAA", "AAAA"]),
        ("BYTES", [], ["AAAA"]),
        ("UINT8", [0, 2, 2, 3], []),
        ("FP32", [1, 2, 2, 3], [0] * 12),
    ],
)
def test_what_is_no_picture_is_refused(
    at: TestClient, datatype: str, shape: list[int], data: list[Any]
) -> None:
    found = infer(at, "pictures", tensor("picture", datatype, shape, data))
    assert found.status_code == 400
    assert "root:" not in found.text


def test_compressed_bombs_are_refused() -> None:
    with client(max_body=0.1) as small:
        packed = gzip.compress(b" " * 10_000_000)
        path, headers = "/v2/models/vectors/infer", {"Content-Encoding": "gzip"}
        found = small.post(path, content=packed, headers=headers)
        assert found.status_code == 413
        assert small.post(path, content=b" " * 100_001).status_code == 413
        assert small.post("/predict/table", content=b" " * 100_001).status_code == 413


def test_texts_as_long_as_the_body_take_no_more_memory_than_it() -> None:
    texts = ["1"] * 1000 + ["1" * 1_000_000]
    with pytest.raises(PlainnetError):
        tensor_of_json("x", "FP32", [1001], texts, False)


def test_an_error_of_http_is_no_error_of_data() -> None:
    assert not issubclass(HttpError, PlainnetError)
