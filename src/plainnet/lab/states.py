"""The state of the points view as text: what stands behind # in the lab's address."""

import json
from typing import Any
from urllib.parse import parse_qsl

from plainnet.errors import SettingError
from plainnet.lab.point_settings import PARAMETERS, PointSettings


def settings_of(state: str) -> PointSettings:
    """Return the settings that a state means; those that it does not name have their defaults.

    It is read as the page reads it (`static/state.js`): `data=xor&hidden=8_4&batch_size=off`.

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """
    try:
        pairs = parse_qsl(
            state.removeprefix("#"), keep_blank_values=True, strict_parsing=bool(state)
        )
    except ValueError:
        raise SettingError(
            f"A state of the lab must be such as data=xor&hidden=8_4, but got {state!r:.60}."
        ) from None
    return PointSettings.of({name: _value(name, text) for name, text in pairs})


def _value(name: str, text: str) -> Any:
    parts = text.split("_") if text else []
    if name == "points":
        return [[_number(one) for one in part.split(" ")] for part in parts]
    if name == "hidden":
        return [_number(part) for part in parts]
    if name in ("features", "activations"):
        return parts
    if name == "axes":
        return _parsed(text)
    if text == "off":
        return None
    parameter = PARAMETERS.get(name)
    if parameter is None or parameter.kind == "name" or text in parameter.names:
        return text
    return _number(text)


def _parsed(text: str) -> Any:
    """Return what a JSON text means; the text itself if it is none, which the settings refuse."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _number(text: str) -> float | int | str:
    """Return a number; a text that is none stays, so that the settings refuse it."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
