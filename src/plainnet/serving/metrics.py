"""Metrics for Prometheus, under the names that dashboards for other servers read.

They are those of Triton, MLServer and KServe, and one of our own. Written here, not by
prometheus-client: it gives counters the ending `_total`, which those of Triton do not have, and its
way to add up several processes writes a file for each metric. Here all processes share one array, a
row for each; whichever is asked adds up the rows.
"""

import mmap
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.network import Array

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets of times."""
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""Upper ends of the buckets of batch sizes."""
REASONS = ("REJECTED", "CANCELED", "BACKEND", "OTHER")
"""Reasons of failures, as Triton names them: too many requests, out of time, the server's fault,
the sender's."""

_COUNTS = ("success", *REASONS, "samples", "computations", "pending")
_TIMES = ("request", "queue", "compute", "preprocess", "postprocess")
_HISTOGRAMS: Mapping[str, Sequence[float]] = {**dict.fromkeys(_TIMES, SECONDS), "batch": SIZES}


def _places() -> dict[str, int]:
    """Return the place of each count and histogram in the numbers of a model."""
    places = {name: i for i, name in enumerate(_COUNTS)}
    end = len(_COUNTS)
    for name, bounds in _HISTOGRAMS.items():
        places[name] = end
        end += len(bounds) + 2  # the last bucket, and the sum
    return {**places, "": end}


_PLACES = _places()
_LENGTH = _PLACES[""]


class ModelMetrics:
    """The numbers of one model in one process.

    Args:
        values: float64 `(n,)`, where they are kept.
    """

    def __init__(self, values: Array) -> None:
        self.values: Any = values.data  # whose elements are faster to change than an array's

    def count(self, name: str, by: float = 1) -> None:
        """Add to a count."""
        self.values[_PLACES[name]] += by

    def observe(self, name: str, value: float) -> None:
        """Add a value to a histogram."""
        bounds, place = _HISTOGRAMS[name], _PLACES[name]
        self.values[place + bisect_left(bounds, value)] += 1
        self.values[place + len(bounds) + 1] += value

    def note_computation(self, n: int, seconds: float) -> None:
        """Note that n samples were computed together."""
        self.count("samples", n)
        self.count("computations")
        self.observe("batch", n)
        self.observe("compute", seconds)

    def note_wait(self, seconds: float) -> None:
        """Note how long a request waited for its computation."""
        self.observe("queue", max(seconds, 0.0))


class Metrics:
    """The metrics of a server.

    Args:
        models: the names of the models.
        workers: the number of processes.
        worker: the number of this process, from 0.
        path: a file that the processes share; None: there is one process.
    """

    def __init__(
        self, models: Sequence[str], workers: int = 1, worker: int = 0, path: Path | None = None
    ) -> None:
        shape = (workers, len(models), _LENGTH)
        if path is None:
            self._all: Array = np.zeros(shape)
        else:
            with path.open("r+b") as file:
                file.truncate(8 * workers * len(models) * _LENGTH)
                self._all = np.frombuffer(mmap.mmap(file.fileno(), 0)).reshape(shape)
        self.models = {name: ModelMetrics(self._all[worker, i]) for i, name in enumerate(models)}

    def text(self, versions: Mapping[str, str]) -> str:
        """Return all metrics in the text format of Prometheus.

        Args:
            versions: the version of each model.
        """
        sums = self._all.sum(axis=0)
        lines = []
        for name, kind, about, labelled, samples in METRICS:
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            for model, values in zip(self.models, sums, strict=True):
                labels = f'{labelled[0]}="{_quoted(model)}"'
                labels += f',{labelled[1]}="{versions[model]}"' if len(labelled) > 1 else ""
                lines += samples(name, labels, values)
        return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """Return the value of a label."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


Samples = Callable[[str, str, Array], Iterator[str]]
"""A function of a metric's name, labels and a model's numbers, that yields lines."""


def _count(source: str) -> Samples:
    def lines(name: str, labels: str, values: Array) -> Iterator[str]:
        yield f"{name}{{{labels}}} {values[_PLACES[source]]:.0f}"

    return lines


def _failures(name: str, labels: str, values: Array) -> Iterator[str]:
    for reason in REASONS:
        yield f'{name}{{{labels},reason="{reason}"}} {values[_PLACES[reason]]:.0f}'


def _all_failures(name: str, labels: str, values: Array) -> Iterator[str]:
    yield f"{name}{{{labels}}} {sum(values[_PLACES[reason]] for reason in REASONS):.0f}"


def _microseconds(source: str) -> Samples:
    place = _PLACES[source] + len(_HISTOGRAMS[source]) + 1

    def lines(name: str, labels: str, values: Array) -> Iterator[str]:
        yield f"{name}{{{labels}}} {1e6 * values[place]:.0f}"

    return lines


def _histogram(source: str, buckets: bool = True) -> Samples:
    bounds, place = _HISTOGRAMS[source], _PLACES[source]

    def lines(name: str, labels: str, values: Array) -> Iterator[str]:
        counts = np.cumsum(values[place : place + len(bounds) + 1])
        for bound, n in zip([*map(str, bounds), "+Inf"], counts, strict=True):
            if buckets:
                yield f'{name}_bucket{{{labels},le="{bound}"}} {n:.0f}'
        yield f"{name}_sum{{{labels}}} {values[place + len(bounds) + 1]:.9g}"
        yield f"{name}_count{{{labels}}} {counts[-1]:.0f}"

    return lines


_VERSIONED, _NAMED = ("model", "version"), ("model_name",)
METRICS: Sequence[tuple[str, str, str, Sequence[str], Samples]] = (
    # Triton's
    (
        "nv_inference_request_success",
        "counter",
        "Requests answered.",
        _VERSIONED,
        _count("success"),
    ),
    ("nv_inference_request_failure", "counter", "Requests refused.", _VERSIONED, _failures),
    ("nv_inference_count", "counter", "Samples computed.", _VERSIONED, _count("samples")),
    ("nv_inference_exec_count", "counter", "Computations.", _VERSIONED, _count("computations")),
    (
        "nv_inference_pending_request_count",
        "gauge",
        "Requests under way.",
        _VERSIONED,
        _count("pending"),
    ),
    (
        "nv_inference_request_duration_us",
        "counter",
        "Time of requests.",
        _VERSIONED,
        _microseconds("request"),
    ),
    (
        "nv_inference_queue_duration_us",
        "counter",
        "Time of waiting.",
        _VERSIONED,
        _microseconds("queue"),
    ),
    (
        "nv_inference_compute_infer_duration_us",
        "counter",
        "Time of computing.",
        _VERSIONED,
        _microseconds("compute"),
    ),
    # MLServer's
    (
        "model_infer_request_success_total",
        "counter",
        "Requests answered.",
        _VERSIONED,
        _count("success"),
    ),
    (
        "model_infer_request_failure_total",
        "counter",
        "Requests refused.",
        _VERSIONED,
        _all_failures,
    ),
    (
        "model_infer_request_duration",
        "summary",
        "Time of requests.",
        _VERSIONED,
        _histogram("request", buckets=False),
    ),
    # KServe's
    (
        "request_preprocess_seconds",
        "histogram",
        "Time of reading requests.",
        _NAMED,
        _histogram("preprocess"),
    ),
    ("request_predict_seconds", "histogram", "Time of computing.", _NAMED, _histogram("compute")),
    (
        "request_postprocess_seconds",
        "histogram",
        "Time of writing answers.",
        _NAMED,
        _histogram("postprocess"),
    ),
    # our own
    ("plainnet_request_seconds", "histogram", "Time of requests.", _NAMED, _histogram("request")),
    ("plainnet_batch_size", "histogram", "Samples computed together.", _NAMED, _histogram("batch")),
)
"""Name, type, help, names of labels and samples of each metric."""
