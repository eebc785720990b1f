"""The model card: a head that YAML reads, whatever the names are, and the model's own figures."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from laws import PLAIN

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.errors import DataError, FileError
from plainnet.export import sequential
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.metrics import wilson_interval
from plainnet.reports.card import card_text

AWKWARD = (
    '"a": no',
    "狗 # x",
    "🐈 | *b*",
    "- c\n---",
    "<b>&amp;`d`</b>",
    "e\\",
    "null",
    "caf\udce9",
)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 5)).astype(np.float32)
Y = np.arange(160) % len(AWKWARD)


def head_of(card: str) -> str:
    opening, head, _ = card.split("---\n", 2)
    assert opening == ""
    return head


def parsed(lines: list[str]) -> Any:
    """The YAML that a head is made of: maps and lists of words, numbers and JSON strings."""
    if len(lines) == 1 and not re.match(r"(- |[\w-]+:( |$))", lines[0]):
        text = lines[0]
        assert re.fullmatch(r'[\w-]+|[\d.]+|".*"', text), text
        return json.loads(text) if text[0] in '"0123456789' else text
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith(" "):
            parts[-1].append(line.removeprefix("  "))
        else:
            parts.append([line])
    if lines[0].startswith("- "):
        return [parsed([first.removeprefix("- "), *more]) for first, *more in parts]
    found = {}
    for first, *more in parts:
        name, _, rest = first.partition(":")
        assert re.fullmatch(r"[\w-]+", name)
        assert name not in found
        found[name] = parsed([rest[1:]] if rest else more)
    return found


def read_head(card: str) -> Any:
    """The head as a small reader has it, and as PyYAML has it where that is installed."""
    head = head_of(card)
    found = parsed([line for line in head.splitlines() if not line.startswith("#")])
    try:
        yaml = import_module("yaml")
    except ImportError:
        return found
    assert yaml.safe_load(head) == found
    return found


def quality(classes: tuple[str, ...], share: float = 0.9) -> dict[str, Any]:
    """As the run notes it: of each class 20 samples, most of them answered rightly."""
    K = len(classes)
    confusion = np.full((K, K), 0, np.int64)
    confusion[np.arange(K), np.arange(K)] = round(20 * share)
    confusion[np.arange(K), (np.arange(K) + 1) % K] = 20 - round(20 * share)
    return ClassificationEvaluation(classes, confusion, 0.97, 0.31).to_dict()


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Trained, saved and loaded, with names of all kinds."""
    how = PLAIN | {"hidden": (4,), "epochs": 2, "seed": 3}
    made = Classifier(**how).fit(X, np.array(AWKWARD)[Y])
    made.quality = {"test": quality(made.classes), "validation": quality(made.classes, 0.5)}
    made.save(path := tmp_path_factory.mktemp("card") / "m.safetensors")
    return Classifier.load(path)


@pytest.mark.parametrize("title", ["pets-1", 'a: "b" #1', "狗\n🐕", "---"])
def test_the_head_is_yaml_whatever_the_names_are(awkward: Classifier, title: str) -> None:
    head = read_head(card_text(title, awkward, data=f"of {title}"))
    assert head["library_name"] == "plainnet"
    assert head["pipeline_tag"] == "tabular-classification"
    assert "license" not in head
    shown = [name.replace("\n", "\\n").replace("\udce9", "\\udce9") for name in awkward.classes]
    assert head["labels"] == shown
    assert head["datasets"] == ["of " + title.replace("\n", "\\n")]
    [model] = head["model-index"]
    assert model["name"] == title.replace("\n", "\\n")
    [result] = model["results"]
    assert result["dataset"]["split"] == "test"
    figures = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert figures == {"accuracy": 0.9, "roc_auc": 0.97, "log_loss": 0.31}
    assert "95 % interval 84.4 % to" in result["metrics"][0]["name"]


def test_a_license_is_named_if_one_is_given(awkward: Classifier) -> None:
    assert read_head(card_text("a", awkward, license="mit: 'x'"))["license"] == "mit: 'x'"
    assert "# license:" in head_of(card_text("a", awkward))


def test_the_text_says_how_good_it_is_and_from_what(awkward: Classifier) -> None:
    card = card_text("pets-1", awkward, data="pets")
    assert "| accuracy | 90.0 % (144 correct) |" in card
    low, high = wilson_interval(144, 160)
    assert f"| its 95 % interval | {100 * low:.1f} % to {100 * high:.1f} % |" in card
    assert re.search(r"\| always answering .* \| 12.5 % \|", card)
    assert "It learned from 136 samples, 17 of each class. The data are called “pets”." in card
    assert "- epoch 2 of 2 was kept, the learning rate was 0.001 at most" in card
    assert "- hidden: 4" in card
    assert "the whole interval lies above" in card
    rows = re.findall(r"^\| (.*) \| 17 \| 3 \|$", card, re.MULTILINE)
    assert len(rows) == len(AWKWARD)


def test_of_an_ensemble_over_folds_nothing_is_held_out_of_all_networks() -> None:
    made = Classifier(hidden=(4,), epochs=1, ensemble=2).fit(X, np.array(AWKWARD)[Y])
    card = card_text("pets-1", made)
    assert "It learned from 160 samples, 20 of each class. Each network held out another" in card
    assert "| class | learned from |\n" in card


def test_no_name_becomes_markdown_or_html(awkward: Classifier) -> None:
    body = card_text("*a* <i>", awkward).split("---\n", 2)[2]
    assert "# \\*a\\* \\<i\\>" in body
    for odd in ("<", "`d`", "*b*"):
        assert not re.search(rf"(?<!\\){re.escape(odd)}", body), odd
    for line in body.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 6)


def test_what_is_not_known_is_not_said(awkward: Classifier) -> None:
    plain = Classifier.__new__(Classifier)
    plain.__dict__ = {**awkward.__dict__, "quality": {"test": {"accuracy": 0.5}}, "stored": {}}
    card = card_text("pets-1", plain)
    assert "model-index" not in read_head(card)
    assert "This was not measured" in card
    assert "It learned from" not in card
    assert "- hidden: 4\n- encoding: none\n" in card  # which are not the usual ones
    assert "- epochs: 2\n" in card
    assert "all settings at their defaults" not in card


def test_a_model_of_a_table_is_asked_about_tables() -> None:
    table = {"x": np.arange(80.0), "t": np.array(["no", "yes"])[np.arange(80) // 40]}
    card = card_text("t", Classifier(hidden=(4,), epochs=2).fit(table, target="t"))
    assert "plainnet predict model.safetensors table.csv" in card
    assert 'classifier.predict_proba("table.csv")' in card
    assert "It sees 1 feature of 1 column, prepared" in card


def test_without_test_samples_those_held_out_are_told(awkward: Classifier) -> None:
    plain = Classifier.__new__(Classifier)
    plain.__dict__ = {**awkward.__dict__, "quality": {"validation": quality(awkward.classes, 0.5)}}
    card = card_text("pets-1", plain)
    assert read_head(card)["model-index"][0]["results"][0]["dataset"]["split"] == "validation"
    assert "choices made by watching them during training make the scores a little too good" in card


def test_an_evaluation_comes_back_from_what_it_told() -> None:
    seen = quality(("a", "b", "c"))
    assert ClassificationEvaluation.from_dict(seen).to_dict() == seen
    for damage in ({"confusion": [[1]]}, {"confusion": [[0.5] * 3] * 3}, {"log_loss": "a"}):
        with pytest.raises(DataError):
            ClassificationEvaluation.from_dict({**seen, **damage})
    with pytest.raises(DataError):
        ClassificationEvaluation.from_dict({**seen, "confusion": [[0] * 3] * 3})
    with pytest.raises(DataError):
        ClassificationEvaluation.from_dict({})


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder on pictures."""
    folder = tmp_path_factory.mktemp("runs") / "pets-1"
    folder.mkdir()
    pictures = RNG.integers(0, 256, (40, 6, 8, 3), np.uint8)
    made = Classifier(hidden=(4,), epochs=1).fit(
        pictures, np.array(["cat", "dog"])[np.arange(40) % 2]
    )
    made.quality = {"test": quality(made.classes)}
    made.save(folder / "model.safetensors")
    (folder / "settings.json").write_text(json.dumps({"data": "/home/me/pets", "recipe": {}}))
    return folder


def exported(*arguments: object) -> str:
    done = CliRunner().invoke(cli, ["export", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_export_writes_weights_and_a_card_that_tells_of_them(run: Path, tmp_path: Path) -> None:
    seen = exported(
        run, "--weights", tmp_path / "w.safetensors", "--card", tmp_path, "--license", "mit"
    )
    assert f"written  {tmp_path / 'w.safetensors'}\n" in seen
    assert f"layers   {sequential(Classifier.load(run / 'model.safetensors').network)}\n" in seen
    assert f"written  {tmp_path / 'README.md'}\n" in seen
    card = (tmp_path / "README.md").read_text("utf-8")
    head = read_head(card)
    assert (head["license"], head["pipeline_tag"]) == ("mit", "image-classification")
    assert head["datasets"] == ["pets"]
    assert "/home/me" not in card
    assert "# pets-1" in card
    assert "colour pictures, stretched to 8 × 6 pixels" in card
    assert "`w.safetensors` holds the weights alone" in card
    assert "plainnet predict model.safetensors photo.jpg" in card


@pytest.mark.parametrize(
    ("option", "name", "why"),
    [
        ("--weights", "model.safetensors", "is a model file of plainnet and would be lost; name"),
        ("--weights", "settings.json", "is not named as a safetensors file; --weights writes one"),
        ("--card", "settings.json", r"is not named as a text; --card writes one, so name a \.md"),
    ],
)
def test_export_writes_over_nothing_of_another_kind(
    run: Path, option: str, name: str, why: str
) -> None:
    before = (run / name).read_bytes()
    with pytest.raises(FileError, match=why):
        CliRunner().invoke(
            cli,
            ["export", str(run), option, str(run / name)],
            standalone_mode=False,
            catch_exceptions=False,
        )
    assert (run / name).read_bytes() == before


def test_the_cards_python_runs(run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from PIL import Image

    monkeypatch.chdir(run)
    Image.new("RGB", (20, 20)).save(run / "photo.jpg")
    exported("model.safetensors", "--card", tmp_path / "card.md", "--json")
    card = (tmp_path / "card.md").read_text("utf-8")
    for code in re.findall(r"```python\n(.*?)```", card, re.DOTALL):
        exec(compile(code, "card", "exec"), {})


def test_the_onnx_file_is_told_of_too(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    exported(run, "--onnx", tmp_path / "p.onnx", "--card", tmp_path / "card.md")
    card = (tmp_path / "card.md").read_text("utf-8")
    assert "`p.onnx` is the same as an ONNX graph" in card
    code = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[1]
    held: dict[str, Any] = {"X": RNG.integers(0, 256, (2, 9, 9, 3), np.uint8)}
    exec(compile(code.replace('"p.onnx"', repr(str(tmp_path / "p.onnx"))), "card", "exec"), held)
    assert held["answers"][0].shape == (2, 2)
