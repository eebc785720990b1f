"""Which class is meant by a name: those of other data, and those that a user gives."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from plainnet.data.class_names import class_name, plain_text
from plainnet.errors import DataError
from plainnet.network.arrays import Array

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+", re.ASCII)
_FLAGS = {"True": 1, "1": 1, "False": 0, "0": 0}


def match(names: Sequence[str], classes: Sequence[str]) -> list[int | None]:
    """The place of each name in `classes`: None where none, or more than one, is meant.

    A class of that very name is meant before any other. Else `1.0` is `1`, `TRUE` is `True`, and
    where there are two classes, true and false, `1` and `0` are these.
    """
    exact = {name: k for k, name in reversed([*enumerate(classes)])}
    alike: dict[str, list[int]] = {}
    for k, name in enumerate(classes):
        alike.setdefault(_form(name), []).append(k)
    flags = {_FLAGS[form]: places[0] for form, places in alike.items() if form in _FLAGS}
    two = len(classes) == len(flags) == 2

    def place(name: str) -> int | None:
        if name in exact:
            return exact[name]
        form = _form(name)
        if len(found := alike.get(form, [])) == 1:
            return found[0]
        return flags[_FLAGS[form]] if two and not found and form in _FLAGS else None

    return [place(name) for name in names]


def class_meant(label: Any, classes: Sequence[str]) -> int | None:
    """The place in `classes` of the one that a label means; None: none of them."""
    try:
        return match([class_name(label)], classes)[0]
    except ValueError:
        return None


def class_indices(names: Sequence[str], classes: Sequence[str], whose: str) -> Array:
    """The place of each name in `classes`, int64 `(n,)`; see `match`.

    Raises:
        DataError: a name that is none of them.
    """
    places = match(names, classes)
    if unknown := sorted(name for name, k in zip(names, places, strict=True) if k is None):
        known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
        raise DataError(
            f"{whose} holds the class {unknown[0]!r}, but the model knows only {known}; leave its "
            "samples out, or train with them."
        )
    return np.array(places, np.int64)


def _form(name: str) -> str:
    """The same for names that can only mean the same class."""
    name = plain_text(name)
    if name.lower() in ("true", "false"):
        return name.capitalize()
    found = _WHOLE.fullmatch(name)
    return found[1] if found else name
