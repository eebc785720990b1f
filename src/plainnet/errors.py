"""Every error the library raises on purpose, as one tree.

::

    PlainnetError               the root: `except PlainnetError` catches all of them
    ├── ShapeError              sizes that do not fit together          (a ValueError)
    ├── SettingError            a setting outside of what it can be     (a ValueError)
    ├── DataError               data that nothing can be learned from   (a ValueError)
    │   └── PictureError        one picture that cannot be used
    ├── DivergedError           training left the finite numbers        (an ArithmeticError)
    ├── FileError               a file or folder that cannot be read or written
    │   └── ModelFileError      a file that is not a sound plainnet model
    └── MissingExtraError       an optional package is not installed    (an ImportError)

Each message is one sentence or two: the thing, what was expected, what came, the way out.
"""

from typing import Any, Literal

PictureCode = Literal[
    "missing",  # nothing lies there, or the name is impossible
    "link",  # a link that leads nowhere
    "forbidden",
    "no-file",  # a folder, a FIFO, a device, or an object that gives no bytes
    "empty",
    "no-picture",  # nothing that Pillow, or this library, reads as a picture
    "too-large",
    "too-small",
    "values",  # an array that holds what pictures do not hold
    "cut-short",
    "damaged",
]


class PlainnetError(Exception):
    """Any error that plainnet raises on purpose."""


class ShapeError(PlainnetError, ValueError):
    """Sizes that do not fit together."""


class SettingError(PlainnetError, ValueError):
    """A setting outside of what it can be."""


class DataError(PlainnetError, ValueError):
    """Data that nothing can be learned from, or that does not fit the model asked."""


class PictureError(DataError):
    """One picture that cannot be used; its message names the file.

    Args:
        reason: the message without its beginning, the picture's name.
        code: what is wrong, for programs.
        name: of the picture in the message.
        path: where the picture lies, if it is a file.
    """

    def __init__(
        self, reason: str, *, code: PictureCode = "damaged", name: str = "", path: Any = None
    ) -> None:
        super().__init__(f"{name} {reason}" if name else reason)
        self.reason = reason
        """What is wrong and the way out: the message without the picture's name."""
        self.code: PictureCode = code
        """What is wrong, for programs."""
        self.path = path
        """Where the picture lies, as it was given; None for what is no file."""


class DivergedError(PlainnetError, ArithmeticError):
    """Training left the finite numbers."""


class FileError(PlainnetError):
    """A file or folder that cannot be read or written."""


class ModelFileError(FileError):
    """A file that is not a sound plainnet model."""


class MissingExtraError(PlainnetError, ImportError):
    """An optional package is not installed; the message says how it is."""

    @classmethod
    def of(cls, what: str, *packages: str, extra: str) -> "MissingExtraError":
        """The error that `what` needs packages, which the extra of that name brings.

        plainnet itself need not be on an index: the packages are, and a clone has its extras.
        """
        are = "is" if len(packages) == 1 else "are"
        return cls(
            f"{what} needs {' and '.join(packages)}, which {are} not installed: pip install "
            f'{" ".join(packages)}, or pip install ".[{extra}]" in a clone of plainnet.'
        )
