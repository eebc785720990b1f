"""Writing a model to a model file, and reading it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from plainnet.checks import check_path
from plainnet.data.mistaken import looks_like
from plainnet.errors import ModelFileError
from plainnet.files.model_file import write_model
from plainnet.models.ensemble import EnsembleMember, check_temperature, tensors_of
from plainnet.models.model import Model
from plainnet.models.model_metadata import describe, restore, whole
from plainnet.models.recipe import ResolvedRecipe
from plainnet.network import Array, Network
from plainnet.training.threads import one_thread

Restored = TypeVar("Restored", bound=Model)
Content = tuple[Network, dict[str, Any], dict[str, Array]]
"""The result of `read_model`."""
CHECKPOINT = "checkpoint.safetensors"
"""The name of the checkpoint in a run folder."""
MODEL = "model.safetensors"
"""The name of the model in a run folder."""


def save_model(path: str | Path, model: Model) -> None:
    """Write everything that answering needs.

    Raises:
        FileError: the file cannot be written; an older one stays intact.
    """
    path = check_path(path, "name the file to write")
    tensors = {**model.preprocessing.tensors(), **tensors_of(model.networks[:-1])}
    if model.extractor is not None:
        tensors |= model.extractor.tensors()
    if model.refusal is not None:
        tensors |= model.refusal.tensors()
    write_model(path, model.network, describe(model), tensors)


def model_at(path: str | Path) -> Path:
    """Return the model file at a path, or in a run folder.

    Raises:
        ModelFileError: the folder holds no model, or the path is something else, such as a picture.
    """
    path = check_path(path, "name a model file or a run folder")
    is_folder = os.path.isdir(path)  # noqa: PTH112 - which never raises
    if is_folder and (path / MODEL).exists():
        return path / MODEL
    if is_folder and (path / CHECKPOINT).exists():
        raise ModelFileError(
            f"The folder {path} holds no model yet, only the checkpoint of a training; wait until "
            f"it ends, or resume one that was stopped: plainnet train --resume {path}."
        )
    found = looks_like(path)
    meant = f" It is {found}; the run comes first, then its samples."
    more = meant if found not in (None, "a model", "a run") else ""
    if is_folder:
        raise ModelFileError(
            f"The folder {path} holds no {MODEL}; name a folder that `plainnet train` has written."
            + more
        )
    if more:
        raise ModelFileError(f"{path} is neither a run nor a model file.{more}")
    return path


def restore_model(model: Restored, path: str | Path, content: Content) -> Restored:
    """Fill a model with the content of the file at `path`, as `read_model` returns it.

    Raises:
        ModelFileError: the file is of another kind, or inconsistent.
    """
    network, metadata, tensors = content
    held, kind = metadata.get("kind"), model.kind
    if held in ("classifier", "regressor") and held != kind:
        raise ModelFileError(
            f"{path} holds a {held}, not a {kind}; load it with {held.capitalize()}.load."
        )
    answers = model.several_type if "targets" in metadata else model.answers_type
    with whole(path, kind):
        saved = restore(answers, metadata, tensors, network)
        model.inputs, model.recipe, model.quality = saved[:3]
        model.answers, model.stored = answers.restore(metadata), saved.training
        model.refusal = saved.refusal
        chosen = model.stored.get("settled", {})
        model.resolved_recipe = ResolvedRecipe.restored(model.recipe, chosen)
        temperature = check_temperature(metadata.get("temperature", 1.0))
        model.networks = [*saved.earlier, EnsembleMember(network, temperature)]
        _check_fit(model, metadata)
    with np.errstate(over="ignore", invalid="ignore"), one_thread():
        found = [
            model.answer_of(member, raw[None])
            for raw in model.preprocessing.extremes()
            for member in model.networks
        ]
    if not np.isfinite(found).all():
        raise ModelFileError(
            f"{path} holds numbers so large that its answers are not finite; copy it or train "
            "again."
        )
    return model


def _check_fit(model: Model, metadata: Mapping[str, Any]) -> None:
    """Raise a ValueError if the parts of a file do not match."""
    answers, n_in = model.answers, model.inputs.n_in
    outputs = answers.outputs(model.networks)
    made = n_in if model.extractor is None else model.extractor.n_features
    for network, *_ in model.networks:
        if (network.n_in, network.n_out, made) != (n_in, answers.n_out, n_in):
            raise ValueError(
                f"its parts do not match: its network maps {network.n_in} features to "
                f"{network.n_out} outputs, its preprocessing takes {n_in} of {made} features, for "
                f"{answers.summary}"
            )
    refusals = 0 if model.refusal is None else len(model.refusal.reliability)
    if refusals not in (0, len(answers.parts)):
        raise ValueError(f"it withholds answers to {refusals} targets, but has {answers.summary}")
    n_counts = len(metadata.get("classes", ["all"]))
    for counts in model.stored.get("samples", {}).values():
        if len(counts) != n_counts:
            raise ValueError(f"it counts its samples as {counts!r:.80}, not per class")
    if metadata.get("outputs", outputs) != outputs:
        raise ValueError(f"its outputs mean {metadata['outputs']!r:.80}, not {outputs!r}")
