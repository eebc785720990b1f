"""The options that are settings of a recipe, spelled as people know them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from plainnet.classifier.recipe import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, SCHEDULES, Recipe

Command = TypeVar("Command", bound=Callable[..., Any])
STANDARD = Recipe()


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
        height, width = (int(side) for side in (value.split("x") * 2)[:2])
    except ValueError:
        raise click.BadParameter(f"{value!r} is no picture size; write 64 or 48x64.") from None
    return height, width


def _choice(option: str, table: Any, help_text: str) -> Any:
    return click.option(option, type=click.Choice(list(table)), help=help_text)


RECIPE_OPTIONS = (
    click.option("--size", type=size, help="Pictures are resized to this [64; arrays: as is]."),
    click.option("--grey", is_flag=True, default=None, help="Use brightness only, no colour."),
    click.option(
        "--hidden",
        type=units,
        help=f"Units of the hidden layers, or none [{','.join(map(str, STANDARD.hidden))}].",
    ),
    _choice("--activation", ACTIVATIONS, f"Behind each hidden layer [{STANDARD.activation}]."),
    _choice("--initializer", INITIALIZERS, f"Of the weights [{STANDARD.initializer}]."),
    _choice("--optimizer", OPTIMIZERS, f"[{STANDARD.optimizer}]"),
    click.option("--learning-rate", type=float, help="The highest [fits the optimizer]."),
    _choice("--schedule", SCHEDULES, f"The learning rate over time [{STANDARD.schedule}]."),
    click.option("--batch-size", type=int, help=f"Samples of a step [{STANDARD.batch_size}]."),
    click.option("--epochs", type=int, help=f"Passes over the samples [{STANDARD.epochs}]."),
    click.option(
        "--patience",
        type=int,
        help=f"Epochs to wait for a lower validation loss; 0: all [{STANDARD.patience}].",
    ),
    click.option("--dropout", type=float, help=f"Share of units left out [{STANDARD.dropout}]."),
    click.option("--weight-decay", type=float, help=f"[{STANDARD.weight_decay}]"),
    click.option("--clip-norm", type=float, help="Longest gradient; longer ones are shortened."),
    click.option(
        "--validation-share",
        type=float,
        help=f"Held out where no validation data is given [{STANDARD.validation_share}].",
    ),
    click.option("--seed", type=int, help=f"Of everything drawn at random [{STANDARD.seed}]."),
)


def recipe_options(command: Command) -> Command:
    """All settings of a recipe as options; those not given are None."""
    for option in reversed(RECIPE_OPTIONS):
        command = option(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Only the options that were given: the recipe knows the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
