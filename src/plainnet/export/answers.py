"""The outputs of an exported graph, by the kind of a model's answers."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from plainnet.export.exported_answers import PICTURE_LIMIT, ExportedAnswers
from plainnet.export.exported_numbers import ExportedNumbers
from plainnet.export.inputs import LABEL, PROBABILITIES, Input, sound_text
from plainnet.export.network_nodes import (
    answer_nodes,
    average_nodes,
    cheapest_nodes,
    class_nodes,
    sharpened_nodes,
)
from plainnet.files.onnx_nodes import INT64, Nodes
from plainnet.metrics.costs import cost_matrix
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.models.classes import Classes
from plainnet.models.multilabel import Multilabel
from plainnet.models.quantities import Quantities
from plainnet.models.quantity import Quantity
from plainnet.network import Array


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
        if K > 2 and self.answers.costs is not None:
            number = cheapest_nodes(nodes, P, self.answers.costs)
        else:
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
        if self.answers.costs is not None:
            facts["plainnet.costs"] = json.dumps(self.answers.costs)
        return facts

    def _labels(self) -> Array:
        """Return the label of each class: its number, or its name in valid UTF-8."""
        names = [sound_text(name) for name in self.answers.names]
        return np.arange(len(names)) if self.numbers else np.array(names)

    def _close(self, P: Array) -> Array:
        """Say where the class may change within the tolerance of P, `(N,)`."""
        if P.shape[1] == 2:
            near: Array = abs(P[:, 1] - self.answers.threshold) <= PICTURE_LIMIT
            return near
        C = (
            1 - np.eye(P.shape[1])
            if self.answers.costs is None
            else cost_matrix(self.answers.costs)
        )
        first, second, *_ = np.sort(P @ C, axis=1).T
        close: Array = second - first <= 2 * C.max() * PICTURE_LIMIT
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
