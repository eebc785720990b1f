"""Pictures of the user in classes, a training on them, and answers to single pictures."""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plainnet.checks import either
from plainnet.errors import DataError, SettingError
from plainnet.lab.hints import hints_of, rate_hint, rate_is_high
from plainnet.lab.picture_check import PictureCheck
from plainnet.lab.recipe_form import described, recipe_of, words_of
from plainnet.lab.run_models import RunModels
from plainnet.lab.training_process import TrainingProcess
from plainnet.models.attribution import Explanation
from plainnet.models.classifier import Classifier
from plainnet.models.features import PACKAGED
from plainnet.models.loading import only_classes
from plainnet.models.recipe import Recipe
from plainnet.pictures.decoding import read_picture
from plainnet.reports.explanation import explanation_png
from plainnet.web.errors import HttpError

COLLECTION = ".pictures"
"""The folder, inside of that of the runs, with a folder of pictures for each class."""
ENDINGS: Mapping[str, str] = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
"""The kinds of pictures that the page sends, and how their files end."""
MOST_BYTES = 2**24
MOST_PICTURES = 20_000
MOST_CLASSES = 50
FEATURES = ("auto", "none", PACKAGED)
"""What a network can learn from: what suits the pictures, pixels, or the packaged backbone."""
_NAME = re.compile(r"\w[\w -]{0,39}")


class Pictures:
    """The pictures of each class, and one training at a time.

    A picture is named by a digest of its content, so that the same one is there once in a class. A
    request names a class and a digest; both are compared with what is there.

    Args:
        folder: the folder of the runs, in which pictures and new runs are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.training = TrainingProcess(self.folder)
        self._check = PictureCheck(self.folder / COLLECTION)
        self._models = RunModels()
        self._recipe = Recipe()

    def classes(self) -> dict[str, list[str]]:
        """Return the names of the pictures of each class, the newest first."""
        root = self.folder / COLLECTION
        found = {
            path.name: sorted(
                (file for file in path.iterdir() if file.suffix in ENDINGS.values()),
                key=lambda file: -file.stat().st_mtime,
            )
            for path in (sorted(root.iterdir()) if root.is_dir() else [])
            if path.is_dir() and not path.is_symlink() and _NAME.fullmatch(path.name)
        }
        return {name: [file.name for file in files] for name, files in found.items()}

    def add_class(self, name: str) -> None:
        """Make a class without pictures.

        Raises:
            SettingError: it is no name for a class, or there are too many.
        """
        if not _NAME.fullmatch(name) or name != name.strip():
            raise SettingError(
                "The name of a class has 1 to 40 letters, digits, spaces, - or _, and begins with "
                f"a letter or digit, but got {name!r:.60}."
            )
        if len(self.classes()) >= MOST_CLASSES:
            raise SettingError(f"The lab takes at most {MOST_CLASSES} classes.")
        (self.folder / COLLECTION / name).mkdir(parents=True, exist_ok=True)

    def add(self, name: str, content: bytes, kind: str) -> str:
        """Add a picture to a class; return its name.

        Raises:
            DataError: it is not a picture, or there are too many.
        """
        folder = self._class(name)
        if sum(map(len, self.classes().values())) >= MOST_PICTURES:
            raise DataError(f"The lab takes at most {MOST_PICTURES:,} pictures.")
        read_picture(content, (16, 16))  # raises the reason where it is none
        file = hashlib.blake2b(content, digest_size=12).hexdigest() + ENDINGS[kind]
        (folder / file).write_bytes(content)
        return file

    def remove(self, name: str, file: str) -> None:
        """Remove a picture from a class."""
        self.path(name, file).unlink(missing_ok=True)

    def remove_class(self, name: str) -> None:
        """Remove a class with its pictures."""
        folder = self._class(name)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()

    def path(self, name: str, file: str) -> Path:
        """Return where a picture is; raise an HttpError where there is none."""
        if file not in self.classes().get(name, ()):
            raise HttpError(404, "There is no such picture.")
        return self.folder / COLLECTION / name / file

    def state(self) -> dict[str, Any]:
        """Return all classes, and how far the training is."""
        return {
            "classes": self.classes(),
            "recipe": described(of_pictures=True),
            "features": list(FEATURES),
            **self.training.state(),
        }

    def check(self) -> dict[str, Any]:
        """Return what the library's check finds in the pictures."""
        return self._check.of(self.classes())

    def hints(self, run: Path | None) -> list[dict[str, Any]]:
        """Return what may have gone wrong in a training; None: in the last one, which failed."""
        if run is None:
            failed = self.training.state()["failed"]
            return [rate_hint(self._recipe)] if failed and rate_is_high(self._recipe) else []
        classes = self.classes()
        root = self.folder / COLLECTION
        files = {name: [root / name / file for file in known] for name, known in classes.items()}
        return hints_of(run, self._loaded(run), files, self._check.of(classes))

    def train(self, given: Mapping[str, Any]) -> None:
        """Begin a training on all pictures.

        Args:
            given: perhaps `settings` (texts by name) and `features`.

        Raises:
            SettingError: there are fewer than two classes with pictures, a training goes on, or a
                setting is unknown.
        """
        features = given.get("features", FEATURES[0])
        if features not in FEATURES:
            raise SettingError(f"Features are {either(FEATURES)}, but got {features!r:.60}.")
        settings = given.get("settings", {})
        words = words_of(settings, of_pictures=True)
        words += [f"--features={features}"] if features != FEATURES[0] else []
        filled = [name for name, files in self.classes().items() if len(files) >= 2]
        if len(filled) < 2 or len(filled) < len(self.classes()):
            raise SettingError(
                "A training needs at least two classes, and at least two pictures in each; add "
                "some, or remove the class that has none."
            )
        self._recipe = recipe_of(settings, of_pictures=True)
        self.training.start("pictures", words, self.folder / COLLECTION)

    def predict(self, run: Path, content: bytes, *, explain: bool = True) -> dict[str, Any]:
        """Answer one picture with probabilities, and a picture of the evidence if `explain`.

        Raises:
            DataError: it is not a picture, or the run was not trained on pictures.
        """
        model = self._loaded(run)
        P = model.predict_proba(content)[0].tolist()
        found: dict[str, Any] = {
            "answer": str(model.predict(content)[0]),
            "probabilities": dict(zip(model.classes, P, strict=True)),
        }
        explanation = model.explain(content) if explain else None
        if isinstance(explanation, Explanation):
            png = base64.b64encode(explanation_png(explanation)).decode()
            found["explanation"] = f"data:image/png;base64,{png}"
        return found

    def _class(self, name: str) -> Path:
        if name not in self.classes():
            raise HttpError(404, "There is no such class.")
        return self.folder / COLLECTION / name

    def _loaded(self, run: Path) -> Classifier:
        model = self._models.of(run)
        if not model.picture_shape:
            raise DataError("This run was not trained on pictures.")
        return only_classes(model, run)
