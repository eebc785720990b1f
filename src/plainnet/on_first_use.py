"""Packages whose names are imported when they are first used (PEP 562).

So a program that needs a part of a package, such as `plainnet predict`, does not wait for the rest.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions `__getattr__` and `__dir__` of a package.

    Args:
        package: its name; it must be imported already.
        modules: its names, separated by spaces, by the module that has them. Modules of the package
            are attributes, too.
    """
    inside = f"{package}."
    where = {name.removeprefix(inside): name for name in modules if name.startswith(inside)}
    where |= {name: module for module, names in modules.items() for name in names.split()}
    here = sys.modules[package]

    def get(name: str) -> Any:
        if name not in where:  # with the module, in which Python looks for a similar name
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=here)
        module = import_module(where[name])
        value = module if where[name] == inside + name else getattr(module, name)
        setattr(here, name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(here), *where})

    return get, names
