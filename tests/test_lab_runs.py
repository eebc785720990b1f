"""The lab's view of all runs: only what lies below its folder, named by numbers, and a trash."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra lab is not installed")

from lab_pages import Client, running_lab

from plainnet.errors import FileError
from plainnet.files.lock import locked
from plainnet.lab.runs import MOST_POINTS, TRASH, Runs

EVALUATION = {
    "n": 4,
    "classes": ["cat", "dog"],
    "confusion": [[2, 0], [1, 1]],
    "roc_auc": 0.75,
    "log_loss": 0.5,
}


def make_run(folder: Path, epochs: int = 3, done: bool = True) -> Path:
    folder.mkdir(parents=True)
    recipe = {"hidden": [8], "epochs": epochs, "optimizer": "adam"}
    settings = {"data": "/far/away/pets", "recipe": recipe}
    (folder / "settings.json").write_text(json.dumps(settings))
    rows = [f"{i + 1},{1 / (i + 1)},nan" for i in range(epochs)]
    (folder / "history.csv").write_text("\n".join(["epoch,loss,validation_loss", *rows]) + "\n")
    (folder / ("model" if done else "checkpoint")).with_suffix(".safetensors").write_bytes(b"")
    if done:
        (folder / "metrics.json").write_text(json.dumps({"test": EVALUATION}))
        (folder / "report.html").write_text("<!doctype html><p>a report</p><script>1</script>")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    make_run(runs / "pets-1")
    make_run(runs / "older" / "pets-2", done=False)
    make_run(tmp_path / "elsewhere")
    (runs / "link").symlink_to(tmp_path / "elsewhere")
    (runs / "no-run").mkdir()
    return runs


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    with running_lab(folder) as server:
        yield Client(server)


def test_runs_are_listed_with_their_scores(folder: Path) -> None:
    one, two = sorted(Runs(folder).listed(), key=lambda run: run["name"], reverse=True)
    assert (one["name"], two["name"]) == ("pets-1", "older/pets-2")  # no link, no other folder
    assert (one["done"], two["done"]) == (True, False)
    assert one["changed"] == ["hidden 8", "epochs 3"]
    [accuracy, *_] = one["parts"]["test"]
    assert (accuracy["name"], accuracy["value"], accuracy["text"]) == ("accuracy", 0.75, "75.0 %")
    assert accuracy["baseline"] == "50.0 %"
    assert two["parts"] == {}


def test_a_number_is_no_path_and_another_one_each_time(folder: Path) -> None:
    numbers = [{run["number"] for run in Runs(folder).listed()} for _ in range(2)]
    assert not numbers[0] & numbers[1]
    assert all(number.isalnum() and len(number) == 24 for number in numbers[0])


def test_a_curve_of_many_epochs_is_thinned_out(tmp_path: Path) -> None:
    make_run(tmp_path / "long", epochs=5 * MOST_POINTS)
    runs = Runs(tmp_path)
    curves = runs.curves(runs.listed()[0]["number"])
    assert len(curves["epoch"]) == MOST_POINTS
    assert curves["epoch"][:2] == [1, 6]
    assert curves["validation_loss"][0] is None


@pytest.mark.parametrize("broken", ["{", "[]", "null", '{"test": 1}', '{"test": {}}', "[" * 9999])
def test_a_broken_run_is_listed_without_what_is_broken(folder: Path, broken: str) -> None:
    for name in ("metrics.json", "settings.json", "history.csv"):
        (folder / "pets-1" / name).write_text(broken)
    runs = Runs(folder)
    [run] = [run for run in runs.listed() if run["name"] == "pets-1"]
    assert not any(run["parts"].values())
    runs.curves(run["number"])


def test_a_folder_that_does_not_exist_holds_no_runs(tmp_path: Path) -> None:
    assert Runs(tmp_path / "nowhere").listed() == []


def test_a_run_goes_to_the_trash_and_back(folder: Path) -> None:
    runs = Runs(folder)
    [run] = [run for run in runs.listed() if run["done"]]
    number = runs.trash(run["number"])
    assert [one["name"] for one in runs.listed()] == ["older/pets-2"]
    [trashed] = (folder / TRASH).iterdir()
    assert (trashed / "model.safetensors").exists()
    runs.restore(number)
    assert (folder / "pets-1" / "model.safetensors").exists()
    runs.trash(run["number"])
    make_run(folder / "pets-1")
    with pytest.raises(FileError, match="new one"):
        runs.restore(number)


def test_a_run_that_is_being_trained_stays(folder: Path) -> None:
    runs, path = Runs(folder), folder / "older" / "pets-2"
    [run] = [run for run in runs.listed() if not run["done"]]
    with locked(path / ".training.lock", "the run"), pytest.raises(FileError, match="pets-2"):
        runs.trash(run["number"])
    assert path.exists()


def test_a_report_runs_no_scripts_and_has_no_origin(client: Client, folder: Path) -> None:
    [run] = [run for run in client.get("/api/runs").json["runs"] if run["done"]]
    answer = client.get(f"/api/runs/report?number={run['number']}")
    assert b"a report" in answer.body
    [policy] = answer.headers.get_all("Content-Security-Policy") or [""]
    rules = [rule.strip() for rule in policy.split(";")]
    assert "sandbox" in rules
    assert "default-src 'none'" in rules
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (folder / "pets-1" / "report.html").unlink()
    (folder / "pets-1" / "report.html").symlink_to("/etc/passwd")
    assert b"root" not in client.get(f"/api/runs/report?number={run['number']}").body


@pytest.mark.parametrize(
    "number", ["", "../elsewhere", "%2e%2e%2felsewhere", "pets-1", "/etc", "..", "x" * 5000, "%00"]
)
def test_no_path_of_a_client_is_taken(client: Client, folder: Path, number: str) -> None:
    for path in ("curves", "report"):
        assert client.get(f"/api/runs/{path}?number={number}").status == 404
    for path in ("trash", "restore"):
        assert client.post(f"/api/runs/{path}", {"number": number}).status == 404
    assert (folder.parent / "elsewhere").exists()
    assert (folder / "pets-1").exists()


def test_other_sites_move_no_runs(client: Client, folder: Path) -> None:
    number = {"number": client.get("/api/runs").json["runs"][0]["number"]}
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert client.post("/api/runs/trash", number, headers=headers).status == 403
        assert client.get("/api/runs", headers=headers).status == 403
    assert not (folder / TRASH).exists()
    assert client.post("/api/runs/trash", number).status == 200
