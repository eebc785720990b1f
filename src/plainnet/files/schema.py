"""Read JSON as typed values: the schema is a type, that of an object a dataclass.

`read(Target, stored, "target")` returns a `Target`, or raises an error with the place and the
fault: "The target.scale must be a number in (0, inf), but got 0". Numbers may have an interval:
`Annotated[float, "(0, inf)"]`. The caller checks relations between fields.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from plainnet.checks import check_number, check_whole


def read(kind: Any, value: Any, where: str, later: Collection[str] = ()) -> Any:
    """Read a value as a `kind`.

    Args:
        kind: a dataclass, str, bool, int, float, Any, or Annotated, Literal, tuple and Mapping of
            these; lists are read as tuples.
        value: a result of `json.loads`.
        where: the name of the value in messages.
        later: the fields of a dataclass that older files lack; all others are required.

    Raises:
        SettingError, ValueError: the value has another type, lacks a field, or has an unknown one.
    """
    kind, *interval = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if kind is int:
        whole = check_whole(where, value, 0)
        check_number(where, whole, *(interval or ("[0, 9e15]",)))  # exact in float64
        return whole
    if kind is float:
        if not interval and type(value) is float:  # a loss may also be NaN
            return value
        return check_number(where, value, *(interval or ("(-inf, inf)",)))
    if kind in (str, bool):
        return _expect(type(value) is kind, value, where, "a text" if kind is str else "a boolean")
    if origin is Literal:
        known = any(type(value) is type(part) and value == part for part in parts)
        return _expect(known, value, where, f"one of {', '.join(map(str, parts))}")
    if origin is tuple:
        _expect(isinstance(value, list), value, where, "a list")
        if parts == (float, ...) and all(type(one) is float for one in value):
            return tuple(value)  # at once, since there may be hundreds
        kinds = parts[:1] * len(value) if parts[-1] is ... else parts
        _expect(len(value) == len(kinds), value, where, f"a list of {len(kinds)}")
        named = [f"{where}[{i}]" for i in range(len(kinds))]
        return tuple(map(read, kinds, value, named))
    _expect(isinstance(value, Mapping), value, where, "an object")
    if is_dataclass(kind):
        return _record(kind, value, where, later)
    return {
        read(parts[0], name, f"name in {where}"): read(parts[1], held, f"{where}.{name:.40}")
        for name, held in value.items()
    }


def _record(kind: Any, value: Mapping[str, Any], where: str, later: Collection[str]) -> Any:
    names = [field.name for field in fields(kind)]
    for name in names:
        _expect(name in value or name in later, [*value], where, f"an object with {name}")
    if unknown := sorted({*value} - {*names}):
        raise ValueError(f"the {where} has the unknown field {unknown[0]!r:.60}")
    types = _types(kind)
    return kind(**{name: read(types[name], value[name], f"{where}.{name}") for name in value})


def _expect(fits: bool, value: Any, where: str, what: str) -> Any:
    if not fits:
        raise ValueError(f"the {where} must be {what}, but is {value!r:.80}")
    return value


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)
