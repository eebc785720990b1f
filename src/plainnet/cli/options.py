"""The options that are settings of a recipe, spelled as people know them, and how help shows them.

A default stands in brackets at the end of an option's help: the recipe knows it, not the option.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from plainnet.checks import at_home
from plainnet.models.recipe import Recipe
from plainnet.models.recipe_settings import RecipeSettings
from plainnet.models.setting import Setting, ValueType, flag

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
STANDARD = Recipe()


class PathType(click.Path):
    """A path in which `~` is the home folder, also where no shell has seen to it: `--out=~/run`."""

    def __init__(self, allow_dash: bool = False) -> None:
        super().__init__(path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path that was given."""
        return at_home(cast(Path, super().convert(value, param, ctx)))


def reader(values: ValueType) -> Callable[[str], Any]:
    """What reads the text of an option for click."""

    def read(text: str) -> Any:
        try:
            return values.read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return read


def choice(names: Iterable[str]) -> dict[str, Any]:
    """The arguments of an option that takes one of these names, told in its help."""
    return {"type": click.Choice(list(names)), "metavar": "NAME"}


class Sectioned(click.Option):
    """An option that stands in a section of the help."""

    def __init__(self, *names: Any, section: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.section = section


class Sections(click.Command):
    """A command whose help shows its options in their sections, those without one first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one list of options after the other."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(param, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _option(name: str, of: Setting) -> Callable[[Decorated], Decorated]:
    """The option of a setting; without it the value is None, as the recipe knows the default."""
    how: dict[str, Any] = {"cls": Sectioned, "section": of.section, "help": of.option_help}
    if of.values is flag:
        how |= {"is_flag": True, "default": None}
    elif of.values.names:
        how |= choice(of.values.names)
    else:
        plain = of.values.read in (int, float, str)
        how |= {"type": of.values.read if plain else reader(of.values)}
    if of.metavar:
        how["metavar"] = of.metavar
    return click.option(f"--{name.replace('_', '-')}", **how)


SETTINGS: Mapping[str, Setting] = {f.name: f.metadata["setting"] for f in fields(RecipeSettings)}


def recipe_options(command: Decorated) -> Decorated:
    """All settings of a recipe as options; those not given are None."""
    for name, of in reversed([*SETTINGS.items()]):
        command = _option(name, of)(command)
    return command


def recipe_words(recipe: Recipe, usual: Recipe) -> list[str]:
    """The options that give these settings, as far as they are not the usual ones."""
    words = []
    for name, of in SETTINGS.items():
        value = getattr(recipe, name)
        if value != getattr(usual, name) and value is not None:
            words += [f"--{name.replace('_', '-')}"]
            words += [] if of.values is flag else [of.values.write(value)]
    return words


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Only the options that were given: the recipe knows the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


features_option = click.option(
    "--features",
    cls=Sectioned,
    section="Data",
    type=PathType(),
    metavar="FILE",
    help="Learn from what another network makes of the pictures: an ONNX file that gives features. "
    "It stays as it is and travels with the model; see docs/features.md.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object, in characters that every pipe can take."""
    print(json.dumps(content))
