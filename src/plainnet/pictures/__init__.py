"""Pictures: from files to arrays.

- `read_picture`, `read_pictures`: files of any usual kind as uint8 arrays of one size;
  `resize_pictures` does the same to arrays, and `picture_files` finds the files in a folder.
- `read_data`: what lies at a path (class folders, MNIST's IDX files, the deep-learning course's .h5
  pair, an .npz file) as `Splits`: the `Dataset`s to train with, to watch training with and to test.
- `stratified_split`: the rows of a data set to keep and those to hold out, from every class.
"""

from plainnet.pictures.dataset import Dataset, Splits, stratified_split
from plainnet.pictures.decoding import read_picture
from plainnet.pictures.reading import picture_files, read_pictures, resize_pictures
from plainnet.pictures.sources import read_data

__all__ = [
    "Dataset",
    "Splits",
    "picture_files",
    "read_data",
    "read_picture",
    "read_pictures",
    "resize_pictures",
    "stratified_split",
]
