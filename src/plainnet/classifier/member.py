"""A network with its temperature: a classifier is one of them, or several that are averaged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from plainnet.checks import check_number
from plainnet.network import Array, Network


class Member(NamedTuple):
    """One network of an ensemble."""

    network: Network
    temperature: float

    @property
    def values(self) -> dict[str, Array]:
        """All that a training has changed, by name."""
        return {**self.network.parameters, **self.network.state}


def tensors_of(members: Sequence[Member]) -> dict[str, Array]:
    """What a file has to hold of them beside `temperatures_of`."""
    return {
        f"members.{i}.{name}": value
        for i, member in enumerate(members)
        for name, value in member.values.items()
    }


def temperatures_of(members: Sequence[Member]) -> list[float]:
    """What JSON has to say of them."""
    return [member.temperature for member in members]


def members_from(
    temperatures: object, tensors: Mapping[str, Array], make: Callable[[], Network]
) -> tuple[list[Member], dict[str, Array]]:
    """The members that a file holds, and its other tensors.

    Args:
        temperatures: what `temperatures_of` gave.
        tensors: of the file.
        make: makes a network like theirs.

    Raises:
        ValueError, SettingError: the two do not fit each other.
    """
    if not isinstance(temperatures, list):
        raise ValueError("its ensemble is no list of temperatures")
    rest = dict(tensors)
    members = [Member(make(), _temperature(value)) for value in temperatures]
    for i, member in enumerate(members):
        for name, value in member.values.items():
            found = rest.pop(f"members.{i}.{name}", None)
            if found is None or found.shape != value.shape or not np.isfinite(found).all():
                raise ValueError(f"members.{i}.{name} must be {value.shape} finite numbers")
            value[...] = found
    return members, rest


def _temperature(value: Any) -> float:
    return check_number("temperature", value, "(0, inf)")
