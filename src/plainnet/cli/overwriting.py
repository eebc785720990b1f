"""Checks of output files: a command overwrites only files of its kind, and never its input."""

from collections.abc import Collection
from pathlib import Path

from plainnet.errors import FileError, ModelFileError
from plainnet.files.model_file import read_model


def check_kind(path: Path | None, option: str, what: str, endings: Collection[str]) -> None:
    """Refuse to overwrite a file whose name has another ending: names are easily mixed up.

    Args:
        path: the file to write, if any.
        option: the option that named it.
        what: the kind of file that is written, such as "a table".
        endings: the endings of such files, the usual one first.
    """
    if path is not None and path.is_file() and path.suffix.lower() not in endings:
        ending = next(iter(endings))
        raise FileError(
            f"{path} exists already and is not named as {what}; {option} writes one, so name "
            f"{'an' if ending == '.html' else 'a'} {ending} file."
        )


def check_ending(path: Path | None, option: str, what: str, endings: Collection[str]) -> None:
    """Refuse a new or old file whose name has another ending; arguments as in `check_kind`.

    A device, such as /dev/stdout, is accepted.
    """
    if path is None or (path.exists() and not path.is_file()):
        return
    if path.suffix.lower() not in endings:
        raise FileError(
            f"{option} writes {what}, but {path} is not named as one; end it in "
            f"{next(iter(endings))}."
        )


def check_not_read(path: Path | None, option: str, read: Collection[Path]) -> None:
    """Refuse to overwrite an input file."""
    if path is None or not path.exists():
        return
    if any(one.exists() and path.samefile(one) for one in read):
        raise FileError(
            f"{path} is an input and would be overwritten; name another file with {option}."
        )


def check_answers(path: Path | None, option: str) -> None:
    """Refuse to overwrite a table that does not hold answers, as it may be data."""
    if path is None or not path.is_file():
        return
    with path.open("rb") as file:
        begins = file.read(5)
    if begins not in (b"", b"file,"):
        raise FileError(
            f"{path} exists already and does not hold answers, which begin with `file,`; name "
            f"another file with {option}."
        )


def check_no_model(path: Path | None, option: str) -> None:
    """Refuse to overwrite a model file, which holds more than the new file would."""
    if path is None or not path.is_file():
        return
    try:
        read_model(path)
    except ModelFileError:
        return
    raise FileError(
        f"{path} is a model file of plainnet and would be lost; name another file with {option}."
    )
