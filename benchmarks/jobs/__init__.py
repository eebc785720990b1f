"""Whole jobs, as a user has them: each module has `run(job, contender, settings) -> result`.

A result holds `seconds` (or `bytes`), and `right` where the outcome can be judged; what else it
holds is kept in results.json.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.contenders import PYTORCH, Skip

Result = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """How much is measured, and where real data is."""

    round: int = 0
    quick: bool = False
    data: Path | None = None

    @property
    def block(self) -> float:
        """Seconds of a block of steps."""
        return 0.15 if self.quick else 0.3

    @property
    def blocks(self) -> int:
        return 3

    def folder(self, name: str) -> Path:
        """A folder of real data; Skip without it."""
        if self.data is None:
            raise Skip(f"no {name}: PLAINNET_DATA names no folder")
        if not (self.data / name).is_dir():
            raise Skip(f"the folder PLAINNET_DATA has no {name}")
        return self.data / name


@dataclass(frozen=True)
class Job:
    """One job and who can do it; the first contender is ours."""

    key: str
    title: str
    module: str
    contenders: tuple[str, ...]
    slow: bool = False
    """Left out of the quick run."""
    once: tuple[str, ...] = ()
    """Contenders that are measured in the first round only, for they take so long."""

    def run(self, contender: str, settings: Settings) -> Result:
        result: Result = import_module(self.module).run(self.key, contender, settings)
        return result


OTHERS = {
    "pillow": "Pillow, a plain loop",
    "lightgbm": "LightGBM",
    "histgb": "scikit-learn, HistGradientBoosting",
    "ours-float64": "plainnet, float64",
    "ours-quick": "plainnet, effort quick",
}
"""The titles of those that do nothing but one job."""
_HERE = "benchmarks.jobs."
_ALL = (
    "ours",
    "pytorch",
    "pytorch-compile",
    "sklearn",
    "jax",
    "onnxruntime",
    "openvino",
    "tract",
)
_FEW = tuple(name for name in _ALL if name != "pytorch-compile")
_INSTALLED = ("ours", "pytorch", "sklearn", "jax", "onnxruntime")
JOBS = {
    job.key: job
    for job in (
        Job(
            "article-run",
            "The article's whole run: 1000 iterations on its 209 pictures",
            _HERE + "article_run",
            ("ours", "ours-float64", *PYTORCH, "sklearn", "article"),
            slow=True,
            once=("article", "sklearn", "pytorch", "pytorch-compile"),
        ),
        Job(
            "mnist",
            "MNIST from its files to 98 % test accuracy, whole process, network of (b)",
            _HERE + "mnist",
            ("ours", "pytorch-fused", "sklearn", "jax"),
            slow=True,
        ),
        Job(
            "folder",
            "A folder of JPEG photographs as one 64 × 64 array",
            _HERE + "folder",
            ("ours", "pillow"),
        ),
        Job(
            "first-100",
            "The first 100 steps of (c), from the start of the process",
            _HERE + "first_steps",
            ("ours", "pytorch-fused", "jax"),
        ),
        Job("predict-1", "Prediction of one row, network of (b)", _HERE + "prediction", _ALL),
        *(
            Job(
                f"predict-{n}",
                f"Prediction of {n} rows, network of (b)",
                _HERE + "prediction",
                _FEW,
                slow=True,
            )
            for n in (8, 64)
        ),
        Job(
            "predict-row",
            "Probabilities of one row through a classifier, network of (b)",
            _HERE + "classifier_row",
            ("ours", "sklearn"),
        ),
        *(
            Job(
                f"predict-row-{n}",
                f"Probabilities of {n} rows through a classifier, network of (b)",
                _HERE + "classifier_row",
                ("ours", "sklearn"),
                slow=True,
            )
            for n in (8, 64)
        ),
        Job(
            "table-job",
            "A table as a whole job: 10,000 rows of adult learned, and 10,000 answers, by default",
            _HERE + "table_job",
            ("ours", "ours-quick", "lightgbm", "histgb"),
            slow=True,
            once=("histgb",),
        ),
        Job(
            "table-step",
            "A step of the default network of tables: 10 columns, 2 members, batch 256",
            _HERE + "table_step",
            ("ours", "pytorch-fused"),
            slow=True,
        ),
        Job(
            "ensemble",
            "Eight networks 20-100-2 on 2,000 rows, 20 epochs, and their mean answers",
            _HERE + "ensemble",
            ("ours", "pytorch-fused", "sklearn"),
            slow=True,
        ),
        Job(
            "convolution",
            "A step of convolutions on 32 × 32 × 3, 32-64-128 channels, batch 64, one thread",
            _HERE + "convolutions",
            ("ours", "pytorch"),
            slow=True,
        ),
        Job(
            "first-answer",
            "The first answer after installing: 500 rows learned, whole process",
            _HERE + "first_answer",
            ("ours", "pytorch-fused", "sklearn"),
            slow=True,
        ),
        Job(
            "predict-10000", "Prediction of 10,000 rows, network of (b)", _HERE + "prediction", _ALL
        ),
        Job(
            "predict-file",
            "`plainnet predict` of one JPEG, whole process",
            _HERE + "processes",
            ("ours", "pytorch"),
        ),
        Job(
            "import", "Import, beyond NumPy's", _HERE + "processes", _INSTALLED, once=_INSTALLED[1:]
        ),
        Job(
            "installed",
            "Installed size, with all it needs",
            _HERE + "installed",
            _INSTALLED,
            once=_INSTALLED,
        ),
    )
}
