"""The options that are settings of a recipe, spelled as people know them, and how help shows them.

A default stands in brackets at the end of an option's help: the recipe knows it, not the option.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from plainnet.checks import at_home, either
from plainnet.models.names import (
    ACTIVATIONS,
    INITIALIZERS,
    NORMALIZATIONS,
    OPTIMIZERS,
    SCHEDULES,
)
from plainnet.models.recipe import SMALL, Recipe
from plainnet.pictures.augment.augmentation import FEW, MANY, NAMED

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
STANDARD = Recipe()


class PathType(click.Path):
    """A path in which `~` is the home folder, also where no shell has seen to it: `--out=~/run`."""

    def __init__(self, allow_dash: bool = False) -> None:
        super().__init__(path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path that was given."""
        return at_home(cast(Path, super().convert(value, param, ctx)))


def units(value: str) -> tuple[int, ...]:
    """`128,64` → (128, 64); `none` → ()."""
    try:
        return () if value == "none" else tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no list of layer sizes; write 128,64 or none."
        ) from None


def size(value: str) -> tuple[int, int]:
    """`64` → (64, 64); `48x64` → height 48, width 64."""
    try:
        sides = [int(side) for side in value.split("x")]
        height, width = sides * 2 if len(sides) == 1 else sides
    except ValueError:
        raise click.BadParameter(f"{value!r} is no picture size; write 64 or 48x64.") from None
    return height, width


def named_numbers(value: str) -> str | dict[str, float]:
    """`flip=0.5,shift=0.1` → {"flip": 0.5, "shift": 0.1}; a name without `=` stays."""
    if "=" not in value:
        return value
    try:
        parts = [part.rpartition("=") for part in value.split(",")]
        return {name.strip(): float(number) for name, _, number in parts}
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no list of names with numbers; write cat=2,dog=0.5."
        ) from None


def choice(names: Mapping[str, Any]) -> dict[str, Any]:
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


_data, _network, _training, _decision = (
    partial(click.option, cls=Sectioned, section=section)
    for section in ("Data", "Network", "Training", "Decision")
)

RECIPE_OPTIONS = (
    _data("--size", type=size, help="Pixels, height and width: 64, or 48x64. [64; arrays: as is]"),
    _data("--grey", is_flag=True, default=None, help="Use brightness only, no colour."),
    _data(
        "--validation-share",
        type=float,
        metavar="SHARE",
        help="Of the samples, held out to watch the training where DATA has no validation "
        f"part; 0: none. [0.15; of fewer than {FEW} pictures with a test part none]",
    ),
    _network(
        "--hidden",
        type=units,
        help="Units of each hidden layer, such as 128,64; none: no hidden layer. "
        f"[{','.join(map(str, STANDARD.hidden))}]",
    ),
    _network(
        "--activation",
        **choice(ACTIVATIONS),
        help=f"Behind each hidden layer: {either(ACTIVATIONS)}. [{STANDARD.activation}]",
    ),
    _network(
        "--initializer",
        **choice(INITIALIZERS),
        help=f"The first weights: {either(INITIALIZERS)}. [{STANDARD.initializer}]",
    ),
    _network(
        "--dropout",
        type=float,
        metavar="SHARE",
        help=f"Of the hidden units, left out at random. [{STANDARD.dropout}]",
    ),
    _network(
        "--input-dropout",
        type=float,
        metavar="SHARE",
        help=f"Of the inputs, left out at random. [{STANDARD.input_dropout:g}]",
    ),
    _network(
        "--normalization",
        **choice(NORMALIZATIONS),
        help=f"In front of each activation: {either(NORMALIZATIONS)}. "
        f"[{STANDARD.normalization}: batch for fewer than {SMALL:,} pictures]",
    ),
    _training(
        "--augment",
        type=named_numbers,
        metavar="HOW",
        help="Vary training pictures each epoch anew, as if taken a moment later or written by "
        f"another hand: {either(NAMED)}, or settings such as flip=0.5,shift=0.1,mix_up=0.2. Mild "
        "and strong mirror colour pictures: take handwriting for what can be read. "
        f"[{STANDARD.augment}: strong for fewer than {FEW} in colour, else mild for at most "
        f"{MANY:,}]",
    ),
    _training(
        "--epochs",
        type=int,
        help="Passes over all samples, at most. [40; of fewer than "
        f"{SMALL:,} pictures, and of few feature vectors, more]",
    ),
    _training("--batch-size", type=int, help=f"Samples of a step. [{STANDARD.batch_size}]"),
    _training(
        "--optimizer",
        **choice(OPTIMIZERS),
        help=f"One of {either(OPTIMIZERS)}. [{STANDARD.optimizer}]",
    ),
    _training(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="The highest of the schedule. [fits the optimizer]",
    ),
    _training(
        "--schedule",
        **choice(SCHEDULES),
        help=f"The learning rate over time: {either(SCHEDULES)}. [{STANDARD.schedule}]",
    ),
    _training(
        "--weight-decay",
        type=float,
        metavar="RATE",
        help=f"How strongly weights are kept small. [{STANDARD.weight_decay}]",
    ),
    _training(
        "--clip-norm",
        type=float,
        metavar="NORM",
        help="Shorten gradients that are longer. [none]",
    ),
    _training(
        "--max-norm",
        type=float,
        metavar="NORM",
        help="Bound the norm of the weights into each unit. [none]",
    ),
    _training(
        "--label-smoothing",
        type=float,
        metavar="SHARE",
        help=f"Of each target, spread over all classes. [{STANDARD.label_smoothing:g}]",
    ),
    _training(
        "--class-weight",
        type=named_numbers,
        metavar="WEIGHTS",
        help="balanced: classes count alike, however many samples they have; none: samples do; or "
        f"what a sample of a class counts, cat=2,dog=0.5. [{STANDARD.class_weight}]",
    ),
    _training(
        "--averaging",
        type=float,
        metavar="DECAY",
        help="Keep a running mean of the weights, such as with 0.999; 0: the last ones. "
        f"[{STANDARD.averaging:g}]",
    ),
    _training(
        "--patience",
        type=int,
        metavar="EPOCHS",
        help="Stop when the validation loss was not lower for so long, and keep the epoch "
        f"where it was lowest; 0: never. [{STANDARD.patience}]",
    ),
    _decision(
        "--precision",
        type=float,
        metavar="SHARE",
        help="Of two classes, say yes only so surely that this share of them is right on the "
        "validation samples. [½ decides]",
    ),
    _decision(
        "--recall",
        type=float,
        metavar="SHARE",
        help="Of two classes, say yes so readily that this share is found there. [½ decides]",
    ),
    _decision("--positive", metavar="CLASS", help="What yes means. [the second class]"),
    _training(
        "--ensemble",
        type=int,
        metavar="K",
        help="Train so many networks and average their answers: slower, and better. "
        f"[{STANDARD.ensemble}]",
    ),
    _training("--seed", type=int, help=f"Of everything drawn at random. [{STANDARD.seed}]"),
)


def recipe_options(command: Decorated) -> Decorated:
    """All settings of a recipe as options; those not given are None."""
    for option in reversed(RECIPE_OPTIONS):
        command = option(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Only the options that were given: the recipe knows the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


features_option = _data(
    "--features",
    type=PathType(),
    metavar="FILE",
    help="Learn from what another network makes of the pictures: an ONNX file that gives features. "
    "It stays as it is and travels with the model; see docs/features.md.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object, in characters that every pipe can take."""
    print(json.dumps(content))
