"""`plainnet train`: from a folder of pictures to a run folder."""

import json
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click

from plainnet.classifier import Classifier, finish_run, start_run
from plainnet.errors import DataError
from plainnet.faces.options import given, json_option, recipe_options
from plainnet.faces.reading import read_told
from plainnet.files import free_name
from plainnet.pictures import Splits
from plainnet.reports import evaluation_text, show_progress
from plainnet.training.evaluation import Evaluation

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


@click.command("train")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [runs/NAME-1, -2, …].")
@click.option("--strict", is_flag=True, help="Stop at an unreadable picture, do not leave it out.")
@recipe_options
@json_option
def command(data: Path, out: Path | None, strict: bool, as_json: bool, **options: Any) -> int:
    """Train a classifier on DATA and write a run folder.

    DATA is a folder with a folder of pictures for each class (these may stand inside of train,
    validation and test); or a folder with the course's two .h5 files or with MNIST-style IDX files;
    or an .npz file with X and y.
    """
    classifier = Classifier(**given(options))
    recipe = classifier.recipe
    splits = read_told(data, size=recipe.size, grey=recipe.grey, strict=strict)
    folder = out or free_name(Path("runs"), data.resolve().stem or "run")
    code, results = train_run(classifier, splits, folder)
    if not results:
        return code
    if as_json:
        metrics = {name: result.to_dict() for name, result in results.items()}
        print(json.dumps({"run": str(folder), **_facts(classifier), **metrics}, ensure_ascii=False))
    else:
        print("\n\n".join(evaluation_text(result, name) for name, result in results.items()))
        print(f"\nkept     epoch {_kept(classifier)} of {len(classifier.history)}")
        print(f"written  {folder}")
        print(f"try      plainnet predict {folder} PICTURE")
    return code


def train_run(
    classifier: Classifier, splits: Splits, folder: Path
) -> tuple[int, dict[str, Evaluation]]:
    """Train, measure and write the run folder: the exit code, and what was measured.

    After Ctrl-C the best epoch so far is measured and kept as it would be at the end; nothing is
    measured where no epoch had ended.
    """
    if splits.train is None:
        raise DataError(f"{splits.path} holds test data only; training needs training data too.")
    start_run(folder, {"data": str(splits.path), "recipe": classifier.recipe.to_dict()})
    try:
        interrupted = _learn(classifier, splits)
        results: dict[str, Evaluation] = {}
        if classifier.history:
            parts = {"validation": classifier.validation, "test": splits.test}
            results = {
                name: classifier.evaluate(part) for name, part in parts.items() if part is not None
            }
            classifier.quality = {name: result.to_dict() for name, result in results.items()}
            finish_run(folder, classifier, classifier.quality)
    finally:
        _remove_unfinished(folder)
    if interrupted:
        kept = (
            f"; epoch {_kept(classifier)} is kept in {folder}" if results else ": nothing to keep"
        )
        print(f"Stopped by Ctrl-C after {len(classifier.history)} epochs{kept}.", file=sys.stderr)
    return INTERRUPTED if interrupted else 0, results


def _learn(classifier: Classifier, splits: Splits) -> bool:
    """Train with progress on stderr; True if Ctrl-C ended it."""
    with closing(classifier.fit_epochs(splits)) as epochs:
        for name, part in (
            ("training", classifier.training),
            ("validation", classifier.validation),
        ):
            if part is not None:
                counts = ", ".join(f"{kind} {n:,}" for kind, n in part.counts().items())
                print(f"{name:10} {len(part):,} samples: {counts}", file=sys.stderr)
        print(f"{'network':10} {classifier.network}", file=sys.stderr)
        try:
            for _ in show_progress(epochs, classifier.recipe.epochs):
                pass
        except KeyboardInterrupt:
            return True
    return False


def _kept(classifier: Classifier) -> int:
    best = classifier.kept_epoch
    return best.number if best else 0


def _facts(classifier: Classifier) -> dict[str, Any]:
    return {
        "classes": list(classifier.classes),
        "epochs": len(classifier.history),
        "kept_epoch": _kept(classifier),
        "parameters": classifier.network.n_parameters,
        "seconds": round(sum(epoch.seconds for epoch in classifier.history), 3),
    }


def _remove_unfinished(folder: Path) -> None:
    """A run without a model is no run: make its name free again."""
    if not (folder / "model.safetensors").exists():
        with suppress(OSError):
            (folder / "settings.json").unlink()
            folder.rmdir()
