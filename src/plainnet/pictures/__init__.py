"""Pictures: from files and objects to uint8 arrays; may import training and below.

- `read_picture` and `read_pictures` read files of the usual formats as uint8 arrays of one size;
  `resize_pictures` does the same to arrays, and `picture_files` finds the files in a folder.
- `augment/` varies training pictures. `check/` and `backbone/` stand above `data/`.
"""

from typing import TYPE_CHECKING

from plainnet.on_first_use import on_first_use

if TYPE_CHECKING:
    from plainnet.pictures.decoding import read_picture
    from plainnet.pictures.reading import read_pictures, resize_pictures
    from plainnet.pictures.scanning import picture_files

__all__ = ["picture_files", "read_picture", "read_pictures", "resize_pictures"]

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.pictures.decoding": "read_picture",
            "plainnet.pictures.reading": "read_pictures resize_pictures",
            "plainnet.pictures.scanning": "picture_files",
        },
    )
