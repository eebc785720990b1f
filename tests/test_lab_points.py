"""The lab's points: two columns of a user's table, an activation for each layer, the checkpoint."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet.errors import DataError, SettingError
from plainnet.lab.experiment import Experiment
from plainnet.lab.point_checkpoint import PLACE, keep, kept
from plainnet.lab.point_settings import MOST_OWN_POINTS, PointSettings
from plainnet.lab.point_table import SPAN, PointTable
from plainnet.lab.states import settings_of

CSV = {"Content-Type": "text/csv"}
HEAD = "height,weight,kind,age,name"


def people(n: int = 90) -> bytes:
    rng = np.random.default_rng(0)
    rows = [
        f"{150 + i % 40},{rng.normal(70, 9):.2f},{'abc'[i % 3]},{20 + i % 50},person {i}"
        for i in range(n)
    ]
    return "\n".join([HEAD, *rows, "200,,a,30,no weight", "200,70,,30,no kind"]).encode()


def few(experiment: Experiment, batches: int) -> None:
    """Train so many batches, or to the end."""
    left = iter(range(batches))
    for _ in experiment.train(lambda: next(left, None) is None):
        pass


# -- two columns of a table ----------------------------------------------------------------------


def test_two_columns_are_points_with_classes() -> None:
    table = PointTable("people.csv", people())
    offered = table.described()
    assert offered["numbers"] == ["height", "weight", "age"]
    assert offered["targets"] == ["height", "weight", "kind", "age"]  # not 90 names
    found = PointSettings.of(table.settings("height", "weight", "kind"))
    assert (found.data, found.classes, len(found.points)) == ("own", 3, 90)
    assert found.axes[2] == ("kind", "a", "b", "c")
    (_, middle, unit), y_axis, _ = found.axes
    x, y, label = zip(*found.points, strict=True)
    assert np.array(x) * unit + middle == pytest.approx([150 + i % 40 for i in range(90)], abs=0.01)
    weights = [float(row.split(",")[1]) for row in people().decode().splitlines()[1:91]]
    assert np.array(y) * y_axis[2] + y_axis[1] == pytest.approx(weights, abs=0.01)
    assert [*label] == [i % 3 for i in range(90)]
    assert max(x) == SPAN
    assert min(x) == -SPAN


def test_numbers_as_targets_reach_to_one_and_a_half() -> None:
    found = PointSettings.of(PointTable("", people()).settings("height", "weight", "age"))
    assert (found.data, found.n_classes) == ("numbers", 0)
    assert len(found.points) == 91  # also the one without a kind
    experiment = Experiment(found)
    targets = experiment.points.y
    assert (targets.min(), targets.max()) == (-1.5, 1.5)
    _, middle, unit = found.axes[2]
    assert targets[1] * unit + middle == pytest.approx(21, abs=0.02)


def test_of_many_rows_some_are_shown_and_always_the_same() -> None:
    shown = [PointTable("", people(3000)).settings("age", "weight", "kind") for _ in range(2)]
    assert shown[0] == shown[1]
    assert len(shown[0]["points"]) == MOST_OWN_POINTS


@pytest.mark.parametrize(
    "names",
    [
        ("height", "height", "kind"),
        ("height", "kind", "weight"),
        ("height", "weight", "name"),
        ("height", "weight", None),
        (["height"], "weight", "kind"),
        ("height", "weight", "../secret"),
    ],
)
def test_other_columns_get_a_sentence(names: tuple[Any, Any, Any]) -> None:
    with pytest.raises(SettingError):
        PointTable("people.csv", people()).settings(*names)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"a,b\n1,2\n3,4\n", b"a,b,c\nx,y,z\n"])
def test_what_has_no_columns_for_points_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(DataError, match=r"mine\.csv"):
        PointTable("mine.csv", content)


@pytest.mark.parametrize(
    "axes",
    [
        "abc",
        [["a", 0, 1]],
        [["a", 0, 0], ["b", 0, 1], ["c", "x", "y"]],
        [["a", 0, 1], ["b", 0, 1], ["c", "x", 1]],
        [["a" * 101, 0, 1], ["b", 0, 1], ["c", "x", "y"]],
        [["a", "0", 1], ["b", 0, 1], ["c", "x", "y"]],
        [["a", float("nan"), 1], ["b", 0, 1], ["c", "x", "y"]],
    ],
)
def test_axes_of_an_address_are_checked(axes: object) -> None:
    with pytest.raises(SettingError):
        PointSettings.of({"axes": axes})


# -- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_lab(tmp_path_factory.mktemp("runs")) as server:
        yield Client(server)


def test_a_page_shows_its_own_table_and_nothing_is_written(client: Client) -> None:
    columns = {"x": "height", "y": "weight", "target": "kind"}
    assert client.post("/api/points/columns", columns).status == 400  # there is none yet
    sent = client.post("/api/points/table?name=../x.csv", None, raw=people(), headers=CSV)
    assert sent.json["chosen"] == {"x": "height", "y": "weight", "target": "age"}
    assert sent.json["rows"] == 92
    shown = client.post("/api/points/columns", columns).json
    assert shown["restarted"]
    assert len(shown["settings"]["points"]) == 90
    assert client.post("/api/points/columns", {**columns, "x": "name"}).status == 400
    assert [*client.server.folder.rglob("*")] == []


def test_other_sites_send_no_tables_of_points(client: Client) -> None:
    path = "/api/points/table"
    for kind in ("text/plain", "multipart/form-data", "application/json"):
        answer = client.post(path, None, raw=people(), headers={"Content-Type": kind})
        assert answer.status == 415
    for origin in ("http://evil.example", "null"):
        headers = {**CSV, "Origin": origin}
        assert client.post(path, None, raw=people(), headers=headers).status == 403
        order = {"x": "height", "y": "weight", "target": "kind"}
        answer = client.post("/api/points/columns", order, headers={"Origin": origin})
        assert answer.status == 403
    assert client.send("POST", path, raw=people(), headers={**CSV, "Cookie": ""}).status == 403
    large = {**CSV, "Content-Length": str(2**40)}
    assert client.post(path, None, raw=b"", headers=large).status == 413


# -- an activation for each layer ----------------------------------------------------------------


def test_each_layer_has_its_own_activation_and_weights_that_suit_it() -> None:
    at = PointSettings(hidden=(4, 4, 4), activations=("relu", "tanh", "sigmoid"))
    layers = Experiment(at).network.layers
    assert [type(layer).__name__ for layer in layers[1::2]] == ["ReLU", "Tanh", "Sigmoid"]
    alike = Experiment(PointSettings(hidden=(4, 4, 4), activation="relu")).network
    first, again = (network.parameters["layers.0.W"] for network in (alike, Experiment(at).network))
    assert (first == again).all()  # drawn as for ReLU


def test_a_state_names_activations_and_axes() -> None:
    axes = (("long, 長", 170.5, 2.5), ("b", 0, 1e-9), ("kind", "a", "b"))
    state = urlencode({"hidden": "3_2", "activations": "relu_tanh", "axes": json.dumps(axes)})
    found = settings_of(state)
    assert found == PointSettings(hidden=(3, 2), activations=("relu", "tanh"), axes=axes)
    with pytest.raises(SettingError, match="axes"):
        settings_of("axes=[[")


def test_activations_follow_the_number_of_layers() -> None:
    at = PointSettings(hidden=(4, 4), activations=("relu", "tanh"))
    fewer = PointSettings.of({**at.to_dict(), "hidden": [4]})
    assert fewer.activations == ("relu",)
    more = PointSettings.of({**at.to_dict(), "hidden": [4, 4, 4]})
    assert more.activations == ("relu", "tanh", "tanh")
    alike = PointSettings(hidden=(4, 4), activation="relu", activations=("relu", "relu"))
    assert alike.activations == ()
    with pytest.raises(SettingError, match="activation of a layer"):
        PointSettings(activations=("cosine",))


# -- the checkpoint ------------------------------------------------------------------------------


def test_a_lab_that_ends_and_starts_again_changes_no_bit(tmp_path: Path) -> None:
    settings = PointSettings(
        epochs=4, samples=60, dropout=0.2, averaging=0.9, schedule="cosine", normalization="batch"
    )
    whole, again = Experiment(settings), Experiment(settings)
    few(whole, 10**6)
    while again.position.epochs < 4:
        few(again, 3)  # in the midst of an epoch, too
        keep(again, tmp_path)
        again = kept(tmp_path)
    assert (again.network.theta == whole.network.theta).all()
    assert [e.loss for e in again.history] == [e.loss for e in whole.history]
    assert [e.validation for e in again.history] == [e.validation for e in whole.history]


def test_a_server_keeps_the_training_and_another_one_has_it(tmp_path: Path) -> None:
    with running_lab(tmp_path) as server:
        client = Client(server)
        client.post("/api/points/settings", {"hidden": [3], "learning_rate": 0.02})
        client.post("/api/points/orders", {"order": "epoch"})
        before = server.worker.newest.get()[1].snapshot
    with running_lab(tmp_path) as server:
        after = server.worker.newest.get()[1].snapshot
        assert after.settings == before.settings
        assert after.position == before.position
        assert (after.theta == before.theta).all()
        Client(server).post("/api/points/settings", PointSettings().to_dict())
    assert not (tmp_path / PLACE).exists()  # as at the first start: nothing to keep


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_a_damaged_checkpoint_is_reported_and_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes | None
) -> None:
    experiment = Experiment(PointSettings(samples=20))
    few(experiment, 3)
    keep(experiment, tmp_path)
    whole = (tmp_path / PLACE).read_bytes()
    (tmp_path / PLACE).write_bytes(whole[:-9] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        assert kept(tmp_path).position.steps == 0
    assert "cannot be read" in caplog.text
