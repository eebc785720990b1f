"""The settings of a recipe in the page: what there is to choose, and what the user has chosen."""

from collections.abc import Mapping
from typing import Any

from plainnet.errors import SettingError
from plainnet.models.recipe import Recipe
from plainnet.models.setting import flag
from plainnet.reports.repeating import SETTINGS, option_words

FOR_TABLES = ("encoding", "bins", "members", "variants")
FOR_PICTURES = ("size", "grey", "augment", "network", "channels")
IN_EFFORT = ("effort",)
"""The settings that the tables view chooses elsewhere."""
MOST_TEXT = 200
"""The largest length of a value."""


def described(of_pictures: bool) -> list[dict[str, Any]]:
    """Describe the settings for pictures, or for tables, as JSON values, in the recipe's order."""
    others = FOR_TABLES if of_pictures else FOR_PICTURES
    usual = Recipe()
    return [
        {
            "name": name,
            "section": of.section.lower(),
            "names": ["on"] if of.values is flag else [*of.values.names],
            "usual": _written(name, getattr(usual, name)),
        }
        for name, of in SETTINGS.items()
        if name not in (*others, *IN_EFFORT)
    ]


def words_of(given: Any, of_pictures: bool) -> list[str]:
    """Return the options of `plainnet train` for values; see `recipe_of`.

    Each is one word, so that a value is never an option.
    """
    recipe = recipe_of(given, of_pictures)
    return ["=".join(option_words(name, getattr(recipe, name))) for name in given]


def recipe_of(given: Any, of_pictures: bool) -> Recipe:
    """Return the recipe with values that are written as in a shell.

    Args:
        given: texts by the names of settings.
        of_pictures: whether they are for pictures.

    Raises:
        SettingError: an unknown setting, or a value that it cannot have.
    """
    if not isinstance(given, Mapping):
        raise SettingError("Settings are an object with a text for each name.")
    known = {one["name"] for one in described(of_pictures)}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            raise SettingError(f"There is no setting {name!r:.60} here.")
        if not isinstance(text, str) or not 0 < len(text) <= MOST_TEXT:
            raise SettingError(f"The setting {name} is a text, but got {text!r:.60}.")
        values[name] = _read(name, text)
    return Recipe.of(values)


def _read(name: str, text: str) -> Any:
    if SETTINGS[name].values is flag:
        if text != "on":
            raise SettingError(f"The {name} can only be on, but got {text!r:.60}.")
        return True
    try:
        return SETTINGS[name].values.read(text)
    except ValueError as error:
        called = name.replace("_", " ")
        raise SettingError(f"The {called} cannot be {text!r:.60}: {error}") from None


def _written(name: str, value: Any) -> str:
    """Return a default as text; "" if it is left open."""
    of = SETTINGS[name].values
    return "" if value is None or of is flag or value == "auto" else of.write(value)
