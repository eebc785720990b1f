"""Check arguments that are easily swapped: a network, a loss, an optimizer."""

from typing import Any

from plainnet.errors import SettingError


def check_part(name: str, value: Any, kind: type, example: str, order: str) -> None:
    """Refuse an argument that is not an object of the expected class.

    Args:
        name: of the argument.
        value: of the argument.
        kind: the expected class.
        example: code that makes such an object, for the message.
        order: the names of all arguments in their order, for the message.

    Raises:
        SettingError: the value is the class itself, or an object of another class.
    """
    if isinstance(value, kind):
        return
    if isinstance(value, type):
        raise SettingError(
            f"The {name} must be an object, but got the class {value.__name__}; write {example}."
        )
    raise SettingError(
        f"The {name} must be {_with_article(kind.__name__)}, such as {example}, but got "
        f"{_named(value)}; the order is {order}, and a class of your own must be derived "
        f"from plainnet.{kind.__name__}."
    )


def _named(value: Any) -> str:
    if isinstance(value, (str, int, float, type(None))):
        return f"{value!r:.60}"
    shape = getattr(value, "shape", None)
    return _with_article(type(value).__name__) + (f" of shape {shape}" if shape is not None else "")


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
