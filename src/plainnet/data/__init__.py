"""Data sets: samples with their targets, and their formats; may import pictures and below.

- `read_data` reads the data at a path (class folders, MNIST's IDX files, the deep-learning course's
  .h5 pair, an .npz file) as `Splits`: the `Dataset`s for training, validation and test.
- `stratified_split` and `stratified_folds` draw rows to hold out from every class; `random_split`
  and `random_folds` draw them without classes, `spread_split` and `spread_folds` with several.
- `TargetColumn` is one of several targets.
- `Extractor` is the contract for making feature vectors; a `ReadingExtractor` also reads files, and
  a `PictureExtractor` takes pictures.
"""

from typing import TYPE_CHECKING

from plainnet.on_first_use import on_first_use

if TYPE_CHECKING:
    from plainnet.data.dataset import Dataset, Splits
    from plainnet.data.extractor import Extractor
    from plainnet.data.reading_extractor import PictureExtractor, ReadingExtractor
    from plainnet.data.sources import read_data
    from plainnet.data.splitting import (
        random_folds,
        random_split,
        spread_folds,
        spread_split,
        stratified_folds,
        stratified_split,
    )
    from plainnet.data.target_column import TargetColumn

__all__ = [
    "Dataset",
    "Extractor",
    "PictureExtractor",
    "ReadingExtractor",
    "Splits",
    "TargetColumn",
    "random_folds",
    "random_split",
    "read_data",
    "spread_folds",
    "spread_split",
    "stratified_folds",
    "stratified_split",
]

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.data.dataset": "Dataset Splits",
            "plainnet.data.extractor": "Extractor",
            "plainnet.data.reading_extractor": "PictureExtractor ReadingExtractor",
            "plainnet.data.sources": "read_data",
            "plainnet.data.splitting": (
                "random_folds random_split spread_folds spread_split stratified_folds "
                "stratified_split"
            ),
            "plainnet.data.target_column": "TargetColumn",
        },
    )
