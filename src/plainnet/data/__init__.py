"""Data sets: samples with what is right for each, and where a path leads; may import pictures.

- `read_data`: what lies at a path (class folders, MNIST's IDX files, the deep-learning course's .h5
  pair, an .npz file) as `Splits`: the `Dataset`s to train with, to watch training with and to test.
- `stratified_split`: the rows of a data set to keep and those to hold out, from every class;
  `stratified_folds`: dealt out evenly; `random_split`, `random_folds`: where there are no classes.
- `Extractor`: the contract of what makes feature vectors of something else; `ReadingExtractor`: of
  what makes data sets of files, too; `PictureExtractor`: of what makes them of pictures.
"""

from plainnet.data.dataset import Dataset, Splits
from plainnet.data.extractor import Extractor
from plainnet.data.reading_extractor import PictureExtractor, ReadingExtractor
from plainnet.data.sources import read_data
from plainnet.data.splitting import (
    random_folds,
    random_split,
    stratified_folds,
    stratified_split,
)

__all__ = [
    "Dataset",
    "Extractor",
    "PictureExtractor",
    "ReadingExtractor",
    "Splits",
    "random_folds",
    "random_split",
    "read_data",
    "stratified_folds",
    "stratified_split",
]
