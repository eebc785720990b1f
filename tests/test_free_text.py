"""Columns of free text: their words, from the table to the answer, the files and the reports."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import cli
from plainnet.errors import DataError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.tables import csv_file, read_table, table_of
from plainnet.tables.free_text import FreeText, frequent_words, words_in
from plainnet.tables.grids import GRIDS
from plainnet.tables.inference import choose
from plainnet.tables.kinds import KINDS

WORDS = [
    "red",
    "blue",
    "green",
    "old",
    "new",
    "wooden",
    "steel",
    "chair",
    "table",
    "lamp",
    "desk",
    "shelf",
]
SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 40, "ensemble": 1, "seed": 0}


def goods(n: int = 600, seed: int = 0) -> dict[str, list[Any]]:
    """Titles of two to four words, in which `old` costs, and some are missing."""
    rng = np.random.default_rng(seed)
    titles = [" ".join(rng.choice(WORDS, rng.integers(2, 5), replace=False)) for _ in range(n)]
    price = np.array([9.0 * ("old" in title) for title in titles]) + rng.normal(0, 1, n)
    cells = [f"{title.title()}, no. {i}" if i % 50 else "" for i, title in enumerate(titles)]
    return {"title": cells, "size": rng.normal(size=n).tolist(), "price": price.tolist()}


@pytest.fixture(scope="module")
def trained() -> Regressor:
    return Regressor(**SMALL).fit(goods(), target="price")


def column_of(cells: list[str]) -> Any:
    return choose(table_of({"t": cells}), "t")


def test_words_are_letters_between_other_characters() -> None:
    assert words_in("An OLD chair, 2 m. (no. a17) don't Ém é") == {
        *("an", "old", "chair", "no", "don", "ém"),
    }


def test_a_text_is_used_by_its_frequent_words(trained: Regressor) -> None:
    assert trained.columns is not None
    column = next(one for one in trained.columns.columns if one.name == "title")
    assert isinstance(column, FreeText)
    assert {*column.words} == {*WORDS}  # `no` is in every title
    assert column.features[-2:] == ("title: number of words", "title is missing")
    read = column.numbers(table_of({"title": ["OLD lamp", "", "unknown", "Lamp old lamp"]}))
    X = np.empty((4, len(column.features)), np.float32)
    column.fill(read.values, X)
    held = [[word for word, x in zip(column.words, row, strict=False) if x] for row in X]
    assert [{*one} for one in held] == [{"old", "lamp"}, set(), set(), {"old", "lamp"}]
    assert X[:, -2:].tolist() == [[2, 0], [0, 1], [1, 0], [2, 0]]


def test_more_words_than_a_number_has_bits() -> None:
    words = tuple(f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst")
    column = FreeText("t", words, False)
    rng = np.random.default_rng(0)
    held = rng.random((40, 100)) < 0.3
    table = table_of(
        {"t": [" ".join(w for w, h in zip(words, row, strict=True) if h) for row in held]}
    )
    X = np.empty((40, 101), np.float32)
    column.fill(column.numbers(table).values, X)
    assert (X[:, :100] == held).all()
    assert (X[:, 100] == held.sum(axis=1)).all()


@pytest.mark.parametrize(
    "cells",
    [
        [f"Passenger, No. {i}" for i in range(600)],
        [f"{(i + 1) * 0x9E3779B97F4A7C15 % 2**64:x}-{i * 7919:x}" for i in range(600)],
        [f"word{i} other{i}" for i in range(600)],
        [f"old chair {i}" if i % 3 else f"new desk {i}" for i in range(600)],
        goods(480)["title"],
    ],
)
def test_texts_that_share_too_few_words_only_identify_rows(cells: list[str]) -> None:
    choice = column_of(cells)
    assert choice.column is None
    assert choice.is_identifier
    assert "only identify the rows" in choice.why


def test_a_kind_that_is_named() -> None:
    cells = [f"old chair {i}" if i % 3 else f"new desk {i}" for i in range(60)]
    table = table_of({"t": cells, "y": [float(i % 7) for i in range(60)], "n": [*range(60)]})
    made = Regressor(**SMALL | {"epochs": 1}).fit(
        {name: table.columns[name] for name in table.columns}, target="y", kinds={"t": "text"}
    )
    assert made.columns is not None
    assert [one.kind for one in made.columns.columns] == ["text", "number"]
    with pytest.raises(DataError, match="'n' cannot be taken as text: no word of two letters"):
        Regressor(**SMALL).fit(
            {"n": [*range(60)], "y": [*range(60)]}, target="y", kinds={"n": "text"}
        )


def test_words_in_all_or_few_rows_are_none() -> None:
    texts = [f"all {WORDS[i % 12]} {WORDS[i * 5 % 12]} rare{'x' * (i % 3)}" for i in range(600)]
    texts[:4] = ["all seldom"] * 4
    words = frequent_words([*dict.fromkeys(texts)], [texts.count(t) for t in dict.fromkeys(texts)])
    assert {*WORDS} < {*words}
    assert not {"all", "seldom"} & {*words}
    assert len(words) <= 600 // 40


def test_the_words_matter_and_are_shown(trained: Regressor) -> None:
    new = goods(200, 1)
    assert trained.evaluate(new).r2 > 0.8
    assert trained.importance(new).columns[0].column == "title"
    [curve] = trained.partial_dependence("title", new)
    by_word = dict(zip(curve.values, curve.mean[:, 0], strict=True))
    assert max(by_word, key=by_word.__getitem__) == "old"
    assert "(other)" in by_word
    shown = trained.explain({"title": "old lamp", "size": 0.0, "other": 1})
    assert float(shown.answer) > 4


def test_it_travels_with_the_model(trained: Regressor, tmp_path: Path) -> None:
    trained.save(path := tmp_path / "m.safetensors")
    new = goods(50, 2)
    assert (Regressor.load(path).predict(new) == trained.predict(new)).all()
    network, metadata, tensors = read_model(path)
    text = next(one for one in metadata["extractor"]["columns"] if one["kind"] == "text")
    for words in ([], ["old", "old"], ["two words"], ["Old"], [3]):
        text["words"] = words
        write_model(path, network, metadata, tensors)
        with pytest.raises(ModelFileError):
            Regressor.load(path)


def test_a_large_file_is_answered_the_same(
    trained: Regressor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    new = goods(100, 3)
    rows = zip(new["title"], new["size"], strict=True)
    path = tmp_path / "t.csv"
    path.write_text("title,size\n" + "".join(f'"{t}",{s}\n' for t, s in rows))
    wanted = trained.predict(path)
    monkeypatch.setattr(csv_file, "LARGE_BYTES", 0)
    assert (trained.predict(path) == wanted).all()


def test_onnx_is_refused(trained: Regressor, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from plainnet.export import export_onnx

    with pytest.raises(SettingError, match=r"'title' is text, which no operator .*--drop title"):
        export_onnx(trained, tmp_path / "m.onnx")


def test_the_command_writes_the_text_beside_the_answer(trained: Regressor, tmp_path: Path) -> None:
    trained.save(run := tmp_path / "m.safetensors")
    (tmp_path / "new.csv").write_text('title,size\n"Old lamp, no. 1",0\n"New lamp, no. 2",1\n')
    words = ["predict", str(run), str(tmp_path / "new.csv"), "--csv", str(tmp_path / "a.csv")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert read_table(tmp_path / "a.csv")["title"].tolist() == [
        "Old lamp, no. 1",
        "New lamp, no. 2",
    ]


def test_every_kind_of_column_has_a_curve() -> None:
    assert {*GRIDS} == {*KINDS.values()}


@pytest.mark.parametrize("of_levels", [True, False])
def test_curves_of_levels_and_of_many_categories(of_levels: bool) -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    k = rng.integers(0, 3 if of_levels else 120, 900)
    names = [f"town {i}" for i in range(120)]
    cells: Any = [names[i] for i in k]
    if of_levels:
        cells = pd.Categorical.from_codes(k, ["small", "middle", "large"], ordered=True)
    frame = pd.DataFrame({"c": cells, "x": rng.normal(size=900), "y": k > k.mean()})
    model = Classifier(**SMALL | {"epochs": 20}).fit(frame, target="y")
    [curve] = model.partial_dependence("c", frame)
    assert curve.kind == "category"
    mean = dict(zip(map(str, curve.values), curve.mean[:, 0], strict=True))
    if of_levels:
        assert [*mean] == ["small", "middle", "large"]
        assert mean["small"] < mean["large"]
    else:
        assert len(mean) == 100
        assert mean.get("town 1", 0) < mean.get("town 118", 1)
