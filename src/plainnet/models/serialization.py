"""A learner into a model file and out of it again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from plainnet.checks import check_path
from plainnet.data.mistaken import looks_like
from plainnet.errors import ModelFileError
from plainnet.files.model_file import write_model
from plainnet.models.ensemble import tensors_of
from plainnet.models.model_metadata import Saved, describe, restore, whole
from plainnet.network import Array, Network
from plainnet.training.threads import one_thread

if TYPE_CHECKING:
    from plainnet.models.learner import Learner

Either = TypeVar("Either", bound="Learner")
Content = tuple[Network, dict[str, Any], dict[str, Array]]
"""What `read_model` gives."""
CHECKPOINT = "checkpoint.safetensors"
MODEL = "model.safetensors"
"""What the two are called in a run folder."""


def write_learner(path: str | Path, learner: Learner) -> None:
    """Write everything that answering needs.

    Raises:
        FileError: it cannot be written; an older file is still there then.
    """
    path = check_path(path, "name the file to write")
    parts = learner.preprocessing, learner.recipe, learner.quality, learner.earlier
    answers = {**learner.description(), "outputs": learner.outputs}
    metadata = describe(learner.kind, answers, Saved(*parts, learner.extractor, learner.trained))
    tensors = {**learner.preprocessing.tensors(), **tensors_of(learner.earlier)}
    if learner.extractor is not None:
        tensors |= learner.extractor.tensors()
    write_model(path, learner.network, metadata, tensors)


def model_at(path: str | Path) -> Path:
    """The model file at a path: itself, or that in a run folder.

    Raises:
        ModelFileError: a folder that holds none, or something else, such as a picture.
    """
    path = check_path(path, "name a model file or a run folder")
    is_folder = os.path.isdir(path)  # noqa: PTH112 - which never raises
    if is_folder and (path / MODEL).exists():
        return path / MODEL
    if is_folder and (path / CHECKPOINT).exists():
        raise ModelFileError(
            f"The folder {path} holds no model yet, only the checkpoint of a training; wait until "
            f"it ends, or go on with one that was stopped: plainnet train --resume {path}."
        )
    found = looks_like(path)
    meant = f" It is {found}, and the run comes first, then what it is asked about."
    more = meant if found not in (None, "a model", "a run") else ""
    if is_folder:
        raise ModelFileError(
            f"The folder {path} holds no {MODEL}; name a folder that `plainnet train` has written."
            + more
        )
    if more:
        raise ModelFileError(f"{path} is no run and no model file.{more}")
    return path


def learner_of(kind: type[Either], path: str | Path, content: Content) -> Either:
    """The learner of this kind in the file at `path`, from what `read_model` gave for it.

    Raises:
        ModelFileError: the file is of another kind, or does not fit itself.
    """
    network, metadata, tensors = content
    held = metadata.get("kind")
    if held in ("classifier", "regressor") and held != kind.kind:
        raise ModelFileError(
            f"{path} holds a {held}, not a {kind.kind}; load it with {held.capitalize()}.load."
        )
    with whole(path, kind.kind):
        saved = restore(kind.kind, {*kind.described, "outputs"}, metadata, tensors, network)
        learner = kind()
        learner.network, learner.preprocessing, learner.recipe = network, *saved[:2]
        learner.quality, learner.earlier = dict(saved.quality), [*saved.earlier]
        learner.extractor, learner.told = saved.extractor, saved.training
        learner.restore(metadata)
        _check_fit(learner, metadata)
    with np.errstate(over="ignore", invalid="ignore"), one_thread():
        answers = [
            learner.answer_of(member, raw[None])
            for raw in learner.preprocessing.extremes()
            for member in learner.members
        ]
    if not np.isfinite(answers).all():
        raise ModelFileError(
            f"{path} holds numbers so large that its answers are no finite ones; copy it again "
            "or train anew."
        )
    return learner


def _check_fit(learner: Learner, metadata: Mapping[str, Any]) -> None:
    """A ValueError unless what was read from a file fits itself."""
    network, n_in, outputs = learner.network, learner.preprocessing.mean.size, learner.outputs
    made = n_in if learner.extractor is None else learner.extractor.n_features
    if (network.n_in, network.n_out, made) != (n_in, learner.n_out, n_in):
        raise ValueError(
            f"it does not fit itself: its network maps {network.n_in} features to "
            f"{network.n_out} outputs, its preprocessing takes {n_in} of {made} that are made, "
            f"for {learner.told_answers()}"
        )
    n_counts = len(metadata.get("classes", ["all"]))
    for counts in learner.told.get("samples", {}).values():
        if len(counts) != n_counts:
            raise ValueError(f"it counts its samples as {counts!r:.80}, not once a class")
    if metadata.get("outputs", outputs) != outputs:
        raise ValueError(f"its outputs mean {metadata['outputs']!r:.80}, not {outputs!r}")
