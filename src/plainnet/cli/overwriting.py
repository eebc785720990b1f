"""What a command may write over: only a file of the kind that it writes, and nothing it reads."""

from collections.abc import Collection
from pathlib import Path

from plainnet.errors import FileError, ModelFileError
from plainnet.files.model_file import read_model


def check_kind(path: Path | None, option: str, what: str, endings: Collection[str]) -> None:
    """Refuse a file that is there and is not named as what is written: names are easily mixed up.

    Args:
        path: what would be written, if anything.
        option: that named it.
        what: is written, such as "a table".
        endings: of files of that kind; the first of them is the usual one.
    """
    if path is not None and path.is_file() and path.suffix.lower() not in endings:
        ending = next(iter(endings))
        raise FileError(
            f"{path} is there already and is not named as {what}; {option} writes one, so name "
            f"{'an' if ending == '.html' else 'a'} {ending} file."
        )


def check_not_read(path: Path | None, option: str, read: Collection[Path]) -> None:
    """Refuse to write over what is read: it would be lost."""
    if path is None or not path.exists():
        return
    if any(one.exists() and path.samefile(one) for one in read):
        raise FileError(
            f"{path} is read and would be written over; name another file with {option}."
        )


def check_answers(path: Path | None, option: str) -> None:
    """Refuse to write answers over a table that holds none: data lie in such files too."""
    if path is None or not path.is_file():
        return
    with path.open("rb") as file:
        begins = file.read(5)
    if begins not in (b"", b"file,"):
        raise FileError(
            f"{path} is there already and holds no answers, which begin with `file,`; name another "
            f"file with {option}."
        )


def check_no_model(path: Path | None, option: str) -> None:
    """Refuse to write over a model file, which holds more than what is written."""
    if path is None or not path.is_file():
        return
    try:
        read_model(path)
    except ModelFileError:
        return
    raise FileError(
        f"{path} is a model file of plainnet and would be lost; name another file with {option}."
    )
