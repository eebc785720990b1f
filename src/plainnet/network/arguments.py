"""Arguments that stand in each other's place: a network, a loss, an optimizer."""

from typing import Any

from plainnet.errors import SettingError


def check_part(name: str, value: Any, kind: type, example: str, order: str) -> None:
    """Refuse what is not an object of its class.

    Args:
        name: of the argument.
        value: of the argument.
        kind: the class that it has to be of.
        example: how one is made.
        order: of all arguments, for the message.

    Raises:
        SettingError: it is the class itself, or something else.
    """
    if isinstance(value, kind):
        return
    if isinstance(value, type):
        raise SettingError(
            f"The {name} must be an object, but got the class {value.__name__}; write {example}."
        )
    raise SettingError(
        f"The {name} must be a {kind.__name__}, such as {example}, but got {value!r:.60} "
        f"({type(value).__name__}); the order is {order}, and what you write yourself has to be "
        f"derived from plainnet.{kind.__name__}."
    )
