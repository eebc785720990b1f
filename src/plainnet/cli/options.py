"""Options of several commands, and the help in sections."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from plainnet.checks import at_home

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class PathType(click.Path):
    """A path in which `~` is the home folder, even if the shell does not expand it: `--out=~/a`."""

    def __init__(self, allow_dash: bool = False) -> None:
        super().__init__(path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path with `~` expanded."""
        return at_home(cast(Path, super().convert(value, param, ctx)))


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


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return only the options that were given: the recipe has the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


strict_option = click.option(
    "--strict", is_flag=True, help="Stop at an unreadable picture instead of leaving it out."
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
