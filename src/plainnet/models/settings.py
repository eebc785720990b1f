"""The recipe's settings as keyword arguments of `Classifier` and `Regressor`.

Types are here, for type checkers and editors. Defaults, checks and help are the recipe's; `takes`
copies them to where `help` and `inspect.signature` look.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import Parameter, Signature, formatannotation, signature
from textwrap import fill, indent
from typing import Any, Self, TypedDict, TypeVar, get_type_hints

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


def takes(settings: type) -> Callable[[type[Made]], type[Made]]:
    """Decorate a class so that its signature and help show all settings.

    Args:
        settings: the TypedDict of its keyword arguments. Their help replaces the line `settings: …`
            in the docstring of the class.
    """
    types = {
        name: re.sub(r"\b(collections\.abc|typing)\.", "", formatannotation(kind))
        for name, kind in get_type_hints(settings).items()
    }
    known = [field for field in fields(Recipe) if field.name in types]
    parameters = [
        Parameter(f.name, Parameter.KEYWORD_ONLY, default=f.default, annotation=types[f.name])
        for f in known
    ]
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    texts = [
        fill(
            f"{f.name}: {f.metadata['setting'].help}",
            88,
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
        for f in known
    ]

    def decorate(model: type[Made]) -> type[Made]:
        """Set the signature and the docstring of the class."""
        init: Any = vars(model)["__init__"]
        init.__signature__ = Signature([own, *parameters], return_annotation=None)
        if model.__doc__:  # there is none with python -OO
            text = indent("\n".join(texts), 8 * " ")
            model.__doc__ = re.sub(r"^ +settings: .*$", lambda _: text, model.__doc__, flags=re.M)
        return model

    return decorate
