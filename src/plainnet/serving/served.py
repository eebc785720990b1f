"""The models that a server answers with, each under its name, and renewed when its run changes."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plainnet.errors import PlainnetError, SettingError
from plainnet.models import AnyModel, load_any
from plainnet.models.answered import answered, facts_of
from plainnet.models.refusal import needed_refusal
from plainnet.models.serialization import model_at
from plainnet.network import Array
from plainnet.serving.forms import Form, Given, PictureForm, VectorForm
from plainnet.serving.row_by_row import row_by_row, typical_rows
from plainnet.serving.single_row import COMPARED, SingleRow, single_row
from plainnet.serving.table_form import TableForm
from plainnet.serving.tensors import Tensor, datatype_of

log = logging.getLogger(__name__)

FORMS: Mapping[str, type[Form]] = {"picture": PictureForm, "sample": VectorForm, "row": TableForm}
"""The forms of samples over HTTP, by the noun of a model's inputs."""
_FINGERPRINT = 12  # digits of a version


class LoadedModel:
    """A model in memory.

    Args:
        model: the model.
        version: a fingerprint of its file.
        max_batch: the number of samples that are to be computed together at most.
    """

    def __init__(self, model: AnyModel, version: str, max_batch: int = 1) -> None:
        self.model, self.version = model, version
        self.together, self.most_together = model, 1
        """The model that answers several samples at once, and how many; see `row_by_row.py`."""
        self.single: SingleRow | None = None
        """Its answers to single rows, if they can be had with less work; see `single_row.py`."""
        self.max_batch = max_batch
        self.form: Form = FORMS[model.inputs.noun](model)
        self._names = [name.encode() for name in model.answers.parts[0].classes]
        self.seconds = 1.0
        """The estimated time for a sample, or for a byte of a picture; at first a cautious one."""

    def prepare(self) -> None:
        """Compute what is needed before the first answer, which alone would take longer."""
        with suppress(PlainnetError):
            self.model.answers_of(next(self.model.preprocessing.extremes())[None])
            self.single = single_row(self.model, typical_rows(self.model, COMPARED))
        if self.max_batch > 1:
            self.together, self.most_together = row_by_row(self.model, self.max_batch)

    def answers(self, given: Given) -> Array:
        """Return the model's answers; of the same samples those of `predict`, to the bit."""
        raw = self.raw(given)
        if self.single is not None and len(raw) == 1:
            return self.single.answers_of(raw)
        return self.model.answers_of(raw)

    def as_raw(self, given: Given, wrong: float) -> Given:
        """Return samples as raw rows, for a model that can say when it is unsure.

        Raises:
            SettingError: this model cannot, at this share of wrong answers.
        """
        needed_refusal(self.model.refusal, wrong, self.model.answers.names)
        return given if given.is_raw else Given(self.raw(given), given.n, given.size, True)

    def raw(self, given: Given) -> Array:
        """Return raw rows of samples."""
        return given.samples if given.is_raw else self.model.inputs.raw(given.samples)

    def outputs(
        self, A: Array, coverage: float | None = None, withheld: Array | None = None
    ) -> list[Tensor]:
        """Return the output tensors of answers, with prediction intervals if they are wanted.

        Args:
            A: the answers.
            coverage: of the intervals; None: without.
            withheld: why each answer is withheld, "" if it is given; such an answer is "". None:
                none is.

        Raises:
            SettingError: the model has no prediction intervals of this coverage.
        """
        answers, named = self.model.answers, bool(self.model.answers.parts[0].classes)
        several = len(answers.parts) > 1
        if named and not several:
            texts = [self._names[k] for k in answers.parts[0].choose(A).tolist()]
            if withheld is not None:
                texts = [b"" if why else text for text, why in zip(texts, withheld, strict=True)]
            made = [Tensor("answer", "BYTES", (len(A),), texts)]
        else:
            parts = zip(answers.parts, answers.parts_of(A), strict=True)
            kind = object if named else np.float64
            columns = [np.array(part.plain(a), kind) for part, a in parts]
            found = np.stack(columns, axis=1) if several else columns[0]
            if withheld is not None:
                found = np.where(withheld != "", "", found)
            made = [Tensor.of("answer", found)]
        if named:
            made.append(Tensor.of("probabilities", A[:, :, 1] if several else A))
        if coverage is not None:
            made.append(Tensor.of("interval", answers.around(A, coverage)))
        if withheld is not None:
            made.append(Tensor.of("withheld", withheld))
        return made

    def predictions(
        self, A: Array, coverage: float | None = None, withheld: Array | None = None
    ) -> list[dict[str, Any]]:
        """Return answers as `plainnet predict --json` does, with all their digits; see `outputs`.

        Raises:
            SettingError: as `outputs`.
        """
        answers, each = self.model.answers, answered(self.model.answers, A, coverage)
        if withheld is not None:
            reasons = withheld.reshape(len(A), -1)
            pairs = (zip(given, why, strict=True) for given, why in zip(each, reasons, strict=True))
            each = (tuple(one.withheld_for(str(why)) for one, why in pair) for pair in pairs)
        return [facts_of(answers, given) for given in each]

    def metadata(self, name: str) -> dict[str, Any]:
        """Return the model metadata of the protocol, with the names of classes or targets."""
        answers = self.model.answers
        parts, facts = answers.parts, dict[str, Any]()
        several = [len(parts)] if len(parts) > 1 else []
        shape, classes = [-1, *several], [[*part.classes] for part in parts]
        outputs: list[dict[str, Any]] = [{"name": "answer", "datatype": "FP64", "shape": shape}]
        if several:
            facts["targets"] = [*answers.names]
        if classes[0]:
            facts["classes"] = classes if several else classes[0]
            outputs[0]["datatype"] = "BYTES"
            kind = datatype_of(self.model.network.dtype)
            shape = [-1, *(several or [len(classes[0])])]
            outputs.append({"name": "probabilities", "datatype": kind, "shape": shape})
        elif not several:
            facts["target"] = answers.names[0]
        return {
            "name": name,
            "versions": [self.version],
            "platform": "plainnet_safetensors",
            "inputs": self.form.inputs,
            "outputs": outputs,
            **facts,
            **answers.decision,
        }


class Stamp(NamedTuple):
    """What changes when a file is replaced."""

    inode: int
    time: int
    size: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Return the stamp of a file."""
        found = path.stat()
        return cls(found.st_ino, found.st_mtime_ns, found.st_size)


class ServedModel:
    """A run that is served.

    Args:
        path: a run folder or a model file.
        max_batch: see `LoadedModel`.

    Raises:
        ModelFileError: there is no model.
    """

    def __init__(self, path: Path, max_batch: int = 1) -> None:
        self.file, self.max_batch = model_at(path), max_batch
        self.name = (path if path.is_dir() else path.with_suffix("")).resolve().name
        self.loaded = self.load()
        """The model of the moment; a request keeps the one with which it began."""
        self.loaded.prepare()

    def load(self) -> LoadedModel:
        """Read the file."""
        self.stamp = Stamp.of(self.file)
        with self.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return LoadedModel(load_any(self.file), digest[:_FINGERPRINT], self.max_batch)

    @property
    def has_changed(self) -> bool:
        """Whether the file is another than when it was read; a missing one is not."""
        try:
            return Stamp.of(self.file) != self.stamp
        except OSError:
            return False

    async def renew(self, compute: Callable[[Callable[[], object]], Awaitable[None]]) -> None:
        """Read the file again in another thread, and then answer with its model.

        Args:
            compute: calls a function while no answers are computed.
        """
        try:
            loaded = await asyncio.to_thread(self.load)
            await compute(loaded.prepare)
            self.loaded = loaded
            log.info("Read the model %s again: version %s.", self.name, loaded.version)
        except Exception as error:
            log.warning("Keeping the model %s as it was: %s", self.name, error)


def served_models(paths: Sequence[Path], max_batch: int = 1) -> Mapping[str, ServedModel]:
    """Read the models of these runs.

    Args:
        paths: run folders or model files.
        max_batch: see `LoadedModel`.

    Raises:
        ModelFileError: there is none at one of the paths.
        SettingError: two have the same name.
    """
    models: dict[str, ServedModel] = {}
    for path in paths:
        served = ServedModel(path, max_batch)
        if served.name in models:
            raise SettingError(
                f"Two models would be called {served.name!r}; rename the folder of one, {path}."
            )
        models[served.name] = served
    return models
