"""`predict --out`: answers in parts; a stopped prediction makes only those that are left."""

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from plainnet import Classifier, Regressor
from plainnet.cli import parts
from plainnet.cli.command_line import cli
from plainnet.cli.parts import Plan, plan_for, predict_in_parts
from plainnet.cli.predicting import rows_of
from plainnet.errors import FileError, PlainnetError, SettingError
from plainnet.tables import row_ranges
from plainnet.training.processes import HERE, Processes

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    y = np.arange(40) % 2
    X = RNG.integers(0, 90, (40, 8, 8, 3), np.uint8) + (150 * y[:, None, None, None]).astype("u1")
    path = tmp_path_factory.mktemp("run") / "model.safetensors"
    Classifier(hidden=(4,), epochs=2, augment="none").fit(X, y).save(path)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for i in range(11):
        path = tmp_path / "in" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 255, (8, 8, 3), np.uint8)).save(path)
    (tmp_path / "in" / "broken.png").write_text("nothing")
    return tmp_path / "in"


def plan(run: Path, *sources: Path, size: int = 4) -> Plan:
    usual = plan_for(run, sources, None, None)
    return Plan(usual.model, usual.sources, None, None, size)


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.csv")}


def rows(out: Path) -> list[list[str]]:
    """The rows of all parts, without their headers."""
    files = sorted(out.glob("part-*.csv"))
    return [row for file in files for row in [*csv.reader(file.read_text().splitlines())][1:]]


def answered_at_once(run: Path, *sources: Path) -> list[list[str]]:
    shown = CliRunner().invoke(cli, ["predict", str(run), *map(str, sources), "--csv", "-"])
    return [*csv.reader(shown.stdout.splitlines())][1:]


def test_each_picture_once(run: Path, pictures: Path, tmp_path: Path) -> None:
    done = predict_in_parts(run, plan(run, pictures), tmp_path / "out", rows_of, HERE)
    assert done == {"parts": 3, "samples": 12, "unread": 1}
    assert sorted(rows(tmp_path / "out")) == sorted(answered_at_once(run, pictures))
    [unread] = (tmp_path / "out").glob("unread-*.csv")
    assert "broken.png" in unread.read_text()


def test_it_goes_on_where_it_was_stopped(
    run: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, how = tmp_path / "out", plan(run, pictures)
    predict_in_parts(run, how, out, rows_of, HERE)
    whole = content(out)
    (out / "part-00001.csv").unlink()
    made = []
    answer = parts.answer_part

    def noted(part: parts.Part, *given: object) -> None:
        made.append(part.number)
        answer(part, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(parts, "answer_part", noted)
    predict_in_parts(run, how, out, rows_of, HERE)
    assert made == [1]
    assert content(out) == whole


def test_it_begins_again_if_it_was_stopped_before_the_plan(
    run: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "samples.txt").write_text('"half a li')
    assert predict_in_parts(run, plan(run, pictures), out, rows_of, HERE)["samples"] == 12


def test_several_processes_write_the_same_files(run: Path, pictures: Path, tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    how = plan(run, pictures)
    predict_in_parts(run, how, tmp_path / "one", rows_of, HERE)
    predict_in_parts(run, how, tmp_path / "two", rows_of, Processes(2))
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_another_plan_is_refused(run: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    predict_in_parts(run, plan(run, pictures), out, rows_of, HERE)
    with pytest.raises(SettingError, match=r"another size; go on with the same"):
        predict_in_parts(run, plan(run, pictures, size=5), out, rows_of, HERE)
    with pytest.raises(SettingError, match=r"another sources"):
        predict_in_parts(run, plan(run, pictures / "a"), out, rows_of, HERE)


def test_a_folder_with_other_files_is_refused(run: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"already holds something"):
        predict_in_parts(run, plan(run, pictures), pictures, rows_of, HERE)


def test_pictures_that_came_later_are_named(
    run: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, how = tmp_path / "out", plan(run, pictures)
    predict_in_parts(run, how, out, rows_of, HERE)
    (pictures / "a" / "new.png").write_bytes((pictures / "a" / "0.png").read_bytes())
    predict_in_parts(run, how, out, rows_of, HERE)
    assert "1 picture came later and will not be answered" in capsys.readouterr().err


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of a table, and the table."""
    folder = tmp_path_factory.mktemp("houses")
    lines = ["id,area,garden,price"]
    for i in range(50):
        area, garden = RNG.integers(20, 200), ("yes", "no")[i % 2]
        lines.append(f"{1000 + i},{area},{garden},{area * 10 + 300 * (i % 2)}")
    table = folder / "houses.csv"
    table.write_text("\n".join(lines))
    model = Regressor(epochs=2, ensemble=1).fit(table, target="price")
    model.save(folder / "model.safetensors")
    return folder / "model.safetensors", table


def assert_same(found: list[list[str]], expected: list[list[str]]) -> None:
    """The same rows and, up to rounding in batches of other sizes, the same numbers."""
    assert [row[:-1] for row in found] == [row[:-1] for row in expected]
    numbers = np.array([[float(row[-1]) for row in table] for table in (found, expected)])
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-6)


def test_rows_of_csv_and_parquet(houses: tuple[Path, Path], tmp_path: Path) -> None:
    run, table = houses
    predict_in_parts(run, plan(run, table, size=7), tmp_path / "csv", rows_of, HERE)
    assert_same(rows(tmp_path / "csv"), answered_at_once(run, table))
    pytest.importorskip("pyarrow")
    import pyarrow.csv
    import pyarrow.parquet

    parquet = tmp_path / "houses.parquet"
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(table), parquet, row_group_size=11)
    predict_in_parts(run, plan(run, parquet, size=7), tmp_path / "parquet", rows_of, HERE)
    assert_same(rows(tmp_path / "parquet"), answered_at_once(run, parquet))
    n, take = row_ranges.opened_rows(parquet)
    assert n == 50
    assert take(10, 34)["id"].tolist() == [*range(1010, 1034)]


@pytest.mark.parametrize("given", ["none.csv", "other.csv", "."])
def test_nothing_is_left_of_a_prediction_that_cannot_begin(
    houses: tuple[Path, Path], tmp_path: Path, given: str
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    words = ["predict", str(houses[0]), str(tmp_path / given), "--out", str(tmp_path / "new/out")]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(PlainnetError):
        cli.main(words, standalone_mode=False)
    assert sorted(tmp_path.iterdir()) == before
    words[2] = str(houses[1])
    assert cli.main(words, standalone_mode=False) == 0


def test_vectors(tmp_path: Path) -> None:
    X = RNG.normal(size=(30, 4))
    Classifier(epochs=2, ensemble=1).fit(X, X[:, 0] > 0).save(tmp_path / "model.safetensors")
    np.save(tmp_path / "X.npy", X)
    run = tmp_path / "model.safetensors"
    predict_in_parts(run, plan(run, tmp_path / "X.npy"), tmp_path / "out", rows_of, HERE)
    assert rows(tmp_path / "out") == answered_at_once(run, tmp_path / "X.npy")


def test_the_command(
    run: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["predict", str(run), str(pictures), "--out", str(tmp_path / "out")]
    assert cli.main(words, standalone_mode=False) == 2
    assert "answers  11\nunread   1, listed in" in capsys.readouterr().out
    with pytest.raises(SettingError, match=r"--out writes tables itself"):
        cli.main([*words, "--csv", "x.csv"], standalone_mode=False)
