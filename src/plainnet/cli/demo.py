"""`plainnet demo`: a training from end to end, on pictures that it draws itself."""

import shlex
import shutil
import time
from pathlib import Path

import click
import numpy as np

from plainnet.cli.interrupt import begun_whole
from plainnet.cli.learning import train_run
from plainnet.cli.options import PathType
from plainnet.cli.reading import checked, read_and_report
from plainnet.cli.report import report_training
from plainnet.data import Dataset
from plainnet.demo.drawing import KINDS, write_drawn_pictures
from plainnet.models import Classifier, new_run, own_folder
from plainnet.reports import indented, percent, say, table
from plainnet.reports.evaluation_text import evaluation_text

SINGLE = 6
"""Pictures that are predicted one by one at the end."""
EPOCHS = 50
"""Number of epochs, fewer than the default for so few pictures, to keep the demo short."""


@click.command("demo")
@click.option("--out", type=PathType(), help="A new folder. [runs/demo-1, -2, …]")
@click.option("--seed", default=0, help="Seed of the drawings and the training. [0]")
def command(out: Path | None, seed: int) -> int:
    """Draw pictures of cats and other animals, and learn to distinguish them.

    Shows the steps for pictures of your own: make class folders, train, evaluate on pictures that
    the training never saw, predict single ones. Takes half a minute.
    """
    start = time.perf_counter()
    classifier = Classifier(seed=seed, epochs=EPOCHS, network="dense")
    with begun_whole(own_folder(out, "demo")) as folder:
        pictures = folder / "pictures"
        _draw(pictures, seed)
        with begun_whole(new_run(folder / "run")) as run:
            splits, findings = checked(read_and_report(pictures))
            code, results = train_run(classifier, splits, run)
    if "test" not in results or splits.test is None:
        return code
    print(evaluation_text(results["test"], "test pictures, never seen in training"))
    print(f"\n{_by_kind(classifier, splits.test)}\n\n{_single(classifier, splits.test)}\n")
    print(f"pictures  {pictures}  (class folders, as yours could be)")
    print(f"run       {run}  (model.safetensors, settings.json, history.csv, metrics.json)")
    if page := report_training(classifier, splits, run, findings):
        print(f"report    {page}  (open it in a browser)")
    print(f"took      {time.perf_counter() - start:.0f} s")
    print("\nNow with your own pictures, a folder for each class:")
    print("  plainnet train FOLDER")
    print(f"  plainnet predict {shlex.quote(str(run))} PICTURE")
    return code


def _draw(pictures: Path, seed: int) -> None:
    """Draw all pictures, or leave none behind."""
    say(f"drawing     cats and {', '.join(KINDS[1:])} into {pictures}")
    try:
        write_drawn_pictures(pictures, np.random.default_rng(seed))
    except BaseException:
        shutil.rmtree(pictures, ignore_errors=True)
        raise


def _kind(path: Path) -> str:
    return path.stem.rsplit("-", 1)[0]


def _by_kind(classifier: Classifier, test: Dataset) -> str:
    """Return the accuracy for each animal: some are harder than others."""
    kinds = np.array([_kind(path) for path in test.paths or ()])
    right = classifier.predict(test.X) == np.array(test.classes)[test.y]
    rows = []
    for kind in KINDS:
        of_kind = right[kinds == kind]
        if len(of_kind):
            name, share = "cat" if kind == "cat" else "other", percent(of_kind.mean())
            rows.append((kind, name, of_kind.sum(), len(of_kind), share))
    return indented(table(("animal", "class", "right", "of", "share"), rows, texts=(0, 1)))


def _single(classifier: Classifier, test: Dataset) -> str:
    """Predict a few test pictures one by one from their files."""
    paths = [path for path in test.paths or ()]
    rows = []
    for path in paths[:: max(1, len(paths) // SINGLE)][:SINGLE]:
        p = classifier.predict_proba(path)[0]
        rows.append((path.name, classifier.classes[int(p.argmax())], percent(p.max())))
    return indented(table(("picture", "answer", "probability"), rows, texts=(0, 1)))
