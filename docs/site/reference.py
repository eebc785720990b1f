"""The pages of the reference: every public name from its docstring, every command from its help."""

import inspect
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import click
from sphinx.pycode import ModuleAnalyzer

from plainnet.cli.command_line import COMMANDS, cli

ROOMS = {
    "models": "Classifier and Regressor",
    "network": "Layers, losses, networks",
    "training": "Training and optimizers",
    "training.schedules": "Schedules",
    "data": "Data sets",
    "pictures": "Pictures",
    "pictures.check": "Checks of data",
    "pictures.backbone": "Backbones",
    "tables": "Tables",
    "tuning": "The search for settings",
    "export": "Exports",
    "plots": "Pictures for notebooks",
    "reports": "Texts and progress",
    "sklearn": "Estimators for scikit-learn",
    "errors": "Errors",
    "lessons": "Lessons",
}
"""The modules whose public names are documented, each on a page, with its title."""
WITH_INHERITED = {"Classifier", "Regressor", "PlainNetClassifier", "PlainNetRegressor"}
"""The classes with all methods on their own page; others show those of their base class there."""
OF_OTHERS = "BaseEstimator, ClassifierMixin, RegressorMixin, ReprHTMLMixin, _MetadataRequester"
"""Classes of scikit-learn, whose methods its own documentation describes."""
REQUESTS = (
    "set_fit_request, set_score_request, set_predict_request, set_partial_fit_request, html_of"
)
"""What scikit-learn and notebooks use, not readers."""
WIDTH = 88
"""Columns of the help of commands."""


def public_names(module: str) -> list[str]:
    """Return what a module offers: `__all__`, or the classes and functions that it defines."""
    found = import_module(module)
    defined = (
        name
        for name, value in vars(found).items()
        if getattr(value, "__module__", "") == module and name[0] != "_"
    )
    names = [*getattr(found, "__all__", defined)]
    return sorted(names, key=lambda name: (name not in WITH_INHERITED, *_order(found, name)))


def _order(module: ModuleType, name: str) -> tuple[int, str]:
    """Classes, then functions, then constants."""
    value = getattr(module, name)
    kind = 0 if is_class(value, name) else 1 if inspect.isroutine(value) else 2
    return kind, name.lower()


def is_class(value: Any, name: str) -> bool:
    """Return whether a value is the class of this name, not another name of some type."""
    return inspect.isclass(value) and value.__name__ == name


def home_of(name: str) -> str | None:
    """Return the room whose page documents a public name of `plainnet`."""
    return next((room for room in ROOMS if name in public_names(f"plainnet.{room}")), None)


def pages() -> dict[str, str | bytes]:
    """Return each page of the reference by its place."""
    made = {f"reference/{room}.rst": _room(room, title) for room, title in ROOMS.items()}
    return {**made, "reference/index.md": _index(), "reference/commands.md": _commands()}


def _room(room: str, title: str) -> str:
    module = f"plainnet.{room}"
    about = f".. automodule:: {module}\n   :no-members:"
    entries = [_entry(module, name) for name in public_names(module)]
    return "\n\n".join([f"{title}\n{'=' * 2 * len(title)}", about, *entries, ""])


def _entry(module: str, name: str) -> str:
    """Return the directive that documents one name."""
    value = getattr(import_module(module), name)
    if inspect.ismodule(value):
        return f":doc:`{module.partition('.')[2]}.{name}`: a module of its own."
    if is_class(value, name):
        lines = [f".. autoclass:: {module}.{name}", "   :members:"]
        if any(base.__module__.startswith("plainnet") for base in value.__bases__):
            lines.append("   :show-inheritance:")
        if name in WITH_INHERITED:
            lines += [f"   :inherited-members: {OF_OTHERS}"]
            lines += [f"   :exclude-members: {REQUESTS}"]
        return "\n".join(lines)
    if inspect.isroutine(value):
        return f".. autofunction:: {module}.{name}"
    about = "\n   ".join(constant_docstring(module, name).splitlines())
    return f".. py:currentmodule:: {module}\n.. py:data:: {name}\n\n   {about}"


def constant_docstring(module: str, name: str) -> str:
    """Return the text below a constant, or beside it, where it is assigned; "" without one."""
    room = ".".join(module.split(".")[:2])
    for where in [module, *sorted(one for one in sys.modules if one.startswith(room))]:
        source = inspect.getsource(sys.modules[where])
        if re.search(rf"^{name}(:.*)? = ", source, re.MULTILINE):
            found = ModuleAnalyzer.for_module(where).find_attr_docs().get(("", name), [])
            return "\n".join(found).strip()
    return ""


def _index() -> str:
    rows = [f"| [{title}]({room}.rst) | `plainnet.{room}` |" for room, title in ROOMS.items()]
    names = [
        f"[`{name}`](#plainnet.{home}.{name})"
        for name in public_names("plainnet")
        if (home := home_of(name))
    ]
    return "\n".join(
        [
            "# Reference",
            "",
            "Everything public, from the docstrings: arguments with their shapes and units, "
            "errors, sources, an example, and the code itself. The examples assume "
            "`import numpy as np`, `from pathlib import Path` and plainnet's names, "
            "a folder of pictures, `pets`, and a table, `houses.csv`. "
            "[All commands](commands.md) have a page, too.",
            "",
            "| page | module |",
            "|---|---|",
            *rows,
            "",
            "## In `plainnet` itself",
            "",
            "Most programs need only these, as in `from plainnet import Classifier`.",
            "",
            " · ".join(names),
            "",
        ]
    )


def _commands() -> str:
    parts = ["# Commands", "What `plainnet COMMAND --help` prints."]
    program = click.Context(cli, info_name="plainnet", **cli.context_settings)
    for name, sentence in COMMANDS.items():
        command = cli.get_command(program, name)
        if command is None:
            raise ValueError(f"plainnet has no command {name!r}.")
        context = click.Context(command, program, info_name=name, max_content_width=WIDTH)
        parts += [f"## {name}", sentence, f"```text\n{command.get_help(context)}\n```"]
    return "\n\n".join(parts)
