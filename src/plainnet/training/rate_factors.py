"""Parameters that learn at a rate of their own: f α instead of α."""

from collections.abc import Iterator
from itertools import groupby
from typing import Self

from plainnet.checks import check_number, did_you_mean
from plainnet.errors import SettingError
from plainnet.network import Array, Network


class RateFactors:
    """Scale the update of some parameters: θ ← θ₀ + f (θ − θ₀), with θ₀ from before the update.

    An optimizer's update is proportional to α, its decay included. So this is the update at the
    rate f α, whichever optimizer makes it; what the optimizer remembers stays the same, and so do
    all parameters without a factor.

    Args:
        network: its layers declare the factors, as `rate_factors`.

    Raises:
        SettingError: a factor is not a number ≥ 0, or its name is not that of a parameter.
    """

    def __init__(self, network: Network) -> None:
        self._parts: list[tuple[slice, float, Array]] = []
        start = 0
        for factor, alike in groupby(_factors(network), key=lambda found: found[0]):
            part = slice(start, start := start + sum(size for _, size in alike))
            if factor != 1:
                self._parts.append((part, factor, network.xp.empty_like(network.theta[part])))

    @classmethod
    def of(cls, network: Network) -> Self | None:
        """Return those of a network; None if no layer declares any."""
        return cls(network) if any(layer.rate_factors for layer in network.layers) else None

    def note(self, theta: Array) -> None:
        """Remember θ₀, before an update."""
        for part, _, before in self._parts:
            before[...] = theta[part]

    def scale(self, theta: Array) -> None:
        """Scale the update that was made since, in place."""
        for part, factor, before in self._parts:
            changed = theta[part]
            changed -= before
            changed *= factor
            changed += before  # θ ← θ₀ + f (θ − θ₀)


def _factors(network: Network) -> Iterator[tuple[float, int]]:
    """The factor and the size of each parameter, in the order of θ."""
    for i, layer in enumerate(network.layers):
        known = {*layer.weights, *layer.biases}
        if unknown := {*layer.rate_factors} - known:
            name, there = min(unknown), ", ".join(sorted(known)) or "none"
            raise SettingError(
                f"Layer {i} ({layer}) declares a rate factor for {name!r}, but has no such "
                f"parameter{did_you_mean(name, known)}; it has {there}."
            )
    for name, value in network.parameters.items():
        _, place, own = name.split(".", 2)
        factor = network.layers[int(place)].rate_factors.get(own, 1.0)
        yield check_number(f"rate factor of {name}", factor, "[0, inf)"), value.size
