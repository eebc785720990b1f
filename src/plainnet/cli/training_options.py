"""The options of the settings of a recipe, and of the data and device of a training.

Help gives defaults in brackets at its end; they come from the recipe, not from the option.
"""

from collections.abc import Callable
from typing import Any

import click

from plainnet.cli.options import Decorated, PathType, Sectioned, choice
from plainnet.models.evaluating import PARTS
from plainnet.models.setting import Setting, ValueType, flag
from plainnet.reports.repeating import SETTINGS
from plainnet.training.devices import DEVICES, set_device


def reader(values: ValueType) -> Callable[[str], Any]:
    """Return a function that reads the text of an option for click."""

    def read(text: str) -> Any:
        try:
            return values.read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return read


def _option(name: str, of: Setting) -> Callable[[Decorated], Decorated]:
    """Return the option of a setting; its value is None unless given."""
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
    if of.switches:
        return _switches(name, of)
    return click.option(f"--{name.replace('_', '-')}", **how)


def _switches(name: str, of: Setting) -> Callable[[Decorated], Decorated]:
    """Return the values of a setting that are options of their own."""

    def add(command: Decorated) -> Decorated:
        """Add them to a command."""
        for value, text in reversed([*of.switches.items()]):
            how: dict[str, Any] = {"flag_value": value, "default": None, "help": text}
            option = click.option(f"--{value}", name, cls=Sectioned, section=of.section, **how)
            command = option(command)
        return command

    return add


def recipe_options(command: Decorated) -> Decorated:
    """Add all settings of a recipe as options; those not given are None."""
    for name, of in reversed([*SETTINGS.items()]):
        command = _option(name, of)(command)
    return command


features_option = click.option(
    "--features",
    cls=Sectioned,
    section="Data",
    type=PathType(),
    metavar="NAME|FILE",
    help="Train on features of pictures: those that a pretrained network computes, "
    "efficientnet-lite0, of the extra backbone, or an ONNX file; or patches, learned from the "
    "training pictures. They become a part of the model; see docs/features.md. auto: "
    "efficientnet-lite0, if it is installed, for photographs in colour without --size, --grey and "
    "--augment. none: the pixels. [auto]",
)


def _set_device(ctx: click.Context, param: click.Parameter, name: str) -> None:  # noqa: ARG001
    set_device(name)


device_option = click.option(
    "--device",
    type=click.Choice(DEVICES),
    metavar="NAME",
    default="cpu",
    expose_value=False,
    callback=_set_device,
    help="Where the network learns: cpu, or cuda for a GPU. [cpu]",
)
part_option = click.option(
    "--part",
    type=click.Choice(PARTS),
    metavar="PART",
    help="The part of DATA: test, validation or train. [the first of these that DATA has]",
)
