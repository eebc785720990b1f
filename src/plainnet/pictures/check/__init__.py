"""Checks of a data set: broken, duplicate, leaked samples; may import data and below.

- `check` returns a `DataReport` on the data at a path; `check_splits` on data in memory.
- `leaks` returns the training samples that validation or test contains as well; `without_leaks`
  leaves them out.
- `comparables` returns the fingerprints or digests that both compare, to compute them once.
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
