"""Answers to single rows: the same bits as `answers_of`, by less work."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from plainnet import Classifier, Regressor
from plainnet.errors import DivergedError
from plainnet.serving.forms import Given
from plainnet.serving.row_by_row import typical_rows
from plainnet.serving.served import LoadedModel
from plainnet.serving.single_row import SingleRow, single_row

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5)).astype(np.float32)
QUICK: dict[str, Any] = {"hidden": (6,), "epochs": 2}
MODELS: dict[str, Callable[[], Any]] = {
    "classes": lambda: Classifier(**QUICK).fit(X, RNG.integers(0, 3, 60)),
    "two classes": lambda: Classifier(**QUICK, ensemble=1).fit(X, X[:, 0] > 0),
    "ensemble": lambda: Classifier(**QUICK, ensemble=3).fit(X, X[:, 0] > 0),
    "numbers": lambda: Regressor(**QUICK).fit(X, X[:, 0] * 1e6),
    "several numbers": lambda: Regressor(**QUICK).fit(X, X[:, :2] * [1, 1e5]),
    "several labels": lambda: Classifier(**QUICK).fit(X, (X[:, :2] > 0).astype(int)),
    "members": lambda: Classifier(**QUICK, members=4).fit(X, X[:, 0] > 0),
    "pictures": lambda: Classifier(**QUICK, network="dense").fit(
        RNG.integers(0, 256, (20, 6, 6, 3)).astype(np.uint8), [0, 1] * 10
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_single_rows_have_the_bits_of_many(name: str) -> None:
    model: Any = MODELS[name]()
    loaded = LoadedModel(model, "1")
    loaded.prepare()
    assert loaded.single is not None
    rows = typical_rows(model, 20)
    for row in rows:
        A = loaded.answers(Given(row[None], 1, 1, is_raw=True))
        assert np.array_equal(A, model.answers_of(row[None]))
    both = loaded.answers(Given(rows[:2], 2, 2, is_raw=True))
    assert np.array_equal(both, model.answers_of(rows[:2]))


def test_another_answer_is_not_used() -> None:
    model: Any = MODELS["classes"]()
    rows = typical_rows(model, 3)
    assert single_row(model, rows) is not None
    usual = model.answers_of
    model.answers_of = lambda raw: usual(raw) * np.float32(1 + 1e-6)
    assert single_row(model, rows) is None


def test_answers_that_are_not_finite_are_refused_as_usual() -> None:
    model: Any = MODELS["numbers"]()
    single = SingleRow(model)
    for member in model.networks:
        member.network.theta[...] = np.nan
    with pytest.raises(DivergedError, match="not finite"):
        single.answers_of(typical_rows(model, 1))
