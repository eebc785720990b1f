"""Matching names of classes: those of other data, and those that a user gives."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from plainnet.data.class_names import class_name, plain_text
from plainnet.errors import DataError
from plainnet.network.arrays import Array

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+", re.ASCII)
_FLAGS = {"True": 1, "1": 1, "False": 0, "0": 0}


def match(names: Sequence[str], classes: Sequence[str]) -> list[int | None]:
    """Return the index of each name in `classes`, or None if it matches no class, or several.

    An identical name matches first. Otherwise `1.0` matches `1` and `TRUE` matches `True`; if the
    two classes are true and false, `1` and `0` match them.
    """
    known = _known(tuple(classes))
    return [known.exact[name] if name in known.exact else known.meant(name) for name in names]


class _Known(NamedTuple):
    """Classes by their names."""

    exact: Mapping[str, int]
    """The first class of each name."""
    alike: Mapping[str, Sequence[int]]
    """Those of each normal form."""
    flags: Mapping[int, int]
    """Those that are true (1) and false (0), if there are no others."""

    def meant(self, name: str) -> int | None:
        """Return the class of a name that none has exactly."""
        form = _form(name)
        found = self.alike.get(form, [])
        if len(found) == 1:
            return found[0]
        return None if found or form not in _FLAGS else self.flags.get(_FLAGS[form])


@lru_cache(256)
def _known(classes: tuple[str, ...]) -> _Known:
    exact = {name: k for k, name in reversed([*enumerate(classes)])}
    alike: dict[str, list[int]] = {}
    for k, name in enumerate(classes):
        alike.setdefault(_form(name), []).append(k)
    flags = {_FLAGS[form]: places[0] for form, places in alike.items() if form in _FLAGS}
    return _Known(exact, alike, flags if len(classes) == len(flags) == 2 else {})


def class_meant(label: Any, classes: Sequence[str]) -> int | None:
    """Return the index in `classes` of the class that a label matches, or None."""
    try:
        return match([class_name(label)], classes)[0]
    except ValueError:
        return None


def class_indices(names: Sequence[str], classes: Sequence[str], whose: str) -> Array:
    """Return the index of each name in `classes`, int64 `(n,)`; see `match`.

    Raises:
        DataError: a name matches no class.
    """
    places = match(names, classes)
    if unknown := sorted(name for name, k in zip(names, places, strict=True) if k is None):
        known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
        raise DataError(
            f"{whose} holds the class {unknown[0]!r}, but the model knows only {known}; leave out "
            "its samples, or train with them."
        )
    return np.array(places, np.int64)


def _form(name: str) -> str:
    """Return a normal form, equal for names that mean the same class."""
    name = plain_text(name)
    if name.lower() in ("true", "false"):
        return name.capitalize()
    found = _WHOLE.fullmatch(name)
    return found[1] if found else name
