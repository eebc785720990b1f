"""Sorting pictures by their answers: a folder for each, with copies or links.

Nothing is moved and nothing overwritten: a picture whose name is taken gets a number, and one that
is already there is left alone.
"""

import filecmp
import os
import re
import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from plainnet.checks import at_home
from plainnet.errors import FileError, SettingError
from plainnet.models import Model
from plainnet.reports import count, printable

_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f]|[. ]+$|^\.')
"""Characters, or ends, that a name of a folder must not have on every system."""


class Sorted:
    """A folder with a folder for each answer.

    Args:
        folder: made if it is missing.
        link: make symbolic links instead of copies.
        model: must take pictures.
        given: the pictures and folders to sort.
        others: the names of folders for pictures whose answer is withheld, by the reason.

    Raises:
        SettingError: the model does not give pictures classes, or the folder would be sorted into
            itself.
        FileError: the folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        link: bool,
        model: Model,
        given: Collection[Path],
        others: Mapping[str, str],
    ) -> None:
        if not (model.picture_shape and model.answers.classes):
            raise SettingError(
                "--sort-into is for classes of pictures, but this run predicts "
                f"{model.answers.summary or 'a number'} from {model.trained_on}; leave it out."
            )
        real = _real(folder)
        for path in given:
            if path.is_dir() and (
                real.is_relative_to(_real(path)) or _real(path).is_relative_to(real)
            ):
                raise SettingError(
                    f"{folder} and the pictures in {path} lie inside one another, so they would be "
                    "sorted into themselves; name a folder elsewhere with --sort-into."
                )
        self.folder, self.link = folder, link
        self.n = Counter[str]()
        """The number of pictures in each folder."""
        classes, names = model.answers.classes, [*model.answers.classes, *others.values()]
        made = _folder_names(names)
        self.of_class = dict(zip(classes, made, strict=False))
        self.of_reason = dict(zip(others, made[len(classes) :], strict=True))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise FileError(f"{folder} cannot be made ({error}); name another folder.") from error

    def put(self, picture: Path, answer: str | None, reason: str) -> Path:
        """Put a picture into the folder of its answer, and return its place.

        Args:
            picture: the file.
            answer: the name of its class; None if it is withheld.
            reason: why it is withheld.

        Raises:
            FileError: it cannot be copied or linked.
        """
        name = self.of_reason[reason] if answer is None else self.of_class[answer]
        inside = self.folder / name
        try:
            inside.mkdir(exist_ok=True)
            for n in range(1, 1_000_000):
                number = f"-{n}" if n > 1 else ""
                place = inside / f"{picture.stem}{number}{picture.suffix}"
                if self._put(picture, place):
                    self.n[name] += 1
                    return place
            raise FileExistsError(f"{inside} is full")
        except OSError as error:
            raise FileError(
                f"{picture} cannot be put into {inside} ({error.strerror or error}); those sorted "
                "so far stay there."
            ) from error

    def text(self) -> str:
        """Say how many pictures are in which folder."""
        lines = [
            f"{count(n, 'picture')} in {printable(str(self.folder / name))}"
            for name, n in sorted(self.n.items())
        ]
        return "\n".join(["linked" if self.link else "copied", *(f"  {line}" for line in lines)])

    def _put(self, picture: Path, place: Path) -> bool:
        """Copy or link a picture to a place; return False if another file is there."""
        target = _real(picture)
        if os.path.lexists(place):
            linked = place.is_symlink()
            if linked or self.link:
                return linked and self.link and _real(place) == target
            return filecmp.cmp(picture, place, shallow=False)
        if self.link:
            place.symlink_to(target)
            return True
        try:
            with picture.open("rb") as source, place.open("xb") as copy:
                shutil.copyfileobj(source, copy)
            shutil.copystat(picture, place)
        except FileExistsError:  # made meanwhile
            return False
        except BaseException:
            with suppress(OSError):
                place.unlink()
            raise
        return True


def _folder_names(names: Sequence[str]) -> list[str]:
    """Return a different folder for each name, without characters that some systems forbid."""
    folders: list[str] = []
    for name in names:
        folder = _FORBIDDEN.sub("_", name) or "_"
        while folder.lower() in map(str.lower, folders):  # capitals do not count on all systems
            folder += "_"
        folders.append(folder)
    return folders


def _real(path: Path) -> Path:
    return Path(os.path.realpath(at_home(path)))
