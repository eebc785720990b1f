"""Optuna, imported when a search begins: it takes most of a second."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from plainnet.errors import MissingExtraError


def needs_optuna() -> Any:
    """Return the package, quiet about each trial.

    Raises:
        MissingExtraError: Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError.of("A search for settings", "optuna", extra="tune") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


@contextmanager
def experimental() -> Iterator[None]:
    """Suppress warnings about parts that Optuna calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", needs_optuna().exceptions.ExperimentalWarning)
        yield
