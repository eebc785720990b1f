"""What the lab's views of trainings share: settings, going on, files of runs, checks, hints."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab
from test_lab_pictures import drawn
from test_lab_tables import CSV, houses

from plainnet.errors import SettingError
from plainnet.lab.hints import hints_of
from plainnet.lab.picture_check import PictureCheck
from plainnet.lab.pictures import COLLECTION, Pictures
from plainnet.lab.recipe_form import described, words_of
from plainnet.lab.runs import Runs
from plainnet.models import Classifier, Regressor, load_any
from plainnet.models.recipe import Recipe
from plainnet.models.serialization import CHECKPOINT
from plainnet.reports.repeating import SETTINGS

QUICK = {"epochs": "3", "hidden": "4", "size": "8", "network": "dense", "batch_size": "4"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_lab(tmp_path_factory.mktemp("runs")) as server:
        yield Client(server)


def filled(folder: Path, n: int = 8) -> Pictures:
    """Two classes of n drawn pictures."""
    pictures = Pictures(folder)
    for name in ("cat", "dog"):
        pictures.add_class(name)
        for i in range(n):
            pictures.add(name, drawn(name, i), "image/png")
    return pictures


def ended(client: Client, path: str) -> dict[str, Any]:
    """Wait for the end of a training."""
    while (state := client.get(path).json)["running"]:
        time.sleep(0.05)
    return dict(state)


# -- settings ------------------------------------------------------------------------------------


def test_every_setting_of_the_recipe_is_in_one_of_the_forms() -> None:
    shown = {one["name"] for of_pictures in (True, False) for one in described(of_pictures)}
    assert shown | {"effort"} == {*SETTINGS}
    json.dumps([described(True), described(False)])


def test_settings_become_options_of_one_word_each() -> None:
    given = {"hidden": "none", "epochs": "7", "augment": "flip=0.5", "grey": "on", "dropout": "0"}
    assert words_of(given, of_pictures=True) == [
        *("--hidden=none", "--epochs=7", "--augment=flip=0.5", "--grey", "--dropout=0")
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": "many"},
        {"epochs": "-3"},
        {"epochs": 3},
        {"--out": "/tmp/x"},
        {"out": "/tmp/x"},
        {"effort": "best"},
        {"optimizer": "--help"},
        {"grey": "off"},
        {"hidden": "8" * 500},
        {"seed": ""},
        ["epochs"],
        "epochs",
    ],
)
def test_other_settings_get_a_sentence(settings: object) -> None:
    with pytest.raises(SettingError):
        words_of(settings, of_pictures=True)


# -- pictures: the check, a training with settings, hints ----------------------------------------


def test_the_check_is_the_librarys_and_made_again_when_pictures_come(tmp_path: Path) -> None:
    pictures = filled(tmp_path, 3)
    assert pictures.check() == {"pictures": 6, "checked": True, "findings": []}
    same = pictures.add("dog", drawn("cat", 0), "image/png")  # a picture of the other class
    [found] = pictures.check()["findings"]
    assert (found["kind"], found["severity"], found["n"]) == ("two-classes", "problem", 1)
    assert sorted(found["files"]) == [["cat", same], ["dog", same]]
    pictures.add_class("empty")
    assert pictures.check() == {"pictures": 7, "checked": False, "findings": []}


def test_a_check_of_pictures_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    pictures = filled(tmp_path, 2)
    for path in (tmp_path / COLLECTION / "cat").iterdir():
        path.write_bytes(b"no picture")
    found = PictureCheck(tmp_path / COLLECTION).of(pictures.classes())
    assert not found["checked"]
    assert found["error"].endswith(".")


def test_a_training_takes_the_settings(client: Client) -> None:
    pictures = filled(client.server.pictures.folder)
    order = {"order": "train", "settings": QUICK, "features": "none"}
    others: list[Any] = [{"settings": {"epochs": "x"}}, {"features": "/etc"}, {"settings": []}]
    for bad in others:
        assert client.post("/api/pictures/orders", {**order, **bad}).status == 400
    client.post("/api/pictures/orders", order)
    state = ended(client, "/api/pictures")
    assert state["failed"] == ""
    assert [e[0] for e in state["epochs"]] == [1, 2, 3]
    model: Any = load_any(pictures.folder / state["run"])
    assert model.recipe == Recipe(epochs=3, hidden=(4,), size=(8, 8), network="dense", batch_size=4)
    number = state["scores"]["number"]
    hints = client.get(f"/api/pictures/hints?number={number}").json
    assert {"code": "few", "name": "cat", "n": 8, "enough": 100} in hints
    assert client.get("/api/pictures/hints?number=../x").status == 404
    assert client.get("/api/pictures/hints").json == []  # the last training did not fail


def test_a_training_that_diverged_points_to_its_learning_rate(tmp_path: Path) -> None:
    pictures = filled(tmp_path, 4)
    pictures.train({"settings": {**QUICK, "learning_rate": "1e30", "normalization": "none"}})
    while pictures.training.state()["running"]:
        time.sleep(0.05)
    assert pictures.training.state()["failed"]
    assert pictures.hints(None) == [{"code": "rate", "rate": 1e30, "usual": 0.001}]


def test_hints_come_from_the_numbers_of_the_training(tmp_path: Path) -> None:
    pictures = filled(tmp_path, 3)
    root = tmp_path / COLLECTION
    files = {name: sorted((root / name).iterdir()) for name in ("cat", "dog")}
    settings: dict[str, Any] = {"network": "dense", "hidden": (4,), "epochs": 1, "size": (8, 8)}
    model = Classifier(**settings, normalization="none", learning_rate=0.05).fit(root)
    for name, value in model.network.parameters.items():
        value[...] = -1.0 if name == "layers.0.b" else 0.0
    evaluation = {
        **{"n": 4, "classes": ["cat", "dog"], "confusion": [[0, 2], [0, 2]]},
        **{"roc_auc": 0.5, "log_loss": 0.7},
    }
    (tmp_path / "metrics.json").write_text(json.dumps({"validation": evaluation}))
    checked = {"findings": [{"kind": "near-duplicate", "n": 3}, {"kind": "small", "n": 2}]}
    found = {hint["code"]: hint for hint in hints_of(tmp_path, model, files, checked)}
    assert found["dead"] == {"code": "dead", "layer": 1, "share": 1.0}
    assert found["oneClass"]["name"] == "dog"
    assert found["leak"]["n"] == 3
    assert pictures.classes()["cat"]

    evaluation["confusion"] = [[2, 0], [1, 1]]
    (tmp_path / "metrics.json").write_text(json.dumps({"validation": evaluation}))
    many = {name: paths * 40 for name, paths in files.items()}
    codes = [hint["code"] for hint in hints_of(tmp_path, model, many, {"findings": []})]
    assert "oneClass" not in codes
    assert "notBetter" in codes
    assert not {"few", "leak"} & {*codes}


# -- tables: kinds and settings ------------------------------------------------------------------


def test_columns_are_taken_as_another_kind(client: Client) -> None:
    client.post("/api/tables/data?name=houses.csv", None, raw=houses(), headers=CSV)
    state = client.post("/api/tables/kinds", {"column": "area", "kind": "category"}).json
    assert state["kinds"] == {"area": "category"}
    texts = "target-encoded category"  # of 160 different ones
    assert [one["kind"] for one in state["table"]["columns"]] == [texts, "category", "number"]
    refused = client.post("/api/tables/kinds", {"column": "town", "kind": "date"})
    assert refused.status == 400
    assert "cannot be taken as a date" in refused.json["error"]
    for bad in ({"column": "no", "kind": "number"}, {"column": "area", "kind": "--out=x"}, {}):
        assert client.post("/api/tables/kinds", bad).status == 400
    order: dict[str, Any] = {"target": "price", "effort": "quick", "settings": {"epochs": "2"}}
    assert client.post("/api/tables/train", {**order, "settings": {"size": "8"}}).status == 400
    client.post("/api/tables/train", order)
    state = ended(client, "/api/tables")
    model: Any = load_any(client.server.tables.folder / state["run"])
    assert [column.kind for column in model.columns.columns] == [texts, "category"]
    assert model.recipe.epochs == 2
    back = client.post("/api/tables/kinds", {"column": "area", "kind": ""}).json
    assert back["kinds"] == {}
    assert back["table"]["columns"][0]["kind"] == "number"


# -- runs: files, and going on -------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(client: Client) -> tuple[str, Path]:
    """The number and the folder of a run on a table with kinds."""
    client.post("/api/tables/data?name=rent.csv", None, raw=houses(), headers=CSV)
    client.post("/api/tables/kinds", {"column": "area", "kind": "number"})
    order = {"target": "price", "effort": "quick", "task": "regression"}
    client.post("/api/tables/train", {**order, "settings": {"epochs": "2", "hidden": "4"}})
    state = ended(client, "/api/tables")
    return state["scores"]["number"], client.server.tables.folder / state["run"]


def test_the_model_is_given_out_as_a_file_and_as_onnx(
    run: tuple[str, Path], client: Client
) -> None:
    number, folder = run
    model = client.get(f"/api/runs/model?number={number}")
    assert model.body == (folder / "model.safetensors").read_bytes()
    onnxruntime = pytest.importorskip("onnxruntime")
    content = client.get(f"/api/runs/onnx?number={number}").body
    session = onnxruntime.InferenceSession(content)
    feed = {"area": np.array([[77.0]]), "town": np.array([["Ulm"]], object)}
    [answer, *_] = session.run(None, feed)
    expected = load_any(folder).predict({"area": ["77"], "town": ["Ulm"]})
    assert np.ravel(answer)[0] == pytest.approx(expected[0], rel=1e-4)


def test_the_lines_of_python_train_the_same_model(
    run: tuple[str, Path], client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, folder = run
    code = client.get(f"/api/runs/code?number={number}").json
    assert "--kinds area=number" in code["command"]
    assert "--epochs 2" in code["command"]
    monkeypatch.chdir(tmp_path)
    held: dict[str, Any] = {}
    exec(code["python"], held)
    theta = load_any(folder).network.theta
    assert isinstance(held["model"], Regressor)
    assert (held["model"].network.theta == theta).all()
    assert (load_any(tmp_path / "model.safetensors").network.theta == theta).all()


@pytest.mark.parametrize("what", ["model", "onnx", "code"])
@pytest.mark.parametrize("number", ["", "..", "../../etc", "0" * 24])
def test_files_are_given_out_of_runs_only(client: Client, what: str, number: str) -> None:
    assert client.get(f"/api/runs/{what}?number={number}").status == 404


def test_a_link_to_another_file_is_not_given_out(client: Client, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = client.server.tables.folder / "linked"
    folder.mkdir()
    (folder / "settings.json").write_text("{}")
    (folder / "checkpoint.safetensors").write_bytes(b"")
    (folder / "model.safetensors").symlink_to(tmp_path / "secret")
    runs = {one["name"]: one["number"] for one in client.get("/api/runs").json["runs"]}
    answer = client.get(f"/api/runs/model?number={runs['linked']}")
    assert answer.status == 400
    assert b"secret" not in answer.body


def test_other_sites_get_no_files_and_start_no_trainings(
    run: tuple[str, Path], client: Client
) -> None:
    evil = {"Origin": "http://evil.example"}
    for what in ("model", "onnx", "code"):
        path = f"/api/runs/{what}?number={run[0]}"
        assert client.get(path, headers=evil).status == 403
        assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
        assert client.get(path, headers={"Cookie": ""}).status == 403
    for path in ("check", "hints"):
        assert client.get(f"/api/pictures/{path}", headers=evil).status == 403
    for path in ("runs/resume", "runs/stop", "tables/kinds", "points/columns"):
        order = {"number": run[0]}
        assert client.post(f"/api/{path}", order, headers=evil).status == 403
        form = {"Content-Type": "text/plain"}
        assert client.post(f"/api/{path}", order, headers=form).status == 415
        assert client.post(f"/api/{path}", None, raw=b"[" * 10**5).status == 400


def test_a_stopped_run_goes_on_and_ends_as_without_a_break(tmp_path: Path) -> None:
    with running_lab(tmp_path) as server:
        client = Client(server)
        client.post("/api/tables/data?name=houses.csv", None, raw=houses(), headers=CSV)
        settings = {"epochs": "200", "patience": "0", "hidden": "8", "batch_size": "16"}
        order = {"target": "price", "effort": "quick", "settings": settings}
        client.post("/api/tables/train", order)
        while len(client.get("/api/tables").json["epochs"]) < 3:
            time.sleep(0.02)
        client.post("/api/tables/stop", {})
        run = ended(client, "/api/tables")["run"]
        [listed] = client.get("/api/runs").json["runs"]
        assert (listed["done"], listed["resumable"]) == (False, True)
        begun = client.get(f"/api/runs/curves?number={listed['number']}").json["epoch"]
        assert begun == [*range(1, len(begun) + 1)]
        assert client.post("/api/runs/resume", {"number": ".."}).status == 404
        begun = client.post("/api/runs/resume", {"number": listed["number"]}).json["training"]
        assert (begun["running"], begun["run"]) == (True, run)
        assert client.post("/api/runs/resume", {"number": listed["number"]}).status == 400
        while (state := client.get("/api/runs").json)["training"]["running"]:
            time.sleep(0.1)
        assert state["training"]["failed"] == ""
        [listed] = state["runs"]
        assert (listed["done"], listed["resumable"]) == (True, False)
        data = json.loads((tmp_path / run / "settings.json").read_text())["data"]
    whole: Any = Regressor(epochs=200, patience=0, hidden=(8,), batch_size=16, effort="quick")
    whole.fit(data, target="price")
    assert (whole.network.theta == load_any(tmp_path / run).network.theta).all()


def test_the_curve_of_a_damaged_checkpoint_is_empty(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "settings.json").write_text("{}")
    for content in (b"", b"\xff" * 64, b"\x08" + bytes(7) + b"{}      "):
        (run / CHECKPOINT).write_bytes(content)
        [listed] = Runs(tmp_path).listed()
        runs = Runs(tmp_path)
        assert runs.curves(runs.listed()[0]["number"]) == {}
        assert listed["resumable"]
