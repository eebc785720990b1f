"""Model files, and writing that never loses what was there."""

from plainnet.files.lock import locked
from plainnet.files.model_file import read_model, write_model
from plainnet.files.tensors import read_tensors, write_tensors
from plainnet.files.writing import new_folder, numbered_folder, write_file

__all__ = [
    "locked",
    "new_folder",
    "numbered_folder",
    "read_model",
    "read_tensors",
    "write_file",
    "write_model",
    "write_tensors",
]
