"""The words of Chinese pages for the search: pairs of neighbouring characters.

Sphinx's own way needs a dictionary of 20 MB and still does not cut what a reader types; with pairs
on both sides, every text that stands in a page is found.
"""

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

WORD = re.compile(r"[\u3400-\u9fff]+|[a-z0-9_θ-]+", re.IGNORECASE)


class SearchChinese(SearchEnglish):
    """Chinese by pairs of characters, everything else as in English."""

    lang = "zh"
    language_name = "English"  # of the stemmer, for the words between
    js_splitter_code = """
function splitQuery(query) {
  const words = query.match(/[\\u3400-\\u9fff]+|[a-z0-9_θ-]+/gi) || [];
  return words.flatMap((word) => word[0] < "\\u3400" || word.length < 3 ? [word]
    : [...word].slice(1).map((character, i) => word[i] + character));
}
"""

    def split(self, input: str) -> list[str]:
        """Return the words of a text."""
        return [part for word in WORD.findall(input) for part in parts(word)]

    def word_filter(self, word: str) -> bool:
        """Return whether a word is worth finding; two Chinese characters are."""
        return word >= "\u3400" or super().word_filter(word)


def parts(word: str) -> list[str]:
    """Return the pairs of neighbouring characters of a Chinese word; others as they are."""
    if word[0] < "\u3400" or len(word) < 3:
        return [word]
    return [word[i : i + 2] for i in range(len(word) - 1)]


def setup(app: Sphinx) -> None:
    """Replace the search of Chinese pages."""
    app.add_search_language(SearchChinese)
