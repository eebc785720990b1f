"""Data frames and columns by name: matched by name, and an index is no feature."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plainnet
from plainnet import Classifier, Regressor, read_tables, tables
from plainnet.errors import DataError, SettingError
from plainnet.tables import Table, TableEncoder, read_table, table_of

pandas = pytest.importorskip("pandas")
QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 3, "seed": 1}


@pytest.fixture
def frame() -> Any:
    """`a` decides the class, `b` is noise on another scale; each row has a name."""
    rng, n = np.random.default_rng(0), 200
    columns = {
        "a": rng.normal(size=n),
        "b": 100 * rng.normal(size=n),
        "s": rng.choice(["u", "v"], n),
    }
    return pandas.DataFrame(columns, index=[f"r{i // 2}" for i in range(n)])


@pytest.fixture
def y(frame: Any) -> Any:
    return np.where(frame["a"] > 0, "yes", "no")


def learned(model: Classifier | Regressor) -> list[str]:
    assert isinstance(model.extractor, TableEncoder)
    return [column.name for column in model.extractor.columns]


def test_read_tables_is_public(frame: Any, y: Any) -> None:
    assert plainnet.read_tables is tables.read_tables
    splits = read_tables(frame.assign(t=y), "t")
    assert splits.train is not None
    assert splits.train.classes == ("no", "yes")


# -- an index ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, "who", "a b"])
def test_the_index_of_a_frame_is_not_learned(
    frame: Any, y: Any, name: str | None, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    frame = frame.assign(t=y).rename_axis(name)
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (frame, tmp_path / "t.parquet"):
        model = Classifier(**QUICK).fit(data, target="t")
        assert learned(model) == ["a", "b", "s"]
        assert model.predict(frame).tolist() == model.predict(tmp_path / "t.parquet").tolist()
    if name is None:
        frame.to_csv(tmp_path / "t.csv")
        assert learned(Classifier(**QUICK).fit(tmp_path / "t.csv", target="t")) == ["a", "b", "s"]
        again = pandas.read_csv(tmp_path / "t.csv")  # "Unnamed: 0"
        assert learned(Classifier(**QUICK).fit(again, target="t")) == ["a", "b", "s"]
        again.to_csv(tmp_path / "t.csv")  # and an index before it
        assert learned(Classifier(**QUICK).fit(tmp_path / "t.csv", target="t")) == ["a", "b", "s"]


@pytest.mark.parametrize("first", ["", "Unnamed: 0", "Unnamed: 0.1", "__index_level_0__", '""'])
@pytest.mark.parametrize("cells", ["0.5 1.5 0.5 1.5", "3 3 4 4", "x y x y"])
def test_an_index_written_to_csv(first: str, cells: str, tmp_path: Path) -> None:
    rows = [f"{cell},{i % 2},{'pq'[i % 2]}" for i, cell in enumerate(cells.split())]
    (tmp_path / "t.csv").write_text("\n".join([f"{first},a,t", *rows]))
    made = TableEncoder.fit(read_table(tmp_path / "t.csv"), "t")
    assert [column.name for column in made.columns] == ["a"]
    [(name, why)] = made.left_out.items()
    assert made.identifiers == (name,)  # `predict --csv` writes it beside the answers
    assert "it is the index of a saved data frame" in why


def test_levels_of_an_index(frame: Any, y: Any, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = frame.assign(t=y, g=np.arange(200) % 3).set_index(["g", "s"], append=True)
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (frame, tmp_path / "t.parquet"):
        assert learned(Classifier(**QUICK).fit(data, target="t")) == ["a", "b"]
    flat = frame.reset_index()
    model = Classifier(**QUICK).fit(flat, target="t", drop="level_0")
    assert learned(model) == ["g", "s", "a", "b"]
    assert model.predict(flat).tolist() == model.predict(frame).tolist()  # found in the index


def test_what_parquet_tells_of_an_index_may_be_anything(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    plain = pyarrow.table({"a": [1, 2], "__index_level_0__": [5, 6]})
    for noted in (b"{}", b"no JSON", b"[]", b'{"index_columns": [{"kind": "range"}, "gone"]}'):
        table = plain.replace_schema_metadata({b"pandas": noted})
        parquet.write_table(table, tmp_path / "t.parquet")
        assert read_table(tmp_path / "t.parquet").index == ("__index_level_0__",)
        assert table_of(table).index == ("__index_level_0__",)


def test_other_columns_without_a_name_are_no_index(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,,t\n1,5,x\n2,7,y\n2,6,x\n")
    assert read_table(tmp_path / "t.csv").index == ()
    assert [*read_table(tmp_path / "t.csv").columns] == ["a", "column 2", "t"]


# -- by name -------------------------------------------------------------------------------------


def test_columns_are_matched_by_name(frame: Any, y: Any, tmp_path: Path) -> None:
    for given in (frame, frame[["a", "b"]], {name: frame[name].tolist() for name in ("a", "b")}):
        model = Classifier(hidden=(8,), epochs=30, learning_rate=0.02, seed=1).fit(given, y)
        assert model.score(frame, y) > 0.95
        P = model.predict_proba(frame)
        other = frame.iloc[:, ::-1].assign(more=1)
        assert model.predict_proba(other).tobytes() == P.tobytes()
        assert model.score(other, y) == model.score(frame, y)
        model.save(tmp_path / "m")
        assert Classifier.load(tmp_path / "m").predict_proba(other).tobytes() == P.tobytes()
        with pytest.raises(DataError, match="lacks 'a'"):
            model.predict(frame[["b", "s"]])
        with pytest.raises(DataError, match="named columns, a, b"):
            model.predict(frame[["a", "b"]].to_numpy())


def test_a_frame_and_y_are_as_a_frame_and_a_target(frame: Any, y: Any) -> None:
    frame["when"] = pandas.Timestamp("2024-05-01") + pandas.to_timedelta(np.arange(200), "D")
    frame.iloc[::7, 0] = np.nan
    together, apart = (
        Classifier(**QUICK).fit(*given, target=target)
        for given, target in (((frame.assign(y=y),), "y"), ((frame, y), None))
    )
    assert together.predict_proba(frame).tobytes() == apart.predict_proba(frame).tobytes()
    number = pandas.Series(frame["b"] * 2, name="twice")
    one, two = (
        Regressor(**QUICK).fit(*given, target=target)
        for given, target in (((frame.assign(twice=number),), "twice"), ((frame, number), None))
    )
    assert one.target == two.target == "twice"
    assert one.predict(frame).tobytes() == two.predict(frame).tobytes()


def test_the_validation_is_matched_by_name(frame: Any, y: Any) -> None:
    turned = frame.iloc[:, ::-1]
    one, two = (
        Classifier(**QUICK).fit(frame, y, validation=(given, y)) for given in (frame, turned)
    )
    assert [e.validation for e in one.history] == [e.validation for e in two.history]
    with pytest.raises(DataError, match="pair"):
        Classifier(**QUICK).fit(frame, y, validation=turned)
    with pytest.raises(DataError, match="A table is"):
        Classifier(**QUICK).fit(frame, y, validation=(frame.to_numpy(), y))


def test_names_that_are_whole_numbers(frame: Any, y: Any) -> None:
    numbered = frame.set_axis(range(3), axis=1)
    numbered[3] = y
    model = Classifier(**QUICK).fit(numbered, target=3, drop=[1])
    assert learned(model) == ["0", "2"]
    assert learned(Classifier(**QUICK).fit(numbered, target=str(3), drop="1")) == ["0", "2"]
    assert learned(Classifier(**QUICK).fit(numbered[[0, 2]], y, drop=[2])) == ["0"]
    assert model.predict(numbered.iloc[:, ::-1]).tolist() == model.predict(numbered).tolist()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (lambda frame: frame.set_axis(["a", "a", "s"], axis=1), "names 'a' more than once"),
        (lambda frame: frame.set_axis(["a", "a ", "s"], axis=1), "names 'a' more than once"),
        (lambda frame: {0: [1, 2], "0": [3, 4]}, "names '0' more than once"),
        (lambda frame: [{0: 1, "0": 2}] * 2, "names '0' more than once"),
        (lambda frame: frame.iloc[:0], "has no rows"),
    ],
)
def test_names_that_are_not_of_one_column(
    frame: Any, given: Callable[[Any], Any], why: str
) -> None:
    with pytest.raises(DataError, match=why):
        Classifier(**QUICK).fit(given(frame), [0, 1] * (len(given(frame)) // 2))
    with pytest.raises(DataError, match=why):
        Classifier(**QUICK).fit(given(frame), target="a")


@pytest.mark.parametrize("target", [1.5, True, [], ["a", 1.5], ["a", "a"]])
def test_targets_are_names_of_columns(frame: Any, target: Any) -> None:
    with pytest.raises(SettingError, match=r"target.* (name of a|different) column"):
        Classifier(**QUICK).fit(frame, target=target)
    with pytest.raises(SettingError, match=r"target.* (name of a|different) column"):
        read_tables(frame, target)


def test_the_target_is_not_among_the_features(frame: Any, y: Any) -> None:
    for given in (frame["s"], "s", frame["s"].astype("category")):
        with pytest.raises(DataError, match="'s'"):
            Classifier(**QUICK).fit(frame, given)
    with pytest.raises(DataError, match="'a'"):
        Regressor(**QUICK).fit(frame, frame["a"])
    assert learned(Classifier(**QUICK).fit(frame, frame["s"], drop="s")) == ["a", "b"]
    derived = Classifier(**QUICK).fit(frame, frame["s"] == "u")  # it is called as the column is
    assert learned(derived) == ["a", "b", "s"]
    assert learned(Regressor(**QUICK).fit({"y": [1.5, 2, 4], "x": [3, 2, 1]}, [1, 2, 3])) == [
        *("y", "x")
    ]


def test_what_is_right_is_said_once(frame: Any, y: Any) -> None:
    with pytest.raises(SettingError, match="'s'"):
        Classifier(**QUICK).fit(frame, y, target="s")


def test_rows_are_not_mixed_up(frame: Any, y: Any) -> None:
    frame = frame.reset_index(drop=True)
    right = pandas.Series(y)
    model, w = Classifier(**QUICK).fit(frame, right), pandas.Series(np.linspace(0, 2, len(frame)))
    with pytest.raises(DataError, match=r"index of y .* order"):
        Classifier(**QUICK).fit(frame, right.sort_values())
    for given in ((frame, right), (frame.to_numpy()[:, :2].astype(float), right)):
        with pytest.raises(DataError, match=r"index of weights .* order"):
            Classifier(**QUICK).fit(*given, weights=w[::-1])
    with pytest.raises(DataError, match="index of weights"):
        Classifier(**QUICK).fit(frame.assign(t=right), target="t", weights=w[::-1])
    with pytest.raises(DataError, match="index of weights"):
        model.score(frame, right, weights=w[::-1])
    assert 0 <= model.score(frame, right, weights=w) <= 1
    mixed = frame.set_axis([f"r{i}" if i % 2 else i for i in range(200)])
    with pytest.raises(DataError, match=r"index of y .* order"):
        Classifier(**QUICK).fit(mixed, right.set_axis(mixed.index)[::-1])
    Classifier(**QUICK).fit(frame, right.set_axis(range(200, 400)))  # other names: as they stand


def test_a_frame_of_one_column_is_no_feature_of_its_own(frame: Any, y: Any) -> None:
    table = frame.assign(t=y)
    with pytest.raises(DataError, match="'t'"):
        Classifier(**QUICK).fit(table, table[["t"]])
    model = Classifier(**QUICK).fit(frame, table[["t"]])
    assert learned(model) == ["a", "b", "s"]
    assert model.score(table) == model.score(frame, table[["t"]])
    for name in (1.5, ("t", 1), True):
        assert learned(Classifier(**QUICK).fit(frame, pandas.Series(y, frame.index, name=name)))


@pytest.mark.parametrize("labels", [[True, False], [3, -1], ["b", "a"]])
def test_labels_keep_their_type_beside_weights(
    frame: Any, y: Any, labels: list[Any], tmp_path: Path
) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    frame = frame.reset_index(drop=True).assign(t=[labels[one == "yes"] for one in y])
    frame.to_parquet(tmp_path / "t.parquet")
    w = (np.arange(len(frame)) % 3 > 0).astype(float)
    for data in (frame, pyarrow.Table.from_pandas(frame), tmp_path / "t.parquet"):
        model = Classifier(**QUICK).fit(data, target="t", weights=w)
        assert sorted(model.labels) == sorted(labels)
        assert {*map(type, model.labels)} == {type(labels[0])}


def test_the_validation_may_be_weighed(frame: Any, y: Any) -> None:
    frame = frame.reset_index(drop=True)
    held, right = frame[:60].copy(), y[:60].copy()
    held.loc[:9, "a"], w = 1e6, np.r_[np.zeros(10), np.ones(20), np.full(30, 2.0)]
    right[:10] = "no"
    model = Classifier(**QUICK).fit(frame, y, validation=(held[["s", "b", "a"]], right, w))
    twice = np.repeat(np.arange(60), w.astype(int))
    alike = Classifier(**QUICK).fit(frame, y, validation=(held.iloc[twice], right[twice]))
    for name in ("validation_loss", "validation_accuracy"):
        assert model.history[-1][name] == pytest.approx(alike.history[-1][name], rel=1e-6)
    shuffled = pandas.Series(w)[::-1]
    with pytest.raises(DataError, match="index of weights"):
        Classifier(**QUICK).fit(frame, y, validation=(held, right, shuffled))
    with pytest.raises(DataError, match=r"\(X, y, weights\)"):
        Classifier(**QUICK).fit(frame, y, validation=held)


def test_weight_0_is_absence_in_tables_of_any_kind(frame: Any, y: Any) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    frame = frame.reset_index(drop=True)
    w = (np.arange(len(frame)) % 3 > 0).astype(float)
    kept = Classifier(**QUICK).fit(frame[w > 0], y[w > 0]).predict_proba(frame)
    arrow = pyarrow.Table.from_pandas(frame)
    for data, right in ((arrow, y), (arrow, pyarrow.array(y)), (table_of(frame), y)):
        model = Classifier(**QUICK).fit(data, right, weights=w)
        assert model.predict_proba(frame).tobytes() == kept.tobytes()


def test_other_tables_in_memory(frame: Any, y: Any) -> None:
    model = Classifier(**QUICK).fit(frame, y)
    right = model.predict_proba(frame)
    structured = frame.to_records(index=False)
    assert model.predict_proba(structured).tobytes() == right.tobytes()
    assert model.predict_proba(structured[0]) == pytest.approx(right[:1], abs=1e-6)
    assert model.predict_proba(frame.iloc[0]) == pytest.approx(right[:1], abs=1e-6)
    pyarrow = pytest.importorskip("pyarrow")
    assert model.predict_proba(pyarrow.Table.from_pandas(frame)).tobytes() == right.tobytes()
    assert isinstance(table_of(structured), Table)
