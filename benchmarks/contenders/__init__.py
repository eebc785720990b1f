"""Who is measured. Each module has `trainer(problem, form)`, and `predictor(weights, form)` if it
can; it is imported only in the process that measures it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Protocol, cast

from benchmarks.cases import Case
from benchmarks.problem import Array, Problem, Weights

Predictor = Callable[[Array], Array]
"""Logits, or probabilities where a library gives nothing else, `(N, K)` from rows `(N, n_in)`."""


class Trainer(Protocol):
    """A network in training, in some library."""

    def check(self, steps: int) -> Weights | None:
        """Its weights after the first steps from the beginning; None where nothing is trained.

        Called once, before `run`.
        """

    def run(self, steps: int) -> int:
        """Train on, at least so many steps; return how many it were."""


class Skip(Exception):
    """There is nothing to measure here; the message says why."""


@dataclass(frozen=True)
class Contender:
    """A library in one of the forms in which it is used."""

    key: str
    title: str
    module: str
    form: str = ""
    cases: str = "abcdefg"
    """The training steps that it can do."""
    variant: str = "in order"
    """What its check trains on: all batches `in order`, `one batch`, or with `one output`."""
    quick: str = "abcdefg"
    """Those of them that are in the quick run."""
    pieces: int = 4
    """Calls that a block of steps is made of; 1 where each call has to prepare itself."""
    usual: bool = True
    """Whether it is measured without being asked for; else under load only."""

    @property
    def library(self) -> str:
        return self.title.partition(",")[0]

    def load(self) -> ModuleType:
        return import_module(self.module)

    def trainer(self, problem: Problem) -> Trainer:
        return cast(Trainer, self.load().trainer(problem, self.form))

    def predictor(self, weights: Weights) -> Predictor:
        return cast(Predictor, self.load().predictor(weights, self.form))

    def check_variant(self, case: Case) -> str:
        """The variant, where it makes a difference for this case."""
        only_two = self.variant == "one output" and case.sizes[-1] != 2
        return "in order" if only_two or case.full_batch else self.variant


_HERE = "benchmarks.contenders."
CONTENDERS = {
    contender.key: contender
    for contender in (
        Contender("ours", "plainnet, train_step", _HERE + "ours", "step"),
        Contender(
            "ours-train",
            "plainnet, train",
            _HERE + "ours",
            "train",
            variant="one batch",
        ),
        Contender(
            "ours-one",
            "plainnet, train, one thread",
            _HERE + "ours",
            "one",
            variant="one batch",
            usual=False,
        ),
        Contender(
            "ours-core", "plainnet without numba", _HERE + "ours", "core", cases="bcdefg", quick=""
        ),
        Contender("pytorch", "PyTorch, eager", _HERE + "pytorch", quick="abcde"),
        Contender("pytorch-fused", "PyTorch, fused optimizer", _HERE + "pytorch", "fused"),
        Contender(
            "pytorch-compile", "PyTorch, torch.compile", _HERE + "pytorch", "compile", quick=""
        ),
        Contender(
            "sklearn",
            "scikit-learn, MLPClassifier",
            _HERE + "sklearn_mlp",
            variant="one output",
            pieces=1,
            quick="abcde",
        ),
        Contender("jax", "JAX, jitted step", _HERE + "jax_jit", "step", quick=""),
        Contender("jax-scan", "JAX, jitted epoch", _HERE + "jax_jit", "scan", quick=""),
        Contender("onnxruntime", "ONNX Runtime", _HERE + "onnx_runtime", cases=""),
        Contender("openvino", "OpenVINO", _HERE + "open_vino", cases=""),
        Contender("tract", "tract", _HERE + "tract_onnx", cases=""),
        Contender("article", "the article's code, float64", _HERE + "article", cases="a"),
        Contender("products", "matrix products only, NumPy", _HERE + "products", "numpy"),
        Contender(
            "products-torch",
            "matrix products only, PyTorch",
            _HERE + "products",
            "torch",
            quick="",
        ),
    )
}
PYTORCH = ("pytorch", "pytorch-fused", "pytorch-compile")


def check_problem(problem: Problem, variant: str) -> Problem:
    """What a check trains on, so that its steps are the first pass over it."""
    if variant == "one batch":
        return problem.first(1)
    problem = problem.first(problem.case.check_steps)
    return problem.one_output() if variant == "one output" else problem
