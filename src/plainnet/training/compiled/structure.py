"""The networks that the compiled kernels of `steps.py` fit."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from plainnet.network import (
    Dense,
    Dropout,
    Layer,
    Loss,
    MeanOverMembers,
    MemberDense,
    MemberMean,
    MemberScaling,
    PerMember,
    ReLU,
    SigmoidMemberMean,
    SiLU,
    SoftmaxMemberMean,
)

ACTIVATIONS: Mapping[type[Layer], int] = {ReLU: 0, SiLU: 1}
"""Activations with a kernel, and their numbers there."""
MEANS: Mapping[type[MemberMean], int] = {
    MemberMean: 0,
    SoftmaxMemberMean: 1,
    SigmoidMemberMean: 2,
}
"""The last layers of an ensemble in one network, and their numbers in `member_averages.py`."""


class Hidden(NamedTuple):
    """A hidden Dense layer, and what follows it."""

    dense: Dense
    activation: Layer
    dropout: Dropout | None


class Structure(NamedTuple):
    """Dense layers with an activation, and perhaps Dropout, between them."""

    hidden: Sequence[Hidden]
    last: Dense | MemberDense
    mean: MemberMean | None = None
    """The mean of the members of an ensemble in one network; None: it is no ensemble."""

    @property
    def members(self) -> int:
        """The members of the ensemble; 1: it is none."""
        return self.mean.members if self.mean else 1

    @property
    def sizes(self) -> list[int]:
        """The inputs, the units of each hidden layer, and the outputs; of one member."""
        first, n_out = self.hidden[0].dense.n_in if self.hidden else self.last.n_in, self.last.n_out
        if isinstance(self.last, MemberDense):
            n_out = self.last.each_out
        return [first or 0, *(each.dense.n_out or 0 for each in self.hidden), n_out or 0]

    def loss_of_each(self, loss: Loss) -> Loss | None:
        """Return the loss of one answer; None if the members learn with another one."""
        if self.mean is None:
            return loss
        k, n_out = self.mean.members, self.mean.n
        fits = type(loss) is MeanOverMembers and (loss.members, loss.n_out) == (k, n_out)
        return loss.loss if fits and isinstance(loss, MeanOverMembers) else None


def structure_of(layers: Sequence[Layer], fewest: int = 2) -> Structure | None:
    """Return the structure of the layers behind an encoding; None for other layers.

    Args:
        layers: the layers.
        fewest: the number of members that an ensemble in one network has at least.
    """
    match [*layers]:
        case [*before, Dense() as last] if type(last) is Dense:
            hidden = hidden_layers(before)
            return None if hidden is None else Structure(hidden, last)
        case [MemberScaling() as r, PerMember() as shared, MemberDense() as last, mean]:
            kinds, k = [*map(type, layers)], r.members
            usual = kinds[:3] == [MemberScaling, PerMember, MemberDense] and kinds[3] in MEANS
            hidden = hidden_layers(shared.chains[""])
            if not hidden or not usual or not isinstance(mean, MemberMean):
                return None
            alike = k == shared.members == last.members == mean.members >= fewest
            return Structure(hidden, last, mean) if alike else None
    return None


def hidden_layers(layers: Sequence[Layer]) -> list[Hidden] | None:
    """Return the hidden layers, each with what follows it; None for other layers."""
    if not {type(layer) for layer in layers} <= {Dense, Dropout, *ACTIVATIONS}:
        return None
    found: list[Hidden] = []
    rest = [*layers]
    while rest:
        match rest:
            case [Dense() as dense, f, Dropout() as dropout, *rest] if type(f) in ACTIVATIONS:
                found.append(Hidden(dense, f, dropout))
            case [Dense() as dense, f, *rest] if type(f) in ACTIVATIONS:
                found.append(Hidden(dense, f, None))
            case _:
                return None
    return found
