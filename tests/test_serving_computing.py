"""Computing answers: the same bits in any batch, a bounded queue, deadlines, renewed models."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra lab is not installed")

from serving_models import FILES, PICTURES, TABLE, VECTORS, models, runs

from plainnet.errors import DataError, DivergedError, PlainnetError, SettingError
from plainnet.models import load_any
from plainnet.network import Array, Dense
from plainnet.serving.computing import Computer
from plainnet.serving.forms import Given
from plainnet.serving.metrics import Metrics
from plainnet.serving.served import LoadedModel, ServedModel, served_models
from plainnet.serving.settings import ServerSettings
from plainnet.web.errors import HttpError


class Slow:
    """Inputs or answers that wait for the test."""

    def __init__(self, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.begun = threading.Event(), threading.Event()
        usual = LoadedModel.answers

        def answers(self_: LoadedModel, given: Given) -> Array:
            self.begun.set()
            assert self.go.wait(30)
            return usual(self_, given)

        monkeypatch.setattr(LoadedModel, "answers", answers)


@cache
def in_batches(name: str) -> LoadedModel:
    return ServedModel(runs()[name], max_batch=64).loaded


def loaded(name: str) -> LoadedModel:
    made = in_batches(name)
    made.seconds = 1.0  # as new: nothing is computed at once
    return made


def metrics() -> Metrics:
    return Metrics([*models()])


def ask_all(computer: Computer, model: LoadedModel, given: list[Given], seconds: float = 30) -> Any:
    """Ask for all at the same time; return answers and errors."""
    counted = metrics().models["vectors"]

    async def run() -> Any:
        asked = [computer.answers(model, one, seconds, counted) for one in given]
        return await asyncio.gather(*asked, return_exceptions=True)

    try:
        return asyncio.run(run())
    finally:
        computer.close()


def cut(samples: Any, sizes: list[int]) -> list[Given]:
    ends = np.cumsum(sizes)
    parts = [samples[end - n : end] for end, n in zip(ends, sizes, strict=True)]
    return [Given(part, len(part), len(part)) for part in parts]


def rows(sizes: list[int]) -> list[Given]:
    ends = np.cumsum(sizes)
    return [
        Given({name: cells[end - n : end] for name, cells in TABLE.items()}, n, n)
        for end, n in zip(ends, sizes, strict=True)
    ]


@pytest.mark.parametrize("max_batch", [1, 4, 64])
@pytest.mark.parametrize("kind", ["vectors", "pixels", "files", "table"])
def test_the_same_bits_in_any_batch(kind: str, max_batch: int) -> None:
    name = {"pixels": "pictures", "files": "pictures"}.get(kind, kind)
    sizes = [1, 3, 1, 7, 2, 1, 1, 5] if kind != "files" else [1, 2, 1, 2]
    samples = {"vectors": VECTORS, "pixels": PICTURES, "files": FILES}.get(kind)
    given = rows(sizes) if samples is None else cut(samples, sizes)
    model = load_any(runs()[name])
    wanted = [model.mean_answers(one.samples) for one in given]
    found = ask_all(Computer(100, max_batch), loaded(name), given)
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.dtype == theirs.dtype
        assert (mine == theirs).all()


@pytest.mark.parametrize("name", ["vectors", "pictures", "table"])
def test_any_number_of_samples_together_has_the_bits_of_each_alone(name: str) -> None:
    made = loaded(name)
    assert made.most_together == 64
    samples: Any = {"vectors": VECTORS, "pictures": PICTURES}.get(name)
    rows = made.model.inputs.raw(TABLE if samples is None else samples)
    alone = np.concatenate([made.model.answers_of(one[None]) for one in rows])
    for n in range(1, len(rows) + 1):
        for start in (0, len(rows) - n):
            found = made.together.answers_of(rows[start : start + n])
            assert (found == alone[start : start + n]).all()


def test_a_model_whose_bits_differ_answers_each_sample_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = Dense.forward

    def forward(self: Dense, X: Array, training: bool = False) -> Array:
        Y = usual(self, X, training)
        Y *= np.float32(1 + 1e-6 * (len(X) > 2))
        return Y

    monkeypatch.setattr(Dense, "forward", forward)
    made = ServedModel(runs()["vectors"], max_batch=64).loaded
    assert made.together is made.model
    assert made.most_together == 1
    assert made.model.answers_of(VECTORS[:1]).shape == (1, 3)


def test_samples_that_are_refused_fail_alone() -> None:
    made = loaded("vectors")
    X = VECTORS[:3].copy()
    X[1] = np.nan
    given = [Given(row[None], 1, 1) for row in X]
    first, second, last = ask_all(Computer(9, 64), made, given)
    assert first.shape == last.shape == (1, 3)
    assert isinstance(second, DataError)
    given = [
        Given(np.full((1, 12), value, np.float32), 1, 1, is_raw=True) for value in (1, np.nan, 2)
    ]
    first, second, last = ask_all(Computer(9, 64), made, given)  # found by the networks only
    assert first.shape == last.shape == (1, 3)
    assert isinstance(second, DivergedError)


def test_requests_are_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(
        "plainnet.serving.metrics.ModelMetrics.note_computation",
        lambda self, n, seconds: seen.append(n),
    )
    for wait in (0, 0.05):
        ask_all(Computer(100, 4, wait), loaded("vectors"), cut(VECTORS, [1] * 10))
        assert seen == [4, 4, 2]
        seen.clear()
    ask_all(Computer(100), loaded("vectors"), cut(VECTORS, [1] * 10))
    assert seen == [1] * 10


@pytest.mark.parametrize("max_batch", [1, 64])
def test_a_bad_request_fails_alone(max_batch: int) -> None:
    given = [Given(one, 1, 1) for one in ([FILES[0]], [b"no picture"], [FILES[1]])]
    first, error, last = ask_all(Computer(9, max_batch, 0.001), loaded("pictures"), given)
    assert isinstance(error, DataError)
    assert first.shape == last.shape == (1, 2)


def test_too_many_waiting_requests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model, computer = loaded("vectors"), Computer(queue=2)
    slow = Slow(model, monkeypatch)
    counted = metrics().models["vectors"]

    async def run() -> Any:
        given = cut(VECTORS, [1] * 4)
        tasks = [asyncio.create_task(computer.answers(model, given[0], 30, counted))]
        await asyncio.to_thread(slow.begun.wait, 30)
        more = [computer.answers(model, one, 30, counted) for one in given[1:]]
        tasks += [asyncio.create_task(one) for one in more]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        slow.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    *answered, refused = asyncio.run(run())
    computer.close()
    assert [one.shape for one in answered] == [(1, 3)] * 3
    assert refused.status == 503
    assert refused.headers == {"Retry-After": "1"}


def test_a_request_whose_time_is_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    model, computer = loaded("vectors"), Computer(queue=9)
    slow = Slow(model, monkeypatch)
    counted = metrics().models["vectors"]

    async def run() -> Any:
        given = cut(VECTORS, [1, 1, 1])
        first = asyncio.create_task(computer.answers(model, given[0], 30, counted))
        await asyncio.to_thread(slow.begun.wait, 30)
        [late] = await asyncio.gather(
            computer.answers(model, given[1], 0.01, counted), return_exceptions=True
        )
        slow.go.set()
        return await first, late, await computer.answers(model, given[2], 30, counted)

    first, late, last = asyncio.run(run())
    computer.close()
    assert first.shape == last.shape == (1, 3)
    assert isinstance(late, HttpError)
    assert late.status == 504


def test_quick_answers_need_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    model = loaded("vectors")
    model.seconds = 1e-6
    threads: list[str] = []
    usual = LoadedModel.answers

    def answers(self: LoadedModel, given: Given) -> Array:
        threads.append(threading.current_thread().name)
        return usual(self, given)

    monkeypatch.setattr(LoadedModel, "answers", answers)
    [A] = ask_all(Computer(9), model, cut(VECTORS, [1]))
    assert (load_any(runs()["vectors"]).mean_answers(VECTORS[:1]) == A).all()
    [error] = ask_all(Computer(9), model, [Given(VECTORS[:1, :5], 1, 1)])
    assert isinstance(error, DataError)
    assert threads == ["MainThread"] * 2


def test_nothing_is_computed_while_a_new_model_is_prepared() -> None:
    model, computer, counted = loaded("vectors"), Computer(9), metrics().models["vectors"]
    model.seconds = 1e-6
    begun, go = threading.Event(), threading.Event()

    def prepare() -> None:
        begun.set()
        assert go.wait(30)

    async def run() -> Array:
        task = asyncio.create_task(computer.run(prepare))
        await asyncio.to_thread(begun.wait, 30)
        [given] = cut(VECTORS, [1])
        asked = asyncio.create_task(computer.answers(model, given, 30, counted))
        await asyncio.sleep(0.05)
        assert not asked.done()
        go.set()
        await task
        return await asked

    assert asyncio.run(run()).shape == (1, 3)
    computer.close()


# -- models ------------------------------------------------------------------------------------


def renewed(served: ServedModel, change: Callable[[], Any]) -> LoadedModel:
    change()
    if served.has_changed:
        computer = Computer(9)
        asyncio.run(served.renew(computer.run))
        computer.close()
    return served.loaded


def test_a_changed_run_is_read_again_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = shutil.copytree(runs()["vectors"], tmp_path / "mine")
    served = ServedModel(run)
    before, file = served.loaded, run / "model.safetensors"
    assert served.name == "mine"
    assert not served.has_changed
    assert renewed(served, lambda: file.write_bytes(b"no model")) is before
    assert "mine" in caplog.text
    assert not served.has_changed  # it is not tried again before it changes again
    other = renewed(served, lambda: shutil.copy(runs()["table"] / "model.safetensors", file))
    assert other.version != before.version
    assert other.model.kind == "regressor"
    assert renewed(served, file.unlink) is other


def test_two_models_of_one_name_and_runs_without_a_model_are_refused(tmp_path: Path) -> None:
    run = runs()["vectors"]
    shutil.copytree(run, tmp_path / run.name)
    with pytest.raises(SettingError, match=run.name):
        served_models([run, tmp_path / run.name])
    with pytest.raises(PlainnetError):
        served_models([tmp_path])


@pytest.mark.parametrize(
    "settings",
    [
        {"port": 70000},
        {"port": 1.5},
        {"workers": 0},
        {"queue": -1},
        {"max_batch": 0},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"max_body": float("inf")},
        {"grace": -1},
    ],
    ids=str,
)
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(settings)).replace("_", "-")):
        ServerSettings(**settings)


def test_processes_add_up_their_metrics(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.touch()
    first, second = (Metrics(["a"], 2, i, file) for i in range(2))
    first.models["a"].count("success", 3)
    second.models["a"].count("success", 4)
    assert 'nv_inference_request_success{model="a",version="1"} 7' in first.text({"a": "1"})
