"""The options of the settings of a recipe, options of several commands, and the help in sections.

Help gives defaults in brackets at its end; they come from the recipe, not from the option.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from plainnet.checks import at_home
from plainnet.models.evaluating import PARTS
from plainnet.models.setting import Setting, ValueType, flag
from plainnet.reports.repeating import SETTINGS
from plainnet.training.devices import DEVICES, set_device

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class PathType(click.Path):
    """A path in which `~` is the home folder, even if the shell does not expand it: `--out=~/a`."""

    def __init__(self, allow_dash: bool = False) -> None:
        super().__init__(path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path with `~` expanded."""
        return at_home(cast(Path, super().convert(value, param, ctx)))


def reader(values: ValueType) -> Callable[[str], Any]:
    """Return a function that reads the text of an option for click."""

    def read(text: str) -> Any:
        try:
            return values.read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return read


def choice(names: Iterable[str]) -> dict[str, Any]:
    """Return the arguments of an option that takes one of these names."""
    return {"type": click.Choice(list(names)), "metavar": "NAME"}


class Sectioned(click.Option):
    """An option that belongs to a section of the help."""

    def __init__(self, *names: Any, section: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.section = section


class Sections(click.Command):
    """A command whose help shows its options in sections, those without a section first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options section by section."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(param, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


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


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return only the options that were given: the recipe has the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


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
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


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
strict_option = click.option(
    "--strict", is_flag=True, help="Stop at an unreadable picture instead of leaving it out."
)
part_option = click.option(
    "--part",
    type=click.Choice(PARTS),
    metavar="PART",
    help="The part of DATA: test, validation or train. [the first of these that DATA has]",
)


def interval_option(what: str) -> Callable[[Decorated], Decorated]:
    """Return the option --interval, whose help begins with `what` and ends in a probability."""
    return click.option(
        "--interval",
        "percentage",
        type=click.FloatRange(0, 100, min_open=True, max_open=True),
        metavar="PERCENT",
        help=f"{what} probability, such as 90.",
    )


workers_option = click.option(
    "--workers",
    default=1,
    metavar="N",
    help="Processes to work in at once; the result does not depend on it. [1]",
)
engine_option = click.option(
    "--engine",
    default="processes",
    metavar="NAME",
    help="Where they run: processes on this machine; or dask, ray or spark, a cluster, with its "
    "address after a colon, dask:tcp://host:8786. [processes]",
)


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object in ASCII, which every pipe can take."""
    print(json.dumps(content))
