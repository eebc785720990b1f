"""The networks of an ensemble, each with its temperature and weight; a usual model has one."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import DivergedError
from plainnet.files.model_file import arrays_of, check_sound, network_for
from plainnet.files.rows import not_finite, select
from plainnet.network import Array, Network, described
from plainnet.training.threads import one_thread_for

Shared = tuple[Sequence[Array], Sequence[float]]
"""Several answers to the same samples, and the share of each in their mean."""


class EnsembleMember(NamedTuple):
    """One network of an ensemble."""

    network: Network
    temperature: float
    weight: float = 1.0
    """The weight of its answers in the mean; that of the last network is 1."""


def mean_answers(
    members: Sequence[EnsembleMember],
    answer: Callable[[EnsembleMember, Array], Array],
    raw: Array,
    rows: Sequence[Array] | None = None,
) -> Array:
    """Return the weighted mean of the members' answers to raw rows.

    Args:
        members: the networks.
        answer: returns one network's answers.
        raw: the rows.
        rows: the indices of those that each network answers; None: all.
    """
    weights = [member.weight for member in members]
    if rows is None:
        if weights == [1]:
            return answer(members[0], raw)
        with one_thread_for([member.network for member in members], len(raw)) or nullcontext():
            A = answer(members[0], raw) * weights[0]
            for member in members[1:]:
                A += answer(member, raw) * member.weight
        A /= A.dtype.type(sum(weights))
        return A
    pairs = zip(members, rows, strict=True)
    parts = [answer(one, select(raw, some)) * one.weight for one, some in pairs]
    places = np.concatenate(rows)
    A = np.zeros((len(raw), *parts[0].shape[1:]), parts[0].dtype)
    np.add.at(A, places, np.concatenate(parts))
    each = np.repeat(weights, [*map(len, rows)])
    totals = np.bincount(places, each, minlength=len(raw)).astype(A.dtype)
    A /= totals.reshape(-1, *[1] * (A.ndim - 1))
    return A


def check_finite(A: Array) -> Array:
    """Return answers that are finite.

    Raises:
        DivergedError: they are not.
    """
    if not_finite(A)[0]:
        raise DivergedError(
            "The network has weights so large that its answers are not finite; train it again "
            "with a lower learning rate, or leave out samples with extreme values."
        )
    return A


def tensors_of(members: Sequence[EnsembleMember]) -> dict[str, Array]:
    """Return the members' arrays for a file, beside `describe_members`."""
    return {
        f"members.{i}.{name}": value
        for i, member in enumerate(members)
        for name, value in arrays_of(member.network).items()
    }


def describe_members(members: Sequence[EnsembleMember]) -> list[dict[str, Any]]:
    """Return the members as JSON values.

    Raises:
        SettingError: a temperature is out of range.
    """
    return [
        {
            "temperature": check_temperature(temperature),
            "weight": weight,
            "layers": [*map(described, network.layers)],
        }
        for network, temperature, weight in members
    ]


def members_from(
    members: object, tensors: dict[str, Array], make: Callable[[], Network]
) -> list[EnsembleMember]:
    """Return the members in a file.

    Args:
        members: the result of `describe_members`; in older files a list of temperatures.
        tensors: those of the file; the members' own are removed, so that memory holds them once.
        make: makes a network like theirs, for older files.

    Raises:
        ValueError, TypeError, PlainnetError: descriptions and tensors do not match.
    """
    if not isinstance(members, list):
        raise ValueError("its ensemble is not a list of networks")
    found: list[EnsembleMember] = []
    for i, one in enumerate(members):
        if not any(name.startswith(f"members.{i}.") for name in tensors):
            raise ValueError(f"it describes {len(members)} networks, but holds {i}")
        found.append(_member(f"members.{i}.", one, tensors, make))
    return found


def _member(
    prefix: str, description: object, tensors: dict[str, Array], make: Callable[[], Network]
) -> EnsembleMember:
    given: dict[str, Any] = (
        description if isinstance(description, dict) else {"temperature": description}
    )
    if unknown := sorted({*given} - {"temperature", "weight", "layers"}):
        raise ValueError(f"{prefix[:-1]} has the unknown field {unknown[0]!r:.60}")
    network = network_for(given["layers"], tensors, prefix) if "layers" in given else make()
    for name, value in arrays_of(network).items():
        found = tensors.pop(prefix + name, None)
        if found is None or (found.shape, found.dtype) != (value.shape, value.dtype):
            raise ValueError(
                f"{prefix}{name} must be {value.shape} finite numbers of {value.dtype}"
            )
        value[...] = found
        check_sound(prefix + name, value)
    weight = check_number("weight of a network", given.get("weight", 1.0), "(0, 1e6]")
    return EnsembleMember(network, check_temperature(given["temperature"]), weight)


def mean_of(members: Sequence[EnsembleMember]) -> str:
    """Return `the mean of that of 5 networks`."""
    weighted = "weighted " * (len({member.weight for member in members}) > 1)
    return f"the {weighted}mean of that of {len(members)} networks"


def check_temperature(value: Any) -> float:
    """Return a temperature that a model can have.

    Raises:
        SettingError: it is out of range.
    """
    return check_number("temperature", value, "[1e-6, 1e6]")
