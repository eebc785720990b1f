"""Each sample is answered exactly once, by a classifier that has not seen it."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from plainnet.cli.command_line import cli
from plainnet.data import Dataset, stratified_folds
from plainnet.errors import DataError, SettingError
from plainnet.models import Classifier
from plainnet.models.cross_validation import cross_validate, pool


@given(st.lists(st.integers(5, 30), min_size=2, max_size=6), st.integers(2, 5), st.integers(0, 99))
def test_folds_are_a_partition_of_even_parts(counts: list[int], folds: int, seed: int) -> None:
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = stratified_folds(y, folds, np.random.default_rng(seed))
    assert sorted(np.concatenate(parts)) == list(range(len(y)))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for number, n in enumerate(counts):
        held = [int((y[part] == number).sum()) for part in parts]
        assert sum(held) == n
        assert max(held) - min(held) <= 1


def data(n: int = 60) -> Dataset:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    X = rng.normal(size=(n, 4)).astype(np.float32) + 3 * y[:, None]
    return Dataset(X, y, ("a", "b", "c"))


def test_every_sample_is_answered_by_a_network_that_has_not_seen_it() -> None:
    samples = data()
    like = Classifier(hidden=(16,), epochs=40, batch_size=8, learning_rate=0.02)
    folds = [*cross_validate(samples, like, 4)]
    pooled = pool(samples, folds, like)
    assert pooled.n == 60
    mean = np.mean([fold.evaluation.to_dict()["accuracy"] for fold in folds])
    assert pooled.accuracy == pytest.approx(mean)
    assert mean > 0.8
    fold = folds[2]
    others = samples.take(np.setdiff1d(np.arange(60), fold.rows))
    alone = Classifier(**like.get_params()).fit(others)
    assert np.array_equal(alone.predict_proba(samples.X[fold.rows]), fold.A)


def test_what_cannot_be_dealt_out_is_refused() -> None:
    with pytest.raises(SettingError, match="number of folds"):
        cross_validate(data(), Classifier(), 1)
    with pytest.raises(DataError, match="only 4 samples"):
        cross_validate(data(12), Classifier(), 5)


def test_the_command(tmp_path: Path) -> None:
    samples = data()
    path = tmp_path / "d.npz"
    np.savez(path, X=samples.X, y=np.array(samples.classes)[samples.y])
    options = [str(path), "--folds", "3", "--hidden", "8", "--epochs", "5"]
    shown = CliRunner().invoke(cli, ["cross-validate", *options])
    assert shown.exit_code == 0, shown.output
    assert "by fold" in shown.output
    as_json = CliRunner().invoke(cli, ["cross-validate", *options, "--json"])
    facts = json.loads(as_json.stdout)
    assert len(facts["folds"]) == 3
    assert facts["pooled"]["n"] == 60
