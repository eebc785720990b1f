"""The lab's experiment: everything the library has, trained by the library, shown as it is."""

import http.client
import inspect
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet import Adam, Network, SigmoidCrossEntropy, train
from plainnet.cli.command_line import main
from plainnet.cli.lab import RUNS, check_folder, command
from plainnet.errors import FileError, SettingError
from plainnet.lab import recipe_form
from plainnet.lab.experiment import RESTARTING, Experiment
from plainnet.lab.frames import curve, frame_of, grid, packed, unpacked
from plainnet.lab.inspection import look_into
from plainnet.lab.point_sets import FEATURES, POINT_SETS, REACH, draw_points, inputs_of
from plainnet.lab.point_settings import PARAMETERS, PointSettings, described
from plainnet.lab.running import LabServer
from plainnet.lab.worker import Worker
from plainnet.models.defaults import NETWORKS
from plainnet.models.names import INITIALIZERS, NORMALIZATIONS, OPTIMIZERS, SCHEDULES
from plainnet.models.recipe_settings import RecipeSettings
from plainnet.network import ACTIVATIONS
from plainnet.network.trace import trace
from plainnet.pictures.check.data_report import KINDS as FINDINGS
from plainnet.tables import TASKS
from plainnet.tables.kinds import KINDS
from plainnet.training import Regularization

LEFT_OUT = {
    "augment": "changes pictures",
    "network": "convolutions are for pictures",
    "channels": "of convolutions",
    "encoding": "for columns of tables; the features take its place",
    "bins": "of that encoding",
    "patience": "the page stops when the user does",
    "patience_growth": "of the patience",
    "effort": "the number of networks",
    "ensemble": "the page shows one network",
    "bagging": "of an ensemble",
    "members": "of an ensemble",
    "variants": "of an ensemble",
}
"""Settings of a training that points in the plane have no use for."""


def never() -> bool:
    return False


def trained(epochs: int, **settings: object) -> Experiment:
    experiment = Experiment(PointSettings.of({"epochs": epochs, **settings}))
    for _ in experiment.train(never):
        pass
    return experiment


# Everything the library has


def test_every_setting_of_a_network_and_its_training_is_there() -> None:
    known = {
        one.name
        for one in fields(RecipeSettings)
        if one.metadata["setting"].section in ("Network", "Training")
    }
    assert known - {*LEFT_OUT} <= {one.name for one in fields(PointSettings)}
    regularization = {*inspect.signature(Regularization).parameters}
    assert regularization - {"average", "schedule"} <= {*PARAMETERS}


def test_every_argument_of_optimizers_and_activations_is_there_with_its_default() -> None:
    defaults = PointSettings()
    made_by: list[Any] = [*(row.optimizer for row in OPTIMIZERS.values()), *ACTIVATIONS.values()]
    for made in made_by:
        for name, parameter in inspect.signature(made).parameters.items():
            assert name in PARAMETERS
            if name not in ("learning_rate", "weight_decay"):
                assert getattr(defaults, name) == parameter.default


def test_what_is_offered_are_the_librarys_own_tables() -> None:
    offered = {name: set(parameter.names) for name, parameter in PARAMETERS.items()}
    assert offered["activation"] == {*ACTIVATIONS}
    assert offered["optimizer"] == {*OPTIMIZERS}
    assert offered["initializer"] == {*INITIALIZERS}
    assert offered["schedule"] == {*SCHEDULES}
    assert offered["normalization"] == {*NORMALIZATIONS} - {"auto"}
    json.dumps(described())


CHOICES = [
    *({"activation": name} for name in ACTIVATIONS),
    *({"optimizer": name} for name in OPTIMIZERS),
    *({"schedule": name} for name in SCHEDULES),
    *({"initializer": name} for name in INITIALIZERS),
    *({"normalization": name} for name in NORMALIZATIONS if name != "auto"),
    *({"data": name, "points": [[1, 1, 0], [-1, 0, 1]]} for name in POINT_SETS),
    {"averaging": "polynomial"},
    {"averaging": 0.9},
    {"hidden": []},
    {"activations": ["relu", "leaky-relu"], "slope": 0.2},
    {"batch_size": None},
    {"validation_share": 0},
    {"classes": 4, "class_weight": "balanced", "label_smoothing": 0.1},
    {"dropout": 0.2, "input_dropout": 0.1, "l2": 0.1, "weight_decay": 0.1},
    {"clip_norm": 1, "max_norm": 2},
    {"features": [*FEATURES]},
]


@pytest.mark.parametrize("settings", CHOICES, ids=str)
def test_all_of_it_trains_and_can_be_shown(settings: dict[str, object]) -> None:
    experiment = trained(2, samples=20, **settings)
    numbers, arrays = frame_of(experiment.snapshot())
    assert experiment.position.epochs == 2
    assert np.isfinite(experiment.history[-1].loss)
    assert numbers["training"]["loss"] > 0
    assert arrays["surface"].shape == (experiment.settings.n_out, 64 * 64)
    look_into(experiment.snapshot(), 0, 0, (0.5, -1))


# The library's own training


def test_the_training_is_that_of_train() -> None:
    """Done again with the library alone, the parameters are the same to the bit."""
    experiment = trained(5, hidden=[4], dropout=0.1, l2=0.01, schedule="cosine")
    points, weights, order = np.random.default_rng(1).spawn(3)
    data = draw_points("spirals", 300, 2, 0.1, 0.3, (), points)
    X, y = data.X[~data.held_out].astype(np.float32), data.y[~data.held_out]
    recipe = experiment.settings.recipe()
    network = recipe.make_network([], [2], 1, weights)
    steps = 5 * -(-len(X) // 30)
    epochs = list(
        train(
            network,
            SigmoidCrossEntropy(),
            Adam(0.01),
            X,
            y,
            epochs=5,
            batch_size=30,
            rng=order,
            schedule=recipe.make_schedule(0.01, steps),
            regularization=Regularization(0.01),
        )
    )
    assert (network.theta == experiment.network.theta).all()
    assert [e.loss for e in epochs] == [e.loss for e in experiment.history]


@pytest.mark.parametrize("stops", [1, 3, 10])
def test_a_pause_anywhere_changes_no_bit(stops: int) -> None:
    whole = trained(3, samples=60, dropout=0.2)
    paused = Experiment(PointSettings(epochs=3, samples=60, dropout=0.2))
    while paused.position.epochs < 3:
        left = iter(range(stops))
        for _ in paused.train(lambda left=left: next(left, None) is None):  # type: ignore[misc]
            pass
    assert (paused.network.theta == whole.network.theta).all()
    assert len(paused.history) == 3


def test_the_same_seed_gives_the_same_training_and_another_one_another() -> None:
    first, again, other = trained(2), trained(2), trained(2, seed=2)
    assert (first.network.theta == again.network.theta).all()
    assert (first.points.X == again.points.X).all()
    assert (first.points.X != other.points.X).any()


def test_spirals_are_learned() -> None:
    assert trained(150).history[-1].validation["accuracy"] >= 0.95


# Changes while it runs

GOING_ON = {
    "learning_rate": 0.1,
    "optimizer": "momentum",
    "batch_size": 7,
    "noise": 0.3,
    "samples": 50,
    "validation_share": 0.5,
    "dropout": 0.5,
    "activation": "relu",
    "points": [[1, 1, 0]],
    "averaging": 0.9,
    "epochs": 9,
    "schedule": "cosine",
    "l2": 1,
    "weight_decay": 0.1,
    "class_weight": "balanced",
}


@pytest.mark.parametrize(("name", "value"), GOING_ON.items(), ids=str)
def test_most_changes_go_on_from_where_it_is(name: str, value: object) -> None:
    experiment = trained(2, normalization="batch")
    theta, steps = experiment.network.theta.copy(), experiment.position.steps
    state = {name: array.copy() for name, array in experiment.network.state.items()}
    changed = {**experiment.settings.to_dict(), "epochs": 3, name: value}
    assert not experiment.change(PointSettings.of(changed))
    assert (experiment.network.theta == theta).all()
    assert all(
        (new == old).all()
        for new, old in zip(experiment.network.state.values(), state.values(), strict=True)
    )
    assert experiment.position.epochs == len(experiment.history) == 2
    next(experiment.train(never))
    assert experiment.history[-1].number == 3
    assert experiment.position.steps > steps


def test_a_changed_learning_rate_keeps_the_optimizers_memory() -> None:
    experiment = trained(2)
    memory = experiment.optimizer.state()
    experiment.change(replace(experiment.settings, learning_rate=0.02, epochs=3))
    assert experiment.optimizer.learning_rate == 0.02
    assert all((experiment.optimizer.state()[name] == memory[name]).all() for name in memory)


@pytest.mark.parametrize("name", sorted(RESTARTING))
def test_other_changes_begin_again(name: str) -> None:
    values = {
        "data": "circles",
        "classes": 3,
        "seed": 5,
        "features": ["x"],
        "hidden": [3],
        "initializer": "he",
        "normalization": "layer",
        "axes": [["a", 0, 1], ["b", 0, 1], ["c", "no", "yes"]],
    }
    experiment = trained(2)
    run = experiment.run
    changed = PointSettings.of({**experiment.settings.to_dict(), name: values[name]})
    assert experiment.change(changed)
    assert experiment.run == run + 1
    assert experiment.position.steps == 0
    assert experiment.history == []


def test_a_new_point_leaves_the_others_in_their_parts() -> None:
    few, more = (
        Experiment(PointSettings.of({"points": [[0.1 * i, 0, 0] for i in range(n)]})).points
        for n in (5, 6)
    )
    assert (more.X[:305] == few.X).all()
    assert (more.held_out[:305] == few.held_out).all()


def test_points_are_in_the_plane_and_split_as_asked() -> None:
    for kind in POINT_SETS:
        data = draw_points(kind, 1000, 2, 2, 0.25, (), np.random.default_rng(0))
        assert len(data.X) == (0 if kind in ("own", "numbers") else 1000)
        assert abs(data.X).max(initial=0) <= REACH
        if len(data.X):
            assert 0.2 < data.held_out.mean() < 0.3


def test_without_points_nothing_is_trained() -> None:
    with pytest.raises(SettingError, match="no points"):
        next(Experiment(PointSettings(data="own")).train(never))


# What is shown


def test_the_numbers_of_a_frame_are_the_librarys() -> None:
    experiment = trained(3, hidden=[5, 4], activation="relu", initializer="he")
    snapshot = experiment.snapshot()
    header, arrays = unpacked(packed(*frame_of(snapshot)))
    network, data = experiment.network, experiment.training
    for stage, i in enumerate((0, 2, 4)):
        assert (arrays[f"W.{stage}"] == network.parameters[f"layers.{i}.W"]).all()
        assert (arrays[f"b.{stage}"] == network.parameters[f"layers.{i}.b"]).all()
    p = experiment.loss.probabilities(network.predict(grid(64).astype(np.float32)))  # type: ignore[attr-defined]
    assert (arrays["surface"][0] == np.rint(255 * p[:, 0])).all()
    J = experiment.loss.value_and_grad(network.predict(data.X), data.y[:, None])[0]
    assert header["training"]["loss"] == pytest.approx(J)
    assert header["held_out"] == pytest.approx(experiment.history[-1].validation)

    steps = trace(network, experiment.loss, data.X, data.y)
    back = {step.layer: step.gradients for step in steps.backward}
    for stage, i in enumerate((0, 2, 4)):
        dW = arrays[f"dW.{stage}"].astype(np.float64)
        assert np.linalg.norm(dW) == pytest.approx(back[i]["dW"].norm, rel=1e-5)
    for stage, i in enumerate((1, 3)):
        histogram = next(one for one in header["histograms"] if one["name"] == f"Y.{stage}")
        assert (histogram["low"], histogram["high"]) == pytest.approx(
            (steps.forward[i].Y.low, steps.forward[i].Y.high)
        )
        counts = arrays[f"histogram.Y.{stage}"]
        assert counts.sum() == np.prod(steps.forward[i].Y.shape)
        dead = steps.forward[i].dead
        assert dead is not None
        assert header["dead"][stage] == round(dead * [5, 4][stage])


def test_a_units_surface_is_what_its_activation_gives() -> None:
    experiment = trained(1, hidden=[3])
    _, arrays = frame_of(experiment.snapshot())
    first = Network.dense([2, 3], rng=0)  # one layer, with these parameters
    for name in ("W", "b"):
        first.parameters[f"layers.0.{name}"][...] = experiment.network.parameters[
            f"layers.0.{name}"
        ]
    Y = np.tanh(first.predict(grid(32).astype(np.float32)))
    shown = (arrays["units.0"].astype(float) - 128) / 127 * abs(Y).max(axis=0)[:, None]
    assert abs(shown - Y.T).max() < 0.01


def test_dead_units_are_counted() -> None:
    experiment = Experiment(PointSettings(hidden=(6,), activation="relu"))
    experiment.network.parameters["layers.0.b"][:4] = -1000
    assert frame_of(experiment.snapshot())[0]["dead"] == [4]


def test_a_unit_is_shown_term_by_term() -> None:
    experiment = trained(2, hidden=[4, 3], features=["x", "y", "xy"], normalization="layer")
    unit = look_into(experiment.snapshot(), 1, 2, (0.5, -2))["unit"]
    assert unit["z"] == pytest.approx(np.dot(unit["x"], unit["w"]) + unit["b"], rel=1e-5)
    inputs = inputs_of(np.array([[0.5, -2]]), ("x", "y", "xy"))
    assert inputs.tolist() == [[0.5, -2, -1]]
    output = look_into(experiment.snapshot(), 2, 0, (0.5, -2))
    Z = float(experiment.network.predict(inputs)[0, 0])
    assert output["unit"]["z"] == pytest.approx(Z, rel=1e-5)
    assert output["unit"]["p"] == pytest.approx(1 / (1 + np.exp(-Z)), rel=1e-5)
    assert output["loss"]["name"] == "SigmoidCrossEntropy"
    assert output["layers"][0]["formula"] == "Y = X W + b"


def test_looking_does_not_change_the_training() -> None:
    plain, watched = trained(3, dropout=0.2, normalization="batch"), None
    watched = Experiment(PointSettings(epochs=3, dropout=0.2, normalization="batch"))
    for _ in watched.train(never):
        frame_of(watched.snapshot())
        look_into(watched.snapshot(), 1, 0, (0, 0))
    assert (watched.network.theta == plain.network.theta).all()


def test_a_diverging_training_can_still_be_shown() -> None:
    experiment = Experiment(PointSettings(activation="relu"))
    experiment.network.theta[...] = np.inf
    numbers, arrays = frame_of(experiment.snapshot())
    header, _ = unpacked(packed(numbers, arrays))
    assert header["training"]["loss"] is None


def test_long_curves_are_thinned_out_with_their_end() -> None:
    experiment = trained(40, samples=10)
    snapshot = experiment.snapshot()
    assert curve(snapshot, 30)[:, 0].tolist() == [*range(31, 41)]
    assert curve(snapshot, 0)[:, 1].tolist() == [e.loss for e in experiment.history]
    thin = curve(snapshot, 0, most=15)
    assert len(thin) <= 16
    assert thin[-1, 0] == 40


# The worker and the server


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with running_lab() as server:
        yield server


def test_orders_are_obeyed_between_two_batches(server: LabServer) -> None:
    worker = server.worker
    worker.change(lambda old: replace(old, epochs=4, seed=9))
    worker.step()
    assert worker.newest.get()[1].snapshot.position == (0, 1, 1)
    worker.epoch()
    epochs, batches, steps = worker.newest.get()[1].snapshot.position
    assert (epochs, batches) == (1, 0)
    worker.set_speed(0)
    number = worker.newest.get()[0]
    worker.run()
    while not worker.newest.get()[1].status.finished:  # to the last epoch, by itself
        pass
    assert worker.newest.get()[0] > number
    moment = worker.newest.get()[1]
    assert moment.snapshot.position == (4, 0, 4 * steps)
    assert not moment.status.running
    worker.restart()
    assert worker.newest.get()[1].snapshot.position == (0, 0, 0)


def test_a_diverged_training_stops_with_its_sentence() -> None:
    worker = Worker(
        Experiment(
            PointSettings(
                data="sine", optimizer="gradient-descent", learning_rate=1000, activation="relu"
            )
        )
    )
    try:
        worker.set_speed(0)
        worker.run()
        while worker.newest.get()[1].status.running:
            pass
        status = worker.newest.get()[1].status
        assert status.error == "diverged"
        assert "learning rate" in status.message
    finally:
        worker.close()


def test_frames_hold_only_what_the_page_does_not_have(server: LabServer) -> None:
    client = Client(server)
    assert client.post("/api/points/settings", {"epochs": 50, "seed": 3}).json["restarted"]
    first, arrays = unpacked(client.get("/api/points/frame?after=0").body)
    assert first["settings"]["seed"] == 3
    assert len(arrays["points.X"]) == 300
    client.post("/api/points/orders", {"order": "epoch"})
    known = f"after={first['number']}&run={first['run']}&revision={first['revision']}&since=0"
    second, arrays = unpacked(client.get(f"/api/points/frame?{known}").body)
    assert second["number"] > first["number"]
    assert "settings" not in second
    assert "points.X" not in arrays
    assert arrays["curve"].shape == (1, 4)


def test_two_pages_see_the_same(server: LabServer) -> None:
    one, two = (unpacked(Client(server).get("/api/points/frame?after=0").body) for _ in range(2))
    assert one[0] == two[0]
    assert (one[1]["surface"] == two[1]["surface"]).all()


# The page

STATIC = Path(inspect.getfile(LabServer)).parent / "static"


def test_every_text_is_there_in_both_languages_and_used() -> None:
    english, chinese = (
        json.loads((STATIC / f"{name}.json").read_text("utf-8")) for name in ("en", "zh")
    )
    assert [*english] == [*chinese]
    assert all(text.strip() for text in (*english.values(), *chinese.values()))
    for key, text in english.items():  # the same gaps to fill in
        gaps = [sorted(re.findall(r"\{\w+\}", one)) for one in (text, chinese[key])]
        assert gaps[0] == gaps[1], key
    code = "".join(path.read_text("utf-8") for path in STATIC.glob("*.js"))
    page = (STATIC / "index.html").read_text("utf-8")
    named = {*re.findall(r'data-t(?:-label)?="([\w.]+)"', page)}
    named |= {*re.findall(r'"([a-z]\w*)"', code)} & {*english}
    for of_pictures in (True, False):
        recipe = {one["name"] for one in recipe_form.described(of_pictures)} | {"features"}
        named |= {f"{kind}.{name}" for kind in "ph" for name in recipe}
    named |= {f"check.{kind.replace('-', '_')}" for kind in FINDINGS}
    source = (STATIC.parent / "hints.py").read_text("utf-8")
    named |= {f"hint.{code}" for code in re.findall(r'"code": "(\w+)"', source)}
    named |= {"diverged", "refused", *(f"set.{name}" for name in POINT_SETS)}
    named |= {f"kind.{name.replace(' ', '_').replace('-', '_')}" for name in (*KINDS, "left out")}
    named |= {f"task.{name}" for name in TASKS} | {f"effort.{name}" for name in NETWORKS}
    named |= {
        f"{kind}.{name}"
        for kind in "ph"
        for name, parameter in PARAMETERS.items()
        if parameter.kind != "own" and name != "data"
    }
    assert named == {*english}


def test_the_page_names_no_other_host() -> None:
    for path in STATIC.iterdir():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$|\s// .*$", "", text, flags=re.MULTILINE), path.name


# The command


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("plainnet.lab.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.setattr(sys, "argv", ["plainnet", "lab", "--no-browser"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert 'pip install ".[lab]"' in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused_by_a_sentence() -> None:
    with running_lab() as one, pytest.raises(SettingError, match=f"Port {one.port}"):
        LabServer(one.port)


@pytest.mark.parametrize(
    ("name", "said"), [("a.csv", "is a file"), ("wrong/path", "there is no .*wrong")]
)
def test_a_wrong_folder_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.csv").write_text("x,y\n")
    with pytest.raises(FileError, match=said):
        command.main([str(tmp_path / name)], standalone_mode=False)


def test_a_missing_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_folder(tmp_path / "new")
    assert f"{tmp_path / 'new'} does not exist yet" in capsys.readouterr().err
    check_folder(tmp_path)
    check_folder(RUNS)
    assert capsys.readouterr().err == ""


def test_the_command_serves_until_it_is_stopped() -> None:
    words = [sys.executable, "-m", "plainnet", "lab", "--no-browser"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as lab:
        assert lab.stderr is not None
        address = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", lab.stderr.readline())
        assert address is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=60)
        connection.request("GET", f"/?token={address[2]}")
        assert connection.getresponse().status == 200
        connection.close()
        lab.send_signal(signal.SIGINT)
        assert "Traceback" not in lab.stderr.read()
    assert lab.returncode == 0
