"""Reading `2024-05-31`, `2024-05-31T12:30` and `2024-05-31 12:30:00` of a whole column at once."""

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.texts import Texts, read_blocks

_FORMS = {10: "0000-00-00", 16: "0000-00-00T00:00", 19: "0000-00-00T00:00:00"}
"""The forms by their number of characters; a space may replace the T."""
_DAY = 86_400.0


def read_iso_dates(texts: Texts) -> tuple[Array, Array]:
    """Return days since 1970 in UTC, float64 `(N,)`, and which cells are not read here `(N,)`."""
    return read_blocks(texts, _block)


def _block(texts: Texts) -> tuple[Array, Array]:
    starts = texts.starts.astype(np.int64)
    lengths = texts.ends - starts
    unread, digits = np.ones(len(texts), bool), np.zeros((19, len(texts)), np.int64)
    for length, form in _FORMS.items():
        rows = np.flatnonzero(lengths == length)
        fits = np.ones(len(rows), bool)
        for i, sign in enumerate(form if len(rows) else ""):
            byte = texts.data.take(starts[rows] + i)
            if sign == "0":
                digit = byte - np.uint8(ord("0"))
                fits &= digit <= 9
                digits[i, rows] = digit
            else:
                fits &= (byte == ord(sign)) | ((byte == ord(" ")) & (sign == "T"))
        unread[rows[fits]] = False
    year, month, day, hour, minute, second = (
        sum(digits[i] * 10**power for power, i in enumerate(reversed(places)))
        for places in (range(4), (5, 6), (8, 9), (11, 12), (14, 15), (17, 18))
    )
    unread |= (year < 1) | (month < 1) | (month > 12) | (day < 1)
    unread |= (hour > 23) | (minute > 59) | (second > 59)
    months = np.where(unread, 0, (year - 1970) * 12 + month - 1).astype("M8[M]")
    days = months.astype("M8[D]") + np.where(unread, 0, day - 1)
    unread |= days.astype("M8[M]") != months
    seconds = days.astype(np.int64) * 86_400 + hour * 3600 + minute * 60 + second
    return seconds / _DAY, unread
