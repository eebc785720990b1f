"""The lab's view of a table: its columns, a training by the command, answers to single rows."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet.errors import SettingError
from plainnet.lab.tables import UPLOADS, Tables
from plainnet.models import load_any

CSV = {"Content-Type": "text/csv"}


def houses() -> bytes:
    rng = np.random.default_rng(0)
    rows = [
        f"{area:.1f},{rng.choice(['Ulm', 'Bonn'])},{1000 * area + rng.normal(0, 5000):.0f}"
        for area in rng.uniform(30, 200, 160)
    ]
    return "\n".join(["area,town,price", *rows]).encode()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_lab(tmp_path_factory.mktemp("runs")) as server:
        yield Client(server)


@pytest.fixture(scope="module")
def trained(client: Client) -> dict[str, Any]:
    """The state after a training of one network."""
    put = client.post("/api/tables/data?name=my%20houses.csv", None, raw=houses(), headers=CSV)
    assert put.json["table"]["rows"] == 160
    order = {"target": "price", "effort": "quick", "task": "regression"}
    state = client.post("/api/tables/train", order).json
    while state["running"]:
        time.sleep(0.05)
        state = client.get("/api/tables").json
    return dict(state)


def test_columns_are_shown_as_a_training_would_take_them(trained: dict[str, Any]) -> None:
    table = trained["table"]
    assert table["name"] == "my-houses"
    assert [(one["column"], one["kind"]) for one in table["columns"]] == [
        ("area", "number"),
        ("town", "category"),
        ("price", "number"),
    ]


def test_the_training_is_a_run_with_scores(trained: dict[str, Any], client: Client) -> None:
    run = client.server.tables.folder / "my-houses-1"
    assert trained["failed"] == ""
    assert trained["run"] == "my-houses-1"
    assert len(trained["epochs"]) > 1
    assert (run / "report.html").exists()
    [rmse, *_] = trained["scores"]["parts"]["validation"]
    stored = json.loads((run / "metrics.json").read_text())["validation"]
    assert rmse["value"] == stored["rmse"]
    assert rmse["interval"]


def test_a_row_is_answered_and_explained_by_the_model(
    trained: dict[str, Any], client: Client
) -> None:
    number = trained["scores"]["number"]
    form = client.get(f"/api/tables/form?number={number}").json
    assert [(one["name"], one["kind"]) for one in form] == [
        ("area", "number"),
        ("town", "category"),
    ]
    assert sorted(form[1]["values"]) == ["Bonn", "Ulm"]
    row = {"area": "100", "town": "Ulm"}
    found = client.post("/api/tables/predict", {"number": number, "row": row}).json
    model: Any = load_any(client.server.tables.folder / "my-houses-1")
    assert found["answer"] == model.predict({"area": ["100"], "town": ["Ulm"]})[0]
    assert found["interval"][0] < found["answer"] < found["interval"][1]
    parts = found["explanation"]
    total = sum(one["contribution"] for one in parts["contributions"])
    assert total == pytest.approx(parts["score"] - parts["average"], rel=0.05)


@pytest.mark.parametrize("row", [{}, {"area": "1"}, {"area": 1, "town": "x"}, [1], {"x": "1"}])
def test_a_row_that_does_not_fit_gets_a_sentence(
    trained: dict[str, Any], client: Client, row: object
) -> None:
    order = {"number": trained["scores"]["number"], "row": row}
    answer = client.post("/api/tables/predict", order)
    assert answer.status == 400
    assert answer.json["error"].endswith(".")


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/passwd", "..", "", ".hidden", "a\x00b", "x" * 999]
)
def test_a_tables_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    Tables(tmp_path / "runs").put(name, houses())
    [file] = (tmp_path / "runs" / UPLOADS).iterdir()
    assert file.suffix == ".csv"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"a,b\n", b'"a\n'])
def test_what_is_no_table_gets_a_sentence_and_replaces_nothing(
    client: Client, trained: dict[str, Any], content: bytes
) -> None:
    answer = client.post("/api/tables/data?name=bad.csv", None, raw=content, headers=CSV)
    assert answer.status == 400
    assert str(client.server.tables.folder) not in answer.json["error"]
    assert client.get("/api/tables").json["table"] == trained["table"]


def test_other_sites_and_forms_send_no_tables(client: Client) -> None:
    for kind in ("text/plain", "multipart/form-data", "application/json"):
        headers = {"Content-Type": kind}
        answer = client.post("/api/tables/data", None, raw=houses(), headers=headers)
        assert answer.status == 415
    headers = {**CSV, "Origin": "http://evil.example"}
    assert client.post("/api/tables/data", None, raw=houses(), headers=headers).status == 403


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"target": "--help"},
        {"target": "price", "drop": ["--resume=/"]},
        {"target": "price", "drop": "area"},
        {"target": "price", "task": "--out=/tmp/x"},
        {"target": "price", "effort": "threads=9"},
        {"target": ["price"]},
    ],
)
def test_the_command_takes_known_names_only(tmp_path: Path, order: dict[str, Any]) -> None:
    tables = Tables(tmp_path)
    with pytest.raises(SettingError, match="no table"):
        tables.train(order)
    tables.put("houses.csv", houses())
    if order.get("drop") != "area":  # one name instead of a list is a name
        with pytest.raises(SettingError, match="There is no"):
            tables.train(order)
        assert not tables.state()["running"]


def test_a_stopped_training_can_be_resumed(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.put("houses.csv", houses())
    tables.train({"target": "price", "effort": "best"})
    with pytest.raises(SettingError, match="goes on already"):
        tables.train({"target": "price"})
    while len(tables.state()["epochs"]) < 2:
        time.sleep(0.02)
    tables.training.close()
    state = tables.state()
    assert state["stopped"], state
    assert (tmp_path / state["run"] / "checkpoint.safetensors").exists()
