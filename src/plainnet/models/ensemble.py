"""A network with its temperature: a model has one of them, or several that are averaged."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from plainnet.checks import check_number
from plainnet.files.model_file import check_sound
from plainnet.network import Array, Network


class EnsembleMember(NamedTuple):
    """One network of an ensemble."""

    network: Network
    temperature: float

    @property
    def values(self) -> dict[str, Array]:
        """All that a training has changed, by name."""
        return {**self.network.parameters, **self.network.state}


def tensors_of(members: Sequence[EnsembleMember]) -> dict[str, Array]:
    """What a file has to hold of them beside `temperatures_of`."""
    return {
        f"members.{i}.{name}": value
        for i, member in enumerate(members)
        for name, value in member.values.items()
    }


def temperatures_of(members: Sequence[EnsembleMember]) -> list[float]:
    """What JSON has to say of them."""
    return [member.temperature for member in members]


def members_from(
    temperatures: object, tensors: dict[str, Array], make: Callable[[], Network]
) -> list[EnsembleMember]:
    """The members that a file holds.

    Args:
        temperatures: what `temperatures_of` gave.
        tensors: of the file; those of the members are taken out, so that none is held twice.
        make: makes a network like theirs, once it is known to be there.

    Raises:
        ValueError, SettingError: the two do not fit each other.
    """
    if not isinstance(temperatures, list):
        raise ValueError("its ensemble is no list of temperatures")
    members: list[EnsembleMember] = []
    for i, temperature in enumerate(temperatures):
        if not any(name.startswith(f"members.{i}.") for name in tensors):
            raise ValueError(f"it holds {len(temperatures)} temperatures, but {i} members")
        members.append(EnsembleMember(make(), check_temperature(temperature)))
        for name, value in members[-1].values.items():
            found = tensors.pop(f"members.{i}.{name}", None)
            if found is None or (found.shape, found.dtype) != (value.shape, value.dtype):
                raise ValueError(
                    f"members.{i}.{name} must be {value.shape} finite numbers of {value.dtype}"
                )
            value[...] = found
            check_sound(f"members.{i}.{name}", value)
    return members


def check_temperature(value: Any) -> float:
    """The temperature, if it is one. Training stays far inside of these bounds.

    Raises:
        SettingError: it is not.
    """
    return check_number("temperature", value, "[1e-6, 1e6]")
