"""Clients of others: tritonclient with its defaults, and schemathesis by the protocol's schema."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from serving_models import FILES, PICTURES, TABLE, VECTORS, models, runs

from plainnet import Classifier, Regressor
from plainnet.serving.app import Application
from plainnet.serving.server import Server
from plainnet.serving.settings import ServerSettings


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the models in a thread; return host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(Application(models(), ServerSettings()))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def test_tritonclient_with_its_defaults(address: str) -> None:
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    client = http.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("vectors")
    assert client.get_server_metadata()["name"] == "plainnet"

    def given(name: str, datatype: str, values: Any) -> Any:
        made = http.InferInput(name, [*values.shape], datatype)
        made.set_data_from_numpy(values)
        return made

    wanted = Classifier.load(runs()["vectors"]).predict_proba(VECTORS[:3])
    features = given("features", "FP32", VECTORS[:3])
    for how in (
        {},
        {"request_compression_algorithm": "gzip", "response_compression_algorithm": "deflate"},
        {"outputs": [http.InferRequestedOutput("probabilities")]},
        {"request_id": "7", "timeout": 20_000_000},
    ):
        found = client.infer("vectors", [features], **how)
        assert (found.as_numpy("probabilities") == wanted).all()
    pictures = Classifier.load(runs()["pictures"])
    for values, datatype in ((np.array(FILES[:2], object), "BYTES"), (PICTURES[:2], "UINT8")):
        found = client.infer("pictures", [given("picture", datatype, values)])
        samples = FILES[:2] if datatype == "BYTES" else PICTURES[:2]
        assert (found.as_numpy("probabilities") == pictures.predict_proba(samples)).all()
    cells = {name: np.array(column[:3]) for name, column in TABLE.items()}
    kinds = {"i": "INT64", "f": "FP64", "U": "BYTES"}
    columns = [
        given(name, kinds[one.dtype.kind], one.astype(object) if one.dtype.kind == "U" else one)
        for name, one in cells.items()
    ]
    numbers = Regressor.load(runs()["table"]).predict({n: c[:3] for n, c in TABLE.items()})
    assert (client.infer("table", columns).as_numpy("answer") == numbers).all()
    with pytest.raises(Exception, match="no model 'none'"):
        client.infer("none", [features])


def tensor_schema(kind: str) -> dict[str, Any]:
    nested: dict[str, Any] = {"type": "array", "items": {"type": ["number", "string", "boolean"]}}
    values = {"anyOf": [nested, {"type": "array", "items": nested}]}
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"enum": ["features", "other"]} if kind == "input" else {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"enum": ["FP32", "INT8", "BYTES", "BOOL", "none"]},
            "parameters": {"type": "object"},
            "data": values,
        },
    }


def test_requests_by_the_schema_of_the_protocol_never_break_the_server(address: str) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, given, settings

    def answer(of: dict[str, Any]) -> dict[str, Any]:
        return {"description": "", "content": {"application/json": {"schema": of}}}

    request = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "items": tensor_schema("input")},
            "outputs": {"type": "array", "items": {"type": "object"}},
        },
    }
    response = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {"outputs": {"type": "array", "items": tensor_schema("output")}},
    }
    error = {"type": "object", "required": ["error"]}
    post = {
        "requestBody": {"content": {"application/json": {"schema": request}}},
        "responses": {"200": answer(response), "400": answer(error)},
    }
    schema = schemathesis.openapi.from_dict(
        {
            "openapi": "3.1.0",
            "info": {"title": "infer", "version": "2"},
            "paths": {"/v2/models/vectors/infer": {"post": post}},
        }
    )
    [operation] = [one.ok() for one in schema.get_all_operations()]
    modes = [
        operation.as_strategy(generation_mode=mode)
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    ]

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[*HealthCheck],
    )
    @given(case=modes[0] | modes[1])
    def ask(case: Any) -> None:
        found = case.call(base_url=f"http://{address}")
        checks = [schemathesis.checks.not_a_server_error]
        case.validate_response(found, checks=checks)
        assert found.status_code in (200, 400, 404, 405, 413, 415)

    ask()
