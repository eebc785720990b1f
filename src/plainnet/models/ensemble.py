"""The networks of an ensemble, each with its temperature; a usual model has one."""

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
        """All arrays that a training changes, by name."""
        return {**self.network.parameters, **self.network.state}


def tensors_of(members: Sequence[EnsembleMember]) -> dict[str, Array]:
    """Return the members' arrays for a file, beside `temperatures_of`."""
    return {
        f"members.{i}.{name}": value
        for i, member in enumerate(members)
        for name, value in member.values.items()
    }


def temperatures_of(members: Sequence[EnsembleMember]) -> list[float]:
    """Return the members' temperatures as JSON values."""
    return [member.temperature for member in members]


def members_from(
    temperatures: object, tensors: dict[str, Array], make: Callable[[], Network]
) -> list[EnsembleMember]:
    """Return the members in a file.

    Args:
        temperatures: the result of `temperatures_of`.
        tensors: those of the file; the members' own are removed, so that memory holds them once.
        make: makes a network like theirs.

    Raises:
        ValueError, SettingError: temperatures and tensors do not match.
    """
    if not isinstance(temperatures, list):
        raise ValueError("its ensemble is not a list of temperatures")
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
    """Return a temperature that a model can have.

    Raises:
        SettingError: it is out of range.
    """
    return check_number("temperature", value, "[1e-6, 1e6]")
