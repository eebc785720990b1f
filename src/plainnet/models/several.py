"""Several targets: the answers to each by itself, with an output of its own.

With k targets a network has k outputs, the model's answers are `(N, k, …)`, and a column of them
means what the answers to its target would mean alone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np

from plainnet.data import Dataset, TargetColumn
from plainnet.data.class_names import Label
from plainnet.data.folders import first_few
from plainnet.errors import SettingError
from plainnet.models.answers import Answers
from plainnet.models.labels import align_to
from plainnet.models.recipe import Recipe
from plainnet.network import Array

if TYPE_CHECKING:
    from plainnet.models.attribution_target import Explained

Part = TypeVar("Part", bound=Answers)


@dataclass(frozen=True)
class Several(Answers, Generic[Part]):
    """The answers to k targets; a part is that to one of them."""

    names: tuple[str, ...] = ()
    """The names of the targets; empty before training."""
    parts: tuple[Part, ...] = ()
    """The answers to each target, in the order of the names."""

    has_several = True
    part_type: ClassVar[type[Answers]]
    """The type of the answer to one target."""

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """Make the answers to each target from the training samples."""
        parts = [cls.part_type.of(data.of_target(i)) for i in range(len(data.targets))]
        return cls.named([one.name for one in data.targets], cast("list[Part]", parts))

    @classmethod
    def named(cls, names: Sequence[str], parts: Sequence[Part]) -> Self:
        """Return the answers to targets of these names.

        Raises:
            ValueError: two have the same name.
        """
        if len({*names}) < len(names):
            raise ValueError(f"its targets must have different names, but are {names!r:.80}")
        return cls(tuple(names), tuple(parts))

    @property
    @abstractmethod
    def columns(self) -> tuple[TargetColumn, ...]:
        """The targets, with their classes if they have any."""

    def part_about(self, of: str) -> Answers:
        """Return the part of the explained target."""
        return self.parts[self.names.index(of)]

    def parts_of(self, A: Array) -> list[Array]:
        """Return the columns of A."""
        return [A[:, i] for i in range(len(self.parts))]

    def each(self, data: Dataset) -> list[Dataset]:
        """Return data of each target alone, which is found by its name.

        Raises:
            DataError: the data set lacks a target, or has an unknown class.
        """
        aligned = align_to(self.columns, data)
        return [aligned.of_target(i) for i in range(len(self.parts))]

    def joined(self, of_part: Callable[[Part, Array], Array], A: Array) -> Array:
        """Return a function of each part and its column of A, side by side, `(N, k, …)`."""
        parts = zip(self.parts, self.parts_of(A), strict=True)
        return np.stack([of_part(part, a) for part, a in parts], axis=1)

    def changed(self, change: Callable[[Part, int], Part]) -> Self:
        """Return the answers with changed parts, each by its number."""
        return replace(self, parts=tuple(change(part, i) for i, part in enumerate(self.parts)))

    # -- training --------------------------------------------------------------------------------

    @property
    def n_out(self) -> int:
        """One output for each target."""
        return len(self.parts)

    def targets(self, data: Dataset) -> Array:
        """Return the targets of each part's loss, `(N, k)`."""
        parts = zip(self.parts, self.each(data), strict=True)
        return np.stack([part.targets(alone) for part, alone in parts], axis=1)

    def to_targets(self, A: Array) -> Array:
        """Return the targets of each part's loss, `(N, k)`."""
        return self.joined(lambda part, a: part.to_targets(a), A)

    def tuned(
        self, recipe: Recipe, validation: Dataset, answer: Callable[[Dataset], Array]
    ) -> Self:
        """Tune each part on its own column."""
        A, each = self.parts_of(answer(validation)), self.each(validation)
        return self.changed(lambda part, i: part.tuned(recipe, each[i], lambda _: A[i]))

    def priced(self, recipe: Recipe) -> Self:
        """Let each part minimize the costs of its errors."""
        return self.changed(lambda part, _: part.priced(recipe))

    def bounded(self, data: Dataset) -> Self:
        """Keep each part in the range of its own target."""
        each = self.each(data)
        return self.changed(lambda part, i: part.bounded(each[i]))

    # -- answering -------------------------------------------------------------------------------

    def from_outputs(self, Z: Array, temperature: float) -> Array:
        """Return each part's answers to its output, `(N, k, …)`."""
        parts = [
            part.from_outputs(Z[:, i : i + 1], temperature) for i, part in enumerate(self.parts)
        ]
        return np.stack(parts, axis=1)

    def around(self, A: Array, coverage: float) -> Array:
        """Return the ends of each part's prediction intervals, `(N, k, 2)`."""
        return self.joined(lambda part, a: part.around(a, coverage), A)

    def without_intervals(self) -> Self:
        """Leave out what intervals follow from."""
        return self.changed(lambda part, _: part.without_intervals())

    def choose(self, A: Array) -> Array:
        """Return each part's answers, `(N, k)`."""
        return self.joined(lambda part, a: part.choose(a), A)

    def plain(self, A: Array) -> list[dict[str, Any]]:
        """Return each part's answer by the name of its target."""
        parts = zip(self.parts, self.parts_of(A), strict=True)
        columns = [part.plain(a) for part, a in parts]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True)]

    def right(self, data: Dataset) -> Array:
        """Return the right answers of each target, `(N, k)`."""
        parts = zip(self.parts, self.each(data), strict=True)
        return np.stack([part.right(alone) for part, alone in parts], axis=1)

    def curves(self, A: Array) -> tuple[tuple[str, ...], Array]:
        """Show the curves of each part under the name of its target."""
        parts = zip(self.parts, self.parts_of(A), strict=True)
        return self.names, np.concatenate([part.curves(a)[1] for part, a in parts], axis=1)

    def explained(self, A: Array, of: Label | np.generic | None) -> Explained:
        """Explain the answer to one target, by default the first."""
        name = self.names[0] if of is None else str(of)
        if name not in self.names:
            known = first_few([repr(one) for one in self.names])
            raise SettingError(f"The target to explain must be one of {known}, but got {name!r}.")
        i = self.names.index(name)
        alone = self.parts[i].explained(self.parts_of(A)[i], None)
        c = np.zeros(self.n_out)
        c[i : i + 1] = alone.c
        return alone._replace(of=name, c=c)

    # -- words and files -------------------------------------------------------------------------

    def parse(self, text: str) -> str | float:
        """Refuse the right answer to one target."""
        raise SettingError(
            f"{text!r} is one right answer, but the model predicts {len(self.names)}, "
            f"{first_few([*self.names])}; leave it out, so that those of the data are taken."
        )

    def written(self, answer: Any) -> str:
        """Format the answers of `plain` with the names of the targets."""
        parts = zip(self.names, self.parts, strict=True)
        return ", ".join(f"{name} {part.written(answer[name])}" for name, part in parts)


def stored_targets(metadata: Mapping[str, Any]) -> list[Any]:
    """Return the targets in the metadata of a model file, two or more.

    Raises:
        ValueError: there are none.
    """
    targets = metadata.get("targets")
    if not isinstance(targets, list) or len(targets) < 2:
        raise ValueError(f"its targets must be a list of two or more, but are {targets!r:.80}")
    return targets
