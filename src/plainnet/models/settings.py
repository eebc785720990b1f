"""The recipe's settings as keyword arguments of `Classifier` and `Regressor`.

Types are here, for type checkers and editors. Defaults, checks and help are the recipe's; `takes`
shows them where `help` and `inspect.signature` look, and reads them only then.
"""

from __future__ import annotations  # so that the types are shown as they are written

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from inspect import Parameter, Signature, signature
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar

if TYPE_CHECKING:
    from dataclasses import Field

    from plainnet.models.recipe import Recipe

Made = TypeVar("Made", bound="Configured")


class RegressorSettings(TypedDict, total=False):
    """The keyword arguments of a `Regressor`."""

    network: str
    hidden: int | Sequence[int] | None
    channels: int | Sequence[int] | None
    encoding: str
    bins: int | None
    members: int
    activation: str
    initializer: str
    normalization: str
    dropout: float | None
    input_dropout: float
    optimizer: str
    learning_rate: float | None
    schedule: str
    weight_decay: float
    clip_norm: float | None
    max_norm: float | None
    averaging: float | str
    augment: str | Mapping[str, float]
    batch_size: int | None
    epochs: int | None
    patience: int | None
    patience_growth: float | None
    validation_share: float | None
    effort: str
    ensemble: int | None
    variants: Sequence[str | Mapping[str, Any]] | None
    bagging: str
    size: int | tuple[int, int] | None
    grey: bool
    seed: int


class ClassifierSettings(RegressorSettings, total=False):
    """The keyword arguments of a `Classifier`."""

    label_smoothing: float
    class_weight: str | Mapping[Any, float]
    precision: float | None
    recall: float | None
    cost: Mapping[str, float] | None
    positive: Any


class Configured:
    """A model's settings, which can be read and changed."""

    is_trained: bool

    def __init__(self, **settings: Any) -> None:
        from plainnet.models.recipe import Recipe

        self.recipe = Recipe.of(settings)
        """How it was trained, or will be if it has not been."""
        self._next: Recipe | None = None  # of the next training, if that is to be another

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 scikit-learn gives it
        """Return the settings of the next training; `type(x)(**x.get_params())` is a twin."""
        recipe = self._next or self.recipe
        return {name: getattr(recipe, name) for name in signature(type(self)).parameters}

    def set_params(self, **settings: Any) -> Self:
        """Change settings of the next training; a trained model stays as it is.

        Raises:
            SettingError: an unknown name, or a value out of its range; no setting changes then.
        """
        recipe = type(self)(**{**self.get_params(), **settings}).recipe
        if self.is_trained:
            self._next = recipe
        else:
            self.recipe = recipe
        return self

    def __repr__(self) -> str:
        """Return the settings that are not the defaults."""
        usual = type(self)().get_params()
        given = {k: v for k, v in self.get_params().items() if v != usual[k]}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"


class _Shown:
    """An attribute of a class that is computed when it is first read.

    Args:
        compute: returns its value.
        init: the `__init__` that it describes; a class with another one lacks it.
    """

    def __init__(self, compute: Callable[[], Any], init: object = None) -> None:
        self.compute = cache(compute)
        self.init = init

    def __get__(self, instance: object, owner: type) -> Any:
        if self.init not in (None, owner.__init__):  # type: ignore[misc]
            raise AttributeError
        return self.compute()


def takes(settings: type) -> Callable[[type[Made]], type[Made]]:
    """Decorate a class so that its signature and help show all settings.

    Args:
        settings: the TypedDict of its keyword arguments. Their help replaces the line `settings: …`
            in the docstring of the class.
    """

    def decorate(model: type[Made]) -> type[Made]:
        """Set the signature and the docstring of the class."""
        shown: Any = model
        shown.__signature__ = _Shown(lambda: _signature(settings), vars(model)["__init__"])
        if text := model.__doc__:  # there is none with python -OO
            shown.__doc__ = _Shown(lambda: _with_help(text, settings))
        return model

    return decorate


def _fields(settings: type) -> list[Field[Any]]:
    """Return the fields of the recipe that a class takes."""
    from dataclasses import fields

    from plainnet.models.recipe import Recipe

    return [field for field in fields(Recipe) if field.name in settings.__annotations__]


def _signature(settings: type) -> Signature:
    types = settings.__annotations__
    return Signature(
        [
            Parameter(
                field.name,
                Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=types[field.name].__forward_arg__,
            )
            for field in _fields(settings)
        ]
    )


def _with_help(doc: str, settings: type) -> str:
    """Return the docstring of a class with the help for each setting."""
    texts = [
        fill(
            f"{field.name}: {field.metadata['setting'].help}",
            88,
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
        for field in _fields(settings)
    ]
    text = indent("\n".join(texts), 8 * " ")
    return re.sub(r"^ +settings: .*$", lambda _: text, doc, flags=re.M)
