"""The errors that the library raises on purpose, as one tree.

::

    PlainnetError               the root: `except PlainnetError` catches all of them
    ├── ShapeError              sizes that do not fit together          (a ValueError)
    ├── SettingError            a setting that is out of range          (a ValueError)
    ├── DataError               data that cannot be used                (a ValueError)
    │   └── PictureError        one picture that cannot be used
    ├── DivergedError           a training with numbers not finite      (an ArithmeticError)
    ├── FileError               a file or folder that cannot be read or written
    │   └── ModelFileError      a file that is not a valid plainnet model
    └── MissingExtraError       an optional package is not installed    (an ImportError)

Each message is one sentence or two: the thing, what was expected, what came, the way out.
"""

from typing import Any, Literal

PictureCode = Literal[
    "missing",  # the file does not exist, or its name is impossible
    "link",  # a broken link
    "forbidden",
    "no-file",  # a folder, a FIFO, a device, or an object that returns no bytes
    "empty",
    "no-picture",  # not a picture that Pillow, or this library, reads
    "too-large",
    "too-small",
    "values",  # an array with values that pictures cannot have
    "cut-short",
    "damaged",
]


class PlainnetError(Exception):
    """The base of all errors that plainnet raises on purpose."""


class ShapeError(PlainnetError, ValueError):
    """Sizes that do not fit together."""


class SettingError(PlainnetError, ValueError):
    """A setting that is out of range, or of the wrong type."""


class DataError(PlainnetError, ValueError):
    """Data that cannot be used, or that do not fit the model."""


class PictureError(DataError):
    """One picture that cannot be used; its message names the file.

    Args:
        reason: the message without its beginning, the picture's name.
        code: the kind of fault, for programs.
        name: the name of the picture in the message.
        path: the path of the picture, if it is a file.
    """

    def __init__(
        self, reason: str, *, code: PictureCode = "damaged", name: str = "", path: Any = None
    ) -> None:
        super().__init__(f"{name} {reason}" if name else reason)
        self.reason = reason
        """The fault and the way out: the message without the picture's name."""
        self.code: PictureCode = code
        """The kind of fault, for programs."""
        self.path = path
        """The path of the picture, as given; None if it is not a file."""


class DivergedError(PlainnetError, ArithmeticError):
    """A training whose loss or parameters are no longer finite."""


class FileError(PlainnetError):
    """A file or folder that cannot be read or written."""


class ModelFileError(FileError):
    """A file that is not a valid plainnet model."""


class MissingExtraError(PlainnetError, ImportError):
    """An optional package that is not installed; the message says how to install it."""

    @classmethod
    def of(cls, what: str, *packages: str, extra: str) -> "MissingExtraError":
        """Make the error that `what` needs packages, which the extra of that name installs."""
        are = "is" if len(packages) == 1 else "are"
        return cls(
            f"{what} needs {' and '.join(packages)}, which {are} not installed: pip install "
            f'{" ".join(packages)}, or pip install ".[{extra}]" in a clone of plainnet.'
        )
