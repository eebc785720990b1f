"""What plainnet has to show, and whether it does."""

from dataclasses import dataclass

from benchmarks.contenders import PYTORCH
from benchmarks.results import Results, Spread, our_best, title_of
from benchmarks.units import bytes_text, ratio_text, time_text

FAST = ("pytorch", "pytorch-compile")
LEVEL = 0.9
"""At least this many times as fast is called level."""


@dataclass(frozen=True)
class Goal:
    """A sentence that a run shows to be true or not."""

    case: str

    @property
    def text(self) -> str:
        raise NotImplementedError

    @property
    def contenders(self) -> tuple[str, ...]:
        """Those whose times are compared; empty where the goal compares none."""
        return ()

    def outcome(self, results: Results) -> tuple[str, bool] | None:
        """What was measured, and whether that is enough; None: it was not measured."""
        raise NotImplementedError


@dataclass(frozen=True)
class Faster(Goal):
    """So many times as fast as the fastest of the others."""

    factor: float
    against: tuple[str, ...] = PYTORCH
    name: str = "the fastest PyTorch"

    @property
    def text(self) -> str:
        if self.factor == LEVEL:
            return f"level with {self.name} (≥ {LEVEL:g}×)"
        return f"≥ {self.factor:g}× as fast as {self.name}"

    @property
    def contenders(self) -> tuple[str, ...]:
        return (our_best(self.case), *self.against)

    def outcome(self, results: Results) -> tuple[str, bool] | None:
        other = results.fastest(self.case, self.against)
        ratio = other and results.ratio(self.case, other, our_best(self.case))
        if not ratio or not other:
            return None
        return f"{ratio_text(ratio)} ({title_of(other, self.case)})", ratio.median >= self.factor


@dataclass(frozen=True)
class Share(Goal):
    """So much of the rate of the bare matrix products."""

    least: float

    @property
    def text(self) -> str:
        return f"≥ {self.least:.0%} of the matrix-product rate"

    @property
    def contenders(self) -> tuple[str, ...]:
        return (our_best(self.case), "products")

    def outcome(self, results: Results) -> tuple[str, bool] | None:
        share = share_of(results, self.case, our_best(self.case))
        if share is None:
            return None
        between = f" ({share.low:.0%}–{share.high:.0%})" if share.low < share.high else ""
        return f"{share.median:.0%}{between}", share.median >= self.least


@dataclass(frozen=True)
class AtMost(Goal):
    """A figure of ours below a limit."""

    figure: str
    limit: float
    name: str

    @property
    def text(self) -> str:
        return f"{self.name} ≤ {self._said(self.limit)}"

    def outcome(self, results: Results) -> tuple[str, bool] | None:
        spread = results.spread(self.case, our_best(self.case), self.figure)
        return (self._said(spread.median), spread.median <= self.limit) if spread else None

    def _said(self, value: float) -> str:
        return time_text(value) if self.figure == "seconds" else bytes_text(value)


@dataclass(frozen=True)
class SameCosts(Goal):
    """The article's ten printed costs, to the third decimal."""

    @property
    def text(self) -> str:
        return "the article's ten costs to the third decimal, in float64"

    def outcome(self, results: Results) -> tuple[str, bool] | None:
        done = [m for m in results.of(self.case, "ours-float64") if m["status"] == "ok"]
        if not done:
            return None
        costs = ", ".join(f"{cost:.3f}" for cost in done[0]["costs"])
        return costs, all(m["right"] for m in done)


def share_of(results: Results, case: str, contender: str) -> Spread | None:
    """Of the rate of NumPy's matrix products, round by round."""
    return results.ratio(case, "products", contender)


JAX = ("jax-scan",)
BESIDE_JAX = (("b", 1.05), ("c", 1.0), ("d", 1.5), ("e", 1.2))
GOALS: tuple[Goal, ...] = (
    Faster("a", 40),
    *(Faster(case, factor, JAX, "JAX's jitted epoch") for case, factor in BESIDE_JAX),
    Faster("c", 2.5),
    Faster("b", 3, ("sklearn",), "scikit-learn"),
    Share("f", 0.97),
    Share("g", 0.97),
    Faster("mnist", 1.1, ("pytorch-fused", "sklearn", "jax"), "the fastest rival"),
    Faster("predict-1", 1.3, ("onnxruntime",), "ONNX Runtime"),
    Faster("predict-row", 10, ("sklearn",), "scikit-learn"),
    Faster("first-100", 3, ("pytorch-fused",), "PyTorch"),
    Faster("first-100", 3, ("jax",), "JAX"),
    AtMost("b", "peak", 150e6, "peak memory"),
)
FIRST_GOALS: tuple[Goal, ...] = (
    Faster("article-run", 20),
    Faster("article-run", 80, ("article",), "the article's own code"),
    SameCosts("article-run"),
    Faster("b", 1.4),
    Share("b", 0.75),
    Faster("d", 15),
    Faster("e", 5),
    Faster("e", 2, ("sklearn",), "scikit-learn"),
    Faster("f", 1.15),
    Faster("g", 1.1),
    Faster("predict-1", 2, FAST, "PyTorch"),
    Faster(
        "predict-10000", LEVEL, (*FAST, "sklearn", "jax", "onnxruntime", "openvino"), "the fastest"
    ),
    Faster("predict-file", 6, ("pytorch",), "the same with PyTorch"),
    AtMost("import", "seconds", 0.150, "import beyond NumPy"),
    Faster("folder", 3, ("pillow",), "a plain Pillow loop"),
    AtMost("installed", "bytes", 100e6, "installed size of the core"),
)
"""What was asked of the first version of this benchmark, and still holds or not."""
