"""Prediction intervals as ONNX nodes, in float64 as in `metrics/conformal.py`."""

from collections.abc import Sequence

import numpy as np

from plainnet.files.onnx_nodes import Nodes
from plainnet.metrics.conformal import PredictionIntervals
from plainnet.network import Array


class IntervalNodes:
    """The intervals of k targets, of one coverage.

    The local scale of an answer is interpolated between levels, as a sum over their steps,

        s(y) = s₁ + Σᵢ slopeᵢ · min(max(y − levelᵢ, 0), widthᵢ).

    Args:
        intervals: of each target.
        coverage: the share of true numbers inside, for which there were enough samples.
    """

    def __init__(self, intervals: Sequence[PredictionIntervals], coverage: float) -> None:
        most = max(len(each.levels) for each in intervals)
        padded = [(0, most - len(each.levels)) for each in intervals]
        levels = np.array(
            [np.pad(i.levels, p, "edge") for i, p in zip(intervals, padded, strict=True)]
        )
        scales = np.array(
            [np.pad(i.scales, p, "edge") for i, p in zip(intervals, padded, strict=True)]
        )
        self.first, self.starts = scales[:, 0], levels[:, :-1]
        self.widths = np.diff(levels, axis=1)
        self.slopes = np.diff(scales, axis=1) / np.where(self.widths > 0, self.widths, 1)
        self.quantiles = np.array([each.quantiles(coverage) for each in intervals])

    def ends(self, nodes: Nodes, y: str) -> tuple[str, str]:
        """Add the lower and upper ends `(N, k)` around answers y, float64 `(N, k)`."""
        scale = nodes.double(self.first, "interval.scale")
        if self.starts.size:
            each = nodes.add("Unsqueeze", y, np.array([-1]))
            beyond = nodes.add("Sub", each, nodes.double(self.starts, "interval.levels"))
            reached = nodes.add("Max", beyond, nodes.double(0.0))
            inside = nodes.add("Min", reached, nodes.double(self.widths, "interval.widths"))
            steps = nodes.add("Mul", inside, nodes.double(self.slopes, "interval.slopes"))
            rise = nodes.add("ReduceSum", steps, np.array([-1]), keepdims=0)
            scale = nodes.add("Add", rise, scale)
        low, high = (nodes.double(q, "interval.quantiles") for q in self.quantiles.T)
        lower = nodes.add("Sub", y, nodes.add("Mul", scale, low))
        return lower, nodes.add("Add", y, nodes.add("Mul", scale, high))

    @property
    def steepness(self) -> Array:
        """By how much an end moves at most if the answer moves by 1, `(k,)`."""
        slopes = np.abs(self.slopes).max(axis=1, initial=0)
        steepest: Array = 1 + slopes * np.abs(self.quantiles).max(axis=1)
        return steepest
