"""The report of a run: it says what is so, of every kind of model, and needs nothing beside it."""

import json
import re
import shlex
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.cli.interrupt import Terminated
from plainnet.cli.report import report_training
from plainnet.cli.train import command as train
from plainnet.data import Dataset, Splits, read_data
from plainnet.demo.drawing import draw_animal
from plainnet.errors import DataError, FileError
from plainnet.metrics.classification import ClassificationEvaluation, evaluate_probabilities
from plainnet.models import Recipe, finish_run, keep_run, start_run
from plainnet.models.labels import right_classes
from plainnet.models.one_network import network_at_start
from plainnet.reports.class_sections import weak_classes
from plainnet.reports.html import element, page, picture, table
from plainnet.reports.repeating import SETTINGS, train_command
from plainnet.reports.report_data import Part, Report
from plainnet.reports.report_page import report_html, write_figures, write_report
from plainnet.reports.report_parts import duration
from plainnet.reports.report_pictures import weight_picture
from plainnet.reports.settings import settings_used
from plainnet.reports.signs import AGAINST, FOR

NASTY = ('<b>cat</b> & "co"', "it's 狗\n\x1b")
Page = Report[ClassificationEvaluation]
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page; fails where a tag is not closed or something from elsewhere is asked for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        assert "http:" not in html
        assert "https:" not in html
        assert not re.search(r"@import|url\(", html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs)
        assert tag not in ("script", "link", "iframe", "object")
        assert "href" not in given
        assert (given.get("src") or "data:").startswith("data:")
        self.tags.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)
        if self.open and self.open[-1] in ("h2", "h3"):
            self.headings.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def pictures(n: int, classes: tuple[str, ...], size: int = 12, channels: int = 3) -> Dataset:
    """Noise around a grey level of each class's own."""
    rng = np.random.default_rng(n)
    y = np.arange(n) % len(classes)
    level = (30 + 200 * y / len(classes)).reshape(-1, 1, 1, 1)
    X = np.clip(rng.normal(level, 40, (n, size, size, channels)), 0, 255).astype(np.uint8)
    return Dataset(X, y, classes)


def trained(data: Dataset, **settings: Any) -> Classifier:
    settings = {"epochs": 3, "hidden": (8,), "batch_size": 16, **settings}
    return Classifier(**settings).fit(data)


def report_of(classifier: Any, data: Dataset, **known: Any) -> Page:
    rows = [epoch.as_row() for epoch in classifier.history]
    return Report.of("a run", classifier, data, **{"history": rows, "kept_epoch": 3, **known})


def with_answers(report: Page, P: Any) -> Page:
    """As if the model had answered so."""
    P = np.asarray(P, np.float32)
    evaluation = evaluate_probabilities(report.y, P, report.model.answers.names)
    return replace(report, A=P, evaluation=evaluation)


@pytest.fixture(scope="module")
def two() -> Page:
    data = pictures(60, ("cat", "dog"))
    classifier = trained(data)
    assert classifier.training
    counts = {"training": classifier.training.counts(), "validation": {"cat": 4, "dog": 5}}
    return report_of(classifier, data, part="test", counts=counts, settings={"data": "pets"})


# -- the page ------------------------------------------------------------------------------------


def test_a_page_of_two_classes(two: Page) -> None:
    read = Reader(report_html(two))
    assert [h for h in read.headings if h in SECTIONS] == SECTIONS
    assert "60 test pictures" in read.text
    assert "always answering “cat”" in read.text
    assert "epoch 3 kept" in read.text
    assert read.count("svg") == 7
    assert read.count("img") >= 12 + 8  # the least certain answers, the units
    assert "432 → 8 → 1" in read.text


SECTIONS = [
    "Model and data",
    "How it learned",
    "How well it answers",
    "Class by class",
    "Pictures to look at",
    "The first layer's weights",
    "Model card",
    "Settings",
]


def test_names_from_outside_are_text_and_nothing_else() -> None:
    data = replace(pictures(40, NASTY), paths=tuple(Path(f"<i>{i}&.png") for i in range(40)))
    report = report_of(trained(data), data, findings=["<script>alert(1)</script>"])
    report = replace(report, title="<h1>", command="plainnet train '<a>'")
    read = Reader(report_html(report))
    assert NASTY[0] in read.words
    assert r"it's 狗\n\x1b" in read.words
    assert "<script>alert(1)</script>" in read.words
    assert re.search(r"<i>\d+&\.png", read.text)
    assert read.count("i") == read.count("script") == 0


@pytest.mark.parametrize("k", [3, 10])
def test_a_page_of_several_classes(k: int) -> None:
    data = pictures(30 * k, tuple(f"kind {i}" for i in range(k)), channels=1)
    report = report_of(trained(data), data)
    read = Reader(report_html(report))
    assert "Confusion matrix" in read.headings
    assert "kind 0 predicted as kind 0" in read.text
    shown = "all 3" if k == 3 else "the 3 lowest and the highest of 10"
    assert f"Each class against the rest: {shown}; their mean is" in read.text
    assert "is blue, a brighter pixel raises the output of the unit" in read.text


def test_a_page_of_a_hundred_classes_tells_the_largest_confusions() -> None:
    data = pictures(400, tuple(f"kind {i}" for i in range(100)), size=4)
    report = report_of(trained(data, validation_share=0), data)
    html = report_html(report)
    read = Reader(html)
    assert "Largest confusions" in read.headings
    assert "Confusion matrix" not in read.headings
    assert "The weakest first." in read.text
    assert "kind 0, kind 1, kind 2" in read.text
    assert "(100 in all)" in read.text
    assert len(html) < 500_000
    perfect = with_answers(report, np.eye(100)[report.y])
    assert (
        "None of these pictures was assigned to another class." in Reader(report_html(perfect)).text
    )


def test_a_page_of_feature_vectors_leaves_pictures_out() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5)).astype(np.float32)
    data = Dataset(X, (X[:, 0] > 0).astype(int), ("no", "yes"))
    read = Reader(report_html(report_of(trained(data), data)))
    assert read.count("img") == 0
    left_out = {"Pictures to look at", "The first layer's weights"}
    assert [h for h in read.headings if h in SECTIONS] == [h for h in SECTIONS if h not in left_out]
    assert "80 samples" in read.text
    assert "5 features" in read.text
    assert "picture" not in read.text


def test_samples_of_one_class_only(two: Page) -> None:
    cats = two.data.take(two.data.y == 0)
    report = report_of(two.model, cats, part="test")
    read = Reader(report_html(report))
    assert "All these pictures are of one class, “cat”" in read.text
    assert "ROC" not in read.text
    assert read.count("svg") == 5
    one = Dataset(cats.X[:1], np.array([0]), ("cat",))
    assert "1 test picture" in Reader(report_html(report_of(two.model, one, part="test"))).text


def test_what_is_not_known_is_left_out(two: Page) -> None:
    bare = Report.of("model", two.model, two.data)
    read = Reader(report_html(bare))
    assert "How it learned" not in read.headings
    assert "The check of the data" not in read.headings
    assert "To repeat" not in read.text
    assert "It learned from" not in read.text
    assert "only if the training has seen none of these" in read.text


def test_a_network_without_hidden_layers() -> None:
    data = pictures(60, ("cat", "dog"), channels=1)
    read = Reader(report_html(report_of(trained(data, hidden=()), data)))
    assert "Its one unit: what the training has added to the weights." in read.text
    assert "unit 0" in read.text


def test_the_first_weights_are_shown_as_what_the_training_changed(tmp_path: Path) -> None:
    data = pictures(60, ("cat", "dog"))
    classifier = trained(data, ensemble=2, seed=3)
    assert classifier.recipe.normalization == "auto"
    classifier.save(tmp_path / "m.safetensors")
    loaded = Classifier.load(tmp_path / "m.safetensors")
    for one in (classifier, loaded):
        began = network_at_start(one)
        assert began is not None
        W, W_0 = (network.parameters["layers.0.W"] for network in (one.network, began))
        moved = np.linalg.norm(W - W_0) / np.linalg.norm(W_0)
        assert 0 < moved < 0.5
        assert "whose weights changed most" in report_html(report_of(one, data))
    del loaded.stored["settled"]  # type: ignore[attr-defined]  # as in an older file
    assert "with the largest weights" in report_html(report_of(loaded, data))
    loaded.stored = {**classifier.trained, "settled": {"normalization": "layer", "epochs": 2}}
    other = replace(loaded.resolved_recipe, seed=4)  # as if another NumPy had drawn them
    loaded.resolved_recipe = other
    assert "with the largest weights" in report_html(report_of(loaded, data))


def test_a_report_says_what_was_used(tmp_path: Path) -> None:
    data = pictures(60, ("cat", "dog"))
    classifier = trained(data, epochs=None, recall=0.9, hidden=(4,))
    classifier.threshold = 0.25
    classifier.save(tmp_path / "m.safetensors")
    for one in (classifier, Classifier.load(tmp_path / "m.safetensors")):
        used = settings_used(one)
        assert (used["epochs"], used["normalization"]) == ("auto (160)", "auto (batch)")
        assert (used["augment"], used["learning rate"]) == ("auto (strong)", "auto (0.001)")
        assert (used["initializer"], used["size"]) == ("auto (he)", "auto (12 × 12)")
        assert (used["validation share"], used["positive"]) == ("auto (0.15)", "auto (dog)")
        assert (used["clip norm"], used["hidden"], used["grey"]) == ("none", "4", "no")
        text = Reader(report_html(report_of(one, data))).text
        assert "BatchNorm" in text
        assert "augmentation auto (strong)" in text
        assert "threshold dog from 25.0 % on" in text
        assert "learning rate auto (0.001), auto (cosine)" in text
    older = Classifier.load(tmp_path / "m.safetensors")
    older.stored = {}
    assert settings_used(older)["epochs"] == "auto"


def test_the_articles_network() -> None:
    """12288 → 100 → 20 → 1 on pictures of 64 × 64, as in the tutorial."""
    rng = np.random.default_rng(0)
    kinds = ["cat", "fox"]
    X = np.stack([np.asarray(draw_animal(kinds[i % 2], rng, 64)) for i in range(40)])
    data = Dataset(X, np.arange(40) % 2, ("cat", "non-cat"))
    classifier = trained(data, hidden=(100, 20))
    html = report_html(report_of(classifier, data, part="training"))
    read = Reader(html)
    assert "12,288 → 100 → 20 → 1, BatchNorm, 1,231,181 parameters" in read.text
    assert "which the network was trained on: this shows how well it remembers" in read.text
    assert len(html) < 2_000_000


# -- what it says --------------------------------------------------------------------------------


def answered(two: Page, right: int) -> Page:
    """The first so many of 60 samples rightly, 30 of each class."""
    answers = np.where(np.arange(60) < right, two.y, 1 - two.y)
    return with_answers(two, np.where(np.eye(2)[answers] > 0, 0.9, 0.1))


@pytest.mark.parametrize(
    ("right", "kind", "words"),
    [
        (50, "good", "Better than always answering “cat”, which would be right for 50.0 %"),
        (35, "bad", "Not shown to be better than always answering “cat”: that would be right for"),
        (10, "bad", "Worse than always answering “cat”"),
    ],
)
def test_the_verdict(two: Page, right: int, kind: str, words: str) -> None:
    report = answered(two, right)
    assert report.shown.verdict(report.things)[0] == kind
    assert report.shown.verdict(report.things)[1].startswith(words)
    assert report.shown.verdict(report.things)[1] in Reader(report_html(report)).text


def test_the_card_names_weak_classes_and_wrong_confidence(two: Page) -> None:
    P = np.tile([0.95, 0.05], (60, 1))
    report = with_answers(two, P)
    assert weak_classes(report) == "Found least often: “dog” (0 of 30)."
    text = Reader(report_html(report)).text
    assert "Its probabilities are too high: 95.0 % on average, with an accuracy of 50.0 %." in text
    assert "A picture of anything else is also assigned to one of them" in text
    assert "– " in text  # no precision of a class that was never answered
    assert weak_classes(with_answers(two, np.eye(2)[two.y])) == ""


def test_part_and_findings_are_told(two: Page) -> None:
    outcome: dict[Part, str] = {
        "test": "played no part in the training",
        "validation": "which were held out",
        "training": "how well it remembers",
        "other": "only if the training has seen none",
    }
    for part, words in outcome.items():
        assert words in Reader(report_html(replace(two, part=part))).text
    found = Reader(report_html(replace(two, findings=["Two files are alike."])))
    assert "Two files are alike." in found.words
    assert "No problems were found." in Reader(report_html(replace(two, findings=[]))).text


def test_samples_whose_classes_stand_in_another_order(two: Page) -> None:
    data = two.data
    turned = Dataset(data.X, 2 - data.y, ("bird", "dog", "cat"))
    np.testing.assert_array_equal(right_classes(("cat", "dog"), turned), data.y)
    report = Report.of("a run", two.model, turned)
    assert report.evaluation.to_dict() == cast(Classifier, two.model).evaluate(turned).to_dict()
    with pytest.raises(DataError, match="bird"):
        right_classes(("cat", "dog"), Dataset(data.X, data.y, ("cat", "bird")))


def test_a_long_and_steep_history(two: Page) -> None:
    rows = [
        {"epoch": i + 1, "loss": 900.0 / (i + 1) ** 2 + 0.01, "seconds": 2.0} for i in range(5000)
    ]
    html = report_html(replace(two, history=rows, kept_epoch=5000))
    text = Reader(html).text
    assert "5000 in 2 h 46 min, epoch 5000 kept" in text
    assert len(html) < len(report_html(two)) + 10_000
    assert "1 in 2.0 s" in Reader(report_html(replace(two, history=rows[:1]))).text


def test_a_temperature_is_told(two: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "temperature" not in Reader(report_html(two)).text
    monkeypatch.setattr(two.model, "temperature", 1.5)
    assert "a temperature of 1.50" in Reader(report_html(two)).text
    watched = Reader(report_html(replace(two, part="validation"))).text
    assert "on these it looks a little better" in watched


def test_durations() -> None:
    assert [duration(s) for s in (0.84, 12.3, 200, 7500)] == [
        "0.8 s",
        "12 s",
        "3 min 20 s",
        "2 h 5 min",
    ]


def test_weights_as_colours() -> None:
    w = np.array([-2.0, 0, 2]).reshape(1, 3, 1)
    assert weight_picture(w)[0].tolist() == [list(AGAINST), [255, 255, 255], list(FOR)]
    assert weight_picture(np.repeat(w, 3, axis=2))[0, :, 0].tolist() == [0, 128, 255]
    assert (weight_picture(np.zeros((2, 2, 3))) == 128).all()


# -- building blocks -----------------------------------------------------------------------------


def test_building_blocks_escape_what_they_are_given() -> None:
    outcome = page("<t>", element("p", "1 < 2", class_='"x"'), table(("<a>",), [("<b>",)]), "<c>")
    read = Reader(outcome)
    assert {"<t>", "1 < 2", "<a>", "<b>", "<c>"} <= {word.strip() for word in read.words}
    assert {"class": '"x"'} in [given for _, given in read.tags]
    assert read.count("b") == 0


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3)])
def test_pictures_are_embedded(shape: tuple[int, ...]) -> None:
    read = Reader(picture(np.zeros(shape, np.uint8), "what", alt="<x>"))
    [(_, given)] = [(tag, given) for tag, given in read.tags if tag == "img"]
    assert given["alt"] == "<x>"
    assert (given["src"] or "").startswith("data:image/png;base64,")


# -- files ---------------------------------------------------------------------------------------


def test_page_and_figures_are_written(two: Page, tmp_path: Path) -> None:
    assert write_report(tmp_path, two) == tmp_path / "report.html"
    assert write_report(tmp_path / "a.html", two).read_text("utf-8") == report_html(two)
    written = write_figures(tmp_path / "new" / "figures", two)
    names = ["loss", "accuracy", "confusion", "roc", "precision-recall", "calibration", "coverage"]
    assert [path.name for path in written] == [f"{name}.svg" for name in names]
    assert all("xmlns" in path.read_text("utf-8") for path in written)
    with pytest.raises(FileError, match="could not be"):
        write_report(tmp_path / "missing" / "a.html", two)
    with pytest.raises(FileError, match="choose another"):
        write_figures(tmp_path / "a.html", two)


def test_the_command_that_repeats_a_training() -> None:
    recipe = Recipe(hidden=(32,), size=(16, 24), grey=True, learning_rate=0.01)
    assert train_command({"data": "my pets", "strict": True}, recipe) == (
        "plainnet train 'my pets' --hidden 32 --learning-rate 0.01 --size 16x24 --grey --strict"
    )
    assert train_command({}, Recipe(hidden=())) == "plainnet train DATA --hidden none"
    options = {name for param in train.params for name in param.opts}
    named = {name for name, one in SETTINGS.items() if not one.switches}
    switches = {word for one in SETTINGS.values() for word in one.switches}
    assert {f"--{name.replace('_', '-')}" for name in named | switches} <= options


# -- the command ---------------------------------------------------------------------------------


def plainnet(*arguments: object) -> int:
    sys.argv = ["plainnet", *map(str, arguments)]
    with pytest.raises(SystemExit) as left:
        main()
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of drawn pictures, in an empty folder to work in."""
    rng = np.random.default_rng(0)
    for kind in ("cat", "fox"):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for i in range(20):
            draw_animal(kind, rng, 24).save(tmp_path / "pets" / kind / f"{kind}-{i}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [])
    return tmp_path / "pets"


QUICK = ("--epochs", 3, "--hidden", 8, "--batch-size", 8, "--size", 16)


def test_train_writes_a_report_and_report_writes_it_again(
    pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plainnet("train", "pets", "--out", "run", *QUICK) == 0
    assert "report   run/report.html\n" in capsys.readouterr().out
    path = Path("run/report.html")
    first = path.read_text("utf-8")
    text = Reader(first).text
    assert "6 validation pictures" in text
    assert "It learned from 34 pictures, 17 of each class." in text
    assert "plainnet train pets --hidden 8" in text
    assert re.search(r"(cat|fox)-\d+\.png", text)
    path.unlink()
    assert plainnet("report", "run", "pets", "--figures", "figures") == 0
    assert capsys.readouterr().out == "written  run/report.html\nfigures  7 in figures\n"
    assert path.read_text("utf-8") == first  # the same held-out pictures
    assert plainnet("report", "run", "pets", "--part", "train", "--out", "t.html", "--json") == 0
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["report"], outcome["part"], outcome["n"]) == ("t.html", "train", 34)
    assert "how well it remembers" in Path("t.html").read_text("utf-8")


def test_the_report_of_an_ensemble_shows_its_last_network(pets: Path) -> None:
    assert plainnet("train", "pets", "--out", "run", "--ensemble", 2, *QUICK) == 0
    first = Path("run/report.html").read_text("utf-8")
    assert plainnet("report", "run", "pets") == 0
    again = Path("run/report.html").read_text("utf-8")
    figures = [re.findall("<svg.*?</svg>", page, re.DOTALL) for page in (first, again)]
    assert figures[0] == figures[1]
    assert "3 in " in Reader(again).text


def test_train_without_a_report(pets: Path) -> None:
    assert plainnet("train", pets, "--out", "run", "--no-report", *QUICK) == 0
    assert not Path("run/report.html").exists()


def test_a_report_on_other_data_takes_no_page_away(
    pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plainnet("train", "pets", "--out", "run", *QUICK) == 0
    before = Path("run/report.html").read_text("utf-8")
    (pets / "cat" / "cat-0.png").unlink()
    pets.rename("others")
    capsys.readouterr()
    assert plainnet("report", "run", "others") == 0
    assert capsys.readouterr().out == "written  run/report-others.html\n"
    assert Path("run/report.html").read_text("utf-8") == before
    assert "39 pictures" in Reader(Path("run/report-others.html").read_text("utf-8")).text
    assert plainnet("report", "run/model.safetensors", "others") == 0
    assert Path("run/model-report-others.html").exists()


def test_changed_data_are_not_taken_for_those_held_out(pets: Path) -> None:
    assert plainnet("train", "pets", "--out", "run", *QUICK) == 0
    metrics = json.loads(Path("run/metrics.json").read_text("utf-8"))
    for path in (pets / "cat").iterdir():
        Image.new("RGB", (24, 24)).save(path)
    assert metrics["validation"]["confusion"] != [[0, 3], [0, 3]]
    for path in sorted((pets / "fox").iterdir())[:9]:
        path.unlink()
    assert plainnet("report", "run", "pets") == 0
    text = Reader(Path("run/report.html").read_text("utf-8")).text
    assert "31 training pictures" in text
    assert "It learned from" not in text


@pytest.mark.parametrize("change", ["one picture", "another row", "damaged", "an older run"])
def test_held_out_samples_that_are_not_known_any_more_are_told(
    change: str, pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plainnet("train", "pets", "--out", "run", *QUICK) == 0
    held_out = Path("run/held_out.json")
    facts = json.loads(held_out.read_text("utf-8"))
    assert len(facts["rows"]) == 6
    if change == "one picture":
        path = pets / "cat" / "cat-0.png"
        pixels = np.array(Image.open(path))
        pixels[:8] ^= 255
        Image.fromarray(pixels).save(path)
    elif change == "another row":
        facts["rows"][0] += 1
        held_out.write_text(json.dumps(facts))
    elif change == "damaged":
        held_out.write_text('{"rows": [99]')
    else:
        held_out.unlink()
    capsys.readouterr()
    assert plainnet("report", "run", "pets") == 0
    assert "run does not say which of these samples it has held out" in capsys.readouterr().err
    text = Reader(Path("run/report.html").read_text("utf-8")).text
    assert "40 training pictures" in text
    assert "It learned from" not in text


def test_what_the_command_refuses(pets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plainnet("train", "pets", "--out", "run", *QUICK) == 0
    assert plainnet("report", "run", "pets", "--part", "test") == 2
    assert "has no test part" in capsys.readouterr().err
    assert plainnet("report", "missing", "pets") == 2
    assert plainnet("report", "run", "pets", "--out", "no/folder.html") == 2
    assert "create its folder" in capsys.readouterr().err


def test_a_run_whose_other_files_are_damaged_still_has_a_report(pets: Path) -> None:
    assert plainnet("train", "pets", "--out", "run", *QUICK) == 0
    Path("run/history.csv").write_text("epoch,loss\n1,what\n")
    Path("run/settings.json").write_text("[1]")
    assert plainnet("report", "run", "pets", "--out", "a.html") == 0
    read = Reader(Path("a.html").read_text("utf-8"))
    assert "How it learned" not in read.headings
    assert "only if the training has seen none" in read.text


@pytest.mark.parametrize(
    ("reason", "code"), [(ValueError("no ink"), 0), (KeyboardInterrupt(), 130), (Terminated(), 143)]
)
def test_a_report_that_cannot_be_written_loses_nothing(
    reason: BaseException,
    code: int,
    pets: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise reason

    monkeypatch.setattr("plainnet.cli.report.write_report", fails)
    assert plainnet("train", "pets", "--out", "run", *QUICK) == code
    outcome, words = capsys.readouterr(), str(reason) or "it was stopped"
    again = f"its report was not written ({words}); to try again: plainnet report run pets"
    assert again in outcome.err
    assert "written  run" in outcome.out
    assert Path("run/model.safetensors").exists()


def test_without_held_out_samples_it_is_measured_on_the_training_ones(tmp_path: Path) -> None:
    data = pictures(40, ("a", "b"))
    classifier = trained(data, validation_share=0)
    splits = Splits(Path("data"), train=data)
    start_run(tmp_path, {"data": "data"})
    keep_run(tmp_path, classifier)
    finish_run(tmp_path, classifier, {})
    written = report_training(classifier, splits, tmp_path, ["Nine are the same."])
    assert written is not None
    text = Reader(written.read_text("utf-8")).text
    assert "how well it remembers" in text
    assert "Nine are the same." in text


# -- real data -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_on_real_cats_and_dogs(real_data: Path, tmp_path: Path) -> None:
    splits = read_data(real_data / "catdog")
    assert splits.train is not None
    classifier = Classifier(epochs=5).fit(splits)
    assert classifier.validation is not None
    report = report_of(classifier, classifier.validation, part="validation", kept_epoch=5)
    written = write_report(tmp_path, report)
    assert written.stat().st_size < 2_000_000
    text = Reader(written.read_text("utf-8")).text
    assert f"measured on {len(classifier.validation)} validation pictures" in text
    assert "cat." in text
    assert shlex.split(train_command({"data": "x"}, classifier.recipe))[-2:] == ["--epochs", "5"]
