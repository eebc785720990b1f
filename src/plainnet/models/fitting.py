"""Training of a model: it splits the data, makes the networks, and watches their epochs."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.errors import DivergedError, SettingError
from plainnet.files.model_file import LARGEST_WEIGHT
from plainnet.models.bagging import dealt_folds
from plainnet.models.checkpoint import Checkpoint, Training, fingerprint
from plainnet.models.encoding import encoding_layers
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.finishing import finish
from plainnet.models.kinds_of_inputs import kind_of_inputs
from plainnet.models.model import Model
from plainnet.models.recipe import Recipe, ResolvedRecipe
from plainnet.models.variants import augmentations
from plainnet.network import Array, Network, Rng
from plainnet.pictures.augment.augmentation import augmentation_of
from plainnet.pictures.augment.augmented import Augmented
from plainnet.training import (
    Checkpointing,
    Epochs,
    InputPipeline,
    Regularization,
    Validation,
    keep_best,
    stop_early,
    train,
)
from plainnet.training.devices import back, on_device
from plainnet.training.epoch import History
from plainnet.training.trainer import Training as Stream


def fit_epochs(
    model: Model,
    train_set: Dataset,
    watch: Dataset | None,
    checkpoint: Checkpoint | None,
) -> Epochs:
    """Train a model by its recipe; see `TrainableModel.fit_epochs`.

    Args:
        model: receives data, inputs, answers, networks and history.
        train_set: the training samples; a part is held out if `watch` is None.
        watch: the validation samples.
        checkpoint: the file to write, and to resume from.
    """
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
    data = fingerprint(train_set, watch) if checkpoint else ""
    training, epochs = _start(model, checkpoint, data)
    stream = _one_by_one(model, checkpoint, data, training, epochs)
    return Stream(_locked(checkpoint, epochs, stream), epochs)


def _locked(checkpoint: Checkpoint | None, epochs: Epochs, stream: Epochs) -> Epochs:
    """Yield the stream and hold the lock of the checkpoint meanwhile."""
    lock = checkpoint.locked() if checkpoint else nullcontext()
    with closing(epochs), lock, closing(stream):
        yield from stream


def _one_by_one(
    model: Model, checkpoint: Checkpoint | None, data: str, training: Training, epochs: Epochs
) -> Epochs:
    """Train the networks of the ensemble; the first one is started already."""
    try:
        yield from _watched(epochs, model, training, checkpoint)
        while len(model.networks) < model.resolved_recipe.ensemble:
            if checkpoint and checkpoint.ends():
                break
            training, epochs = _start(model, checkpoint, data)
            yield from _watched(epochs, model, training, checkpoint)
    finally:
        n = training.position.epochs
        useless = n == 0 or not has_sound_weights(model)
        if useless and len(model.networks) > 1:
            del model.history[len(model.history) - n :]
            del model.networks[-1]
        if model.validation is not None and model.history and _is_sound(model):
            finish(model)


def _start(model: Model, checkpoint: Checkpoint | None, data: str) -> tuple[Training, Epochs]:
    """Begin or resume the training of one network."""
    number = max(len(model.networks), checkpoint.networks_before if checkpoint else 0)
    recipe, answers = model.recipe_of(number), model.answers
    weights_rng, order_rng, _, augment_rng = _generators(recipe, len(model.networks))
    network = on_device(_network(model, recipe, weights_rng))
    model.networks.append(EnsembleMember(network, 1.0))
    optimizer = recipe.make_optimizer(model.inputs.n_in)
    rate = optimizer.learning_rate  # the highest; that of a checkpoint is the latest
    generators = {"order": order_rng, "augmentation": augment_rng}
    parts = model.networks, optimizer, generators, model.resolved_recipe, data, model.history
    training = Training(*parts)
    training.average = recipe.make_average()
    training.position.trainings = model.resolved_recipe.ensemble
    if model.validation is not None:
        stopping = answers.stopping_metric if model.stops_early else "validation_loss"
        training.measured = "validation_loss", stopping
    if checkpoint:
        checkpoint.attach(training)
    train_set, watch = _parts(model)  # those of the network that a checkpoint has come to
    steps = recipe.epochs * -(-len(train_set) // recipe.batch_size)
    epochs = train(
        network,
        model.loss,
        optimizer,
        train_set.X,
        answers.targets(train_set),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        rng=order_rng,
        weights=answers.weights_for(train_set, recipe),
        schedule=recipe.make_schedule(rate, steps),
        validation=_validation(model, train_set, watch),
        pipeline=_pipeline(model, train_set, augment_rng),
        regularization=Regularization(
            clip_norm=recipe.clip_norm, max_norm=recipe.max_norm, average=training.average
        ),
        checkpointing=Checkpointing(
            training.position,
            checkpoint.should_stop if checkpoint else None,
            checkpoint.pause if checkpoint else 0.0,
        ),
        workers=checkpoint.workers if checkpoint else None,
    )
    return training, epochs


def _network(model: Model, recipe: ResolvedRecipe, rng: Rng) -> Network:
    """Make a network with initial weights, behind the encoding of the training samples."""
    inputs, answers = model.inputs, model.answers
    prepare = partial(inputs.prepare, dtype=np.dtype(np.float32))
    first = encoding_layers(recipe, cast(Dataset, model.training), prepare)
    shape = (first[-1].n_out or inputs.n_in,) if first else inputs.preprocessing.shape
    return recipe.make_network(first, shape, answers.n_out, rng, answers.mean_of_members)


def _parts(model: Model) -> tuple[Dataset, Dataset | None]:
    """Return the training and validation samples of the latest network."""
    train_set, latest = cast(Dataset, model.training), len(model.networks) - 1
    watch = model.validation_of(latest)
    if model.folds is not None:
        kept = np.setdiff1d(np.arange(len(train_set)), model.fold_of(latest))
        train_set = train_set.take(kept).without_targets_of_others()
    return model.inputs.varied(train_set, model.recipe.augment), watch


def _validation(model: Model, train_set: Dataset, watch: Dataset | None) -> Validation | None:
    if watch is None:
        return None
    recipe, answers = model.resolved_recipe, model.answers
    own = answers.stopping_metrics(train_set, recipe) if recipe.patience else answers.epoch_metrics
    return Validation(watch.X, answers.targets(watch), watch.weights, own)


def network_at_start(model: Model) -> Network | None:
    """Return the latest network before its first step, drawn again; None if that is unknown.

    It is unknown behind an encoding, whose bins depend on the training samples, and of variants,
    some of which may have been left out.
    """
    recipe = model.recipe_of(0)
    known = recipe.encoding == "none" and len(recipe.variants) == 1
    if "settled" not in model.trained or not known:
        return None
    rng = _generators(recipe, len(model.networks) - 1)[0]
    return recipe.make_network([], model.preprocessing.shape, model.answers.n_out, rng)


def _generators(recipe: Recipe, number: int) -> list[Rng]:
    """Return generators for weights, order, split and augmentation of a network."""
    return np.random.default_rng([recipe.seed, number] if number else recipe.seed).spawn(4)


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
    rng = _generators(recipe, 0)[2]
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


def _pipeline(model: Model, train_set: Dataset, rng: Rng) -> InputPipeline:
    """Return the preprocessing, and the augmentation of pictures if there is any."""
    if not train_set.is_pictures:
        return InputPipeline(model.preprocessing)
    recipe = model.recipe_of(len(model.networks) - 1)
    augmentation = augmentation_of(recipe.augment, train_set.X)
    shape, prepare = train_set.X.shape[1:], model.preprocessing
    n_classes, dtype = len(train_set.classes), model.network.dtype

    def mix(X: Array, y: Array) -> tuple[Array, Array]:
        """Mix the samples of a batch, with classes as probabilities."""
        if y.ndim == 1:  # indices of classes as probabilities
            y = np.eye(n_classes, dtype=dtype)[y]
        return augmentation.mix(X, y, rng)

    varied = augmentation.changes_pictures
    return InputPipeline(
        prepare,
        augment=Augmented(augmentation, shape, prepare, rng) if varied else None,
        mix=mix if augmentation.mix_up else None,
    )


def _watched(
    stream: Epochs, model: Model, training: Training, checkpoint: Checkpoint | None
) -> Epochs:
    """Yield the epochs, stop early if asked, and leave the network with the weights to keep."""
    network, kept = model.network, training.kept
    if model.stops_early:
        own = len(model.history) - training.position.epochs
        recipe, metric = model.resolved_recipe, model.answers.stopping_metric
        how: dict[str, Any] = {"patience": recipe.patience, "growth": recipe.patience_growth}
        stream = stop_early(stream, metric=metric, past=tuple(model.history[own:]), **how)
        also: dict[str, Any] = {"tolerance": recipe.tolerance, "average": training.average}
        stream = keep_best(stream, network, metric=metric, kept=kept, **also)
    else:  # the last whole epoch, also where Ctrl-C cuts the next one short
        latest: dict[str, Any] = {"metric": "epoch", "best": "highest"}
        stream = keep_best(stream, network, **latest, kept=kept, average=training.average)
    try:
        with closing(stream):
            for epoch in stream:
                model.history.append(epoch)
                if checkpoint:
                    checkpoint.end_epoch()
                yield epoch
    finally:
        model.networks = [*model.networks[:-1], EnsembleMember(back(network), 1.0)]
        watch = model.validation_of(len(model.networks) - 1)
        if watch is not None and model.history and _is_sound(model):
            given = model.recipe, watch, model.outputs_of
            model.temperature = model.answers.fit_temperature(*given)
    if model.history and not _is_sound(model):
        rate = model.history[-1].learning_rate
        raise DivergedError(
            "The last step of the training gave numbers that are not finite, with learning rate "
            f"{rate:g}; try {rate / 10:g}, or clip_norm=1."
        )


def has_sound_weights(model: Model) -> bool:
    """Return whether a model file may hold the network's weights."""
    return bool(np.abs(model.network.theta).max(initial=0) <= LARGEST_WEIGHT)  # NaN is not


def _is_sound(model: Model) -> bool:
    metrics = [*model.history[-1].as_row().values()]
    return has_sound_weights(model) and bool(np.isfinite(metrics).all())
