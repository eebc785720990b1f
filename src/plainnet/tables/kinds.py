"""The kinds of columns by their names in a model file."""

from collections.abc import Mapping

from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.free_text import FreeText
from plainnet.tables.ordinal import Ordinal
from plainnet.tables.target_encoding import TargetEncoding

KINDS: Mapping[str, type[Column]] = {
    cls.kind: cls for cls in (Number, Date, Category, Ordinal, TargetEncoding, FreeText)
}
