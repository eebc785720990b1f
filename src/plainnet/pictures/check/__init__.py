"""What is wrong with a data set: broken, doubled, leaked samples; may import data and below.

- `check`: what is wrong with the data at a path, as `DataReport`; `check_splits`: with data that
  have been read.
- `leaks`: the training samples that validation or test holds as well; `without_leaks` leaves them
  out.
- `comparables`: what the samples of both are compared by, for those who ask for both.
"""

from plainnet.pictures.check.checking import check, check_splits, picture_of
from plainnet.pictures.check.data_report import DataReport, Finding
from plainnet.pictures.check.duplicates import Leak, comparables, leaks, without_leaks

__all__ = [
    "DataReport",
    "Finding",
    "Leak",
    "check",
    "check_splits",
    "comparables",
    "leaks",
    "picture_of",
    "without_leaks",
]
