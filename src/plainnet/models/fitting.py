"""Training of a model: it splits the data, makes the networks, and watches their epochs."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace

from plainnet.data import Dataset
from plainnet.errors import SettingError
from plainnet.models.bagging import dealt_folds
from plainnet.models.checkpoint import Checkpoint, fingerprint
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.finishing import finish
from plainnet.models.kinds_of_inputs import kind_of_inputs
from plainnet.models.model import Model
from plainnet.models.one_network import (
    begin,
    generators,
    has_sound_weights,
    is_sound,
    member_of,
    watched,
)
from plainnet.models.side_by_side import Trained, trained_elsewhere
from plainnet.models.training import Training
from plainnet.models.variants import augmentations
from plainnet.pictures.augment.augmentation import augmentation_of
from plainnet.training import Epochs, History
from plainnet.training.devices import is_host
from plainnet.training.processes import HERE, Processes
from plainnet.training.trainer import Training as Stream


def fit_epochs(
    model: Model,
    train_set: Dataset,
    watch: Dataset | None,
    checkpoint: Checkpoint | None,
    processes: Processes = HERE,
) -> Epochs:
    """Train a model by its recipe; see `TrainableModel.fit_epochs`.

    Args:
        model: receives data, inputs, answers, networks and history.
        train_set: the training samples; a part is held out if `watch` is None.
        watch: the validation samples.
        checkpoint: the files to write, and to resume from.
        processes: who trains the networks of an ensemble.
    """
    if not processes.are_here:
        _check_alone(checkpoint)
    train_set, watch = _prepare(model, train_set, watch)
    n = model.resolved_recipe.ensemble
    data = fingerprint(train_set, watch) if checkpoint else ""
    training, epochs = _begin(model, checkpoint, data)
    while training.ended and len(model.networks) < n:  # of a training that resumes
        for _ in _followed(epochs, model, training, checkpoint):
            pass
        training, epochs = _begin(model, checkpoint, data)
    if processes.are_here or len(model.networks) == n:
        stream = _one_by_one(model, checkpoint, data, training, epochs)
    else:
        stream = _side_by_side(model, checkpoint, data, training, processes)
    return Stream(_locked(checkpoint, epochs, stream), epochs)


def _check_alone(checkpoint: Checkpoint | None) -> None:
    """Raise a SettingError unless each network is trained by one process on the host."""
    if checkpoint and checkpoint.workers:
        raise SettingError(
            "The processes of mpiexec train one network together, and workers train one each; "
            "leave --distributed or the workers out."
        )
    if not is_host():
        raise SettingError("A GPU trains one network after another; leave workers out.")


def _prepare(
    model: Model, train_set: Dataset, watch: Dataset | None
) -> tuple[Dataset, Dataset | None]:
    """Give a model its samples, inputs and answers; return the samples to train and validate on."""
    recipe, answers = model.resolved_recipe, model.answers_type_for(train_set)
    kind = kind_of_inputs(train_set.is_pictures, train_set.extractor)
    wanted = augmentations(recipe.variants, model.recipe.augment)
    unfit = [one for one in wanted if one not in ("auto", "none")]
    if unfit and not train_set.is_pictures:
        raise SettingError(
            f"augment = {unfit[0]!r} varies pictures, but the network learns from "
            f"{kind.rows}; leave it out."
        )
    model.held_out = model.folds = None
    if watch is None:
        train_set, watch = _split(model, train_set)
    answers.check_recipe(model.recipe, train_set, watch is not None)
    used = map(augmentation_of, augmentations(recipe.variants, recipe.augment))
    varied = train_set.is_pictures and any(one.changes_pictures for one in used)
    model.inputs = kind.fit(train_set, varied)
    model.answers = answers.of(train_set).priced(recipe)
    if recipe.encoding != "none":
        model.answers = model.answers.bounded(train_set)
    model.training, model.validation = train_set, watch
    model.networks, model.history, model.quality, model.stored = [], History(), {}, {}
    model.refusal = None
    return train_set, watch


def _locked(checkpoint: Checkpoint | None, epochs: Epochs, stream: Epochs) -> Epochs:
    """Yield the stream and hold the lock of the checkpoint meanwhile; begin without older files."""
    lock = checkpoint.locked() if checkpoint else nullcontext()
    with closing(epochs), lock, closing(stream):
        if checkpoint and not checkpoint.resume:
            checkpoint.remove()
        yield from stream


def _begin(model: Model, checkpoint: Checkpoint | None, data: str) -> tuple[Training, Epochs]:
    """Begin or resume the training of the next network."""
    training, epochs = begin(model, len(model.networks), checkpoint, data)
    model.networks.append(EnsembleMember(training.network, 1.0))
    model.history += training.history
    return training, epochs


def _followed(
    epochs: Epochs, model: Model, training: Training, checkpoint: Checkpoint | None
) -> Epochs:
    """Yield the epochs of the latest network, and add them to the model's history."""
    try:
        with closing(watched(epochs, model, training, checkpoint)) as stream:
            for epoch in stream:
                model.history.append(epoch)
                yield epoch
    finally:
        model.networks = [*model.networks[:-1], member_of(model, training)]


def _one_by_one(
    model: Model, checkpoint: Checkpoint | None, data: str, training: Training, epochs: Epochs
) -> Epochs:
    """Train the networks of the ensemble; the latest one is started already."""
    try:
        yield from _followed(epochs, model, training, checkpoint)
        while len(model.networks) < model.resolved_recipe.ensemble:
            if checkpoint and checkpoint.ends():
                break
            training, epochs = _begin(model, checkpoint, data)
            yield from _followed(epochs, model, training, checkpoint)
    finally:
        _finish(model, len(training.history))


def _side_by_side(
    model: Model, checkpoint: Checkpoint | None, data: str, first: Training, processes: Processes
) -> Epochs:
    """Train the networks from the latest one on in other processes; yield their epochs in order."""
    if checkpoint:  # the first file, by which a training can be resumed, before all others
        checkpoint.write()
    begun = model.networks.pop()
    del model.history[len(model.history) - len(first.history) :]
    stopped = False
    try:
        others = trained_elsewhere(model, first.number, checkpoint, data, processes)
        with closing(others):
            for trained in others:
                stopped = stopped or trained is None or not (trained.history or trained.error)
                if checkpoint and trained:
                    checkpoint.trouble = trained.trouble
                if trained and not stopped:
                    yield from _taken(model, trained)
    finally:
        model.networks = model.networks or [begun]
        _finish(model, len(model.latest_history))


def _taken(model: Model, trained: Trained) -> Epochs:
    """Add a network of another process to the model, and yield its new epochs."""
    if trained.history:
        model.networks = [*model.networks, trained.member]
    model.history += trained.history[: trained.resumed]
    new = iter(trained.history[trained.resumed :])
    try:
        for epoch in new:
            model.history.append(epoch)
            yield epoch
    finally:
        model.history += new
    if trained.error:
        raise trained.error


def _finish(model: Model, n: int) -> None:
    """Leave out a last network of n epochs if it has learned nothing; choose what is validated."""
    useless = n == 0 or not has_sound_weights(model.network)
    if useless and len(model.networks) > 1:
        del model.history[len(model.history) - n :]
        del model.networks[-1]
    if model.validation is not None and is_sound(model.network, model.history):
        finish(model)


def _split(model: Model, train_set: Dataset) -> tuple[Dataset, Dataset | None]:
    """Return the samples to train on, and those held out for validation."""
    recipe = model.resolved_recipe
    if recipe.patience and not recipe.validation_share:
        raise SettingError(
            "Early stopping with a patience needs validation data, but there are none; give some, "
            "or a validation share above 0."
        )
    if not recipe.validation_share:
        return train_set, None
    rng = generators(recipe, 0)[2]
    if recipe.bagging == "folds":
        model.folds = dealt_folds(recipe, model.answers_type_for(train_set), train_set, rng)
        if model.folds is not None:
            return train_set, train_set
        model.resolved_recipe = replace(recipe, bagging="none")
    split = model.answers_type_for(train_set).split
    kept, held_out = split(train_set, recipe.validation_share, rng)
    if not len(held_out):
        return train_set, None
    model.held_out = held_out
    return train_set.take(kept).without_targets_of_others(), train_set.take(held_out)
