"""Pictures: from files to arrays.

- `read_picture`, `read_pictures`: files of any usual kind as uint8 arrays of one size;
  `resize_pictures` does the same to arrays, and `picture_files` finds the files in a folder.
- `read_data`: what lies at a path (class folders, MNIST's IDX files, the deep-learning course's .h5
  pair, an .npz file) as `Splits`: the `Dataset`s to train with, to watch training with and to test.
- `stratified_split`: the rows of a data set to keep and those to hold out, from every class;
  `stratified_folds`: dealt out evenly; `random_split`, `random_folds`: where there are no classes.
- `check`: what is wrong with the data at a path, as `Findings`; `look_over`: with data that have
  been read; `leaks`: the training samples that validation or test holds as well, and
  `without_leaks` leaves them out.
- `Extractor`: the contract of what makes feature vectors of something else; `PictureExtractor`:
  of what makes them of pictures. `pictures.backbone.Backbone` is one, an ONNX file.
"""

from plainnet.pictures.dataset import Dataset, Splits
from plainnet.pictures.decoding import read_picture
from plainnet.pictures.duplicates import Leak, leaks, without_leaks
from plainnet.pictures.extractor import Extractor, PictureExtractor
from plainnet.pictures.findings import Finding, Findings
from plainnet.pictures.health import check, look_over, picture_of
from plainnet.pictures.reading import read_pictures, resize_pictures
from plainnet.pictures.scanning import picture_files
from plainnet.pictures.sources import read_data
from plainnet.pictures.splitting import (
    random_folds,
    random_split,
    stratified_folds,
    stratified_split,
)

__all__ = [
    "Dataset",
    "Extractor",
    "Finding",
    "Findings",
    "Leak",
    "PictureExtractor",
    "Splits",
    "check",
    "leaks",
    "look_over",
    "picture_files",
    "picture_of",
    "random_folds",
    "random_split",
    "read_data",
    "read_picture",
    "read_pictures",
    "resize_pictures",
    "stratified_folds",
    "stratified_split",
    "without_leaks",
]
