"""The outputs of an exported graph, by the kind of a model's answers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, cast

import numpy as np

from plainnet.errors import SettingError
from plainnet.export.inputs import (
    BOUNDS,
    LABEL,
    LOWER,
    PREDICTION,
    PROBABILITIES,
    UPPER,
    Input,
    sound_text,
)
from plainnet.export.interval_nodes import IntervalNodes
from plainnet.export.network_nodes import (
    answer_nodes,
    average_nodes,
    class_nodes,
    network_nodes,
    sharpened_nodes,
)
from plainnet.files.onnx_nodes import DOUBLE, FLOAT, INT64, Nodes
from plainnet.metrics.moments import needs_double
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.models.classes import Classes
from plainnet.models.multilabel import Multilabel
from plainnet.models.quantities import Quantities
from plainnet.models.quantity import Quantity
from plainnet.network import Array

NETWORK_LIMIT = 1e-4
"""Largest difference of a probability without resizing, or of a number in units of its spread."""
PICTURE_LIMIT = 0.01
"""Largest difference of a probability for pictures of any size."""
LEAST_STEPS = 2 / NETWORK_LIMIT
"""Least number of float32 steps in a unit: answers cannot agree more closely than one step."""

Kind = TypeVar("Kind", bound=Answers)


class ExportedAnswers(ABC, Generic[Kind]):
    """The ONNX form of a kind of answers.

    Args:
        model: a trained model.
        answers: the model's answers.
        numbers: whether to answer with the numbers of classes instead of their names.
        coverage: of the prediction intervals to add; None: none are added.

    Raises:
        SettingError: numbers of classes were requested for a quantity, or intervals that it has
            not.
    """

    def __init__(
        self, model: Model, answers: Kind, numbers: bool, coverage: float | None = None
    ) -> None:
        self.model, self.answers, self.numbers = model, answers, numbers
        self.coverage = coverage
        if coverage is not None:
            answers.check_coverage(coverage)

    @abstractmethod
    def outputs(self, N: int | str) -> list[Input]:
        """Describe the outputs of the graph."""

    @abstractmethod
    def nodes(self, nodes: Nodes, X: str) -> None:
        """Add the nodes from the networks' inputs to the outputs."""

    @abstractmethod
    def golden(self, samples: Any, i: int) -> dict[str, Array]:
        """Return plainnet's answers for the i-th samples, as a golden set holds them."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """Return the metadata about the answers, by key."""

    def _weights(self) -> list[float]:
        """Return the weight of each network's answers."""
        return [member.weight for member in self.model.networks]

    def _networks(self, nodes: Nodes, X: str) -> list[tuple[str, str, float]]:
        """Add all networks; return the prefix of names, the output and temperature of each."""
        several = len(self.model.networks) > 1
        prefixes = [f"members.{i}." if several else "" for i in range(len(self.model.networks))]
        return [
            (prefix, network_nodes(nodes, network, X, prefix), temperature)
            for prefix, (network, temperature, _) in zip(prefixes, self.model.networks, strict=True)
        ]


class ExportedClasses(ExportedAnswers[Classes]):
    """Probabilities and the predicted class."""

    def outputs(self, N: int | str) -> list[Input]:
        """Describe probabilities and label."""
        kind, what = ("int64", "number") if self.numbers else ("string", "name")
        K, names = len(self.answers.names), ", ".join(self.answers.names)
        return [
            Input(PROBABILITIES, "float32", (N, K), f"of {names}"),
            Input(LABEL, kind, (N,), f"the {what} of the predicted class"),
        ]

    def nodes(self, nodes: Nodes, X: str) -> None:
        """Add probabilities, their mean, and the choice of a class."""
        K, answers = len(self.answers.names), []
        for prefix, Z, temperature in self._networks(nodes, X):
            if temperature != 1:
                Z = nodes.add("Div", Z, nodes.constant(temperature, f"{prefix}temperature"))
            answers.append(class_nodes(nodes, Z, 1 if K == 2 else K))
        sharpness = self.answers.sharpness
        mean = PROBABILITIES if sharpness == 1 else "mean"
        P = average_nodes(nodes, answers, self._weights(), mean)
        if sharpness != 1:
            P = sharpened_nodes(nodes, P, sharpness, PROBABILITIES)
        number = answer_nodes(nodes, P, K, self.answers.threshold)
        nodes.add("Gather", nodes.constant(self._labels(), "labels"), number, name=LABEL)

    def golden(self, samples: Any, i: int) -> dict[str, Array]:
        """Return probabilities, labels, and a mask of close decisions."""
        P = self.model.mean_answers(samples)
        labels: Array = self._labels()[self.answers.choose(P)]
        return {f"probabilities_{i}": P, f"labels_{i}": labels, f"close_{i}": self._close(P)}

    def facts(self) -> dict[str, str]:
        """Return names, temperatures and threshold."""
        temperatures = [member.temperature for member in self.model.networks]
        facts = {
            "plainnet.classes": sound_text(json.dumps(self.answers.names, ensure_ascii=False)),
            "plainnet.temperatures": json.dumps(temperatures),
        }
        if len(self.answers.names) == 2:
            facts["plainnet.threshold"] = repr(self.answers.threshold)
        return facts

    def _labels(self) -> Array:
        """Return the label of each class: its number, or its name in valid UTF-8."""
        names = [sound_text(name) for name in self.answers.names]
        return np.arange(len(names)) if self.numbers else np.array(names)

    def _close(self, P: Array) -> Array:
        """Say where the class may change within the tolerance of P, `(N,)`."""
        if P.shape[1] == 2:
            close: Array = abs(P[:, 1] - self.answers.threshold) <= PICTURE_LIMIT
        else:
            most = np.sort(P, axis=1)
            close = most[:, -1] - most[:, -2] <= 2 * PICTURE_LIMIT
        return close


class ExportedLabels(ExportedAnswers[Multilabel]):
    """Of each of k targets the probability of its second class, and the predicted class."""

    def outputs(self, N: int | str) -> list[Input]:
        """Describe probabilities and labels."""
        kind, what = ("int64", "number") if self.numbers else ("string", "name")
        shape, names = (N, len(self.answers.parts)), ", ".join(self.answers.names)
        return [
            Input(PROBABILITIES, "float32", shape, f"of the second class of {names}"),
            Input(LABEL, kind, shape, f"the {what} of the predicted class of each"),
        ]

    def nodes(self, nodes: Nodes, X: str) -> None:
        """Add probabilities, their mean, and the choice of a class of each target."""
        P = []
        for prefix, Z, temperature in self._networks(nodes, X):
            if temperature != 1:
                Z = nodes.add("Div", Z, nodes.constant(temperature, f"{prefix}temperature"))
            P.append(nodes.add("Sigmoid", Z))
        thresholds = np.array([*self.answers.thresholds.values()])
        p = average_nodes(nodes, P, self._weights(), PROBABILITIES)
        yes = nodes.add("GreaterOrEqual", p, nodes.constant(thresholds, "thresholds"))
        first = 2 * np.arange(len(thresholds))  # the place of each target's first label
        place = nodes.add("Add", nodes.add("Cast", yes, to=INT64), nodes.constant(first, "first"))
        nodes.add("Gather", nodes.constant(self._labels().ravel(), "labels"), place, name=LABEL)

    def golden(self, samples: Any, i: int) -> dict[str, Array]:
        """Return probabilities, labels, and a mask of close decisions."""
        A = self.model.mean_answers(samples)
        P, thresholds = A[:, :, 1], np.array([*self.answers.thresholds.values()])
        labels = self._labels()[np.arange(P.shape[1]), self.answers.choose(A)]
        close = abs(P - thresholds) <= PICTURE_LIMIT
        return {f"probabilities_{i}": P, f"labels_{i}": labels, f"close_{i}": close}

    def facts(self) -> dict[str, str]:
        """Return the names of targets and classes, temperatures and thresholds."""
        temperatures = [member.temperature for member in self.model.networks]
        facts = {
            "targets": [*self.answers.names],
            "classes": [[*part.names] for part in self.answers.parts],
            "temperatures": temperatures,
            "thresholds": [*self.answers.thresholds.values()],
        }
        return {
            f"plainnet.{name}": sound_text(json.dumps(value, ensure_ascii=False))
            for name, value in facts.items()
        }

    def _labels(self) -> Array:
        """Return the labels of both classes of each target, `(k, 2)`; see `ExportedClasses`."""
        names = np.array([[sound_text(n) for n in part.names] for part in self.answers.parts])
        return np.tile(np.arange(2), (len(names), 1)) if self.numbers else names


class ExportedNumbers(ExportedAnswers[Quantity | Quantities]):
    """The predicted number `(N,)`, or with k targets the numbers `(N, k)`, and their intervals."""

    def __init__(
        self,
        model: Model,
        answers: Quantity | Quantities,
        numbers: bool,
        coverage: float | None = None,
    ) -> None:
        super().__init__(model, answers, numbers, coverage)
        parts = cast("tuple[Quantity, ...]", answers.parts)
        self.mean, self.scale, self.lowest, self.highest = (
            np.array([getattr(part, name) for part in parts])
            for name in ("mean", "scale", "lowest", "highest")
        )
        self.is_double = needs_double(self.mean, self.scale)
        self.shape = (len(parts),) if len(parts) > 1 else ()
        self.intervals = coverage and IntervalNodes([part.intervals for part in parts], coverage)
        if numbers:
            raise SettingError("A regressor has no classes to number; leave numbers out.")

    def outputs(self, N: int | str) -> list[Input]:
        """Describe the prediction, and the ends of its interval."""
        dtype = "float64" if self.is_double else "float32"
        several = "each " * bool(self.shape)
        what = f"{', '.join(self.answers.names)}, {several}in its own unit"
        ends = f"end of the interval of {100 * (self.coverage or 0):g} %"
        named = {PREDICTION: what, LOWER: f"lower {ends}", UPPER: f"upper {ends}"}
        names = [PREDICTION, *(BOUNDS if self.intervals else ())]
        return [Input(name, dtype, (N, *self.shape), named[name]) for name in names]

    def nodes(self, nodes: Nodes, X: str) -> None:
        """Add the mean of the outputs · scale + mean, in float64, and the ends of its interval."""
        outputs = [self._bounded(nodes, Z) for _, Z, _ in self._networks(nodes, X)]
        mean = average_nodes(nodes, outputs, self._weights(), "standardized")
        z = nodes.add("Cast", mean, to=DOUBLE)
        scaled = nodes.add("Mul", z, nodes.double(self.scale, "target.scale"))
        y = nodes.add("Add", scaled, nodes.double(self.mean, "target.mean"))
        ends = self.intervals.ends(nodes, y) if self.intervals else ()
        for name, value in zip((PREDICTION, *BOUNDS), (y, *ends), strict=False):
            shaped = nodes.add("Reshape", value, np.array([-1, *self.shape]))
            nodes.add("Cast", shaped, to=DOUBLE if self.is_double else FLOAT, name=name)

    def _bounded(self, nodes: Nodes, Z: str) -> str:
        """Add the bounds of the answers, in the units of the outputs, if there are any."""
        if (np.abs([self.lowest, self.highest]) == LARGEST_NUMBER).all():
            return Z
        low, high = ((ends - self.mean) / self.scale for ends in (self.lowest, self.highest))
        above = nodes.add("Max", Z, nodes.constant(low, "lowest"))
        return nodes.add("Min", above, nodes.constant(high, "highest"))

    def golden(self, samples: Any, i: int) -> dict[str, Array]:
        """Return predictions, the ends of intervals, and the units of their differences."""
        unit = self.scale
        if not self.is_double:
            steps = np.spacing(np.abs(self.mean).astype(np.float32)).astype(np.float64)
            unit = np.maximum(unit, LEAST_STEPS * steps)
        unit, A = unit.reshape(self.shape), self.model.mean_answers(samples)
        given = {f"prediction_{i}": A, f"unit_{i}": unit}
        if self.intervals:
            ends = self.answers.around(A, self.coverage or 0)
            given |= {f"lower_{i}": ends[..., 0], f"upper_{i}": ends[..., 1]}
            given[f"unit_of_ends_{i}"] = unit * self.intervals.steepness.reshape(self.shape)
        return given

    def facts(self) -> dict[str, str]:
        """Return the name of the target, or of each of several as a JSON list, and the coverage."""
        names = [sound_text(name) for name in self.answers.names]
        facts = {"plainnet.target": names[0]}
        if self.shape:
            facts = {"plainnet.targets": json.dumps(names, ensure_ascii=False)}
        return facts if self.coverage is None else facts | {"plainnet.coverage": f"{self.coverage}"}


EXPORTED: Mapping[type[Answers], type[ExportedAnswers[Any]]] = {
    Classes: ExportedClasses,
    Multilabel: ExportedLabels,
    Quantity: ExportedNumbers,
    Quantities: ExportedNumbers,
}
"""The ONNX form of each kind of answers."""


def answers_of(
    model: Model, numbers: bool = False, coverage: float | None = None
) -> ExportedAnswers[Any]:
    """Return the ONNX form of a model's answers; see `ExportedAnswers`."""
    return EXPORTED[type(model.answers)](model, model.answers, numbers, coverage)
