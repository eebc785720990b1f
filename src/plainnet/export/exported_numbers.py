"""The ONNX form of numbers, and of the ends of their prediction intervals."""

import json
from typing import Any, cast

import numpy as np

from plainnet.errors import SettingError
from plainnet.export.exported_answers import LEAST_STEPS, ExportedAnswers
from plainnet.export.inputs import BOUNDS, LOWER, PREDICTION, UPPER, Input, sound_text
from plainnet.export.interval_nodes import IntervalNodes
from plainnet.export.network_nodes import average_nodes
from plainnet.files.onnx_nodes import DOUBLE, FLOAT, Nodes
from plainnet.metrics.moments import needs_double
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.models import Model
from plainnet.models.quantities import Quantities
from plainnet.models.quantity import Quantity
from plainnet.network import Array


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
