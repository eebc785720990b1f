"""`evaluate` and `score` take whatever `fit` and the command line take, with the same figures."""

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier, Regressor, read_data
from plainnet.data import Dataset, Splits
from plainnet.errors import DataError, PlainnetError, SettingError
from plainnet.export import export_onnx, read_weights, write_weights
from plainnet.network import Array
from plainnet.tables import read_table

QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 6, "batch_size": 16, "learning_rate": 0.02}
RNG = np.random.default_rng(0)
N = 60
X: Array = RNG.normal(size=(N, 3)).astype(np.float32)
NAMES = np.where(X[:, 0] + RNG.normal(size=N) / 2 > 0, "yes", "no")
PRICES = 3 * X[:, 0] + RNG.normal(size=N)
PICTURES = (RNG.integers(0, 90, (N, 8, 6, 3)) + 90 * (NAMES == "yes")[:, None, None, None]).astype(
    np.uint8
)


def table(answers: Array, names: tuple[str, ...] = ("a", "b", "c", "right")) -> dict[str, Any]:
    columns = [*X.astype(float).T.tolist(), answers.tolist()]
    return dict(zip(names, columns, strict=True))


def write_csv(columns: dict[str, Any], path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.fixture(scope="module")
def vectors() -> Classifier:
    return Classifier(**QUICK).fit(X, NAMES)


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Classifier:
    return Classifier(**QUICK, size=(8, 6)).fit(folder)


@pytest.fixture(scope="module")
def of_table() -> Classifier:
    return Classifier(**QUICK).fit(table(NAMES), target="right")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pictures")
    for i, (pixels, name) in enumerate(zip(PICTURES, NAMES, strict=True)):
        (made / str(name)).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(made / str(name) / f"{i:03}.png")
    return made


def test_arrays_and_their_files(vectors: Classifier, tmp_path: Path) -> None:
    right = float((vectors.predict(X) == NAMES).mean())
    assert 0.6 < right < 1
    np.savez(tmp_path / "d.npz", X=X, y=NAMES)
    np.savez(tmp_path / "t.npz", X=X[:2], y=NAMES[:2], X_test=X, y_test=NAMES)
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy" / "X.npy", X)
    np.save(tmp_path / "npy" / "y.npy", NAMES)
    splits = read_data(tmp_path / "d.npz")
    given: list[tuple[Any, ...]] = [
        (X, NAMES),
        (X.tolist(), NAMES.tolist()),
        (X.astype(np.float64), NAMES.astype(object)),
        (tmp_path / "d.npz",),
        (str(tmp_path / "t.npz"),),
        (tmp_path / "npy",),
        (splits,),
        (splits.train,),
        (Splits(tmp_path, train=splits.train.take([0, 1]), test=splits.train),),  # type: ignore[union-attr]
    ]
    for one in given:
        assert vectors.score(*one) == right
        assert vectors.evaluate(*one).accuracy == right
        assert vectors.evaluate(*one).n == N


def test_pictures_and_their_files(pictures: Classifier, folder: Path, tmp_path: Path) -> None:
    files = sorted(folder.rglob("*.png"))
    labels = [path.parent.name for path in files]
    right = float((pictures.predict(files) == labels).mean())
    np.savez(tmp_path / "d.npz", X=PICTURES, y=NAMES)
    for name in ("validation", "test"):
        (tmp_path / "parts" / name).mkdir(parents=True)
    for name in ("yes", "no"):
        (tmp_path / "parts" / "test" / name).symlink_to(folder / name)
        (tmp_path / "parts" / "validation" / name).mkdir()
        Image.fromarray(PICTURES[0]).save(tmp_path / "parts" / "validation" / name / "0.png")
    large = np.repeat(np.repeat(PICTURES, 2, axis=1), 2, axis=2)  # shrunk again to the same
    given: list[tuple[Any, ...]] = [
        (folder,),
        (str(folder),),
        (files, labels),
        ([str(file) for file in files], np.array(labels)),
        (PICTURES, NAMES),
        (list(PICTURES), list(NAMES)),
        (large, NAMES),
        (tmp_path / "d.npz",),
        (tmp_path / "parts",),
        (read_data(folder, size=(8, 6)),),
    ]
    for one in given:
        assert pictures.score(*one) == right
        assert pictures.evaluate(*one).n == N
    assert pictures.evaluate(files[0], labels[:1]).n == 1


def test_the_files_of_mnist(tmp_path: Path) -> None:
    grey, y = PICTURES[..., 0], (NAMES == "yes").astype(np.uint8)
    for part in ("train", "t10k"):
        head = np.array([0x803, *grey.shape], ">i4").tobytes()
        content = head + grey.tobytes()
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        content = np.array([0x801, N], ">i4").tobytes() + y.tobytes()
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))
    made = Classifier(**QUICK, augment="none").fit(tmp_path)
    found = made.evaluate(tmp_path)
    assert found.n == N
    test = read_data(tmp_path).test
    assert test is not None
    assert found.correct == made.evaluate(test).correct
    assert made.score(tmp_path) == found.accuracy


def test_tables(of_table: Classifier, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    columns = table(NAMES)
    right = float((of_table.predict(columns) == NAMES).mean())
    plain = write_csv(columns, tmp_path / "t.csv")
    (tmp_path / "parts").mkdir()
    write_csv({k: v[:3] for k, v in columns.items()}, tmp_path / "parts" / "train.csv")
    write_csv(columns, tmp_path / "parts" / "test.csv")
    frame = pandas.DataFrame(columns)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    without = {name: values for name, values in columns.items() if name != "right"}
    given: list[tuple[Any, ...]] = [
        (plain,),
        (str(plain),),
        (tmp_path / "parts",),
        (columns,),
        (frame,),
        (frame[["right", "c", "a", "b"]],),
        (rows,),
        (read_table(plain),),
        (without, NAMES),
        (frame.drop(columns="right"), frame["right"]),
        (frame, NAMES.tolist()),
    ]
    if find_spec("pyarrow"):
        frame.to_parquet(tmp_path / "t.parquet")
        given.append((tmp_path / "t.parquet",))
    for one in given:
        assert of_table.score(*one) == right
        assert of_table.evaluate(*one).n == N
    other = {**without, "truth": columns["right"], "right": NAMES[::-1].tolist()}
    assert of_table.score(other, target="truth") == right
    assert of_table.score(other) != right


def test_numbers(tmp_path: Path) -> None:
    of_arrays = Regressor(**QUICK).fit(X, PRICES)
    r2 = (
        1 - np.square(of_arrays.predict(X) - PRICES).sum() / np.square(PRICES - PRICES.mean()).sum()
    )
    assert of_arrays.score(X, PRICES) == pytest.approx(r2)
    assert of_arrays.score(X.tolist(), PRICES[:, None]) == pytest.approx(r2)
    assert of_arrays.evaluate(Dataset(X, PRICES, target="y")).r2 == pytest.approx(r2)
    columns = table(PRICES)
    model = Regressor(**QUICK).fit(columns, target="right")
    plain = write_csv(columns, tmp_path / "t.csv")
    without = {name: values for name, values in columns.items() if name != "right"}
    scores = [
        model.score(columns),
        model.score(plain),
        model.score(without, PRICES),
        model.score({**without, "truth": PRICES}, target="truth"),
        model.evaluate(read_table(plain)).r2,
    ]
    assert scores == pytest.approx([scores[0]] * 5)
    assert scores[0] > 0.1


@pytest.mark.parametrize("ask", ["score", "evaluate"])
def test_what_cannot_be_evaluated_is_answered_with_a_sentence(
    ask: str, vectors: Classifier, pictures: Classifier, of_table: Classifier, tmp_path: Path
) -> None:
    def says(model: Any, shown: str, *given: Any, kind: type[PlainnetError] = DataError) -> None:
        target = {"target": given[-1][1:]} if str(given[-1])[:1] == "@" else {}
        with pytest.raises(kind, match=shown):
            getattr(model, ask)(*given[: len(given) - len(target)], **target)

    data = Dataset(X, (NAMES == "yes").astype(int), ("no", "yes"))
    says(Classifier(), "is not trained yet", X, NAMES, kind=SettingError)
    says(Regressor(), "is not trained yet", X, PRICES, kind=SettingError)
    says(vectors, r"give the class or number of each too, evaluate\(X, y\)", X)
    says(vectors, "give the class or number", table(NAMES))
    says(vectors, "leave y out", data, NAMES)
    says(vectors, "leave target out", X, "@right", kind=SettingError)
    says(of_table, "leave target out", table(NAMES), NAMES, "@right", kind=SettingError)
    says(of_table, "has no column 'truth'", table(NAMES), "@truth")
    says(of_table, "has no column 'right'", {"a": [1], "b": [2], "c": [3]})
    says(vectors, "59", X, NAMES[:59])
    says(vectors, "the class 'maybe'", X, np.where(NAMES == "yes", "maybe", "no"))
    says(vectors, "There are no samples to evaluate on", Splits(Path()))
    says(vectors, "holds a number for each sample", Dataset(X, PRICES, target="y"))
    np.savez(tmp_path / "p.npz", X=PICTURES, y=NAMES)
    np.savez(tmp_path / "v.npz", X=X, y=NAMES)
    says(vectors, "trained on feature vectors, but .* holds pictures", tmp_path / "p.npz")
    says(pictures, "trained on pictures, but .* holds feature vectors", tmp_path / "v.npz")


def test_unknown_classes_are_found_before_anything_is_answered(
    vectors: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Classifier, "mean_answers", lambda *_: pytest.fail("answered first"))
    with pytest.raises(DataError, match="the class 'maybe'"):
        vectors.evaluate(X, np.full(N, "maybe"))


@pytest.mark.parametrize("of", ["vectors", "pictures", "table", "frame", "lists"])
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_swapped_samples_and_answers_are_named(kind: Any, of: str) -> None:
    samples: Any = {"vectors": X, "pictures": PICTURES, "lists": X.tolist()}.get(of)
    if of == "table":
        samples = [{"a": 1.0, "b": float(i)} for i in range(N)]
    if of == "frame":
        samples = pytest.importorskip("pandas").DataFrame(table(PRICES))
    y: Any = NAMES if kind is Classifier else PRICES
    made = kind(**QUICK).fit(X, y)
    for answers in (y, y.tolist()):
        for ask in (kind(**QUICK).fit, made.score, made.evaluate):
            with pytest.raises(DataError, match="swap them"):
                ask(answers, samples)
    with pytest.raises(DataError, match="swap them"):
        kind(**QUICK).fit(X, y, validation=(y, X))


def test_one_sample_and_one_column_are_not_taken_for_swapped(vectors: Classifier) -> None:
    assert vectors.evaluate(X[0], NAMES[:1]).n == 1
    assert vectors.evaluate(X[:1], NAMES[:1]).n == 1


def test_what_is_no_data_is_named(
    vectors: Classifier, pictures: Classifier, of_table: Classifier, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    vectors.save(tmp_path / "run" / "model.safetensors")
    picture = next(folder.rglob("*.png"))
    plain = write_csv(table(NAMES), tmp_path / "t.csv")
    for kind in (Classifier, Regressor):
        for path in (tmp_path / "run", tmp_path / "run" / "model.safetensors"):
            with pytest.raises(DataError, match=r"is a (run|model), not data"):
                kind().fit(path)
        with pytest.raises(DataError, match=r"one picture.* Expected .* folder for each"):
            kind().fit(picture)
        with pytest.raises(DataError, match=r"t\.csv .* target=…"):
            kind().fit(plain)
        for named in (table(NAMES), read_table(plain)):
            with pytest.raises(DataError, match=r"name the column .*, fit\(data, target=…\), or"):
                kind().fit(named)
    for model in (vectors, pictures):
        with pytest.raises(DataError, match="is a run, not data"):
            model.evaluate(tmp_path / "run")
        with pytest.raises(DataError, match=f"trained on {model.trained_on}, .* is a table; eval"):
            model.evaluate(plain)
        with pytest.raises(DataError, match=f"trained on {model.trained_on}. To evaluate on samp"):
            model.evaluate(table(NAMES))
    with pytest.raises(DataError, match="is a picture; name a table"):
        of_table.predict(picture)
    (tmp_path / "m").write_bytes(picture.read_bytes())
    with pytest.raises(PlainnetError, match="It is a picture; the run comes first"):
        Classifier.load(tmp_path / "m")


def test_what_is_no_path_is_named(vectors: Classifier, tmp_path: Path) -> None:
    wrong: Any
    for wrong in (None, vectors, b"m", X):
        for ask in (Classifier.load, Regressor.load, vectors.save, read_data):
            with pytest.raises(SettingError, match="path"):
                ask(wrong)
    swapped: Any = tmp_path / "w", vectors
    with pytest.raises(SettingError, match="the order is path, model"):
        write_weights(*swapped[::-1])
    write_weights(*swapped)
    with pytest.raises(SettingError, match="the order is path, model"):
        read_weights(*swapped[::-1])
    pytest.importorskip("onnx")
    with pytest.raises(SettingError, match=r"order .* path"):
        export_onnx(*swapped)
