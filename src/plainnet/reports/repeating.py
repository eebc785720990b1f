"""How a run's training is repeated: as a command in a shell, and as lines of Python."""

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from plainnet.models.recipe import Recipe
from plainnet.models.recipe_settings import RecipeSettings
from plainnet.models.setting import Setting, flag

SETTINGS: Mapping[str, Setting] = {f.name: f.metadata["setting"] for f in fields(RecipeSettings)}
"""The settings of a recipe by name."""
STANDARD = Recipe()
SWITCHES = ("strict", "drop_leaks")
"""Flags that the run's settings hold beside its recipe."""
TABLE_OPTIONS = ("target", "drop", "task", "missing", "kinds")
"""The options for tables."""


def option_words(name: str, value: Any) -> list[str]:
    """Return the words of a command line that give a setting of the recipe a value."""
    of = SETTINGS[name]
    if of.switches:
        return [f"--{value}"]
    option = f"--{name.replace('_', '-')}"
    return [option] if of.values is flag else [option, of.values.write(value)]


def recipe_words(recipe: Recipe, usual: Recipe) -> list[str]:
    """Return the words of a command line for the settings that differ from the usual ones."""
    changed = _changed(recipe, usual)
    return [word for name, value in changed.items() for word in option_words(name, value)]


def train_command(settings: Mapping[str, Any], recipe: Recipe, usual: Recipe = STANDARD) -> str:
    """Return the shell command that repeats a training, with the options that are not usual.

    Args:
        settings: of the run, as its file holds them.
        recipe: of its model.
        usual: the recipe of a new model of this kind.
    """
    words = ["plainnet", "train", str(settings.get("data", "DATA"))]
    if features := settings.get("features"):
        words += ["--features", str(features)]
    words += recipe_words(recipe, usual)
    words += [f"--{name.replace('_', '-')}" for name in SWITCHES if settings.get(name)]
    for name, values in _of_table(settings).items():
        if isinstance(values, Mapping):
            values = [f"{column}={kind}" for column, kind in values.items()]
        for value in [values] if isinstance(values, str) else values:
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def train_lines(settings: Mapping[str, Any], recipe: Recipe, usual: Recipe, model: str) -> str:
    """Return lines of Python that repeat a training, save the model, and answer with it.

    Args:
        settings: as for `train_command`.
        recipe: as for `train_command`.
        usual: as for `train_command`.
        model: the name of the model's class.
    """
    made = ", ".join(f"{name}={value!r}" for name, value in _changed(recipe, usual).items())
    data, how = repr(str(settings.get("data", "DATA"))), _of_table(settings)
    how.pop("task", None)  # which the class says
    features = settings.get("features")
    if features and str(features) != "none":
        how["features"] = features
    given = "".join(f", {name}={_plain(value)!r}" for name, value in how.items())
    lines = [f"from plainnet import {model}", "", f"model = {model}({made})"]
    if settings.get("drop_leaks"):
        lines += ["# the command left out leaks (--drop-leaks); this does not"]
    lines += [f"model.fit({data}{given})", 'model.save("model.safetensors")']
    return "\n".join([*lines, ""])


def _changed(recipe: Recipe, usual: Recipe) -> dict[str, Any]:
    """Return the settings that differ from the usual ones."""
    found = {name: getattr(recipe, name) for name in SETTINGS}
    return {
        name: value
        for name, value in found.items()
        if value != getattr(usual, name) and value is not None
    }


def _of_table(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in TABLE_OPTIONS if settings.get(name)}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
