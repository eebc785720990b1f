"""`plainnet train`: from a folder of pictures to a run folder."""

import os
import shlex
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from plainnet.classifier import RUNS, Classifier, finish_run, keep_run, new_run, start_run
from plainnet.errors import DataError, FileError, SettingError
from plainnet.faces.command_line import INTERRUPTED
from plainnet.faces.interrupt import heard_once, not_heard_any_more
from plainnet.faces.options import (
    Sections,
    given,
    json_option,
    print_json,
    recipe_options,
)
from plainnet.faces.reading import read_told
from plainnet.pictures import Dataset, Splits
from plainnet.reports import count, evaluation_text, network_line, printable, say, show_progress
from plainnet.training.evaluation import Evaluation


@click.command("train", cls=Sections)
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The run, a new folder. [runs/NAME-1, -2, …]"
)
@click.option("--strict", is_flag=True, help="Stop at an unreadable picture, do not leave it out.")
@recipe_options
@json_option
def command(data: Path, out: Path | None, strict: bool, as_json: bool, **options: Any) -> int:
    """Learn to tell the classes in DATA apart, and write what was learned as a run folder.

    DATA is a folder with a folder of pictures for each class. There may be train, validation and
    test folders around these; otherwise some pictures are held out to watch the training.

    DATA can also be a folder with MNIST-style IDX files or with the deep-learning course's two .h5
    files, or an .npz file with arrays X and y.
    """
    classifier = Classifier(**given(options))
    recipe = classifier.recipe
    _check_apart(out or RUNS, data)
    with new_run(out, _name(data)) as folder:
        splits = read_told(data, size=recipe.size, grey=recipe.grey, strict=strict)
        code, results = train_run(classifier, splits, folder)
    if not classifier.history:
        return code
    if as_json:
        metrics = {name: result.to_dict() for name, result in results.items()}
        print_json({"run": str(folder), **_facts(classifier), **metrics})
    else:
        for name, result in results.items():
            print(f"{evaluation_text(result, name)}\n")
        print(_where(classifier, folder))
    return code


def train_run(
    classifier: Classifier, splits: Splits, folder: Path
) -> tuple[int, dict[str, Evaluation]]:
    """Train, keep, measure: the exit code, and what was measured.

    After Ctrl-C what was reached is kept and measured as it would be at the end; nothing is where
    no epoch had ended. Once it is kept, Ctrl-C ends the measuring only.
    """
    if splits.train is None:
        raise DataError(f"{splits.path} holds test data only; training needs training data too.")
    start_run(folder, {"data": str(splits.path), "recipe": classifier.recipe.to_dict()})
    results: dict[str, Evaluation] = {}
    with heard_once():
        interrupted = _learn(classifier, splits)
        if classifier.history:
            keep_run(folder, classifier)
    try:
        if classifier.history:
            results = _measured(classifier, splits.test)
            finish_run(folder, classifier, {name: r.to_dict() for name, r in results.items()})
    except KeyboardInterrupt:
        interrupted = True
    except FileError as error:
        raise FileError(f"{error} What was learned is kept in {folder}, unmeasured.") from error
    if interrupted:
        not_heard_any_more()
        kept = f"what was reached is kept in {folder}" if classifier.history else "nothing to keep"
        say(f"Stopped by Ctrl-C after {count(len(classifier.history), 'epoch')}; {kept}.\n")
    return INTERRUPTED if interrupted else 0, results


def _learn(classifier: Classifier, splits: Splits) -> bool:
    """Train with progress on stderr; True if Ctrl-C ended it."""
    try:
        with closing(classifier.fit_epochs(splits)) as epochs:
            _tell(classifier)
            for _ in show_progress(epochs, classifier.recipe.epochs):
                pass
    except KeyboardInterrupt:
        say("")  # a terminal has written ^C
        return True
    say("")
    return False


def _tell(classifier: Classifier) -> None:
    """What is trained on, and what is trained."""
    parts = {"training": classifier.training, "validation": classifier.validation}
    for name, part in parts.items():
        if part is not None:
            classes = ", ".join(f"{kind}: {n:,}" for kind, n in part.counts().items())
            say(f"{name:10}  {count(len(part))}: {printable(classes)}")
    say(f"{'network':10}  {network_line(classifier.network)}")


def _measured(classifier: Classifier, test: Dataset | None) -> dict[str, Evaluation]:
    parts = {"validation": classifier.validation, "test": test}
    return {name: classifier.evaluate(part) for name, part in parts.items() if part is not None}


def _check_apart(out: Path, data: Path) -> None:
    """A SettingError if the run were to lie in the data, where it would be taken for a class."""
    if _real(out).is_relative_to(_real(data)):
        raise SettingError(
            f"The run would be written into {data} itself, where the next training would take it "
            "for a class; name a folder elsewhere with --out."
        )


def _name(data: Path) -> str:
    """What a run on this data is called: as the folder, or the file without its ending."""
    path = _real(data)
    return (path.stem if path.is_file() else path.name) or "run"


def _real(path: Path) -> Path:
    return Path(
        os.path.realpath(path.expanduser())
    )  # unlike resolve, at peace with links in a ring


def _kept(classifier: Classifier) -> int:
    kept = classifier.kept_epoch
    return kept.number if kept else 0


def _facts(classifier: Classifier) -> dict[str, Any]:
    return {
        "classes": list(classifier.classes),
        "epochs": len(classifier.history),
        "kept_epoch": _kept(classifier),
        "parameters": classifier.network.n_parameters,
        "seconds": round(sum(epoch.seconds for epoch in classifier.history), 3),
    }


def _where(classifier: Classifier, folder: Path) -> str:
    samples = "PICTURE" if classifier.preprocessing.is_pictures else "FEATURES.npy"
    lines = [
        f"kept     epoch {_kept(classifier)} of {len(classifier.history)}",
        f"written  {folder}",
        f"try      plainnet predict {shlex.quote(str(folder))} {samples}",
    ]
    return "\n".join(lines)
