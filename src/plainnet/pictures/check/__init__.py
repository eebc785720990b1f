"""What is wrong with a data set: broken, doubled, leaked samples; may import data and below.

- `check`: what is wrong with the data at a path, as `DataReport`; `check_splits`: with data that
  have been read.
- `leaks`: the training samples that validation or test holds as well; `without_leaks` leaves them
  out.
"""

from plainnet.pictures.check.checking import check, check_splits, picture_of
from plainnet.pictures.check.data_report import DataReport, Finding
from plainnet.pictures.check.duplicates import Leak, leaks, without_leaks

__all__ = [
    "DataReport",
    "Finding",
    "Leak",
    "check",
    "check_splits",
    "leaks",
    "picture_of",
    "without_leaks",
]
