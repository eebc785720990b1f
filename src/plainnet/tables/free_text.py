"""Columns of free text: which of the frequent words a cell holds, and how many words.

The words are chosen by the training rows alone. A network learns from (held − p) / √(p (1 − p)) of
each word, with its share p of the training rows, so that rare words weigh more, as with inverse
document frequencies. A vocabulary says in reports and explanations which word counts; hashed words
would share features.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.data.class_names import composed
from plainnet.network.arrays import Array
from plainnet.tables.column import Column
from plainnet.tables.table import Table
from plainnet.tables.values import Cells, Read, is_missing

MOST_WORDS = 100
"""The most words that are features."""
ROWS_OF_A_WORD = 40
"""There is at most one word for so many rows."""
LEAST_ROWS = 5
"""The fewest rows in which a word must be."""
LEAST_TEXTS, LEAST_WORDS, LEAST_COVERED = 500, 5, 0.5
"""So many texts are used unasked, if so many words make features, and so large a share of the texts
holds one of them. Of fewer rows, a column of noise costs more than one that matters gives."""
LONGEST = 100.0
"""The largest number of words that is distinguished."""
_WORD = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
"""A word of letters, with none of the digits that codes are made of."""
_BITS = 52
"""The words whose presence one float64 holds exactly."""


def words_in(text: str) -> set[str]:
    """Return the different words of a text, in small letters."""
    return {word.casefold() for word in _WORD.findall(composed(text))}


@dataclass(frozen=True)
class FreeText(Column):
    """A column of texts, of which few are the same."""

    kind = "text"
    takes_texts = True
    words: tuple[str, ...]
    """The words, the most frequent first."""
    has_missing: bool

    @property
    def features(self) -> tuple[str, ...]:
        """One for each word, the number of different words, and whether the text is missing."""
        held = (f"{self.name} holds “{word}”" for word in self.words)
        missing = (f"{self.name} is missing",) if self.has_missing else ()
        return (*held, f"{self.name}: number of words", *missing)

    @property
    def n_numbers(self) -> int:
        """The number of words, then the presence of so many words in each."""
        return 1 + -(-len(self.words) // _BITS)

    def numbers(self, table: Table) -> Read:
        """Return for each row the number of words, NaN if missing, and bits of those that it holds.

        They are float64 `(N, n_numbers)`.
        """
        different, codes = Cells.of(table[self.name]).coded
        found = np.zeros((len(different), self.n_numbers))
        place = {word: k for k, word in enumerate(self.words)}
        for row, text in zip(found, different, strict=True):
            if is_missing(text, table.missing):
                row[0] = np.nan
                continue
            words = words_in(text)
            row[0] = len(words)
            for k in (place[word] for word in words if word in place):
                row[1 + k // _BITS] += 2.0 ** (k % _BITS)
        return Read(found[codes], np.zeros(len(codes), bool))

    def fill(self, numbers: Array, out: Array) -> None:
        """Write 1 for each word that a row holds, the number of its words, and whether it lacks."""
        numbers = numbers.reshape(-1, self.n_numbers)
        n, bits = numbers[:, 0], numbers[:, 1:].astype(np.int64)
        for k in range(len(self.words)):
            out[:, k] = bits[:, k // _BITS] >> (k % _BITS) & 1
        out[:, len(self.words)] = np.nan_to_num(n).clip(0, LONGEST)
        if self.has_missing:
            out[:, len(self.words) + 1] = np.isnan(n)

    def summary(self) -> str:
        """Return the words, or the first of them."""
        few = ", ".join(self.words[:5])
        more = f", … ({len(self.words)} in all)" if len(self.words) > 5 else ""
        return f"holds {few}{more}; number of words" + ("; missing is marked" * self.has_missing)

    def check(self) -> None:
        """Check that the words are different ones."""
        if not self.words or len({*self.words}) < len(self.words):
            raise ValueError(f"the words of {self.name!r} are not different ones")
        if any(words_in(word) != {word} for word in self.words):
            raise ValueError(f"{self.name!r} has words that no text can hold")

    def alone(self, word: str) -> Array:
        """Return the numbers of a text of one word, `(1, n_numbers)`."""
        table: Any = {self.name: np.array([word], np.dtypes.StringDType())}
        return self.numbers(Table(self.name, table)).values


def frequent_words(
    texts: Iterable[str], counts: Sequence[int], named: bool = False
) -> tuple[str, ...]:
    """Return the words that make features of texts, the most frequent first; () if too few do.

    Args:
        texts: different texts, none of them missing.
        counts: the number of rows of each.
        named: whether the user says that these are texts, so that any word will do.
    """
    each = [words_in(text) for text in texts]
    n, rows = sum(counts), Counter[str]()
    for words, count in zip(each, counts, strict=True):
        for word in words:
            rows[word] += count
    known = [(-count, word) for word, count in rows.items() if LEAST_ROWS <= count < n]
    chosen = tuple(
        word for _, word in sorted(known)[: min(MOST_WORDS, max(n // ROWS_OF_A_WORD, 1))]
    )
    held = {*chosen}
    covered = sum(count for words, count in zip(each, counts, strict=True) if words & held)
    enough = n >= LEAST_TEXTS and len(chosen) >= LEAST_WORDS and covered >= LEAST_COVERED * n
    return chosen if enough or named else ()
